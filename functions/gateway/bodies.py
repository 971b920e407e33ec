"""What bodies may say: every field with its limit. A wrong one is refused at the edge, by its name."""

import re
from typing import Annotated, Any, Literal

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
from functions.gateway.fields import Armoured, Base64, EntryHash, Fraction, Id, Label, Language, Pool, prose
from functions.gateway.sealed import CHARACTERS_MAX
from shared.domain.brief_results import CREATIVES_MAX
from shared.domain.lanes import Lane
from shared.domain.requests import Purpose, Role
from shared.domain.results import POINTS_EACH_MAX
from shared.domain.ssh import KEY_LINE_CHARACTERS_MAX

POINTS_PER_REQUEST_MAX = 50
WITHHOLDINGS_MAX = 100
SESSIONS_WANTED_MAX = 100

_DEVELOPER = re.compile(r"github:[1-9][0-9]{0,18}(/[A-Za-z0-9][A-Za-z0-9-]{0,38}(\[bot\])?)?")


class Body(BaseModel):
    """A JSON body: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class NewToken(Body):
    """Whom to let in. A developer's name reads `github:<numeric id>`, perhaps followed by `/<login>`."""

    role: Role
    name: Annotated[str, prose(120)]

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
    signature: Armoured


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
    proof: Armoured


class NewCommit(Body):
    """A raw commit object, as `git cat-file commit` prints it, in base64; and the hash it is known by, if it is."""

    commit: Base64
    hash: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")] | None = None


def several(given: Any) -> Any:
    """What a field of several values holds: a form sends one value as it is, and several as a list."""
    return given if isinstance(given, tuple) else tuple(given) if isinstance(given, list) else (given,)


class Withholding(Body):
    """Entries, by their hashes or their commits', to be withheld, or to be withheld no more."""

    entries: Annotated[
        tuple[EntryHash, ...], BeforeValidator(several), Field(min_length=1, max_length=WITHHOLDINGS_MAX)
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

    title: Annotated[str, prose(120)]
    question: Annotated[str, prose(2_000)]
    pool: Pool = "default"
    sessions: Annotated[int, Field(ge=1, le=SESSIONS_WANTED_MAX)] = 1
    window_s: Annotated[int, Field(ge=60, le=7 * 86_400)] = 3_600
    points_each: Annotated[int, Field(ge=1, le=POINTS_EACH_MAX)] = 6


class NewCopy(Body):
    """One copy variant."""

    kind: Literal["copy"]
    label: Label
    text: Annotated[str, prose(4_000)]


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
