"""The pages in a real browser, at a phone's and a desk's width: nothing overflows, nothing is refused by the policy."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from emulators.serving import serving
from tests.evidence.signing import Signer
from tests.gateway.house import House, later, picture
from tests.gateway.test_briefs import opt_in
from tests.gateway.test_me import furnish as furnish_mine
from tests.gateway.test_sign_in import register, sign

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LONG = "a" * 39 + "/" + "unbreakable-repository-name-" * 3


@pytest.fixture
def address(house: House) -> Iterator[str]:
    with serving(house.app) as url:
        yield url


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


def sign_in_by_hand(page: Any, address: str, click: Any) -> None:
    """Carry the session over: the cookie is for https alone here."""
    with page.expect_response(lambda response: response.request.method == "POST") as entered:
        click()
    name, _, value = (entered.value.header_value("set-cookie") or "").partition(";")[0].partition("=")
    page.context.add_cookies([{"name": name, "value": value, "url": address}])


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize(("width", "height", "scheme"), [(390, 844, "light"), (1200, 900, "dark")])
def test_a_developer_signs_in_once_sees_withholds_downloads_and_is_erased(
    house: House, address: str, width: int, height: int, scheme: Any
) -> None:
    from playwright.sync_api import sync_playwright

    furnish_mine(house, 1, "alice")
    house.entry(1, 2, repository=LONG)
    house.propose("e" * 32, "client_x")
    once = house.operator().post("/api/one-time-tokens", {"name": "github:1/alice"}).json()["token"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        ).new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))

        def fits() -> bool:
            return bool(page.evaluate("document.documentElement.scrollWidth") <= width)

        page.goto(f"{address}/sign-in")
        assert fits()
        page.goto(f"{address}/sign-in?once={once}")
        assert fits()
        sign_in_by_hand(page, address, page.get_by_role("button", name="Sign in").click)
        page.goto(f"{address}/me")
        assert fits()
        for details in page.locator("details").all():
            details.locator("summary").click()
        assert fits()
        assert page.get_by_text("alice +70").is_visible()
        page.get_by_text(f"(you) starred repository [{LONG}]").click()
        page.get_by_role("button", name="Withhold marked").click()
        page.get_by_role("link", name="What came of it").wait_for()
        assert page.locator("#entries .chip.withheld").count() == 1
        page.locator("#opt-ins summary").first.click()
        page.get_by_role("button", name="Withdraw").first.click()
        page.get_by_role("link", name="What came of it").wait_for()
        assert page.locator("#opt-ins .chip.revoked").count() == 1
        with page.expect_download() as download:
            page.get_by_role("link", name="one JSON document").click()
        assert download.value.suggested_filename == f"house-{house.pseudonym(1)}.json"
        page.get_by_label("Type “erase me”").fill("erase me")
        page.get_by_role("button", name="Erase me for good").click()
        page.get_by_role("heading", name="You are being forgotten").wait_for()
        assert fits()
        page.goto(f"{address}/me")
        assert "/sign-in" in page.url
        browser.close()
    assert complaints == []


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_signs_in_with_an_ssh_key_and_through_github(
    house: House, address: str, tmp_path: Path
) -> None:
    from playwright.sync_api import sync_playwright

    from tests.gateway.github_server import GitHub
    from tests.gateway.test_github_sign_in import accounts

    laptop = Signer(tmp_path / "laptop")
    register(house, 1, laptop)
    # The browser is to come back to where it can: the House is at this address now.
    house.house = msgspec.structs.replace(house.house, origin=address)
    with sync_playwright() as playwright, GitHub(7, "octocat").serve() as github:
        house.accounts = accounts(github.url)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        page.goto(f"{address}/me")
        challenge = page.locator("input[name=challenge]").get_attribute("value") or ""
        page.get_by_label("What it printed").fill(sign(laptop, challenge, "house-sign-in@127.0.0.1").decode())
        page.get_by_role("button", name="Use this signature").click()
        page.wait_for_url(f"{address}/me")
        assert page.locator("main").get_by_text(house.pseudonym(1), exact=True).first.is_visible()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{address}/")
        page.goto(f"{address}/sign-in?next=/me")
        page.get_by_role("link", name="Go to GitHub").click()
        page.wait_for_url(f"{address}/me")
        assert page.locator("main").get_by_text("github:7/octocat").is_visible()
        browser.close()
