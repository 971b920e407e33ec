"""An entry's id: the hash of a git commit that is made from the entry's public facts and from nothing else.

The commit has no parent, an empty tree and no person's name, so that it can lie in the public ledger and
`git fsck --strict` finds nothing to say about it. The same entry always makes the same commit.
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
        "actor": entry.actor,
        "owner": entry.owner,
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
