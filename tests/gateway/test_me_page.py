"""The page about oneself: its forms do what the API does, and only for whoever has the page."""

import re

import httpx
import pytest

from tests.gateway.house import House, hashes
from tests.gateway.test_me import everything, furnish

FORMS = {
    "withholdings": {"entries": "f" * 40, "withheld": "yes"},
    "opt-ins": {"name": "1" * 40},
    "tokens": {"name": "0" * 64},
    "keys": {"name": "SHA256:" + "A" * 43},
    "consents": {"purpose": "participation", "given": "no"},
    "erasure": {"confirm": "erase me"},
}


class Browser:
    """A developer's browser, signed in."""

    def __init__(self, house: House, number: int) -> None:
        self.house = house
        form = {"token": house.developer(number).token, "next": "/me"}
        entered = house.request("POST", "/sign-in", data=form)
        self.headers = {"cookie": entered.headers["set-cookie"].partition(";")[0]}

    def get(self, path: str = "/me") -> httpx.Response:
        return self.house.request("GET", path, headers=self.headers)

    @property
    def word(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.get().text)
        assert found
        return found[1]

    def post(self, form: str, **fields: str | list[str]) -> httpx.Response:
        return self.house.request(
            "POST", f"/me/{form}", data={"csrf": self.word, **fields}, headers=self.headers
        )


@pytest.fixture
def alice(house: House) -> Browser:
    furnish(house, 1, "alice")
    furnish(house, 2, "bob")
    house.propose("e" * 32, "client_x")
    return Browser(house, 1)


def test_the_page_shows_everything_and_nothing_of_others(house: House, alice: Browser) -> None:
    page = alice.get()
    assert page.status_code == 200
    for mark in (
        "octo/alice",
        "The alice",
        "1" * 40,
        "d" * 64,
        "alice +70",
        "client_x",
        "participation given",
    ):
        assert mark in page.text, mark
    assert "bob" not in page.text
    assert house.pseudonym(2) not in page.text
    assert alice.get("/api/me/export.json").status_code == 200


def test_what_others_wrote_stays_text(house: House) -> None:
    house.entry(1, 2, repository="<script>alert(1)</script>/x")
    page = Browser(house, 1).get().text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_marked_entries_are_withheld_and_released(house: House, alice: Browser) -> None:
    mine = list(hashes(house.developer(1).get("/api/entries")))
    answer = alice.post("withholdings", entries=mine[:2], withheld="yes")
    assert re.fullmatch(r"/me\?asked=[0-9a-f]{32}&part=entries#entries", answer.headers["location"])
    assert "What came of it" in alice.get(answer.headers["location"]).text
    shown = {row["hash"]: row["standing"] for row in everything(house.developer(1))["entries"]}
    assert {hash for hash, standing in shown.items() if standing == "withheld"} == set(mine[:2])
    house.clock.move(1)
    assert alice.post("withholdings", entries=mine[0], withheld="no").status_code == 303
    shown = {row["hash"]: row["standing"] for row in everything(house.developer(1))["entries"]}
    assert (shown[mine[0]], shown[mine[1]]) != ("withheld", "withheld")
    unmarked = alice.post("withholdings", withheld="yes")
    assert (unmarked.status_code, "Nothing was marked" in unmarked.text) == (400, True)


def test_an_opt_in_is_withdrawn_and_participation_taken_back(house: House, alice: Browser) -> None:
    assert alice.post("opt-ins", name="1" * 40).status_code == 303
    assert everything(house.developer(1))["opt-ins"][0]["status"] == "revoked"
    assert alice.post("opt-ins", name="2" * 40).status_code == 404
    assert house.developer(1).get("/api/me").json()["participation"]
    assert alice.post("consents", purpose="participation", given="no").status_code == 303
    assert not house.developer(1).get("/api/me").json()["participation"]
    assert alice.post("consents", purpose="participation", given="yes").status_code == 303
    assert house.developer(1).get("/api/me").json()["participation"]
    assert alice.post("consents", purpose="spam", given="yes").status_code == 400


def test_an_introduction_is_taken_back_for_its_brief(house: House, alice: Browser) -> None:
    assert "Introduced to client_x" in alice.get().text
    answer = alice.post("consents", purpose="introduction", given="no", brief="e" * 32)
    assert answer.headers["location"].endswith("#leads")
    said = everything(house.developer(1))["consents"][-1]
    assert (said["purpose"], said["given"], said["brief"]) == ("introduction", False, "e" * 32)


def test_a_key_is_revoked(house: House, alice: Browser) -> None:
    (key,) = everything(house.developer(1))["keys"]
    assert alice.post("keys", name=key["fingerprint"]).headers["location"].endswith("#keys")
    (key,) = everything(house.developer(1))["keys"]
    assert key["revoked"]
    assert alice.post("keys", name=key["fingerprint"]).headers["location"] == "/me#keys"
    (theirs,) = everything(house.developer(2))["keys"]
    assert alice.post("keys", name=theirs["fingerprint"]).status_code == 404


def test_revoking_its_own_token_signs_the_browser_out(house: House, alice: Browser) -> None:
    digest = everything(house.developer(1))["tokens"][0]["sha256"]
    assert alice.post("tokens", name=digest).status_code == 303
    assert alice.get().headers["location"] == "/sign-in?next=/me"


def test_erasure_wants_its_words_typed(house: House, alice: Browser) -> None:
    answer = alice.post("erasure", confirm="yes")
    assert (answer.status_code, "Nothing was erased" in answer.text) == (400, True)
    done = alice.post("erasure", confirm=" Erase me ")
    assert done.status_code == 200
    assert "You are being forgotten" in done.text
    assert "Max-Age=0" in done.headers["set-cookie"]
    assert alice.get().status_code == 303
    assert house.developer(1).get("/api/me").status_code == 401


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_was_not_on_the_page_does_nothing(house: House, alice: Browser, form: str) -> None:
    before = len(house.store.log)
    foreign = {"sec-fetch-site": "cross-site"}
    another = {"origin": "https://evil.example", "host": "house.example"}
    bob = Browser(house, 2)
    for fields, headers in (
        (FORMS[form], {}),
        ({**FORMS[form], "csrf": "0" * 64}, {}),
        ({**FORMS[form], "csrf": bob.word}, {}),
        ({**FORMS[form], "csrf": alice.word}, foreign),
        ({**FORMS[form], "csrf": alice.word}, another),
    ):
        answer = house.request("POST", f"/me/{form}", data=fields, headers={**alice.headers, **headers})
        assert answer.status_code == 403, (fields, headers)
    assert len(house.store.log) == before
    # Without a session it leads to the sign-in, and from there to the page.
    away = house.request("POST", f"/me/{form}", data=FORMS[form])
    assert away.headers["location"] == "/sign-in?next=/me"


def test_entries_go_on_page_by_page(house: House) -> None:
    for _ in range(30):
        house.entry(1, 2)
    browser = Browser(house, 1)
    first = browser.get().text
    older = re.search(r'href="(/me\?after=[0-9a-f]+)#entries"', first)
    assert older
    second = browser.get(older[1]).text
    found = [re.findall(r'name="entries" value="([0-9a-f]{40})"', page) for page in (first, second)]
    assert (len(found[0]), len(found[1])) == (25, 5)
    assert not set(found[0]) & set(found[1])
    # Who withholds on the second page is led back to it.
    after = older[1].removeprefix("/me?after=")
    answer = browser.post("withholdings", entries=found[1], withheld="yes", after=after)
    assert answer.headers["location"].startswith(f"/me?after={after}&asked=")
    again = browser.get(answer.headers["location"]).text
    assert re.findall(r'name="entries" value="([0-9a-f]{40})"', again) == found[1]
    assert again.count('class="chip withheld"') == 5


def test_all_entries_of_a_page_are_marked_at_once(house: House) -> None:
    for _ in range(3):
        house.entry(1, 2)
    browser = Browser(house, 1)
    assert 'href="/me?marked=all#entries"' in browser.get().text
    marked = browser.get("/me?marked=all").text
    assert len(re.findall(r'name="entries" value="[0-9a-f]{40}" checked', marked)) == 3
    assert 'href="/me#entries">Mark none' in marked


@pytest.mark.parametrize(
    "stated",
    ["unicode_escape", "punycode", "utf-7", '"utf-8"; charset=unicode_escape', "utf-8x"],
)
def test_a_form_is_utf_8(house: House, alice: Browser, stated: str) -> None:
    part = '--x\r\ncontent-disposition: form-data; name="csrf"\r\n\r\n\\ud800\r\n--x--\r\n'
    kind = f"multipart/form-data; boundary=x; charset={stated}"
    headers = {**alice.headers, "content-type": kind}
    answer = house.request("POST", "/me/erasure", content=part, headers=headers)
    assert (answer.status_code, "expected a form in UTF-8" in answer.text) == (415, True)
    headers["content-type"] = 'multipart/form-data; boundary=x; charset="UTF-8"'
    assert house.request("POST", "/me/erasure", content=part, headers=headers).status_code == 403
