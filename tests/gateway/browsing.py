"""A real browser, for the tests that look at pages as people do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.gateway.house import House, later, picture
from tests.gateway.test_briefs import opt_in

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]
"""The marks of a module whose tests need one."""
LONG = "a" * 39 + "/" + "unbreakable-repository-name-" * 3


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser, until the block ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def heard(page: Any) -> list[str]:
    """What the browser complains of, from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    return said


def sign_in_by_hand(page: Any, address: str, click: Any) -> None:
    """Carry the session over: the cookie is for https alone here."""
    with page.expect_response(lambda response: response.request.method == "POST") as entered:
        click()
    name, _, value = (entered.value.header_value("set-cookie") or "").partition(";")[0].partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": address}])


def furnish(house: House) -> dict[str, str]:
    """Something on every page; the pages' paths."""
    entry = house.entry(1, 2, repository=LONG)
    client = house.customer()
    brief = client.post("/api/briefs", {"title": "The page", "question": "Where?"}).json()["brief"]
    path = f"/api/briefs/{brief}/creatives"
    copy = client.post(path, {"kind": "copy", "label": "A", "text": "Long " * 60}).json()["creative"]
    image = client.upload(path, picture(), label="Landing").json()["creative"]
    house.clock.move(1)
    session = house.propose(brief, "client_tide")
    for number in range(1, 6):
        opt_in(house, number)
    for number, seat in enumerate(house.seats(session), 1):
        house.developer(number).post(f"/api/seats/{seat.id}/accept", {"introduce": number < 3})
    later(house, 0.001)
    for number in range(1, 6):
        house.developer(number).post(
            f"/api/sessions/{session}/votes", {"approved": [copy] if number > 2 else []}
        )
        points = [{"creative": image, "x": 0.4, "y": 0.1 * n} for n in range(6)]
        house.developer(number).post(f"/api/sessions/{session}/points", {"points": points})
    later(house, 0.1)
    return {
        "home": "/",
        "log": "/log",
        "journey": f"/journeys/{house.read(f'entry/{entry.hash}')[0].correlation}",
        "brief": f"/briefs/{brief}",
    }
