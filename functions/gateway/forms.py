"""Forms of the pages: another site cannot make a browser send one in somebody's name.

Two guards. A request that says it comes from another site is refused (Sec-Fetch-Site; where a browser does not send
that, Origin). And what somebody does signed in carries a word that only their own pages hold: a MAC of their session.
"""

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from functions.gateway.auth import COOKIE
from functions.gateway.call import Call
from shared.runtime.edge import Edge, Rejection

FIELD = "csrf"


def csrf(edge: Edge, cookies: Mapping[str, str]) -> str:
    """The word for the forms of this session, empty without one."""
    session = cookies.get(COOKIE, "")
    if not session:
        return ""
    return hmac.digest(edge.secrets.get("sign-in"), b"csrf\0" + session.encode(), "sha256").hex()


def refuse_foreign(call: Call) -> None:
    """Refuse what another site sent.

    Raises:
        Rejection: 403.
    """
    site = call.headers.get("sec-fetch-site")
    origin = call.headers.get("origin", "null")
    if site is None:
        # Our own forms come with Origin: null, as the pages send no referrer (Fetch, section 3.2).
        foreign = origin != "null" and urlsplit(origin).netloc != call.headers.get("host")
    else:
        foreign = site not in ("same-origin", "none")
    if foreign:
        raise Rejection(403, "Not allowed", "another site sent this request")


def refuse_forged(call: Call, word: str) -> None:
    """Refuse a form that was not on a page of this session. Whoever sends a token in a header is no browser led on.

    Raises:
        Rejection: 403.
    """
    refuse_foreign(call)
    by_session = "authorization" not in call.headers
    if by_session and not hmac.compare_digest(word.encode(), csrf(call.edge, call.cookies).encode()):
        detail = "this form is not from your session: load its page anew and send it from there"
        raise Rejection(403, "Not allowed", detail, [(FIELD, detail)])
