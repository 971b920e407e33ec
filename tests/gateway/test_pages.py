"""The pages: what is on them, for whom, and that nothing put into them is markup."""

import re
from html import unescape
from typing import Any

import pytest

from functions.gateway.api_node import notice
from functions.gateway.pages.journey import DEPTH_MAX, tree
from functions.gateway.pages.notice import Block, blocks
from functions.gateway.pages.render import ago, brief_stream, offset
from shared.domain.event import Recorded
from shared.domain.instants import DAY_US, SECOND_US
from tests.gateway.house import House, hashes, later, picture

XSS = "\"><script>alert('1')</script><img src=x onerror=alert(1)>{{98765*4321}}"


def test_the_public_sees_numbers_alone(house: House) -> None:
    house.entry(1, 2, repository="octo/secret-plan")
    house.customer().post("/api/briefs", {"title": "Secret brief", "question": "Q"})
    later(house, 0.01)
    page = house.nobody().get("/").text
    assert "entries in 24 hours" in page
    for private in ("octo", "Secret", house.pseudonym(1), "client_tide"):
        assert private not in page


def test_everyone_sees_what_concerns_them_now(house: House) -> None:
    house.entry(1, 2, repository="octo/one")
    house.entry(3, repository="octo/three")
    house.customer().post("/api/briefs", {"title": "Beach", "question": "Q"})
    house.customer("client_ebb").post("/api/briefs", {"title": "Harbour", "question": "Q"})
    operator, developer, client = (
        v.get("/").text for v in (house.operator(), house.developer(1), house.customer())
    )
    assert all(text in operator for text in ("octo/one", "octo/three", "Beach", "Harbour", "makes progress"))
    assert "octo/one" in developer
    assert not any(text in developer for text in ("octo/three", "Beach", "makes progress"))
    assert "Beach" in client
    assert not any(text in client for text in ("octo/one", "Harbour"))


def test_a_team_at_work_is_shown_with_its_seats(house: House) -> None:
    session = house.propose("b" * 32, "client_tide")
    house.developer(1).post(f"/api/seats/{session}.facilitator/accept", {})
    page = house.developer(2).get("/").text
    assert "1 of 5 seats taken" in page
    assert 'class="chip proposed"' in page
    assert "Team" not in house.developer(9).get("/").text


def test_the_log_is_filtered_and_paged(house: House) -> None:
    for _ in range(51):
        house.entry(1, 2)
    fork = house.entry(1, kind="fork", repository="octo/forked")
    voice = house.operator()
    first = voice.get("/log").text
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    assert first.count('class="sentence"') == 50
    second = voice.get(older[1].replace("&amp;", "&")).text
    assert second.count('class="sentence"') == 2
    assert 'rel="next"' not in second
    forks = voice.get("/log?kind=fork&party=&since=2026-03-02").text
    assert forks.count('class="sentence"') == 1
    assert f"/journeys/{house.read(f'entry/{fork.hash}')[0].correlation}" in forks
    assert "No entries like that" in voice.get("/log?since=2026-03-03").text
    assert voice.get("/log?since=nonsense").status_code == 400
    assert hashes(voice.get("/api/entries?limit=1")) == [fork.hash]


def test_nothing_put_into_a_page_is_markup(house: House) -> None:
    entry = house.entry(1, 2, repository=XSS, kind="commit", anchor="a" * 40, refusal=XSS)
    correlation = house.read(f"entry/{entry.hash}")[0].correlation
    client = house.customer()
    brief = client.post("/api/briefs", {"title": XSS[:80].strip(), "question": XSS}).json()["brief"]
    client.post(f"/api/briefs/{brief}/creatives", {"kind": "copy", "label": XSS[:80].strip(), "text": XSS})
    client.upload(f"/api/briefs/{brief}/creatives", picture(), label=XSS[:80].strip())
    issued = house.operator().post("/api/tokens", {"role": "client", "name": XSS}).json()["token"]
    link = house.request("POST", "/sign-in", data={"token": issued})
    named = house.request("GET", "/", headers={"cookie": link.headers["set-cookie"].partition(";")[0]})
    pages = [
        named,
        house.operator().get("/"),
        house.operator().get("/log"),
        house.operator().get("/log", accept="text/html"),
        house.operator().get(f"/journeys/{correlation}"),
        client.get(f"/briefs/{brief}"),
        client.get("/"),
        house.request("GET", "/sign-in", params={"next": XSS}),
        house.request("GET", f"/{XSS}", headers={"accept": "text/html"}),
        house.request("GET", "/log", params={"kind": XSS}, headers={"authorization": f"Bearer {issued}"}),
    ]
    for page in pages:
        assert page.headers["content-type"].startswith("text/html")
        assert "<script" not in page.text
        assert "<img src=x" not in page.text
        assert str(98765 * 4321) not in page.text
    assert sum("&lt;script&gt;" in page.text for page in pages) >= 6


def test_pages_have_no_script_no_inline_style_and_nothing_foreign(house: House) -> None:
    entry = house.entry(1)
    correlation = house.read(f"entry/{entry.hash}")[0].correlation
    for path in ("/", "/log", f"/journeys/{correlation}", "/sign-in", "/nothing"):
        page = house.operator().get(path, accept="text/html").text
        assert not re.search(r"<script|\sstyle=|<style|\son\w+=", page)
        assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", page)
    assert "url(" not in house.nobody().get("/style.css").text
    assert "@import" not in house.nobody().get("/style.css").text


def test_a_journey_is_drawn_as_what_caused_what(house: House) -> None:
    entry = house.entry(1, 2)
    correlation = house.read(f"entry/{entry.hash}")[0].correlation
    page = house.developer(1).get(f"/journeys/{correlation}").text
    assert "entry recorded" in page
    assert "+0.0 ms" in page
    refused = house.developer(3).get(f"/journeys/{correlation}")
    assert (refused.status_code, refused.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_the_notice_is_a_page_for_browsers(house: House) -> None:
    answer = house.nobody().get("/notice", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert (answer.headers["content-type"], answer.headers["vary"]) == ("text/html; charset=utf-8", "Accept")
    assert house.house.terms in answer.text
    text = re.sub(r"<[^>]+>", " ", answer.text.partition("<article")[2].partition("</article>")[0])
    words = re.findall(r"[\w’'./-]+", unescape(text.partition(">")[2]))
    assert words == re.findall(r"[\w’'./-]+", re.sub(r"^(#+|-) |\*\*|`", " ", notice().decode(), flags=re.M))


def test_marks_of_a_text_become_its_structure() -> None:
    found = list(blocks("# A\n\nOne `c`\nand **d** * 2\n\n- e\n  f\n- <b>g</b>\n"))
    assert found == [
        Block("h1", ((("", "A"),),)),
        Block("p", ((("", "One "), ("code", "c"), ("", " and "), ("b", "d"), ("", " * 2")),)),
        Block("ul", ((("", "e f"),), (("", "<b>g</b>"),))),
    ]


def event(name: str, cause: str, at_us: int) -> tuple[Recorded, dict[str, Any]]:
    return Recorded(name, "house.optin.invited.v1", "s/1", 1, at_us, at_us, "c", cause, b"{}"), {}


def test_each_event_stands_below_its_cause(house: House) -> None:
    nodes = tree(
        [
            event("a", "http", 0),
            event("b", "a", 1),
            event("c", "a", 2),
            event("d", "b", 3),
            event("e", "x", 9),
        ]
    )
    assert [node.event.id for node in nodes] == ["a", "b", "d", "c", "e"]
    assert [node.rails for node in nodes] == [(), ("tee",), ("line", "end"), ("end",), ()]
    assert [node.place for node in nodes] == [0, 1 / 9, 3 / 9, 2 / 9, 1]


def test_a_deep_or_circular_journey_is_still_drawn(house: House) -> None:
    deep = tree([event(f"e{n}", f"e{n - 1}", n) for n in range(1_000)])
    assert len(deep) == 1_000
    assert max(len(node.rails) for node in deep) == DEPTH_MAX
    assert [node.event.id for node in tree([event("a", "a", 0)])] == ["a"]


@pytest.mark.parametrize(
    ("elapsed_us", "text"),
    [
        (0, "just now"),
        (59 * SECOND_US, "59 s ago"),
        (60 * SECOND_US, "1 min ago"),
        (DAY_US * 3, "3 d ago"),
        (-90 * SECOND_US, "in 1 min"),
    ],
)
def test_time_is_told_in_the_largest_unit_that_fits(elapsed_us: int, text: str) -> None:
    assert ago(elapsed_us) == text


def test_offsets_and_streams_are_short() -> None:
    assert [offset(us) for us in (0, 1_500, 2_500_000, 180 * SECOND_US)] == [
        "+0.0 ms",
        "+1.5 ms",
        "+2.50 s",
        "+3 min",
    ]
    assert brief_stream("delivery/github/" + "a" * 64) == "delivery/github/" + "a" * 12 + "…"
    assert brief_stream("ticket/dev_" + "a" * 20) == "ticket/dev_" + "a" * 20
