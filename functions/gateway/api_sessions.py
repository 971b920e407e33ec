"""Sessions over HTTP: the team, its tasks, and what a participant says of them.

What a participant sends is checked here against what can be seen now; whether it counts is the aggregator's word.
"""

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct

from functions.gateway import briefs, sight
from functions.gateway.answers import Requested
from functions.gateway.answers import sessions as answers
from functions.gateway.bodies import Marks, Votes
from functions.gateway.call import DEVELOPER, EVERYBODY, Answer, Call, Route, Submit, missing, requested
from shared.domain.brief_results import BriefResult
from shared.domain.instants import rfc3339
from shared.domain.matches import Session, SessionFormed, SessionProposed
from shared.domain.requests import PointMarked, VoteCast
from shared.domain.results import SessionOpened, SessionResult
from shared.runtime.edge import Rejection


class Seen(Struct, frozen=True):
    """A session that the caller may see, with what the aggregator knows of it."""

    session: Session
    proposed: SessionProposed
    result: SessionResult

    @property
    def status(self) -> str:
        """`proposed`, `formed`, `dissolved` or `closed`."""
        return "closed" if self.result.status == "closed" else self.session.status


def _seen(call: Call) -> Seen:
    """The session, for those with a seat in it, its client and operators."""
    name = call.path["session"]
    drawn = sight.session(call.edge, call.who, name)
    if drawn is None:
        raise missing("session")
    result = call.edge.state("aggregator", f"result/{name}", SessionResult) or SessionResult()
    return Seen(drawn.session, drawn.proposed, result)


def show_session(call: Call) -> Answer:
    """The team; once all seats are taken, its tasks."""
    found = _seen(call)
    session, proposed, mine = found.session, found.proposed, call.who.subject
    return Answer(
        answers.Session(
            session=proposed.session,
            brief=proposed.brief,
            status=found.status,
            lane=next((seat.lane for seat in proposed.seats if seat.developer == mine), None),
            seats=[
                answers.Seat(lane=seat.lane, developer=seat.developer, accepted=seat.id in session.accepted)
                for seat in proposed.seats
            ],
            window_end=rfc3339(session.formed.window_end_us) if session.formed else None,
            tasks=_tasks(call, found.result.opened),
        )
    )


def _tasks(call: Call, opened: SessionOpened | None) -> answers.Tasks | None:
    if opened is None:
        return None
    kept = call.edge.state("aggregator", f"brief/{opened.brief}", BriefResult) or BriefResult()
    by_id = {creative.creative: creative for creative in kept.creatives}
    copies = [by_id[name] for name in opened.copies if name in by_id]
    images = [by_id[name] for name in opened.images if name in by_id]
    return answers.Tasks(
        copies=[answers.Copy(creative=c.creative, label=c.label, text=c.text or "") for c in copies],
        images=[
            answers.Image(
                creative=image.creative,
                label=image.label,
                url=briefs.image_url(image.brief, image.creative),
                width_px=image.width_px,
                height_px=image.height_px,
            )
            for image in images
        ],
        points_each=opened.points_each,
    )


def vote(call: Call, ballot: Votes) -> Submit:
    """An approval ballot over the session's copy. The latest one counts."""
    formed, opened, _ = _at_work(call)
    if not opened.copies:
        raise Rejection(409, "Nothing to vote on", "this session has no copy variants")
    _check_belongs("approved", ballot.approved, opened.copies)
    cast = VoteCast(formed.session, formed.brief, call.who.subject, ballot.approved, call.now_us)
    return requested(call.who.subject, cast)


def mark(call: Call, marks: Marks) -> Submit:
    """Points on the session's images."""
    formed, opened, result = _at_work(call)
    developer, points = call.who.subject, marks.points
    _check_belongs("creative", (point.creative for point in points), opened.images)
    before = result.points.get(developer, {})
    for creative, added in Counter(point.creative for point in points).items():
        left = opened.points_each - len(before.get(creative, ()))
        if added > left:
            detail = (
                f"{opened.points_each} points may be marked on each image, {max(0, left)} are left on this"
            )
            raise Rejection(409, "Too many points", detail, [("points", detail)])
    # Each at an instant of its own, so that two equal points are two.
    marked = (
        PointMarked(
            formed.session, formed.brief, developer, point.creative, point.x, point.y, call.now_us + n
        )
        for n, point in enumerate(points)
    )
    return requested(developer, *marked)


def _at_work(call: Call) -> tuple[SessionFormed, SessionOpened, SessionResult]:
    """The session, when its window is open and its tasks are laid out."""
    found = _seen(call)
    formed, result = found.session.formed, found.result
    if formed is None:
        raise Rejection(409, "Not formed", f"the session is {found.status}: not all its seats are taken")
    if result.status == "closed" or call.now_us > formed.window_end_us:
        detail = f"the session is closed, its window ended at {rfc3339(formed.window_end_us)}"
        if call.now_us <= formed.window_end_us:
            detail = "the session is closed: its tasks are done"
        raise Rejection(409, "Session closed", detail)
    if result.opened is None:
        raise Rejection(409, "Not laid out", "the session's tasks are not laid out yet", retry_after_s=1)
    return formed, result.opened, result


def _check_belongs(field: str, named: Iterable[str], tasks: tuple[str, ...]) -> None:
    foreign = sorted(set(named) - set(tasks))
    if foreign:
        detail = f"{foreign[0]} is not a task of this session"
        raise Rejection(400, "Foreign creative", detail, [(field, detail)])


ROUTES = (
    Route(
        "GET",
        "/api/sessions/{session}",
        "Show a session and its tasks",
        show_session,
        EVERYBODY,
        answer=answers.Session,
        refusals=(404,),
    ),
    Route(
        "POST",
        "/api/sessions/{session}/votes",
        "Vote on the session's copy",
        vote,
        DEVELOPER,
        body=Votes,
        answer=Requested,
        status=202,
        refusals=(404, 409),
    ),
    Route(
        "POST",
        "/api/sessions/{session}/points",
        "Mark points on the session's images",
        mark,
        DEVELOPER,
        body=Marks,
        answer=Requested,
        status=202,
        refusals=(404, 409),
    ),
)
