"""The pages: what is going on, the log, one journey, one brief. Server-rendered, without scripts or foreign assets."""

from functions.gateway.call import HTML, Roles, Route
from functions.gateway.pages import brief, home, journey, log, sign_in
from functions.gateway.pages.render import problem as problem
from functions.gateway.pages.render import style

READERS: Roles = ("operator", "client", "developer")

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
        "Sign a browser in: the form, or a link's code",
        sign_in.show,
        query=sign_in.SignInQuery,
        answer=HTML,
        page=True,
        refusals=(303, 400),
    ),
    Route(
        "POST",
        "/sign-in",
        "Sign a browser in with a token",
        sign_in.enter,
        body=sign_in.SignIn,
        answer=HTML,
        status=303,
        page=True,
        form=True,
        refusals=(401, 403),
    ),
    Route(
        "POST",
        "/sign-out",
        "Sign a browser out",
        sign_in.leave,
        answer=HTML,
        status=303,
        page=True,
        refusals=(403,),
    ),
    Route("GET", "/style.css", "How the pages look", style, answer="text/css", refusals=(304,)),
)
