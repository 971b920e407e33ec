"""What the gateway remembers stays small, and is right."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from functions.gateway.folds import (
    BRIEF_CONSENTS_MAX,
    BRIEFS_MAX,
    CLIENT,
    PERSON,
    TOKEN,
    Client,
    Held,
    Person,
)
from shared.domain.brief_results import CREATIVES_MAX
from shared.domain.event import Event
from shared.domain.requests import (
    BriefOpened,
    ConsentGiven,
    ConsentWithdrawn,
    CreativeAdded,
    PointMarked,
    TokenIssued,
    TokenRevoked,
    VoteCast,
)
from shared.domain.tokens import Token

ME = "dev_a"


def person(*events: Event) -> Person:
    state = PERSON.initial
    for event in events:
        state = PERSON.evolve(state, event)
    return state


def client(*events: Event) -> Client:
    state = CLIENT.initial
    for event in events:
        state = CLIENT.evolve(state, event)
    return state


def brief(name: str) -> BriefOpened:
    return BriefOpened(name, "c", "T", "Q", "default", 1, 3600, 6, 1)


def creative(name: str, of: str) -> CreativeAdded:
    return CreativeAdded(of, "c", name, "copy", "L", text="T")


def test_a_token_is_issued_once_and_revoked_for_ever() -> None:
    issued = TOKEN.evolve(None, TokenIssued("d", "client", "c", "N", 1))
    assert issued == Token("d", "client", "c", "N", issued_at_us=1)
    assert TOKEN.evolve(issued, TokenRevoked("d")) == replace(issued, revoked=True)


def test_the_last_word_on_each_purpose_counts() -> None:
    yes, no = ConsentGiven(ME, "participation", 1), ConsentWithdrawn(ME, "participation", 2)
    assert person(yes).participation
    assert not person(yes, no).participation
    assert person(yes, no, yes).participation
    one, other = ConsentGiven(ME, "introduction", 1, "b1"), ConsentGiven(ME, "introduction", 1, "b2")
    assert person(one, other, ConsentWithdrawn(ME, "introduction", 2, "b1")) == Person(briefs=("b2",))
    assert (
        person(one, ConsentGiven(ME, "introduction", 2), ConsentWithdrawn(ME, "introduction", 3)) == Person()
    )


def test_what_a_developer_did_is_not_kept_here() -> None:
    vote = VoteCast("s", "b", ME, (), 1)
    assert person(vote, PointMarked("s", "b", ME, "c", 0.1, 0.2, 1)) == Person()


@given(st.lists(st.integers(0, 400), max_size=600))
def test_consents_for_briefs_stay_bounded(briefs: list[int]) -> None:
    state = person(*(ConsentGiven(ME, "introduction", 1, f"b{number}") for number in briefs))
    assert len(state.briefs) <= BRIEF_CONSENTS_MAX
    assert len(set(state.briefs)) == len(state.briefs)
    assert not briefs or state.briefs[-1] == f"b{briefs[-1]}"


def test_briefs_and_creatives_are_counted() -> None:
    state = client(brief("a"), creative("1", "a"), brief("b"), creative("2", "a"), creative("3", "unknown"))
    assert state == Client(5, {"a": Held(1, 2), "b": Held(3)})


def test_a_client_stays_bounded() -> None:
    many = client(*(brief(str(number)) for number in range(BRIEFS_MAX + 2)))
    assert (len(many.briefs), many.version) == (BRIEFS_MAX, BRIEFS_MAX + 2)
    full = client(brief("a"), *(creative(str(number), "a") for number in range(CREATIVES_MAX + 2)))
    assert full.briefs["a"].creatives == CREATIVES_MAX
