"""Merkle trees over lists that only grow, as RFC 6962, section 2.1, defines them.

`Frontier` is what a log has to remember in order to grow: the roots of its full subtrees, one for each bit of its
size, from the largest (RFC 9162 calls it no name; others, a compact range). Everything else is made of the leaves.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from msgspec import Struct

PATH_MAX = 64
"""Hashes in the longest path: sizes are below 2^64."""


def leaf(entry: bytes) -> bytes:
    """The hash of one entry of the list: `SHA-256(0x00 || entry)`."""
    return sha256(b"\0" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees: `SHA-256(0x01 || left || right)`."""
    return sha256(b"\1" + left + right).digest()


class Frontier(Struct, frozen=True):
    """A tree of `size` leaves, as its full subtrees' roots, the largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def grown(self, leaves: Iterable[bytes]) -> "Frontier":
        """The tree after more leaves, given as their hashes."""
        size, peaks = self.size, list(self.peaks)
        for top in leaves:
            peaks.append(top)
            size += 1
            # As many full subtrees close as the size has zeros at its end.
            for _ in range((size & -size).bit_length() - 1):
                right = peaks.pop()
                peaks.append(node(peaks.pop(), right))
        return Frontier(size, tuple(peaks))

    @property
    def root(self) -> bytes:
        """The tree's hash; that of no leaves is SHA-256 of nothing."""
        if not self.peaks:
            return sha256().digest()
        *others, root = self.peaks
        for peak in reversed(others):
            root = node(peak, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaves, given as their hashes."""
    return Frontier().grown(leaves).root


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """The audit path of leaf `index`, from its sibling up (RFC 6962, section 2.1.1). O(n) hashes."""
    path: list[bytes] = []
    first, end = 0, len(leaves)
    while end - first > 1:
        # "let k be the largest power of two smaller than n"
        middle = first + (1 << (end - first - 1).bit_length() - 1)
        if index < middle:
            path.append(root_of(leaves[middle:end]))
            end = middle
        else:
            path.append(root_of(leaves[first:middle]))
            first = middle
    return path[::-1]


def root_from(index: int, size: int, top: bytes, path: Sequence[bytes]) -> bytes:
    """The root that a leaf's hash and its audit path lead to (RFC 9162, section 2.1.3.2).

    Raises:
        ValueError: no tree of that size has such a path.
    """
    if not 0 <= index < size or len(path) > PATH_MAX:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    place, last = index, size - 1
    for sibling in path:
        if last == 0:
            raise ValueError("the path is longer than the tree is high")
        if place & 1 or place == last:
            top = node(sibling, top)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            top = node(top, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ValueError("the path is shorter than the tree is high")
    return top
