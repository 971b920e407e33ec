"""Raw commits over HTTP: judged on receipt, by the keys registered then, and never again.

A key that only GitHub shows of an account may be anybody's: who knows a public key can have it shown as their own. What
is signed with it is taken for that account's, unless another one pushed the commit before; and whoever proves to have
the key may send the commit once more, for themselves.
"""

from functions.gateway.answers import keys as answers
from functions.gateway.bodies import NewCommit
from functions.gateway.call import Answer, Call, Route, Submit
from functions.gateway.signers import Signer, Source, not_judged, signer
from shared.domain.commits import COMMIT_BYTES_MAX, Commit
from shared.domain.entries import EntryRecorded
from shared.domain.event import House
from shared.domain.evidence import CommitAttested
from shared.domain.handles import addressed, handle_of
from shared.domain.ids import uuid5
from shared.domain.instants import SECOND_US
from shared.domain.trailers import Refusal, parse
from shared.runtime.commit_verdict import Judged, judge
from shared.runtime.edge import Edge, Rejection

ENTRIES_MAX = 500
"""Entries about one commit that are looked at."""
_YEAR_10000_S = 253_402_300_800
_UTF_8 = ("utf-8", "utf8")
"""As git spells it."""


def submit(call: Call, sent: NewCommit) -> Answer | Submit:
    """Take a signed commit for what its signer says. Who sends it does not matter."""
    if len(sent.commit) > COMMIT_BYTES_MAX:
        raise _refused(413, f"a commit may have {COMMIT_BYTES_MAX:,} bytes")
    try:
        judged = judge(sent.commit, call.edge.ssh)
    except TimeoutError as error:
        raise not_judged(error) from error
    if judged.commit is None:
        raise _refused(400, judged.reason or "")
    name = judged.sha1 if judged.commit.object_format == "sha1" else judged.sha256
    if sent.hash is not None and sent.hash != name:
        raise _refused(422, f"the commit's hash is {name}, not the one announced", "hash")
    if judged.verdict != "valid" or judged.fingerprint is None:
        raise _refused(422, judged.reason or "")
    by = signer(call.edge, judged.fingerprint)
    known = _known(call.edge, name)
    if known is not None and not (known.source == "github" and _proves(by)):
        return Answer(_shown(known, call.correlation), 200)
    if isinstance(by, str):
        raise _refused(422, by)
    if not _proves(by) and _pushed_by_another(call.edge, name, by):
        reason = (
            f"another account pushed it, and only GitHub says that {judged.fingerprint} is yours: register it"
        )
        raise _refused(422, reason)
    attested = _attested(name, judged, by, call.edge.house, call.now_us)
    stream = _stream(name, by.source)
    return Submit(
        ((stream, attested),),
        lambda receipt: Answer(_shown(attested, receipt.correlation), 202),
        # One commit is attested once by each of the two, however many send it at the same time.
        input_id=uuid5(*stream.split("/")),
    )


def _stream(name: str, source: Source) -> str:
    return f"commit/{name}" if source == "registered" else f"commit/{name}/{source}"


def _known(edge: Edge, name: str) -> CommitAttested | None:
    """The verdict given before, the better one of two."""
    streams = (_stream(name, "registered"), _stream(name, "github"))
    found = (edge.state("gateway", stream, CommitAttested) for stream in streams)
    return next(filter(None, found), None)


def _proves(by: Signer | str) -> bool:
    return isinstance(by, Signer) and by.source == "registered"


def _pushed_by_another(edge: Edge, name: str, by: Signer) -> bool:
    entries = edge.states("eventlog", EntryRecorded, f"anchor:{name}", None, ENTRIES_MAX)
    return any(entry.actor not in (None, by.developer) for _, entry in entries)


def _refused(status: int, reason: str, field: str = "commit") -> Rejection:
    return Rejection(status, "Not attested", f"{field}: {reason}", [(field, reason)])


def _attested(name: str, judged: Judged, by: Signer, house: House, now_us: int) -> CommitAttested:
    commit, fingerprint = judged.commit, judged.fingerprint
    assert commit is not None
    assert fingerprint is not None
    said = _said(commit)
    return CommitAttested(
        commit=name,
        digest=judged.sha256,
        signer=by.developer,
        signer_login=by.login,
        fingerprint=fingerprint,
        source=by.source,
        received_at_us=now_us,
        parent=commit.parents[0] if commit.parents else None,
        committed_at_us=commit.committer.at_s * SECOND_US if commit.committer.at_s < _YEAR_10000_S else None,
        refusal=said.reason if isinstance(said, Refusal) else None,
        signer_handle=handle_of(by.login, house.pseudonym),
        **addressed(said if isinstance(said, dict) else None, house.pseudonym),
    )


def _said(commit: Commit) -> dict[str, str] | Refusal | None:
    """What it tells the House. In another encoding git would show other words than are read here."""
    said = parse(commit.text)
    if isinstance(said, dict) and (commit.encoding or _UTF_8[0]).lower() not in _UTF_8:
        return Refusal("the commit has an encoding header, and House trailers are read in UTF-8 only")
    return said


def _shown(attested: CommitAttested, correlation: str) -> answers.Attested:
    return answers.Attested(
        correlationid=correlation,
        commit=attested.commit,
        grade="signed",
        signer=attested.signer,
        fingerprint=attested.fingerprint,
        source=attested.source,
        speaks=attested.trailers is not None,
        refusal=attested.refusal,
    )


ROUTES = (
    Route(
        "POST",
        "/api/commits",
        "Send a raw signed commit, which then counts at grade signed",
        submit,
        ("developer", "operator"),
        body=NewCommit,
        answer=answers.Attested,
        status=202,
        refusals=(200, 503),
        octets=True,
    ),
)
