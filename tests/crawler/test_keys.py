"""SSH keys are read from GitHub where their developer asks for it, over real HTTP."""

import asyncio
from functools import reduce
from pathlib import Path

from functions.crawler import keys
from functions.crawler.keys import KEYS, evolve, tags
from shared.cli.demo_github import DemoGitHub, DemoUser
from shared.domain.evidence import KeysAskedFor, key_tag
from shared.domain.profiles import KeysNotRead, KeysObserved, ObservedKeys
from tests.crawler.looking import ADA, OCTO, gateways
from tests.evidence.signing import Signer
from tests.given import NOW_US, arriving
from tests.loopback import Answer, Loopback


def asked(developer: str = OCTO, login: str = "octo", at_us: int = NOW_US) -> KeysAskedFor:
    return KeysAskedFor(developer, login, at_us)


def read(github_url: str, body: KeysAskedFor) -> list[object]:
    arrived = arriving(body)
    assert KEYS.streams(arrived) == (f"keys/{body.developer}",)
    return list(asyncio.run(keys.read(ObservedKeys(), arrived, gateways(github_url))))


def test_the_keys_are_those_that_github_shows_and_that_count(tmp_path: Path) -> None:
    one, other = Signer(tmp_path / "1"), Signer(tmp_path / "2", "ecdsa")
    short = Signer(tmp_path / "3", "rsa", "-b", "1024")
    # GitHub shows keys without their comments.
    lines = tuple(" ".join(signer.line.split()[:2]) for signer in (one, short, other))
    with DemoGitHub({"octo": DemoUser(1, "Octo", keys=(*lines, "nonsense"))}) as github:
        (seen,) = read(github.url, asked())
    fingerprints = (one.key.fingerprint, other.key.fingerprint)
    assert seen == KeysObserved(OCTO, "octo", (lines[0], lines[2]), fingerprints, 2, NOW_US)
    assert isinstance(seen, KeysObserved)
    assert tags(evolve(ObservedKeys(), seen)) == {key_tag(fingerprint) for fingerprint in fingerprints}


def test_a_login_that_is_anothers_by_now_brings_no_keys(tmp_path: Path) -> None:
    with DemoGitHub({"octo": DemoUser(1, "Octo", keys=(Signer(tmp_path).line,))}) as github:
        assert read(github.url, asked(ADA)) == [KeysNotRead(ADA, "login now belongs to someone else", NOW_US)]
        assert "GET /users/octo/keys" not in github.requests
        assert read(github.url, asked(login="nobody")) == [
            KeysNotRead(OCTO, "GitHub knows no such login", NOW_US)
        ]


def test_an_answer_that_is_none_is_a_reason() -> None:
    answers = {"/users/octo": b'{"id": 1}', "/users/octo/keys?per_page=100": b'{"no": "list"}'}
    with Loopback(lambda request: Answer(200, {}, [answers[request.path]])) as github:
        (failed,) = read(github.url, asked())
    assert failed == KeysNotRead(OCTO, "GitHub's answer is not what its documentation says", NOW_US)


def test_the_last_look_asked_for_counts_in_whatever_order_and_one_that_failed_takes_nothing() -> None:
    early, late = (KeysObserved(OCTO, "octo", (), (), n, NOW_US + n) for n in (0, 1))
    failed = KeysNotRead(OCTO, "GitHub answered 500", NOW_US + 2)
    for order in ((early, late), (late, early)):
        assert reduce(evolve, order, ObservedKeys()).observed == late
    assert evolve(ObservedKeys(late), failed) == ObservedKeys(late, failed)
    assert evolve(ObservedKeys(late, failed), late).failed is None
