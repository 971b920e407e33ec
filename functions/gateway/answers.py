"""What the API answers: one model for each. Instants are RFC 3339 text."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.domain.requests import Role


class Body(BaseModel):
    """A JSON answer."""

    model_config = ConfigDict(frozen=True, defer_build=True)


class Done(Body):
    """What was asked for is recorded; the journey of `correlationid` shows what comes of it."""

    correlationid: str


class Requested(Done):
    """`request` is the event's id."""

    request: str


class Delivered(Done):
    """`delivery` is the digest of the body."""

    delivery: str


class Health(Body):
    """The node answers."""

    status: Literal["ok"]


class Trouble(Body):
    """Why a function makes no progress."""

    function: str
    reason: str


class Readiness(Body):
    """Whether every function makes progress."""

    status: Literal["ready", "not ready"]
    troubles: list[Trouble]


class House(Body):
    """What an invitation has to name: the House's origin, and the digest of its notice."""

    origin: str
    terms: str
    name: str


class Token(Body):
    """A token, shown once."""

    token: str
    role: Role
    subject: str
    name: str


class OneTimeToken(Body):
    """A token that opens one session, shown once; `url` is the same as a link."""

    token: str
    url: str
    subject: str
    name: str
    expires_at: str


class Challenge(Body):
    """What to sign, with a line feed behind it, in which SSHSIG namespace."""

    challenge: str
    namespace: str
    expires_at: str


class SessionToken(Token):
    """A session's token, shown once. It ends by itself."""

    expires_at: str


class SignInLink(Body):
    """A link that opens the token's rights in a browser, good for an hour."""

    url: str


Standing = Literal["recorded", "confirmed", "withheld"]


class Entry(Body):
    """One line of the event log."""

    hash: str
    kind: str
    action: str | None
    sentence: str
    actor: str | None
    owner: str | None
    repository: str | None
    ref: str | None
    anchor: str | None
    parent: str | None
    added: int
    removed: int
    modified: int
    committed_at: str | None
    received_at: str
    forced: bool
    deleted: bool
    tag: bool
    refusal: str | None
    standing: Standing
    correlationid: str
    delivery: str


class Entries(Body):
    """One page of entries, newest first; `next` continues to older ones."""

    entries: list[Entry]
    next: str | None


class CloudEvent(Body):
    """An event in CloudEvents 1.0 form."""

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    recordedtime: str
    datacontenttype: str
    correlationid: str
    causationid: str
    sequence: str
    data: dict[str, Any]


class Journey(Body):
    """All events of one correlation id that the reader may see, in the order in which they were recorded."""

    correlationid: str
    events: list[CloudEvent]


class Events(Body):
    """Events of the log, oldest first; `next` is where to go on."""

    events: list[CloudEvent]
    next: int


class OptIn(Body):
    """What became of an invitation. `invitee` is the login it is to."""

    invitation: str
    status: str
    parties: list[str]
    invitee: str | None
    purpose: str | None
    terms: str | None
    invited_at: str | None
    expires_at: str | None
    confirmed_at: str | None
    response: str | None
    reason: str | None


class TicketQueued(Done):
    """The wish is recorded under this id."""

    ticket: str


class Ticket(Body):
    """A wish to be matched."""

    ticket: str
    primary: str
    secondary: str
    languages: list[str]
    offset_h: float
    pool: str
    expires_at: str


class MyTicket(Body):
    """Where a developer stands."""

    developer: str
    opted_in: bool
    status: str
    ticket: Ticket | None
    seat: str | None
    session: str | None


class MySeat(Body):
    """A seat kept for a developer until `deadline`."""

    seat: str
    session: str
    lane: str
    brief: str
    deadline: str
    accepted: bool


class MySeats(Body):
    """The seats of a developer."""

    seats: list[MySeat]


class Seat(Body):
    """One lane of a session."""

    lane: str
    developer: str
    accepted: bool


class Copy(Body):
    """A copy variant to vote on."""

    creative: str
    label: str
    text: str


class Image(Body):
    """An image to mark points on."""

    creative: str
    label: str
    url: str
    width_px: int
    height_px: int


class Tasks(Body):
    """What the participants are asked to do."""

    copies: list[Copy]
    images: list[Image]
    points_each: int


class Session(Body):
    """A team at work. `lane` is the reader's own; `tasks` come once all seats are taken."""

    session: str
    brief: str
    status: str
    lane: str | None
    seats: list[Seat]
    window_end: str | None
    tasks: Tasks | None


class BriefOpened(Done):
    """The brief is open under this id."""

    brief: str


class CreativeAdded(Done):
    """The creative is added under this id."""

    creative: str


class Creative(Body):
    """One copy variant or image of a brief."""

    creative: str
    kind: Literal["copy", "image"]
    label: str
    text: str | None
    url: str | None
    width_px: int
    height_px: int


class Brief(Body):
    """What a client wants to know."""

    brief: str
    title: str
    question: str
    sessions: list[str]
    creatives: list[Creative]


class CopyResult(Body):
    """Approvals of one copy variant; `low` and `high` bound the share's 95 % Wilson interval."""

    creative: str
    label: str
    text: str | None
    approvals: int
    ballots: int
    share: float
    low: float
    high: float


class ImageResult(Body):
    """How many points one image has; `overlay` is the heat map on the image, or `refusal` says why there is none."""

    creative: str
    label: str
    points: int
    refusal: str | None
    overlay: str | None


class Lead(Body):
    """A participant who agreed to be introduced; each reason names its points."""

    developer: str
    fit: int
    engagement: int
    reasons: list[str]


class Results(Body):
    """What all closed sessions of a brief say together."""

    brief: str
    title: str
    status: Literal["open", "published"]
    sessions: list[str]
    copies: list[CopyResult]
    images: list[ImageResult]
    leading: str | None
    leads: list[Lead]
    published_at: str | None


class Key(Body):
    """One SSH key, and who vouches for it: its owner's proof, or GitHub, where it was seen at `since`."""

    fingerprint: str
    key: str
    source: Literal["registered", "github"]
    since: str
    revoked: str | None


class Keys(Body):
    """A developer's SSH keys; `github_failed` says why the last look at GitHub brought none."""

    developer: str
    keys: list[Key]
    github_failed: str | None


class Attested(Done):
    """A signed commit was taken. `speaks`: it has trailers for the House; `refusal` says why those do not count."""

    commit: str
    grade: Literal["signed"]
    signer: str
    fingerprint: str
    source: str
    speaks: bool
    refusal: str | None


class Letter(Body):
    """An input that met a bug."""

    stream: str
    function: str
    input: str
    type: str
    error: str
    parked_at: str
    status: str


class LetterWithStack(Letter):
    """An input that met a bug, and where."""

    stack: str


class Letters(Body):
    """Open dead letters, newest first."""

    letters: list[Letter]


class Redriven(Body):
    """Whether the input went through this time."""

    went_through: bool


class FieldProblem(Body):
    """What is wrong with one field."""

    field: str
    detail: str


class Problem(Body):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    correlationid: str
    errors: list[FieldProblem] = []
