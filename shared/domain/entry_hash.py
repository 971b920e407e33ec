"""An entry's id: the hash of a git commit that is made from the entry's public facts and from nothing else.

The commit has no parent, an empty tree, no person's name and no `dev_` pseudonym, so that it can lie in the public
ledger, where nobody may be followed from one entry to the next, and `git fsck --strict` finds nothing to say about it.
The same entry always makes the same commit: its delivery's digest and its place there tell it from all others.
"""

from hashlib import sha1

from shared.domain.entries import EntryRecorded
from shared.domain.instants import SECOND_US, rfc3339

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def raw_commit(entry: EntryRecorded) -> bytes:
    """The entry's commit as git stores it, without the header. The entry's own `hash` plays no part."""
    facts = {
        "kind": entry.kind,
        "anchor": entry.anchor,
        "received": rfc3339(entry.received_at_us),
        "committed": None if entry.committed_at_us is None else rfc3339(entry.committed_at_us),
        "delivery": entry.delivery,
        "ordinal": entry.ordinal,
    }
    lines = "\n".join(f"{name}: {fact}" for name, fact in facts.items() if fact is not None)
    signer = f"House <house@invalid> {entry.received_at_us // SECOND_US} +0000"
    return f"tree {EMPTY_TREE}\nauthor {signer}\ncommitter {signer}\n\nhouse entry/1\n\n{lines}\n".encode()


def entry_hash(entry: EntryRecorded) -> str:
    """The SHA-1 of the entry's commit object, as `git hash-object -t commit` gives it."""
    raw = raw_commit(entry)
    return sha1(b"commit %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
