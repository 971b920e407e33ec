"""A key for everyone out of one seed, of which any can be destroyed alone.

A binary tree of seeds, each child made from its parent by a one-way function: who holds an inner seed has the keys
of all leaves below it. To destroy a leaf, the seed above it is replaced by those of its siblings on the way down, from
which it cannot be made. So a key costs nothing until it is destroyed, and then `DEPTH` seeds at most.

This is the puncturable pseudorandom function of Goldreich, Goldwasser and Micali's tree (Boneh and Waters,
"Constrained Pseudorandom Functions", 2013, section 3.3).
"""

from collections.abc import Iterator
from hashlib import sha256

from msgspec import Struct

DEPTH = 44
"""Levels: with 16 trees, two of a million people share a leaf, and so their end, with a chance of 1 in 10^8 a person."""
SEED_BYTES = 32
_TURNS = {"0": b"\0", "1": b"\1"}


class KeyTree(Struct, frozen=True):
    """The seeds that are left, by their path from the root (`0` left, `1` right). At first the root's alone."""

    seeds: dict[str, bytes]

    def leaf(self, name: bytes) -> bytes | None:
        """The seed of a name's leaf, or None once it is destroyed."""
        path = path_of(name)
        found = self._above(path)
        if found is None:
            return None
        seed = self.seeds[found]
        for turn in path[len(found) :]:
            seed = _child(seed, turn)
        return seed

    def without(self, name: bytes) -> "KeyTree":
        """The tree from which that name's leaf cannot be made."""
        path = path_of(name)
        found = self._above(path)
        if found is None:
            return self
        left = {known: seed for known, seed in self.seeds.items() if known != found}
        return KeyTree({**left, **dict(_siblings(self.seeds[found], found, path))})

    def _above(self, path: str) -> str | None:
        return next((path[:n] for n in range(len(path) + 1) if path[:n] in self.seeds), None)


def path_of(name: bytes) -> str:
    """The way from the root to a name's leaf."""
    return f"{int.from_bytes(sha256(name).digest()[:8]):064b}"[:DEPTH]


def _siblings(seed: bytes, above: str, path: str) -> Iterator[tuple[str, bytes]]:
    for n in range(len(above), len(path)):
        other = "1" if path[n] == "0" else "0"
        yield path[:n] + other, _child(seed, other)
        seed = _child(seed, path[n])


def _child(seed: bytes, turn: str) -> bytes:
    # All inputs have one length, so a plain hash will do, at a third of an HMAC's cost.
    return sha256(seed + _TURNS[turn]).digest()
