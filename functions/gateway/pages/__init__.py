"""The pages: what is going on, the log, one journey, one brief. Server-rendered, without scripts or foreign assets."""

from pydantic import BaseModel

from functions.gateway.bodies import NewSignInLink
from functions.gateway.call import HTML, Handler, Roles, Route
from functions.gateway.pages import brief, github, home, journey, log, me, sign_in
from functions.gateway.pages.render import problem as problem
from functions.gateway.pages.render import style

READERS: Roles = ("operator", "client", "developer")
DEVELOPER: Roles = ("developer",)


def _form(path: str, summary: str, handler: Handler, body: type[BaseModel], *refusals: int) -> Route:
    """One of the forms on the page about oneself."""
    return Route(
        "POST",
        f"/me/{path}",
        summary,
        handler,
        DEVELOPER,
        body=body,
        answer=HTML,
        status=303,
        page=True,
        form=True,
        refusals=(403, *refusals),
    )


ROUTES = (
    Route("GET", "/", "What is going on now", home.show, answer=HTML, page=True),
    Route(
        "GET",
        "/log",
        "The event log, with filters",
        log.show,
        ("operator", "developer"),
        query=log.LogQuery,
        answer=HTML,
        page=True,
        refusals=(403,),
    ),
    Route(
        "GET",
        "/journeys/{correlationid}",
        "One journey as a causal tree",
        journey.show,
        READERS,
        answer=HTML,
        page=True,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/briefs/{brief}",
        "One brief with its results",
        brief.show,
        READERS,
        answer=HTML,
        page=True,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/sign-in",
        "Sign a browser in: the forms, or a link's code",
        sign_in.show,
        query=sign_in.SignInQuery,
        answer=HTML,
        page=True,
        refusals=(303, 400),
    ),
    Route(
        "POST",
        "/sign-in",
        "Sign a browser in with a token, or a one-time token",
        sign_in.enter,
        body=sign_in.SignIn,
        answer=HTML,
        status=303,
        page=True,
        form=True,
        refusals=(401, 403, 409),
    ),
    Route(
        "POST",
        "/sign-in/ssh",
        "Sign a browser in with a signed challenge",
        sign_in.enter_by_key,
        body=sign_in.Signed,
        answer=HTML,
        status=303,
        page=True,
        form=True,
        refusals=(400, 403, 409, 503),
    ),
    Route(
        "GET",
        github.PATH,
        "Lead a browser to GitHub, to sign in there",
        github.lead_there,
        query=NewSignInLink,
        answer=HTML,
        status=303,
        page=True,
        refusals=(404,),
    ),
    Route(
        "GET",
        f"{github.PATH}/callback",
        "Sign a browser in that GitHub leads back",
        github.come_back,
        query=github.Back,
        answer=HTML,
        status=303,
        page=True,
        refusals=(400, 403, 404, 409, 503),
    ),
    Route(
        "POST",
        "/sign-out",
        "Sign a browser out",
        sign_in.leave,
        body=sign_in.SignOut,
        answer=HTML,
        status=303,
        page=True,
        form=True,
        refusals=(403,),
    ),
    Route(
        "GET",
        "/me",
        "Everything that concerns you",
        me.show,
        DEVELOPER,
        query=me.MeQuery,
        answer=HTML,
        page=True,
        refusals=(403,),
    ),
    _form("withholdings", "Withhold the marked entries, or release them", me.withhold, me.Withheld, 404),
    _form("opt-ins", "Take an opt-in back, or decline an invitation", me.withdraw, me.Named, 404, 409),
    _form("tokens", "Revoke one of your tokens or sessions", me.revoke, me.Named, 404),
    _form("participation", "Let your own entries be used, or no longer", me.participate, me.Participation),
    _form("erasure", "Have yourself forgotten, for good", me.erase, me.Typed, 200),
    Route("GET", "/style.css", "How the pages look", style, answer="text/css", refusals=(304,)),
)
