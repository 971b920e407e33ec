"""One brief: the question, and for its client what came of it."""

from functions.gateway import briefs
from functions.gateway.call import Answer, Call
from functions.gateway.pages.render import page


def show(call: Call) -> Answer:
    """The brief; its results for its client and operators only."""
    found = briefs.seen(call.edge, call.who, call.path["brief"])
    return page(
        call,
        "brief.html",
        brief=briefs.shown(found),
        results=briefs.results(call.edge, found) if found.owned else None,
        image_url=briefs.image_url,
    )
