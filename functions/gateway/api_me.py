"""My data over HTTP: a developer sees everything that concerns them, takes it with them, and takes back."""

from collections.abc import Callable
from itertools import chain

from functions.gateway import entries, export, kept, mine, my_answers, sight
from functions.gateway.answers import Requested
from functions.gateway.api_tokens import ended
from functions.gateway.bodies import Erasure, Withholding
from functions.gateway.call import DEVELOPER, Answer, Call, Route, Submit, missing, requested
from functions.gateway.erasing import ENDING, erasure
from functions.gateway.fields import cursor
from functions.gateway.mine import KINDS, Kind
from functions.gateway.queries import MineQuery
from shared.domain.event import Event
from shared.domain.requests import OptInWithdrawn, ReleaseRequested, WithholdingRequested
from shared.runtime.edge import Rejection


def show(call: Call) -> Answer:
    """Where the caller stands, and where everything is."""
    who = call.who
    person = kept.person(call.edge, who.subject)
    return Answer(
        my_answers.Me(
            developer=who.subject,
            name=who.name,
            participation=person.participation,
            introduction=person.introduction,
            introduced_for=list(person.briefs),
            lists=[f"/api/me/{kind.name}" for kind in KINDS],
            exports=[export.JSON_PATH, export.CSV_PATH],
        )
    )


def listing(kind: Kind) -> Callable[[Call, MineQuery], Answer]:
    """The handler of one list."""

    def list_mine(call: Call, query: MineQuery) -> Answer:
        found = kind.read(call.edge, call.who, query.after, query.limit)
        following = None if found.following is None else cursor(found.following)
        return Answer(kind.answer(items=list(found.rows), next=following))

    return list_mine


def export_json(call: Call) -> Answer:
    """Everything as one JSON document."""
    return _download(call, export.as_json(call), "application/json", "json")


def export_csv(call: Call) -> Answer:
    """Everything as CSV: one file a list, in one zip."""
    return _download(call, export.as_csv(call), "application/zip", "zip")


def _download(call: Call, pieces: export.Pieces, media_type: str, ending: str) -> Answer:
    name = f"house-{call.who.subject}.{ending}"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Answer(pieces, media_type=media_type, headers=headers)


def withhold(call: Call, wanted: Withholding) -> Submit:
    """Withhold entries, or withhold them no more; each hash has its own outcome."""
    me = call.who.subject
    found = {name: entries.about(call.edge, call.who, name) for name in wanted.entries}
    events: dict[str, Event] = {}
    for known in chain.from_iterable(found.values()):
        entry = known.entry
        events[entry.hash] = (
            WithholdingRequested(me, entry.hash, entry.parties, entry.invitation)
            if wanted.withheld
            else ReleaseRequested(me, entry.hash, entry.parties)
        )
    if not events:
        raise missing("entry")
    asked: my_answers.Outcome = "withholding" if wanted.withheld else "releasing"
    results = [
        my_answers.WithholdingOutcome(hash=name, outcome=asked if found[name] else "unknown")
        for name in wanted.entries
    ]
    return Submit(
        tuple((f"person/{me}", event) for event in events.values()),
        lambda receipt: Answer(
            my_answers.Withholdings(results=results, correlationid=receipt.correlation), 202
        ),
    )


def withdraw(call: Call) -> Submit:
    """Take an opt-in back, or decline one that is open: as good as a commit that says so."""
    commit, me = call.path["invitation"], call.who.subject
    state = sight.invitation(call.edge, call.who, commit)
    if state is None:
        raise missing("opt-in")
    if state.status not in ENDING:
        raise Rejection(409, "Ended before", f"the opt-in is {state.status}: there is nothing to take back")
    return requested(me, OptInWithdrawn(me, commit, call.now_us))


def revoke(call: Call) -> Answer | Submit:
    """One of the caller's tokens or sessions opens nothing any more."""
    token = sight.token(call.edge, call.who, call.path["sha256"])
    if token is None:
        raise missing("token")
    return ended(token)


def erase(call: Call, _: Erasure) -> Submit:
    """Forget the caller, for good."""
    wanted = erasure(call)
    return Submit(
        wanted.events,
        lambda receipt: Answer(
            my_answers.Erasing(
                request=receipt.events[0].id,
                correlationid=receipt.correlation,
                invitations=len(wanted.invitations),
                tokens=wanted.tokens,
            ),
            202,
        ),
    )


_LISTS = tuple(
    Route(
        "GET",
        f"/api/me/{kind.name}",
        f"List what concerns you: {kind.name}",
        listing(kind),
        DEVELOPER,
        query=MineQuery,
        answer=kind.answer,
    )
    for kind in mine.KINDS
)
ROUTES = (
    Route("GET", "/api/me", "Show where you stand", show, DEVELOPER, answer=my_answers.Me),
    *_LISTS,
    Route(
        "GET",
        export.JSON_PATH,
        "Download everything that concerns you as JSON",
        export_json,
        DEVELOPER,
        download=True,
    ),
    Route(
        "GET",
        export.CSV_PATH,
        "Download everything that concerns you as CSV, one file a list",
        export_csv,
        DEVELOPER,
        answer="application/zip",
        download=True,
    ),
    Route(
        "POST",
        "/api/me/withholdings",
        "Withhold entries, or withhold them no more",
        withhold,
        DEVELOPER,
        body=Withholding,
        answer=my_answers.Withholdings,
        status=202,
        refusals=(404,),
    ),
    Route(
        "POST",
        "/api/me/opt-ins/{invitation}/withdraw",
        "Take an opt-in back, or decline an invitation",
        withdraw,
        DEVELOPER,
        answer=Requested,
        status=202,
        refusals=(404, 409),
    ),
    Route(
        "POST",
        "/api/me/tokens/{sha256}/revoke",
        "Revoke one of your tokens or sessions",
        revoke,
        DEVELOPER,
        answer="",
        status=204,
        refusals=(404,),
    ),
    Route(
        "POST",
        "/api/me/erasure",
        "Have yourself forgotten, for good",
        erase,
        DEVELOPER,
        body=Erasure,
        answer=my_answers.Erasing,
        status=202,
    ),
)
