"""Every page, for every eye and hand: on a phone, a desk and paper, light and dark, by touch, by keyboard, read aloud.

What is measured: nothing scrolls sideways; what is tapped is 44 px wide and high (WCAG 2.2, 2.5.5), but for links within
a sentence; text has a contrast of 4.5, large text and the edges of controls of 3 (1.4.3, 1.4.11); every control and
picture has a name (4.1.2, 1.1.1); focus is seen (2.4.7); and nothing is refused by the policy.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from functions.gateway.auth import COOKIE
from shared.domain.requests import Role
from tests.gateway.browsing import LONG, NEEDED, chromium, furnish, heard
from tests.gateway.house import House
from tests.gateway.test_me import furnish as furnish_mine

pytestmark = NEEDED

FAULTS = Path(__file__).with_name("faults.js").read_text(encoding="utf-8")
Act = Callable[[Any], Any]
LOOKS: tuple[tuple[int, Any, Any], ...] = (
    (390, "light", "screen"),
    (390, "dark", "screen"),
    (1200, "light", "screen"),
    (1200, "dark", "print"),
)


def press(button: str) -> Act:
    return lambda page: page.get_by_role("button", name=button, exact=True).first.click()


def fill(label: str, text: str, button: str) -> Act:
    def act(page: Any) -> None:
        page.get_by_label(label).fill(text)
        press(button)(page)

    return act


def open_all(page: Any) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def erase(words: str) -> Act:
    return fill("Type “erase me”", words, "Erase me for good")


def look(page: Any, width: int, scheme: Any, media: Any) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme, media=media)


def pages(house: House) -> list[tuple[str, str, Act | None, str]]:
    """Each page with something on it: who looks, where, what they do there first, and what they are shown then."""
    found = furnish(house)
    furnish_mine(house, 1, "alice")
    for number in range(30):
        house.entry(1, 2 + number % 3, repository=LONG, kind="commit", anchor="a" * 40, refusal=LONG)
    once = house.operator().post("/api/one-time-tokens", {"name": "github:1/alice"}).json()["token"]
    return [
        ("anybody", "/", None, "Developers who both said"),
        ("the operator", "/", None, "Latest entries"),
        ("developer 1", "/", None, "Entries that concern you"),
        ("developer 77", "/", None, "A webhook delivery makes the first one"),
        ("a client", "/", None, "The page"),
        ("the operator", "/log", None, LONG),
        ("developer 77", "/log?kind=nothing", None, "No entries like that"),
        ("the operator", found["journey"], open_all, "caused by"),
        ("a client", found["brief"], None, "Leads"),
        ("developer 1", found["brief"], None, "Results go to the brief’s client"),
        ("anybody", "/notice", None, "What the House keeps"),
        ("anybody", "/sign-in", None, "With your SSH key"),
        ("anybody", "/sign-in", fill("Token", "hse_nothing", "Sign in"), "That token opens nothing"),
        ("anybody", f"/sign-in?once={once}", None, "signs you in once"),
        ("anybody", "/sign-in?code=over", None, "That link is over"),
        ("developer 1", "/me", open_all, "Permitted by"),
        ("developer 1", "/me?marked=all", press("Withhold marked"), "What came of it"),
        ("developer 1", "/me", erase("no"), "Nothing was erased"),
        ("developer 77", "/me", None, "no webhook has told of you"),
        ("developer 77", "/me", press("Let them be used"), "participation given"),
        ("developer 78", "/me", erase("erase me"), "You are being forgotten"),
        ("developer 1", "/nothing", None, "Not Found"),
        ("a client", "/me", None, "Sign in as somebody else"),
        ("the operator", "/log?since=then&party=nobody", None, "Bad request"),
    ]


def sessions(house: House) -> dict[str, str]:
    """The cookie of everybody who looks."""
    people: dict[str, tuple[Role, str]] = {
        "the operator": ("operator", "*"),
        "a client": ("client", "client_tide"),
        **{f"developer {number}": ("developer", house.pseudonym(number)) for number in (1, 77, 78)},
    }
    tokens = {who: house.token(*person) for who, person in people.items()}
    entered = {who: house.request("POST", "/sign-in", data={"token": token}) for who, token in tokens.items()}
    return {who: it.headers["set-cookie"].partition(";")[0].partition("=")[2] for who, it in entered.items()}


def test_every_page_is_for_every_eye_and_hand(house: House, address: str) -> None:
    table, cookies, faults = pages(house), sessions(house), []
    with chromium() as browser:
        looking = {who: browser.new_context().new_page() for who in ("anybody", *cookies)}
        for who, cookie in cookies.items():
            looking[who].context.add_cookies([{"name": COOKIE, "value": cookie, "url": address}])
        complaints = {who: heard(page) for who, page in looking.items()}
        for who, path, act, shown in table:
            page = looking[who]
            look(page, *LOOKS[0])
            page.goto(address + path)
            if act:
                act(page)
            page.get_by_text(shown).first.wait_for()
            found = [text for text in complaints[who] if "Failed to load resource" not in text]
            complaints[who].clear()
            for way in LOOKS:
                look(page, *way)
                found += [f"{fault} {way}" for fault in page.evaluate(FAULTS)]
            faults += [f"{path} for {who}: {fault}" for fault in found]
    assert faults == []
