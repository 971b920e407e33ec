"""What each kind of delivery becomes in the log."""

import json
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote_plus

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.eventlog.decide import ENTRY, entries, spread
from functions.eventlog.main import FUNCTION
from shared.domain.deliveries import DeliveryAccepted
from shared.domain.entries import EntryRecorded, sentence
from shared.domain.entry_hash import entry_hash
from shared.domain.trailers import parse
from tests.given import HOUSE, NOW_US, arriving
from tests.shared_data import shared_data

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.json"))


def delivery(kind: str, *, source: str = "github", name: str = "x", form: bool = False) -> DeliveryAccepted:
    return DeliveryAccepted(source, sha256(name.encode()).hexdigest(), kind, 1, NOW_US, form)


def recorded(
    kind: str, raw: bytes | None, source: str = "github", name: str = "x", form: bool = False
) -> list[EntryRecorded]:
    return entries(arriving(delivery(kind, source=source, name=name, form=form), attachment=raw))


def fixture(name: str) -> tuple[str, bytes]:
    kept = json.loads((Path(__file__).parent / "fixtures" / f"{name}.json").read_bytes())
    return kept["event"], json.dumps(kept["body"]).encode()


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_delivery_makes_these_entries(path: Path) -> None:
    kept = json.loads(path.read_bytes())
    made = recorded(kept["event"], json.dumps(kept["body"]).encode(), name=path.stem)
    assert json.loads(msgspec.json.encode(made)) == kept["entries"]
    assert [entry.hash for entry in made] == [entry_hash(entry) for entry in made]


def test_a_form_makes_the_same_entry_as_json() -> None:
    event, raw = fixture("star")
    form = b"payload=" + quote_plus(raw).encode()
    assert recorded(event, form, form=True) == recorded(event, raw)


def test_each_entry_is_its_own_stream() -> None:
    event, raw = fixture("push-commits")
    made = spread(arriving(delivery(event), attachment=raw))
    assert [stream for stream, _ in made] == [f"entry/{entry.hash}" for _, entry in made]
    assert len({stream for stream, _ in made}) == 2


def test_an_entry_is_found_by_kind_party_and_anchor() -> None:
    event, raw = fixture("push-commits")
    [first, _] = recorded(event, raw)
    assert ENTRY.tags(first) == {
        "kind:commit",
        f"party:{first.actor}",
        f"party:{first.owner}",
        f"anchor:{first.anchor}",
    }
    assert ENTRY.tags(None) == frozenset()


def test_a_star_reads_as_a_sentence() -> None:
    [entry] = recorded(*fixture("star"))
    assert sentence(entry) == f"({entry.actor}) starred repository [bob/hello]"


def test_a_body_that_is_gone_still_leaves_an_entry() -> None:
    [entry] = recorded("push", None)
    assert (entry.kind, entry.refusal, entry.parties, entry.grade) == (
        "push",
        "raw body expired",
        (),
        "claimed",
    )


def test_a_body_that_went_with_an_erasure_makes_no_entry_again() -> None:
    assert recorded("push", b"") == []


@pytest.mark.parametrize("raw", [b"{", b'{"ref": 1}', b"[" * 100_000, b'{"zen":"x"}'])
def test_a_body_that_cannot_be_read_again_still_leaves_an_entry(raw: bytes) -> None:
    [entry] = recorded("push", raw)
    assert entry.refusal == "raw body unreadable"


@pytest.mark.parametrize("source", ["events", "standard.lens"])
def test_what_does_not_come_from_github_has_no_party(source: str) -> None:
    [entry] = recorded("org.example.made", fixture("star")[1], source=source)
    assert (entry.kind, entry.parties, entry.trailers, entry.grade) == (
        "org.example.made",
        (),
        None,
        "claimed",
    )


@pytest.mark.parametrize(
    "when", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z"]
)
def test_an_impossible_commit_date_is_left_out(when: str) -> None:
    event, raw = fixture("push-new-branch")
    [entry] = recorded(event, raw.replace(b"2026-03-02T09:59:00+01:00", when.encode()))
    assert entry.committed_at_us is None


def test_a_push_of_2048_commits_makes_as_many_entries() -> None:
    event, raw = fixture("push-new-branch")
    body = json.loads(raw)
    body["commits"] = [{"id": f"{n:040x}", "message": "x"} for n in range(1, 2049)]
    made = recorded(event, json.dumps(body).encode())
    assert len({entry.hash for entry in made}) == 2048
    assert [entry.parent for entry in made[1:]] == [entry.anchor for entry in made[:-1]]


@given(st.text(max_size=200))
@settings(max_examples=100)
def test_no_commit_message_is_a_bug_or_leaves_the_event(message: str) -> None:
    event, raw = fixture("push-new-branch")
    body = json.loads(raw)
    body["commits"][0]["message"] = message
    [entry] = recorded(event, json.dumps(body).encode())
    assert (entry.trailers is None and entry.refusal is None) == (parse(message) is None)


@pytest.mark.shared_data
def test_every_recorded_payload_makes_entries_whose_hashes_stay() -> None:
    files = sorted(shared_data("webhooks").glob("*/*.json"))
    assert len(files) > 200
    for path in files:
        raw = path.read_bytes()
        made = recorded(path.parent.name, raw, name=str(path.name))
        assert made, path
        assert all(entry.refusal is None for entry in made), path
        assert made == recorded(path.parent.name, raw, name=str(path.name))
        if path.parent.name != "security_advisory":
            sender = json.loads(raw).get("sender")
            expected = HOUSE.pseudonym(f"github:{sender['id']}") if sender else None
            assert {entry.actor for entry in made} == {expected}, path


@pytest.mark.shared_data
def test_real_commit_messages_do_not_speak_to_the_house() -> None:
    for path in shared_data("commits").glob("*.commit"):
        assert parse(path.read_bytes().partition(b"\n\n")[2].decode()) is None


def test_the_function_reads_deliveries_and_attested_commits_and_writes_entries() -> None:
    assert FUNCTION.reads == {"house.intake.delivery-accepted.v1", "house.gateway.commit-attested.v1"}
    assert set(FUNCTION.folds) == {"entry"}
