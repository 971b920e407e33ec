"""The pages: what is going on, the log, one journey, one brief. Server-rendered, without scripts or foreign assets."""

from pydantic import BaseModel

from functions.gateway.bodies import NewSignInLink
from functions.gateway.call import DEVELOPER, EVERYBODY, HTML, Handler, Roles, Route
from functions.gateway.pages import brief, github, home, journey, log, me, notice, sign_in
from functions.gateway.pages.render import problem as problem
from functions.gateway.pages.render import style


def _page(
    path: str,
    summary: str,
    handler: Handler,
    refusals: tuple[int, ...] = (),
    roles: Roles | None = None,
    query: type[BaseModel] | None = None,
    status: int = 200,
) -> Route:
    """Something to look at, or on the way to it."""
    return Route(
        "GET",
        path,
        summary,
        handler,
        roles,
        query=query,
        answer=HTML,
        status=status,
        page=True,
        refusals=refusals,
    )


def _form(
    path: str,
    summary: str,
    handler: Handler,
    body: type[BaseModel],
    refusals: tuple[int, ...],
    roles: Roles | None = None,
) -> Route:
    """A form of one of the pages, which leads on to another."""
    return Route(
        "POST",
        path,
        summary,
        handler,
        roles,
        body=body,
        answer=HTML,
        status=303,
        page=True,
        form=True,
        refusals=refusals,
    )


def _my_form(path: str, summary: str, handler: Handler, body: type[BaseModel], *refusals: int) -> Route:
    """One of the forms on the page about oneself."""
    return _form(f"/me/{path}", summary, handler, body, (403, *refusals), DEVELOPER)


ROUTES = (
    _page("/", "What is going on now", home.show),
    _page(
        "/notice", "The text that opt-ins agree on: a page for browsers, else as it is", notice.show, (304,)
    ),
    _page("/log", "The event log, with filters", log.show, (403,), ("operator", "developer"), log.LogQuery),
    _page("/journeys/{correlationid}", "One journey as a causal tree", journey.show, (404,), EVERYBODY),
    _page("/briefs/{brief}", "One brief with its results", brief.show, (404,), EVERYBODY),
    _page(
        "/sign-in",
        "Sign a browser in: the forms, or a link's code",
        sign_in.show,
        (303, 400),
        query=sign_in.SignInQuery,
    ),
    _form(
        "/sign-in",
        "Sign a browser in with a token, or a one-time token",
        sign_in.enter,
        sign_in.SignIn,
        (401, 403, 409),
    ),
    _form(
        "/sign-in/ssh",
        "Sign a browser in with a signed challenge",
        sign_in.enter_by_key,
        sign_in.Signed,
        (400, 403, 409, 503),
    ),
    _page(
        github.PATH,
        "Lead a browser to GitHub, to sign in there",
        github.lead_there,
        (404,),
        query=NewSignInLink,
        status=303,
    ),
    _page(
        f"{github.PATH}/callback",
        "Sign a browser in that GitHub leads back",
        github.come_back,
        (400, 403, 404, 409, 503),
        query=github.Back,
        status=303,
    ),
    _form("/sign-out", "Sign a browser out", sign_in.leave, sign_in.SignOut, (403,)),
    _page("/me", "Everything that concerns you", me.show, (403,), DEVELOPER, me.MeQuery),
    _my_form("withholdings", "Withhold the marked entries, or release them", me.withhold, me.Withheld, 404),
    _my_form("opt-ins", "Take an opt-in back, or decline an invitation", me.withdraw, me.Named, 404, 409),
    _my_form("tokens", "Revoke one of your tokens or sessions", me.revoke, me.Named, 404),
    _my_form("keys", "Revoke one of your SSH keys", me.revoke_key, me.NamedKey, 404),
    _my_form("consents", "Give a consent, or take it back", me.speak, me.Word),
    _my_form("erasure", "Have yourself forgotten, for good", me.erase, me.Typed, 200),
    Route("GET", "/style.css", "How the pages look", style, answer="text/css", refusals=(304,)),
)
