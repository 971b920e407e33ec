"""Raw commits over HTTP: judged on receipt, by the keys registered then, and never again."""

from functions.gateway.answers import keys as answers
from functions.gateway.bodies import NewCommit
from functions.gateway.call import Answer, Call, Route, Submit
from functions.gateway.signers import Signer, signer
from shared.domain.commits import COMMIT_BYTES_MAX
from shared.domain.event import House
from shared.domain.evidence import CommitAttested
from shared.domain.handles import addressed, handle_of
from shared.domain.ids import uuid5
from shared.domain.instants import SECOND_US
from shared.domain.trailers import Refusal, parse
from shared.runtime.commit_verdict import Judged, judge
from shared.runtime.edge import Rejection

_YEAR_10000_S = 253_402_300_800


def submit(call: Call, sent: NewCommit) -> Answer | Submit:
    """Take a signed commit for what its signer says. Who sends it does not matter."""
    if len(sent.commit) > COMMIT_BYTES_MAX:
        raise _refused(413, f"a commit may have {COMMIT_BYTES_MAX:,} bytes")
    try:
        judged = judge(sent.commit, call.edge.ssh)
    except TimeoutError as error:
        raise Rejection(503, "Not judged", str(error), retry_after_s=5) from error
    if judged.commit is None:
        raise _refused(400, judged.reason or "")
    name = judged.sha1 if judged.commit.object_format == "sha1" else judged.sha256
    if sent.hash is not None and sent.hash != name:
        raise _refused(422, f"the commit's hash is {name}, not the one announced", "hash")
    if judged.verdict != "valid" or judged.fingerprint is None:
        raise _refused(422, judged.reason or "")
    known = call.edge.state("gateway", f"commit/{name}", CommitAttested)
    if known is not None:
        return Answer(_shown(known, call.correlation), 200)
    by = signer(call.edge, judged.fingerprint)
    if isinstance(by, str):
        raise _refused(422, by)
    attested = _attested(name, judged, by, call.edge.house, call.now_us)
    return Submit(
        ((f"commit/{name}", attested),),
        lambda receipt: Answer(_shown(attested, receipt.correlation), 202),
        # One commit is attested once, however many send it at the same time.
        input_id=uuid5("commit", name),
    )


def _refused(status: int, reason: str, field: str = "commit") -> Rejection:
    return Rejection(status, "Not attested", f"{field}: {reason}", [(field, reason)])


def _attested(name: str, judged: Judged, by: Signer, house: House, now_us: int) -> CommitAttested:
    commit, fingerprint = judged.commit, judged.fingerprint
    assert commit is not None
    assert fingerprint is not None
    said = parse(commit.text)
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
