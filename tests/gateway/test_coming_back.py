"""Whoever was erased and comes back sees nothing of before, whichever route they ask."""

import io
import re
import zipfile
from typing import Any

import httpx
import pytest

from functions.gateway.call import Route
from functions.gateway.routes import ROUTES
from shared.domain.evidence import KeyRegistered, key_stream
from shared.domain.profiles import CrawlRequested, KeysObserved, ProfileObserved
from shared.domain.ssh import PublicKey
from shared.domain.tokens import token_digest
from tests.gateway.house import Voice
from tests.optin.engine import NUMBERS
from tests.optin.world import World

WHO = "bob"
KEY = PublicKey("ssh-ed25519", b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"k" * 32)
SHOWN = PublicKey("ssh-ed25519", b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + b"s" * 32)
# What only says something anew, or is for anybody, names nothing of before.
ANEW = {
    "/api/sign-in-links",
    "/api/one-time-tokens",
    "/api/keys",
    "/api/keys/from-github",
    "/api/commits",
    "/api/consents",
    "/api/tickets",
    "/api/me/erasure",
}
# Forms ask what the API is asked, by the same functions.
LOOKS = [
    route
    for route in ROUTES
    if (route.roles and "developer" in route.roles and not route.form)
    and not (route.method == "POST" and route.path in ANEW)
] + [route for route in ROUTES if (route.method, route.path) == ("GET", "/")]


def names(world: World) -> dict[str, str]:
    """What was bob's, by what paths call it."""
    house, me = world.house, world.house.pseudonym(NUMBERS[WHO])
    session = world.account.works[0].session
    proposed = house.of(f"/api/sessions/{session}")
    lane = next(seat["lane"] for seat in proposed["seats"] if seat["developer"] == me)
    star = world.account.stars[WHO][0].entry
    return {
        "hash": star,
        "correlationid": house.of(f"/api/entries/{star}")["correlationid"],
        "invitation": world.account.asked[WHO][0].commit,
        "fingerprint": KEY.fingerprint,
        "seat": f"{session}.{lane}",
        "session": session,
        "sha256": token_digest(world.voices[WHO].token or ""),
        "brief": world.brief,
        "creative": world.image,
    }


def furnished() -> World:
    """One of everything that concerns bob: a session at work, and whatever else there can be."""
    world = World()
    for guest in ("bob", "carol", "dora", "emil"):
        world.step("opt in", guest)
    for what in ("star", "introduce", "play", "wait", "come back"):
        world.step(what, WHO)
    world.check()
    house, me, now_us = world.house, world.house.pseudonym(NUMBERS[WHO]), world.now_us
    registered = KeyRegistered(me, WHO, KEY.fingerprint, KEY.line, now_us)
    house.record("gateway", key_stream(me, KEY.fingerprint), registered)
    observed = KeysObserved(me, WHO, (SHOWN.line,), (SHOWN.fingerprint,), 0, now_us)
    house.record("crawler", f"keys/{me}", observed)
    asked = CrawlRequested(me, WHO, world.account.asked[WHO][0].commit, now_us)
    house.record("crawler", f"profile/{me}", asked, ProfileObserved(me, WHO, now_us, name="The bob"))
    house.clock.move(1)
    return world


def asked(route: Route, named: dict[str, str], voice: Voice) -> httpx.Response:
    """The route, asked for what is named."""
    path = route.path.format_map(named)
    if route.method == "GET":
        return voice.get(path, accept="text/html" if route.page else "application/json")
    bodies: dict[str, Any] = {
        "/api/seats/{seat}/accept": {"introduce": True},
        "/api/sessions/{session}/votes": {"approved": []},
        "/api/sessions/{session}/points": {"creative": named["creative"], "x": 0.5, "y": 0.5},
        "/api/me/withholdings": {"entries": [named["hash"]]},
    }
    return voice.post(path, bodies.get(route.path))


def said(answer: httpx.Response) -> str:
    if answer.headers["content-type"] != "application/zip":
        return answer.text
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return "".join(archive.read(name).decode() for name in archive.namelist())


def marks(text: str) -> set[str]:
    """All ids, hashes and fingerprints."""
    return set(re.findall(r"[0-9a-f]{32,64}|SHA256:[A-Za-z0-9+/]{43}|The bob", text))


class Gone:
    """What bob saw, and bob who has come back."""

    def __init__(self) -> None:
        world = furnished()
        self.named = names(world)
        gets = [route for route in LOOKS if route.method == "GET"]
        anybodys = {m for route in gets for m in marks(said(asked(route, self.named, world.voices["gus"])))}
        self.before = {
            route.path: marks(said(asked(route, self.named, world.voices[WHO]))) - anybodys for route in gets
        }
        self.seen: set[str] = set.union(*self.before.values())
        world.step("erase", WHO)
        world.step("come back", WHO)
        # Their host speaks of what is over, too, and takes it back.
        world.step("withdraw", WHO)
        self.voice = world.voices[WHO]


@pytest.fixture(scope="module")
def gone() -> Gone:
    return Gone()


def test_who_was_not_erased_sees_it_all(gone: Gone) -> None:
    """Or the rest would show nothing."""
    images = "/api/creatives/{brief}/{creative}/image"
    seldom = {"/api/me", "/api/seats/mine", images}
    assert {path for path, found in gone.before.items() if not found} <= seldom
    named = {value for key, value in gone.named.items() if key not in ("seat", "creative")}
    assert named <= gone.seen
    assert {SHOWN.fingerprint, "The bob"} <= gone.seen


@pytest.mark.parametrize("route", LOOKS, ids=lambda route: f"{route.method} {route.path}")
def test_whoever_comes_back_sees_nothing_of_before(gone: Gone, route: Route) -> None:
    answer = asked(route, gone.named, gone.voice)
    names_something = "{" in route.path or route.method == "POST"
    assert answer.status_code == (404 if names_something else 200), answer.text
    if not names_something:
        assert marks(said(answer)) & gone.seen == set()
