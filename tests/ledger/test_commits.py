"""The ledger's commits are made of their facts alone, and made again from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.entry_hash import EntryFacts, entry_facts
from shared.domain.optin_commit import OptInFacts, optin_facts
from tests.given import NOW_US

OPT_IN = OptInFacts(
    invitation="1" * 40,
    response="2" * 40,
    purpose="sprint-match/1",
    terms="sha256:" + "ab" * 32,
    grade="platform",
    inviter="sub_" + "a" * 20,
    invitee="sub_" + "b" * 20,
    invited_at_us=NOW_US,
    responded_at_us=NOW_US + 1,
    confirmed_at_us=NOW_US + 1,
)


def test_an_opt_in_is_made_again_from_its_own_facts() -> None:
    assert optin_facts(OPT_IN.raw) == OPT_IN


@pytest.mark.parametrize(
    ("this", "that"),
    [
        (b"inviter: sub_", b"inviter: dev_"),
        (b"platform", b"certain"),
        (b"parent " + b"2" * 40 + b"\n", b""),
        (b"responded: ", b"responded:  "),
        (b"invited: 2026-03-02T09:00:00Z", b"invited: 2026-03-02T09:00:00.000Z"),
        (b"House <house@invalid>", b"Mouse <house@invalid>"),
    ],
)
def test_an_opt_in_that_its_facts_do_not_make_is_refused(this: bytes, that: bytes) -> None:
    assert this in OPT_IN.raw
    with pytest.raises(ValueError, match=r"not an|do not make|not a commit|RFC 3339"):
        optin_facts(OPT_IN.raw.replace(this, that))


@given(
    st.integers(0, 2**45),
    st.integers(-(2**40), 2**52),
    st.from_regex(r"[a-z][a-z0-9._/:-]{0,60}", fullmatch=True),
    st.integers(0, 2047),
)
def test_every_entry_is_made_again_from_its_own_facts(
    received: int, committed: int, kind: str, ordinal: int
) -> None:
    facts = EntryFacts(kind, received, "ab" * 32, ordinal, "c" * 40, committed)
    assert entry_facts(facts.raw) == facts
    with pytest.raises(ValueError, match=r"not an entry's|do not make"):
        entry_facts(facts.raw + b"\n")
