"""Signing a browser in through GitHub: there with a state and a challenge, back with a code.

The state is a nonce that the browser also keeps in a cookie of ours, so that nobody can be led back with a code of
somebody else's; the verifier follows from it and this node's secret. Where to go afterwards is in the cookie, under our
seal, and where GitHub leads back to is fixed. The account's number says who it is.
"""

import hmac
import re
import secrets
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints
from starlette.concurrency import run_in_threadpool

from functions.gateway.bodies import NewSignInLink
from functions.gateway.call import Answer, Call, Submit, missing
from functions.gateway.entering import Shown, begin, cookie, session, with_session
from functions.gateway.sealed import Pass, seal, unseal
from shared.domain.instants import MINUTE_US, SECOND_US
from shared.ports.accounts import Accounts, NoAccount
from shared.ports.web import Unreachable
from shared.runtime.edge import Rejection

COOKIE, PATH = "house_github", "/sign-in/github"
AWAY_US = 10 * MINUTE_US


class Back(BaseModel):
    """What GitHub says when it leads back; what else it may say there is let be."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)

    code: Annotated[str, StringConstraints(max_length=512)] = ""
    state: Annotated[str, StringConstraints(max_length=128)] = ""
    error: Annotated[str, StringConstraints(max_length=128)] = ""


def lead_there(call: Call, query: NewSignInLink) -> Answer:
    """To GitHub, with a nonce."""
    accounts, nonce = _accounts(call), secrets.token_hex(32)
    kept = seal(_secret(call), "github", Pass(nonce, call.now_us + AWAY_US, query.next))
    headers = {
        "location": accounts.page(nonce, _verifier(call, nonce), _redirect_url(call)),
        "set-cookie": cookie(call, COOKIE, kept, AWAY_US // SECOND_US, PATH),
    }
    return Answer(status=303, headers=headers)


async def come_back(call: Call, query: Back) -> Submit:
    """From GitHub, with a code."""
    accounts = _accounts(call)
    kept = unseal(_secret(call), "github", call.cookies.get(COOKIE, ""), call.now_us)
    if kept is None or not hmac.compare_digest(kept.digest.encode(), query.state.encode()):
        minutes = AWAY_US // MINUTE_US
        raise _refused(400, f"this browser did not set out from here within {minutes} minutes: begin anew")
    if not query.code:
        said = re.sub(r"[^a-z_]", "", query.error)
        raise _refused(403, f"GitHub says {said}" if said else "GitHub led back without a code")
    try:
        account = await accounts.account(query.code, _verifier(call, kept.digest), _redirect_url(call))
    except NoAccount as error:
        raise _refused(403, str(error)) from error
    except Unreachable as error:
        raise Rejection(503, "GitHub away", f"GitHub cannot be asked: {error}", retry_after_s=5) from error
    identity = f"github:{account.number}"
    name, evidence = f"{identity}/{account.login}", "GitHub's word for the account's number"
    shown = Shown(kept.digest, call.edge.house.pseudonym(identity), name, evidence)
    opened = await run_in_threadpool(session, call, shown)
    return begin(call, opened, with_session(call, opened.digest, opened.until_us, kept.following))


def _accounts(call: Call) -> Accounts:
    if call.edge.accounts is None:
        raise missing("way to sign in")
    return call.edge.accounts


def _redirect_url(call: Call) -> str:
    return f"{call.edge.house.origin}{PATH}/callback"


def _verifier(call: Call, nonce: str) -> str:
    """64 characters, of which RFC 7636 (section 4.1) wants 43 to 128."""
    return hmac.digest(_secret(call), f"verifier\0{nonce}".encode(), "sha256").hex()


def _secret(call: Call) -> bytes:
    return call.edge.secrets.get("sign-in")


def _refused(status: int, detail: str) -> Rejection:
    return Rejection(status, "Not signed in", detail)
