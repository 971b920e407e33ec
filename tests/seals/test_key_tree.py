"""A key for everyone out of one seed, of which any can be destroyed alone."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.key_tree import DEPTH, SEED_BYTES, KeyTree

ROOT = KeyTree({"": bytes(range(SEED_BYTES))})
names = st.binary(min_size=1, max_size=12)


@settings(deadline=None)
@given(st.sets(names, max_size=6), st.sets(names, min_size=1, max_size=6))
def test_who_is_not_forgotten_keeps_their_key_and_who_is_has_none(gone: set[bytes], kept: set[bytes]) -> None:
    tree = ROOT
    for name in gone:
        tree = tree.without(name)
    assert all(tree.leaf(name) is None for name in gone)
    assert all(tree.leaf(name) == ROOT.leaf(name) for name in kept - gone)
    assert len(tree.seeds) <= 1 + len(gone) * DEPTH


@settings(deadline=None)
@given(names)
def test_no_seed_that_is_left_leads_to_a_forgotten_key(name: bytes) -> None:
    """Every seed that is left stands beside the way down, none on it."""
    left = ROOT.without(name)
    again = KeyTree({path: seed for path, seed in left.seeds.items() if len(path) <= DEPTH})
    assert again.leaf(name) is None
    assert bytes(range(SEED_BYTES)) not in left.seeds.values()
    assert ROOT.leaf(name) not in left.seeds.values()


def test_to_forget_twice_is_to_forget_once() -> None:
    once = ROOT.without(b"ann")
    assert once.without(b"ann") == once


def test_two_people_have_two_keys() -> None:
    assert ROOT.leaf(b"ann") != ROOT.leaf(b"bob")
