"""Briefs, and what came of them."""

from typing import Literal

from functions.gateway.answers import Body, Done


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
