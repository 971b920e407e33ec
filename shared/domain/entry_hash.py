"""An entry's id: the hash of a git commit that is made from the entry's public facts and from nothing else.

The commit has no parent, an empty tree, no person's name and no `dev_` pseudonym, so that it can lie in the public
ledger, where nobody may be followed from one entry to the next, and `git fsck --strict` finds nothing to say about it.
The same entry always makes the same commit: its delivery's digest and its place there tell it from all others.
"""

import re

from msgspec import Struct

from shared.domain.entries import EntryRecorded
from shared.domain.git_objects import EMPTY_TREE, named
from shared.domain.instants import SECOND_US, from_rfc3339, rfc3339

_RAW = re.compile(
    rf"tree {EMPTY_TREE}\nauthor House <house@invalid> ([0-9]+) \+0000\ncommitter House <house@invalid> \1 \+0000\n\n"
    r"house entry/1\n\nkind: (.{1,200})\n(?:anchor: (\S{1,128})\n)?received: (\S{20,32})\n"
    r"(?:committed: (\S{20,32})\n)?delivery: (\S{1,128})\nordinal: ([0-9]{1,9})\n".encode()
)


class EntryFacts(Struct, frozen=True, gc=False):
    """What an entry's commit says, and all that anybody learns from it: hashes, a kind and times."""

    kind: str
    received_at_us: int
    delivery: str
    ordinal: int = 0
    anchor: str | None = None
    committed_at_us: int | None = None

    @property
    def raw(self) -> bytes:
        """The entry's commit as git stores it, without the header."""
        anchor = "" if self.anchor is None else f"anchor: {self.anchor}\n"
        committed = "" if self.committed_at_us is None else f"committed: {rfc3339(self.committed_at_us)}\n"
        signer = f"House <house@invalid> {self.received_at_us // SECOND_US} +0000"
        return (
            f"tree {EMPTY_TREE}\nauthor {signer}\ncommitter {signer}\n\nhouse entry/1\n\n"
            f"kind: {self.kind}\n{anchor}received: {rfc3339(self.received_at_us)}\n{committed}"
            f"delivery: {self.delivery}\nordinal: {self.ordinal}\n"
        ).encode()


def entry_facts(raw: bytes) -> EntryFacts:
    """The facts of an entry's commit, from which it can be made again byte for byte.

    Raises:
        ValueError: it is no entry's commit, or has a byte more or less than its facts make.
    """
    said = _RAW.fullmatch(raw)
    if said is None:
        raise ValueError("not an entry's commit")
    _, kind, anchor, received, committed, delivery, ordinal = said.groups()
    facts = EntryFacts(
        kind.decode(),
        from_rfc3339(received.decode()),
        delivery.decode(),
        int(ordinal),
        None if anchor is None else anchor.decode(),
        None if committed is None else from_rfc3339(committed.decode()),
    )
    if facts.raw != raw:
        raise ValueError("an entry's commit that its own facts do not make")
    return facts


def public_facts(entry: EntryRecorded) -> EntryFacts:
    """What the entry's commit says of it. The entry's own `hash` plays no part."""
    return EntryFacts(
        entry.kind, entry.received_at_us, entry.delivery, entry.ordinal, entry.anchor, entry.committed_at_us
    )


def raw_commit(entry: EntryRecorded) -> bytes:
    """The entry's commit as git stores it, without the header."""
    return public_facts(entry).raw


def entry_hash(entry: EntryRecorded) -> str:
    """The SHA-1 of the entry's commit object, as `git hash-object -t commit` gives it."""
    return named("commit", raw_commit(entry))
