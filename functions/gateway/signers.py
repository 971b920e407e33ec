"""Whose key it is: keys that developers registered here, before those that GitHub shows of them."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from functions.gateway import kept
from shared.domain.evidence import GITHUB_KEYS_US_MAX, Key, key_tag
from shared.domain.profiles import ObservedKeys
from shared.runtime.edge import Edge, Rejection

HOLDERS_MAX = 1_000
"""Developers looked at who hold the same key; of one whom more hold, not all are known, so it is nobody's."""
HELD_MAX = 1_000
"""Keys looked at of one developer, those included that GitHub showed and they revoked."""
Source = Literal["registered", "github"]


class Signer(Struct, frozen=True):
    """A developer by the evidence of a key, and who vouches for it."""

    developer: str
    login: str
    source: Source


def signer(edge: Edge, fingerprint: str) -> Signer | str:
    """Whose key it is at this moment, or why it is nobody's."""
    tag = key_tag(fingerprint)
    held = [key for _, key in edge.states("gateway", Key, tag, None, HOLDERS_MAX)]
    observed = [state.observed for _, state in edge.states("crawler", ObservedKeys, tag, None, HOLDERS_MAX)]
    if max(len(held), len(observed)) == HOLDERS_MAX:
        return f"{HOLDERS_MAX:,} developers or more hold the key {fingerprint}"
    registered = [
        Signer(key.developer, key.login, "registered")
        for key in held
        if key.counts and _is_since_erasure(edge, key.developer, key.registered_at_us or 0)
    ]
    revoked = {key.developer for key in held if key.revoked_at_us is not None}
    if registered:
        return _only(registered, fingerprint)
    since_us = edge.clock.now_us() - GITHUB_KEYS_US_MAX
    fresh = [seen for seen in observed if seen and seen.observed_at_us >= since_us]
    shown = [
        Signer(seen.developer, seen.login, "github")
        for seen in fresh
        if seen.developer not in revoked and _is_since_erasure(edge, seen.developer, seen.observed_at_us)
    ]
    if shown:
        return _only(shown, fingerprint)
    if revoked:
        return f"the key {fingerprint} was revoked"
    if any(observed):
        return f"the key {fingerprint} was read from GitHub more than 30 days ago: have it read again"
    return f"no developer registered the key {fingerprint}"


def _is_since_erasure(edge: Edge, developer: str, at_us: int) -> bool:
    """Whether it is from after the developer was last forgotten: what was still on its way then counts no more."""
    return at_us > kept.person(edge, developer).erased_at_us


def _only(signers: Iterable[Signer], fingerprint: str) -> Signer | str:
    one, *others = signers
    return one if not others else f"more than one developer registered the key {fingerprint}"


def not_judged(error: TimeoutError) -> Rejection:
    """The refusal while ssh-keygen does not say whether a signature holds."""
    return Rejection(503, "Not judged", str(error), retry_after_s=5)


def keys_of(edge: Edge, developer: str) -> list[Key]:
    """The keys a developer registered or revoked here, the latest first."""
    return [key for _, key in edge.states("gateway", Key, f"developer:{developer}", None, HELD_MAX)]
