"""Briefs over HTTP: opened, furnished with creatives, read with their results."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from functions.gateway import briefs, kept, sight
from functions.gateway.answers import briefs as answers
from functions.gateway.bodies import NewBrief, NewCopy, NewImage
from functions.gateway.call import EVERYBODY, Answer, Call, Roles, Route, Submit, missing
from functions.gateway.folds import BRIEFS_MAX
from shared.domain.brief_results import CREATIVES_MAX, CreativeCatalogued, ResultPublished
from shared.domain.matches import Session
from shared.domain.requests import BriefOpened, CreativeAdded
from shared.runtime.edge import Receipt, Rejection

OWNERS: Roles = ("operator", "client")


@dataclass(frozen=True)
class Upload:
    """An image of a form, as it was sent."""

    fields: NewImage
    file: bytes


def open_brief(call: Call, wish: NewBrief) -> Submit:
    """A client wants to know something."""
    client, brief = call.who.subject, call.derived("brief")
    own = kept.client(call.edge, call.who.subject).briefs
    if len(own) >= BRIEFS_MAX and brief not in own:
        raise Rejection(409, "Too many briefs", f"a client may open {BRIEFS_MAX} briefs")
    opened = BriefOpened(
        brief=brief,
        client=client,
        title=wish.title,
        question=wish.question,
        pool=wish.pool,
        sessions=wish.sessions,
        window_s=wish.window_s,
        points_each=wish.points_each,
        opened_at_us=call.now_us,
    )
    return Submit(
        ((f"client/{client}", opened),),
        lambda receipt: Answer(answers.BriefOpened(brief=brief, correlationid=receipt.correlation), 201),
    )


def add_creative(call: Call, given: NewCopy | Upload) -> Submit:
    """One more copy variant or image. The image is in the bucket before anything says so."""
    client, brief, creative = call.who.subject, call.path["brief"], call.derived("creative")
    own = kept.client(call.edge, call.who.subject).briefs.get(brief)
    if own is None:
        raise missing("brief")
    if own.creatives >= CREATIVES_MAX:
        raise Rejection(409, "Too many creatives", f"a brief may have {CREATIVES_MAX} creatives")
    if isinstance(given, NewCopy):
        added = CreativeAdded(brief, client, creative, "copy", given.label, text=given.text)
    else:
        added = _stored(call, brief, creative, given)

    def answer(receipt: Receipt) -> Answer:
        return Answer(answers.CreativeAdded(creative=creative, correlationid=receipt.correlation), 201)

    return Submit(((f"client/{client}", added),), answer)


def _stored(call: Call, brief: str, creative: str, upload: Upload) -> CreativeAdded:
    # Pillow is heavy, and only images need it.
    from functions.gateway.images import verify

    try:
        media_type, width_px, height_px = verify(upload.file)
    except ValueError as error:
        raise Rejection(400, "Bad image", str(error), [("file", str(error))]) from error
    blob = f"creatives/{brief}/{creative}/{sha256(upload.file).hexdigest()[:32]}"
    call.edge.bucket.put(blob, upload.file, media_type)
    return CreativeAdded(
        brief=brief,
        client=call.who.subject,
        creative=creative,
        kind="image",
        label=upload.fields.label,
        blob=blob,
        media_type=media_type,
        width_px=width_px,
        height_px=height_px,
    )


def show_brief(call: Call) -> Answer:
    """A brief, for its client, operators and those who work on it."""
    return Answer(briefs.shown(briefs.seen(call.edge, call.who, call.path["brief"])))


def show_results(call: Call) -> Answer:
    """What came of a brief."""
    found = briefs.owned(call.edge, call.who, call.path["brief"])
    return Answer(briefs.results(call.edge, found))


def show_image(call: Call) -> Answer:
    """An image as it was uploaded; for developers, once their session has formed."""
    brief, creative = call.path["brief"], call.path["creative"]
    found = briefs.seen(call.edge, call.who, brief)
    if not found.owned and _still_proposed(call):
        raise missing("image")
    known, data = _image(call, found, creative)
    return Answer(data, media_type=known.media_type or "application/octet-stream", etag=creative)


def show_heat(call: Call) -> Answer:
    """An image with its heat map and legend."""
    found = briefs.owned(call.edge, call.who, call.path["brief"])
    creative, result = call.path["creative"], found.kept.result
    heat = next((image for image in result.images if image.creative == creative), None) if result else None
    if result is None or heat is None:
        raise missing("heat map")
    if heat.refusal:
        raise Rejection(409, "Too few points", heat.refusal)
    # Of what is drawn, as somebody's points may be gone from a result of the same instant.
    etag = f"{creative}-{sha256(repr((result.images, heat.points)).encode()).hexdigest()[:32]}"
    if call.headers.get("if-none-match") == f'"{etag}"':
        return Answer(etag=etag)
    from functions.gateway.overlay import overlay

    _, data = _image(call, found, creative)
    sizes = tuple((c.creative, c.width_px, c.height_px) for c in found.kept.creatives if c.blob)
    drawn = overlay(data, heat.points, peak=_peak(result, sizes), marked=heat.marked)
    return Answer(drawn, media_type="image/png", etag=etag)


@lru_cache(maxsize=8)
def _peak(result: ResultPublished, sizes: tuple[tuple[str, int, int], ...]) -> float:
    """The highest density on any of the brief's images: one scale across variants."""
    from functions.gateway.overlay import Field

    by_image = {creative: (width_px, height_px) for creative, width_px, height_px in sizes}
    drawn = [heat for heat in result.images if not heat.refusal and heat.creative in by_image]
    return max(Field(by_image[heat.creative], heat.points).peak for heat in drawn)


def _image(call: Call, found: briefs.Seen, creative: str) -> tuple[CreativeCatalogued, bytes]:
    known = next((c for c in found.kept.creatives if c.creative == creative and c.blob), None)
    data = call.edge.bucket.get(known.blob) if known and known.blob else None
    if known is None or data is None:
        raise missing("image")
    return known, data


def _still_proposed(call: Call) -> bool:
    ticket = sight.ticket(call.edge, call.who)
    if ticket.session is None:
        return False
    session = call.edge.state("matchmaker", f"session/{ticket.session}", Session)
    return bool(
        session
        and session.status == "proposed"
        and session.proposed
        and session.proposed.brief == call.path["brief"]
    )


ROUTES = (
    Route(
        "POST",
        "/api/briefs",
        "Open a brief",
        open_brief,
        ("client",),
        body=NewBrief,
        answer=answers.BriefOpened,
        status=201,
        refusals=(409,),
    ),
    Route(
        "POST",
        "/api/briefs/{brief}/creatives",
        "Add a copy variant (JSON) or an image (form, at most 10 MB)",
        add_creative,
        ("client",),
        body=NewCopy,
        answer=answers.CreativeAdded,
        status=201,
        refusals=(404, 409),
        upload=True,
    ),
    Route(
        "GET",
        "/api/briefs/{brief}",
        "Show a brief",
        show_brief,
        EVERYBODY,
        answer=answers.Brief,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/api/briefs/{brief}/results",
        "Show what came of a brief",
        show_results,
        OWNERS,
        answer=answers.Results,
        refusals=(404,),
    ),
    Route(
        "GET",
        "/api/briefs/{brief}/heat/{creative}.png",
        "Show an image with its heat map",
        show_heat,
        OWNERS,
        answer="image/png",
        refusals=(304, 404, 409),
    ),
    Route(
        "GET",
        "/api/creatives/{brief}/{creative}/image",
        "Show an image as it was uploaded",
        show_image,
        EVERYBODY,
        answer="image/*",
        refusals=(304, 404),
    ),
)
