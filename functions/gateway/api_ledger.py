"""The public ledger over HTTP: as git's dumb protocol has it, for `git clone`, and its latest checkpoint by itself.

Source: https://git-scm.com/docs/http-protocol, "Dumb Clients". Nobody is asked who they are: all of it is public.
"""

import re

from functions.gateway.call import Answer, Call, Route, missing
from shared.domain.archive import Ledger
from shared.domain.packs import INDEX_TYPE, PACK_TYPE, index_name, pack_name
from shared.runtime.edge import Rejection

TEXT = "text/plain; charset=utf-8"
FRESH = {"cache-control": "public, no-cache"}
FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
"""What is named after its contents never changes."""
_FILE = re.compile(r"pack-([0-9a-f]{40})\.(pack|idx)")


def _ledger(call: Call) -> Ledger:
    return call.edge.state("archiver", "checkpoint/log", Ledger) or Ledger()


def show_head(_: Call) -> Answer:
    """Which branch is the ledger."""
    return Answer(b"ref: refs/heads/main\n", media_type=TEXT, etag="main", headers=FRESH)


def show_refs(call: Call) -> Answer:
    """Where the branch is; nothing before the first checkpoint."""
    commit = _ledger(call).commit
    refs = f"{commit}\trefs/heads/main\n" if commit else ""
    return Answer(refs.encode(), media_type=TEXT, etag=commit or "empty", headers=FRESH)


def list_packs(call: Call) -> Answer:
    """The packs that hold all of it."""
    ledger = _ledger(call)
    listed = "".join(f"P pack-{kept.name}.pack\n" for kept in ledger.packs)
    return Answer(f"{listed}\n".encode(), media_type=TEXT, etag=ledger.commit or "empty", headers=FRESH)


def show_pack(call: Call) -> Answer:
    """A pack or its index; those that others took the place of are there for a day, for who is still cloning."""
    ledger, asked = _ledger(call), _FILE.fullmatch(call.path["file"])
    if asked is None or asked[1] not in {kept.name for kept in (*ledger.packs, *ledger.retired)}:
        raise missing("file in the ledger")
    is_pack = asked[2] == "pack"
    data = call.edge.ledger.get(pack_name(asked[1]) if is_pack else index_name(asked[1]))
    if data is None:
        raise missing("file in the ledger")
    media_type = PACK_TYPE if is_pack else INDEX_TYPE
    return Answer(data, media_type=media_type, etag=call.path["file"], headers=FOR_EVER)


def show_checkpoint(call: Call) -> Answer:
    """The latest checkpoint, as a signed note."""
    ledger = _published(call)
    return Answer(ledger.note.encode(), media_type=TEXT, etag=ledger.commit, headers=FRESH)


def show_key(call: Call) -> Answer:
    """The key that checks the checkpoints' signatures."""
    ledger = _published(call)
    return Answer(f"{ledger.key}\n".encode(), media_type=TEXT, etag=ledger.key[-16:-1], headers=FRESH)


def _published(call: Call) -> Ledger:
    ledger = _ledger(call)
    if not ledger.commit:
        raise Rejection(404, "Not found", "nothing has been published in the ledger yet")
    return ledger


ROUTES = (
    Route("GET", "/ledger.git/HEAD", "The ledger's branch", show_head, answer="text/plain", refusals=(304,)),
    Route("GET", "/ledger.git/info/refs", "Where it is", show_refs, answer="text/plain", refusals=(304,)),
    Route(
        "GET",
        "/ledger.git/objects/info/packs",
        "List the ledger's packs",
        list_packs,
        answer="text/plain",
        refusals=(304,),
    ),
    Route(
        "GET",
        "/ledger.git/objects/pack/{file}",
        "A pack of the ledger, or its index",
        show_pack,
        answer=PACK_TYPE,
        refusals=(304, 404),
    ),
    Route(
        "GET",
        "/ledger/checkpoint",
        "The ledger's latest checkpoint, a signed note",
        show_checkpoint,
        answer="text/plain",
        refusals=(304, 404),
    ),
    Route(
        "GET",
        "/ledger/key",
        "The key that checks the ledger's checkpoints",
        show_key,
        answer="text/plain",
        refusals=(304, 404),
    ),
)
