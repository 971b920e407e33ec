"""Git objects as bytes: what the public ledger is made of, and how they are named.

Source: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
"""

import re
from collections.abc import Sequence
from hashlib import sha1

from msgspec import Struct

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_COMMIT = re.compile(
    rb"tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)"
    rb"author House <house@invalid> ([0-9]{1,12}) \+0000\ncommitter House <house@invalid> \3 \+0000\n\n",
)


class Commit(Struct, frozen=True):
    """One commit that the House made. `at_s` is its author's and committer's second since 1970 UTC."""

    tree: str
    parents: tuple[str, ...]
    at_s: int
    message: str

    @property
    def raw(self) -> bytes:
        """The commit as git stores it, without the header."""
        parents = "".join(f"parent {parent}\n" for parent in self.parents)
        signer = f"House <house@invalid> {self.at_s} +0000"
        head = f"tree {self.tree}\n{parents}author {signer}\ncommitter {signer}\n\n"
        return (head + self.message).encode()


def commit_of(raw: bytes) -> Commit:
    """The commit that `raw` is; nothing of it is lost.

    Raises:
        ValueError: it is not a commit as the House makes them.
    """
    found = _COMMIT.match(raw)
    if found is None:
        raise ValueError("not a commit as the House makes them")
    tree, parents, at_s = found.groups()
    named = parents.decode("ascii").split()[1::2]
    return Commit(tree.decode("ascii"), tuple(named), int(at_s), raw[found.end() :].decode())


def named(kind: str, raw: bytes) -> str:
    """The object's name: the SHA-1 over its header and itself, as `git hash-object -t <kind>` gives it."""
    return sha1(f"{kind} {len(raw)}\0".encode() + raw, usedforsecurity=False).hexdigest()


def tree(files: Sequence[tuple[str, str]]) -> bytes:
    """A tree of plain files, given as (file name, blob's name), in order."""
    return b"".join(b"100644 %s\0" % name.encode() + bytes.fromhex(blob) for name, blob in files)
