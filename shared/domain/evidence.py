"""The topic `requests`, as far as it is evidence: developers' SSH keys, and commits signed with them.

Written by gateway. A key is registered by one developer at a time in a stream of their own, `key/<dev>/<digest>`, so
that nobody can take a key for themselves by being first: who registers it proves to have its private half. A commit
is judged once, when it is accepted, by the keys registered at that moment; what happens to the key later changes
nothing of that.
"""

from base64 import b64decode, b64encode
from typing import Annotated

from msgspec import Struct

from shared.domain.event import Event, event, of
from shared.domain.instants import DAY_US

KEYS_MAX = 20
"""Keys of one developer, revoked ones included."""
GITHUB_KEYS_US_MAX = 30 * DAY_US
"""For so long keys count that were read from GitHub; then they are to be read again."""
REGISTRATION_NAMESPACE = "house-key"
"""The SSHSIG namespace of a registration's proof."""


@event("house.gateway.key-registered.v1")
class KeyRegistered(Event, frozen=True):
    """A developer registered a public key and proved to have its private half. Stream: `key/<dev>/<digest>`.

    `login` is what the developer was called then, `line` the key as in a `.pub` file.
    """

    developer: str
    login: Annotated[str, of("developer")]
    fingerprint: str
    line: Annotated[str, of("developer")]
    registered_at_us: int


@event("house.gateway.key-revoked.v1")
class KeyRevoked(Event, frozen=True):
    """The key says nothing more for its developer, also where GitHub shows it. Stream: `key/<dev>/<digest>`."""

    developer: str
    fingerprint: str
    revoked_at_us: int


@event("house.gateway.keys-asked-for.v1")
class KeysAskedFor(Event, frozen=True):
    """A developer wants the keys to count that GitHub shows of them. Stream: `person/<dev>`."""

    developer: str
    login: Annotated[str, of("developer")]
    asked_at_us: int


@event("house.gateway.commit-attested.v1")
class CommitAttested(Event, frozen=True):
    """A raw commit is signed by a developer's key, as ssh-keygen judged on receipt.

    Stream: `commit/<commit>`, or `commit/<commit>/github` where only GitHub vouches for the key.
    `commit` is its name in its own object format, `digest` its SHA-256 object hash. `source` says who vouched for
    the key: the developer's own proof or GitHub. Trailers, refusal, handles and invitee are as in EntryRecorded.
    """

    commit: str
    digest: str
    signer: str
    signer_login: Annotated[str, of("signer")]
    fingerprint: str
    source: str
    received_at_us: int
    parent: str | None = None
    committed_at_us: int | None = None
    trailers: dict[str, str] | None = None
    refusal: str | None = None
    signer_handle: str | None = None
    invitee: str | None = None
    invitee_handle: str | None = None
    invitee_login: Annotated[str, of("invitee_handle")] | None = None


class Key(Struct, frozen=True, omit_defaults=True):
    """The state of `key/<dev>/<digest>`. Without `registered_at_us` it was only ever revoked."""

    developer: str = ""
    login: Annotated[str, of("developer")] = ""
    fingerprint: str = ""
    line: Annotated[str, of("developer")] = ""
    registered_at_us: int | None = None
    revoked_at_us: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it was registered and not revoked."""
        return self.registered_at_us is not None and self.revoked_at_us is None


def statement(origin: str, developer: str, fingerprint: str) -> bytes:
    """What the key itself signs, in the namespace `house-key`, to be registered."""
    return f"{origin}: the key {fingerprint} is {developer}'s\n".encode()


def digest_of(fingerprint: str) -> str:
    """The hex SHA-256 in a fingerprint `SHA256:<43 characters of base64>`.

    Raises:
        ValueError: it is no such fingerprint.
    """
    kind, _, text = fingerprint.partition(":")
    digest = b64decode(f"{text}=", validate=True)
    if kind != "SHA256" or len(digest) != 32 or b64encode(digest).decode("ascii") != f"{text}=":
        raise ValueError("expected a fingerprint such as SHA256:TbgHIlJaRdXilKnD8LSwBoKK41SqTKrZtkIirT+QxKE")
    return digest.hex()


def key_stream(developer: str, fingerprint: str) -> str:
    """The stream of a developer's key."""
    return f"key/{developer}/{digest_of(fingerprint)}"


def key_tag(fingerprint: str) -> str:
    """What every state is found by that holds this key."""
    return f"key:{digest_of(fingerprint)}"
