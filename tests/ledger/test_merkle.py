"""The tree is RFC 6962's, however it grew."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.merkle import Frontier, inclusion, leaf, node, root_from, root_of

# The reference tests of google/certificate-transparency (merkletree/merkle_tree_test.cc): eight leaves and the roots.
LEAVES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def defined(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word, over the leaves' hashes."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node(defined(leaves[:k]), defined(leaves[k:]))


def test_the_roots_are_those_of_the_reference_tests() -> None:
    hashes = [leaf(data) for data in LEAVES]
    assert [root_of(hashes[:size]).hex() for size in range(1, 9)] == list(ROOTS)


def test_the_root_of_nothing_is_the_digest_of_nothing() -> None:
    assert b64encode(Frontier().root) == b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@given(st.lists(st.binary(max_size=3), min_size=1, max_size=70), st.data())
def test_a_tree_that_grew_in_pieces_is_the_tree_that_is_defined(
    entries: list[bytes], data: st.DataObject
) -> None:
    hashes = [leaf(entry) for entry in entries]
    cut = data.draw(st.integers(0, len(hashes)))
    grown = Frontier().grown(hashes[:cut]).grown(hashes[cut:])
    assert (grown.size, grown.root) == (len(hashes), defined(hashes))
    assert len(grown.peaks) == len(hashes).bit_count()


@given(st.integers(1, 70), st.data())
def test_every_leaf_is_proven_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    hashes = [leaf(b"%d" % place) for place in range(size)]
    index = data.draw(st.integers(0, size - 1))
    path, root = inclusion(index, hashes), root_of(hashes)
    assert root_from(index, size, hashes[index], path) == root
    assert root_from(index, size, leaf(b"another"), path) != root
    other = data.draw(
        st.integers(0, size - 1).filter(lambda place: place != index) if size > 1 else st.just(-1)
    )
    with pytest.raises((ValueError, AssertionError)):
        assert root_from(other, size, hashes[index], path) == root


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        root_from(index, size, leaf(b""), [])


def test_a_path_of_another_length_is_refused() -> None:
    hashes = [leaf(b"%d" % place) for place in range(5)]
    path = inclusion(2, hashes)
    with pytest.raises(ValueError, match="shorter"):
        root_from(2, 5, hashes[2], path[:-1])
    with pytest.raises(ValueError, match="longer"):
        root_from(2, 5, hashes[2], [*path, path[0]])
