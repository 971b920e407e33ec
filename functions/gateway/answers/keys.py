"""SSH keys, and commits that are signed with them."""

from typing import Literal

from functions.gateway.answers import Body, Done


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
