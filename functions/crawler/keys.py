"""A developer's SSH keys as GitHub shows them, read when the developer asks for it.

Reads KeysAskedFor. Emits KeysObserved or KeysNotRead. Stream: keys/<dev>. The endpoint is `GET /users/<login>/keys`
(docs.github.com/rest/users/keys); that the login is still this developer's is checked first, by the account's number.
"""

from collections.abc import Sequence
from typing import assert_never

from functions.crawler import github
from functions.crawler.decide import NotRead
from shared.domain.event import Event, Input
from shared.domain.evidence import KEYS_MAX, KeysAskedFor, key_tag
from shared.domain.profiles import KeysNotRead, KeysObserved, ObservedKeys
from shared.domain.ssh import BadKey, PublicKey, public_key
from shared.ports.web import Unreachable
from shared.runtime.shapes import Errand, Fold, Gateways


def _streams(arrived: Input) -> tuple[str, ...]:
    return (f"keys/{arrived.body.developer}",) if isinstance(arrived.body, KeysAskedFor) else ()


async def read(_: ObservedKeys, arrived: Input, gateways: Gateways) -> Sequence[Event]:
    """One look, whatever comes of it."""
    asked = arrived.body
    assert isinstance(asked, KeysAskedFor)
    developer, login, now_us = asked.developer, asked.login, asked.asked_at_us
    base, headers = gateways.github_url, github.headers(gateways.github_token)
    try:
        profile = await gateways.web.get(github.user_url(base, login), headers)
        github.user(profile, developer, None, arrived.house, now_us)
        lines = github.keys(await gateways.web.get(github.keys_url(base, login), headers), now_us)
    except (NotRead, Unreachable) as why:
        return [KeysNotRead(developer, str(why), now_us)]
    keys = [key for line in lines if (key := _key(line))][:KEYS_MAX]
    return [
        KeysObserved(
            developer,
            login,
            tuple(key.line for key in keys),
            tuple(key.fingerprint for key in keys),
            len(lines) - len(keys),
            now_us,
        )
    ]


def _key(line: str) -> PublicKey | None:
    try:
        return public_key(line)
    except BadKey:
        return None


def evolve(state: ObservedKeys, event: KeysObserved | KeysNotRead) -> ObservedKeys:
    """The last look asked for counts; one that failed leaves what was seen before."""
    match event:
        case KeysObserved():
            earlier = state.observed is not None and event.observed_at_us < state.observed.observed_at_us
            return state if earlier else ObservedKeys(event)
        case KeysNotRead():
            return ObservedKeys(state.observed, event)
        case _:
            assert_never(event)


def tags(state: ObservedKeys) -> frozenset[str]:
    """Found by each key."""
    return frozenset(map(key_tag, state.observed.fingerprints if state.observed else ()))


KEYS = Errand(Fold("keys", ObservedKeys, ObservedKeys(), evolve, tags=tags), (KeysAskedFor,), _streams, read)
