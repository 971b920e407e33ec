"""The pages in a real browser, at a phone's and a desk's width: nothing overflows, nothing is refused by the policy."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.evidence.signing import Signer
from tests.gateway.browsing import LONG, NEEDED, chromium, furnish, heard, sign_in_by_hand
from tests.gateway.house import House
from tests.gateway.test_me import furnish as furnish_mine
from tests.gateway.test_sign_in import register, sign

pytestmark = NEEDED


@pytest.mark.parametrize(("width", "height", "scheme"), [(390, 844, "dark"), (1200, 900, "light")])
def test_pages_look_right(house: House, address: str, width: int, height: int, scheme: Any) -> None:
    paths = furnish(house)
    with chromium() as browser:
        page = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        ).new_page()
        complaints = heard(page)
        page.goto(f"{address}/log")
        page.get_by_label("Token").fill(house.operator().token or "")
        sign_in_by_hand(page, address, page.get_by_role("button", name="Sign in").click)
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
    assert complaints == []


@pytest.mark.parametrize(("width", "height", "scheme"), [(390, 844, "light"), (1200, 900, "dark")])
def test_a_developer_signs_in_once_sees_withholds_downloads_and_is_erased(
    house: House, address: str, width: int, height: int, scheme: Any
) -> None:
    furnish_mine(house, 1, "alice")
    house.entry(1, 2, repository=LONG)
    house.propose("e" * 32, "client_x")
    once = house.operator().post("/api/one-time-tokens", {"name": "github:1/alice"}).json()["token"]
    with chromium() as browser:
        page = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        ).new_page()
        complaints = heard(page)

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
    assert complaints == []


def test_a_browser_signs_in_with_an_ssh_key_and_through_github(
    house: House, address: str, tmp_path: Path
) -> None:
    from tests.gateway.github_server import GitHub
    from tests.gateway.test_github_sign_in import accounts

    laptop = Signer(tmp_path / "laptop")
    register(house, 1, laptop)
    # The browser is to come back to where it can: the House is at this address now.
    house.house = msgspec.structs.replace(house.house, origin=address)
    with chromium() as browser, GitHub(7, "octocat").serve() as github:
        house.accounts = accounts(github.url)
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
