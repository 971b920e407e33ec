"""The pages in a real browser, at a phone's and a desk's width: nothing overflows, nothing is refused by the policy."""

import shutil
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.gateway.house import House, later, picture

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONG = "a" * 39 + "/" + "unbreakable-repository-name-" * 3


@pytest.fixture
def address(house: House) -> Iterator[str]:
    import uvicorn

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(house.app, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)


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


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(("width", "height", "scheme"), [(390, 844, "dark"), (1200, 900, "light")])
def test_pages_look_right(house: House, address: str, width: int, height: int, scheme: Any) -> None:
    from playwright.sync_api import sync_playwright

    paths = furnish(house)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        ).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(f"{address}/log")
        page.get_by_label("Token").fill(house.operator().token or "")
        # The cookie is for https alone here, so the session is carried by hand.
        with page.expect_response(lambda response: response.request.method == "POST") as entered:
            page.get_by_role("button", name="Sign in").click()
        name, _, value = (entered.value.header_value("set-cookie") or "").partition(";")[0].partition("=")
        page.context.add_cookies([{"name": name, "value": value, "url": address}])
        for path in paths.values():
            page.goto(address + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        page.goto(address + paths["journey"])
        page.locator("summary").first.click()
        assert page.get_by_text(LONG).is_visible()
        assert page.locator("li .at").first.inner_text() == "+0.0 ms"
        page.goto(address + paths["brief"])
        assert page.get_by_role("img", name="60 %").is_visible()
        assert page.get_by_role("img", name="Heat map on Landing").is_visible()
        browser.close()
    assert complaints == []
