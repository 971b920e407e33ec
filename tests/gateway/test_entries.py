"""The event log over HTTP."""

import pytest

from shared.domain.instants import SECOND_US, rfc3339
from shared.domain.optins import StandingOpened, pair_stream
from tests.gateway.house import House, hashes, later
from tests.given import NOW_US


def test_an_operator_sees_every_entry_newest_first(house: House) -> None:
    made = [house.entry(1, 2), house.entry(3, 4), house.entry(5)]
    answer = house.operator().get("/api/entries")
    assert hashes(answer) == [entry.hash for entry in reversed(made)]
    assert answer.json()["next"] is None


def test_a_developer_sees_the_entries_they_are_a_party_of_and_no_other(house: House) -> None:
    own, foreign, owned = house.entry(1, 2), house.entry(3, 4), house.entry(3, 1)
    developer = house.developer(1)
    assert hashes(developer.get("/api/entries")) == [owned.hash, own.hash]
    assert developer.get(f"/api/entries/{own.hash}").status_code == 200
    assert developer.get(f"/api/entries/{foreign.hash}").status_code == 404
    other = house.pseudonym(3)
    assert hashes(developer.get(f"/api/entries?party={other}")) == [owned.hash]


def test_pages_follow_each_other_without_gap_or_overlap(house: House) -> None:
    made = [house.entry(number % 3 + 1).hash for number in range(11)]
    voice, seen, path = house.operator(), list[str](), "/api/entries?limit=4"
    for _ in range(5):
        answer = voice.get(path)
        seen.extend(hashes(answer))
        if answer.json()["next"] is None:
            break
        path = f"/api/entries?limit=4&after={answer.json()['next']}"
    assert seen == list(reversed(made))


def test_entries_are_filtered_by_kind_party_and_time(house: House) -> None:
    star, fork = house.entry(1, 2), house.entry(1, 3, kind="fork")
    later(house, 1)
    late = house.entry(2, kind="fork")
    voice = house.operator()
    assert hashes(voice.get("/api/entries?kind=fork")) == [late.hash, fork.hash]
    assert hashes(voice.get(f"/api/entries?party={house.pseudonym(2)}")) == [late.hash, star.hash]
    assert hashes(voice.get(f"/api/entries?kind=fork&party={house.pseudonym(3)}")) == [fork.hash]
    assert hashes(voice.get(f"/api/entries?since={rfc3339(NOW_US + SECOND_US)}")) == [late.hash]


def test_an_unchanged_list_is_not_sent_again(house: House) -> None:
    house.entry(1)
    voice = house.operator()
    first = voice.get("/api/entries")
    assert first.headers["etag"].startswith('"')
    again = voice.get("/api/entries", if_none_match=f'"other", {first.headers["etag"]}')
    assert (again.status_code, again.content) == (304, b"")
    house.entry(2)
    assert voice.get("/api/entries", if_none_match=first.headers["etag"]).status_code == 200


def test_an_entry_is_found_by_its_own_hash_and_by_its_commit(house: House) -> None:
    entry = house.entry(1, kind="commit", anchor="a" * 40, added=3)
    for name in (entry.hash, "a" * 40):
        shown = house.operator().get(f"/api/entries/{name}").json()
        assert shown["hash"] == entry.hash
        assert shown["added"] == 3
        assert shown["received_at"] == rfc3339(entry.received_at_us)
        assert shown["correlationid"]
    assert house.operator().get("/api/entries/" + "b" * 40).status_code == 404


def test_standing_says_what_an_entry_may_be_used_for(house: House) -> None:
    before = house.entry(1, 2)
    parties = tuple(sorted((house.pseudonym(1), house.pseudonym(2))))
    house.record("optin", pair_stream(parties), StandingOpened(parties, "inv", NOW_US + SECOND_US))
    later(house, 1)
    after, withheld, alone = house.entry(1, 2), house.entry(2, 1), house.entry(7)
    assert house.developer(1).post(f"/api/entries/{withheld.hash}/withhold").status_code == 202
    voice = house.operator()
    standing = {e["hash"]: e["standing"] for e in voice.get("/api/entries").json()["entries"]}
    assert standing == {
        before.hash: "recorded",
        after.hash: "confirmed",
        withheld.hash: "withheld",
        alone.hash: "recorded",
    }


def test_only_a_party_withholds(house: House) -> None:
    entry = house.entry(1, 2)
    path = f"/api/entries/{entry.hash}/withhold"
    assert house.developer(3).post(path).status_code == 404
    assert house.operator().post(path).status_code == 403
    answer = house.developer(2).post(path)
    assert answer.status_code == 202
    requested = house.read(f"person/{house.pseudonym(2)}")
    assert [event.id for event in requested] == [answer.json()["request"]]


def test_a_long_search_stops_and_says_where_to_go_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    rare = house.entry(1, kind="fork")
    for _ in range(6):
        house.entry(1)
    monkeypatch.setattr("functions.gateway.entries.SCANNED_MAX", 4)
    monkeypatch.setattr("functions.gateway.entries._CHUNK", 2)
    voice = house.developer(1)
    first = voice.get("/api/entries?kind=fork").json()
    assert first["entries"] == []
    second = voice.get(f"/api/entries?kind=fork&after={first['next']}")
    assert hashes(second) == [rare.hash]
    assert second.json()["next"] is None
