"""What requests may say: every field with its limit. A wrong one is refused at the edge, by its name."""

import re
from base64 import b64decode
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
)

from functions.gateway.auth import TOKEN_CHARACTERS_MAX
from functions.gateway.sealed import CHARACTERS_MAX
from shared.domain.brief_results import CREATIVES_MAX
from shared.domain.instants import from_rfc3339
from shared.domain.lanes import Lane
from shared.domain.requests import Purpose, Role
from shared.domain.results import POINTS_EACH_MAX
from shared.domain.ssh import KEY_LINE_CHARACTERS_MAX, SIGNATURE_BYTES_MAX

POINTS_PER_REQUEST_MAX = 50
WITHHOLDINGS_MAX = 100
SESSIONS_WANTED_MAX = 100
PAGE_MAX = 500

# Printable, plus line breaks and tabs.
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_DEVELOPER = re.compile(r"github:[1-9][0-9]{0,18}(/[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?)?")


def _text(characters_max: int, characters_min: int = 1) -> Any:
    return StringConstraints(
        strip_whitespace=True, min_length=characters_min, max_length=characters_max, pattern=_TEXT
    )


Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Label = Annotated[str, _text(80)]
Pool = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("expected base64 text")
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise ValueError("this is not base64") from error


Base64 = Annotated[bytes, BeforeValidator(_bytes, json_schema_input_type=str)]


class Body(BaseModel):
    """A JSON body: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class NewToken(Body):
    """Whom to let in. A developer's name reads `github:<numeric id>`, perhaps followed by `/<login>`."""

    role: Role
    name: Annotated[str, _text(120)]

    @field_validator("name")
    @classmethod
    def _of_the_role(cls, name: str, info: ValidationInfo) -> str:
        if info.data.get("role") == "developer" and not _DEVELOPER.fullmatch(name):
            raise ValueError("a developer's name reads github:<numeric id>[/<login>]")
        return name


class NewOneTimeToken(Body):
    """Whom to let in once, `github:<numeric id>[/<login>]`; left out, it is for whoever asks."""

    name: Annotated[str, StringConstraints(pattern=rf"^{_DEVELOPER.pattern}$")] | None = None


class Opening(Body):
    """A one-time token, to be opened."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=TOKEN_CHARACTERS_MAX)]


class SignedChallenge(Body):
    """A challenge, and what `ssh-keygen -Y sign` made of it and a line feed, in the namespace that came with it."""

    challenge: Annotated[str, StringConstraints(min_length=1, max_length=CHARACTERS_MAX)]
    signature: Annotated[
        str, StringConstraints(min_length=1, max_length=SIGNATURE_BYTES_MAX, pattern=r"^[ -~\r\n]*$")
    ]


class NewSignInLink(Body):
    """Where the link leads: a path of this House."""

    next: Annotated[str, StringConstraints(max_length=512, pattern=r"^/([!-.0-\[\]-~][!-\[\]-~]*)?$")] = "/"


class Consent(Body):
    """A developer's word. `brief` narrows an introduction to one brief's client."""

    purpose: Purpose
    given: bool
    brief: Id | None = None

    @field_validator("brief")
    @classmethod
    def _of_an_introduction(cls, brief: str | None, info: ValidationInfo) -> str | None:
        if brief is not None and info.data.get("purpose") == "participation":
            raise ValueError("only an introduction is agreed to for one brief")
        return brief


class NewKey(Body):
    """The line of a `.pub` file, and the proof that its private half is at hand.

    The proof is what `ssh-keygen -Y sign -n house-key` makes of `<origin>: the key <fingerprint> is <developer>'s` and
    a line feed.
    """

    key: Annotated[str, StringConstraints(min_length=1, max_length=KEY_LINE_CHARACTERS_MAX)]
    proof: Annotated[
        str, StringConstraints(min_length=1, max_length=SIGNATURE_BYTES_MAX, pattern=r"^[ -~\r\n]*$")
    ]


class NewCommit(Body):
    """A raw commit object, as `git cat-file commit` prints it, in base64; and the hash it is known by, if it is."""

    commit: Base64
    hash: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")] | None = None


def _several(given: Any) -> Any:
    """A form sends one value as it is, and several as a list."""
    return given if isinstance(given, tuple) else tuple(given) if isinstance(given, list) else (given,)


EntryHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


class Withholding(Body):
    """Entries, by their hashes or their commits', to be withheld, or to be withheld no more."""

    entries: Annotated[
        tuple[EntryHash, ...], BeforeValidator(_several), Field(min_length=1, max_length=WITHHOLDINGS_MAX)
    ]
    withheld: bool = True


class Erasure(Body):
    """The words that show that it is meant: it cannot be undone."""

    confirm: Literal["erase me"]


class NewTicket(Body):
    """A wish to be matched. `offset_h` is the offset from UTC."""

    primary: Lane
    secondary: Lane
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=10)]
    offset_h: Annotated[float, Field(ge=-12, le=14, multiple_of=0.25, allow_inf_nan=False)]
    pool: Pool = "default"
    expires_in_s: Annotated[int, Field(ge=60, le=14 * 86_400)] = 3_600

    @field_validator("secondary")
    @classmethod
    def _another_lane(cls, secondary: Lane, info: ValidationInfo) -> Lane:
        if secondary == info.data.get("primary"):
            raise ValueError("the secondary lane is another one than the primary")
        return secondary


class Acceptance(Body):
    """Taking a seat; `introduce` agrees to be introduced to this brief's client."""

    introduce: bool = False


class NewBrief(Body):
    """What a client wants to know, and how many teams are to work on it for how long."""

    title: Annotated[str, _text(120)]
    question: Annotated[str, _text(2_000)]
    pool: Pool = "default"
    sessions: Annotated[int, Field(ge=1, le=SESSIONS_WANTED_MAX)] = 1
    window_s: Annotated[int, Field(ge=60, le=7 * 86_400)] = 3_600
    points_each: Annotated[int, Field(ge=1, le=POINTS_EACH_MAX)] = 6


class NewCopy(Body):
    """One copy variant."""

    kind: Literal["copy"]
    label: Label
    text: Annotated[str, _text(4_000)]


class NewImage(Body):
    """The fields beside the file of a form."""

    kind: Literal["image"]
    label: Label


class Votes(Body):
    """An approval ballot: the copy variants the participant approves of, perhaps none."""

    approved: Annotated[tuple[Id, ...], Field(max_length=CREATIVES_MAX)]

    @field_validator("approved")
    @classmethod
    def _each_once(cls, approved: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(approved)) < len(approved):
            raise ValueError("each creative is named once")
        return approved


class Point(Body):
    """One point on an image, as fractions of its width and height from the top left."""

    creative: Id
    x: Fraction
    y: Fraction


class Points(Body):
    """Several points at once."""

    points: Annotated[tuple[Point, ...], Field(min_length=1, max_length=POINTS_PER_REQUEST_MAX)]


def _one_or_many(given: Any) -> str:
    return "many points" if isinstance(given, dict) and "points" in given else "one point"


class Marks(
    RootModel[
        Annotated[
            Annotated[Point, Tag("one point")] | Annotated[Points, Tag("many points")],
            Discriminator(_one_or_many),
        ]
    ]
):
    """One point, or `points`."""

    @property
    def points(self) -> tuple[Point, ...]:
        """All of them."""
        return (self.root,) if isinstance(self.root, Point) else self.root.points


def _instant(given: Any) -> int:
    try:
        return from_rfc3339(given)
    except (ValueError, OverflowError, TypeError) as error:
        raise ValueError("expected an RFC 3339 time such as 2026-12-04T00:00:00Z") from error


def _cursor(given: Any) -> int:
    if not isinstance(given, str) or not re.fullmatch(r"[0-9a-f]{1,15}", given):
        raise ValueError("expected the `next` of an earlier answer")
    return int(given, 16)


def cursor(position: int) -> str:
    """A place in a list, as `after` takes it."""
    return f"{position:x}"


Instant = Annotated[
    int,
    BeforeValidator(_instant, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
Cursor = Annotated[int, BeforeValidator(_cursor, json_schema_input_type=str)]


class Query(BaseModel):
    """A query string: no unknown parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class EntriesQuery(Query):
    """Which entries, newest first. `after` continues to older ones."""

    kind: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$")] | None = None
    party: Annotated[str, StringConstraints(pattern=r"^dev_[a-z2-7]{20}$")] | None = None
    since: Instant | None = None
    after: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class EventsQuery(Query):
    """Which events, oldest first. `after` is the `next` of an earlier answer."""

    after: Annotated[int, Field(ge=0, lt=2**63)] = 0
    kind: Annotated[str, StringConstraints(max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 100


class MineQuery(Query):
    """Which rows of a list. `after` is the `next` of an earlier answer."""

    after: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class LettersQuery(Query):
    """Whose dead letters."""

    function: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,32}$")] | None = None


ROLES: tuple[Role, ...] = get_args(Role)
