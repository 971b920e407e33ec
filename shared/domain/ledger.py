"""Ledger: the public ledger as anybody who has a copy reads and checks it. Nothing here trusts the House.

`fetch` gives an object of the copy by its name, as (kind, raw); that it has that name is checked here. What is kept of a
ledger while it is read is little more than it takes packed: of a checkpoint neither its parents nor its signatures.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from shared.domain import merkle
from shared.domain.checkpoints import FILE, Checkpoint, Proof, checkpoint_of, checkpoint_size
from shared.domain.entry_hash import EntryFacts, entry_facts
from shared.domain.git_objects import EMPTY_TREE, Commit, named, tree
from shared.domain.merkle import Frontier
from shared.domain.notes import Key, Note, Unsigned, check, note_of
from shared.domain.optin_commit import OptInFacts, optin_facts

CHECKPOINTS_MAX = 10_000_000
Fetch = Callable[[str], tuple[str, bytes]]


class Unsound(Exception):
    """The ledger is not what it has to be. The message names the object and the rule."""


class Head(Struct, frozen=True):
    """One checkpoint: its tree head; its commit, and the blob that is its note as it was signed, where they are known."""

    commit: str | None
    blob: str | None
    checkpoint: Checkpoint

    def __str__(self) -> str:
        return f"{self.checkpoint.origin}, {self.checkpoint}, commit {self.commit or 'unknown'}"


class History(Struct, frozen=True):
    """A sound ledger: its checkpoints, first to last, and its leaves in order: names and Merkle hashes."""

    heads: tuple[Head, ...]
    names: tuple[str, ...]
    hashes: tuple[bytes, ...]
    opt_ins: int

    def at(self, size: int) -> Head:
        """The first checkpoint of at least that size, or the last one."""
        return next((head for head in self.heads if head.checkpoint.size >= size), self.heads[-1])

    def proof(self, name: str, fetch: Fetch) -> Proof:
        """That the entry or opt-in is in the ledger.

        Raises:
            KeyError: it is not.
        """
        if name not in self.names:
            raise KeyError(name)
        index = self.names.index(name)
        path = merkle.inclusion(index, self.hashes)
        note = _object(fetch, self.heads[-1].blob or "", "blob")
        return Proof(_object(fetch, name, "commit"), index, tuple(path), note)


class Forked(Exception):
    """What was published before is not the beginning of what is published now: somebody was told two stories."""

    def __init__(self, then: Head, now: Head) -> None:
        super().__init__(f"then ({then}) and now ({now})")
        self.then, self.now = then, now


def heads(main: str, fetch: Fetch) -> tuple[Head, ...]:
    """The checkpoints that lead to `main`, first to last.

    Raises:
        Unsound: one is missing or not as it has to be.
    """
    return tuple(_head(name, fetch)[0] for name in _chain(main, fetch))


def _chain(main: str, fetch: Fetch) -> list[str]:
    """The commits of the checkpoints that lead to `main`, first to last."""
    chain, name, raw = [main], main, _object(fetch, main, "commit")
    while len(chain) < CHECKPOINTS_MAX:
        try:
            parents = checkpoint_size(raw)[0].parents
        except ValueError as error:
            raise Unsound(f"checkpoint {name}: {error}") from error
        # The first parent of every checkpoint but the first is the one before it.
        raw = _object(fetch, parents[0], "commit") if parents else b""
        if not _is_checkpoint(raw):
            break
        name = parents[0]
        chain.append(name)
    return chain[::-1]


def _is_checkpoint(raw: bytes) -> bool:
    return b"\n\nhouse checkpoint/1\n" in raw


def _head(name: str, fetch: Fetch) -> tuple[Head, Commit]:
    try:
        commit, size = checkpoint_size(_object(fetch, name, "commit"))
        listing = _object(fetch, commit.tree, "tree")
        blob = listing[-20:].hex()
        if listing != tree([(FILE, blob)]):
            raise ValueError(f"its tree holds something other than one file, {FILE}")
        checkpoint = checkpoint_of(note_of(_object(fetch, blob, "blob")))
        if checkpoint.size != size:
            raise ValueError(f"its message says size {size}, its note {checkpoint.size}")
    except ValueError as error:
        raise Unsound(f"checkpoint {name}: {error}") from error
    return Head(name, blob, checkpoint), commit


def note_at(head: Head, fetch: Fetch) -> Note:
    """A checkpoint's note, with its signatures."""
    return note_of(_object(fetch, head.blob or "", "blob"))


def _object(fetch: Fetch, name: str, kind: str) -> bytes:
    found, raw = fetch(name)
    if found != kind or named(kind, raw) != name:
        raise Unsound(f"{name} is not the {kind} of that name")
    return raw


def read(main: str, fetch: Fetch, report: Callable[[int], None] = lambda _: None) -> History:
    """The whole ledger below the commit `main`, each object of it checked; `report` hears how far it is.

    Raises:
        Unsound: something is missing, or is not what its own facts, its place or its checkpoint say.
    """
    chain = _chain(main, fetch)
    _object(fetch, EMPTY_TREE, "tree")
    names: dict[str, bytes] = {}
    entries: set[str] = set()
    history: list[Head] = []
    frontier, origin = Frontier(), ""
    for checkpoint in chain:
        head, commit = _head(checkpoint, fetch)
        new = commit.parents[1:] if history else commit.parents
        origin = origin or head.checkpoint.origin
        for name in new:
            if name in names:
                raise Unsound(f"checkpoint {head.commit}: {name} is in the ledger twice")
            raw = _object(fetch, name, "commit")
            if _is_entry(name, raw, entries):
                entries.add(name)
            names[name] = merkle.leaf(raw)
        frontier = frontier.grown(names[name] for name in new)
        if head.checkpoint.origin != origin:
            raise Unsound(f"checkpoint {head.commit}: its origin is not {origin}, the ledger's")
        if (head.checkpoint.size, head.checkpoint.root) != (frontier.size, frontier.root):
            found = Checkpoint(origin, frontier.size, frontier.root)
            raise Unsound(f"checkpoint {head.commit}: it says {head.checkpoint}, its history makes {found}")
        report(frontier.size)
        history.append(head)
    return History(tuple(history), tuple(names), tuple(names.values()), len(names) - len(entries))


def _is_entry(name: str, raw: bytes, entries: set[str]) -> bool:
    """Whether the leaf is an entry; an opt-in has to merge two that came before it."""
    try:
        facts = facts_of(raw)
    except ValueError as error:
        raise Unsound(f"{name}: {error}") from error
    if isinstance(facts, EntryFacts):
        return True
    for merged in (facts.invitation, facts.response):
        if merged not in entries:
            raise Unsound(f"{name}: it is an opt-in of {merged}, which is no entry before it")
    return False


def facts_of(raw: bytes) -> EntryFacts | OptInFacts:
    """What an entry's or an opt-in's commit says.

    Raises:
        ValueError: it is neither, or not as its own facts make it.
    """
    if b"\n\nhouse opt-in/1\n" in raw:
        return optin_facts(raw)
    return entry_facts(raw)


def check_growth(then: Head, now: History) -> None:
    """Nothing, when the ledger `now` begins with all that was below the checkpoint `then`.

    Raises:
        Forked: it does not.
    """
    size = then.checkpoint.size
    known = then.commit is None or any(head.commit == then.commit for head in now.heads)
    root = merkle.root_of(now.hashes[:size]) if size <= len(now.hashes) else b""
    if not known or root != then.checkpoint.root or now.heads[0].checkpoint.origin != then.checkpoint.origin:
        raise Forked(then, now.at(size))


def check_same_way(then: Sequence[Head], now: History) -> None:
    """Nothing, when all checkpoints of an earlier copy are among those of the ledger `now`.

    Raises:
        Forked: with the first two checkpoints that differ.
    """
    for before, after in _pairs(then, now.heads):
        if before.commit != after.commit:
            raise Forked(before, after)
    check_growth(then[-1], now)


def _pairs(then: Sequence[Head], now: Sequence[Head]) -> Iterator[tuple[Head, Head]]:
    """Each checkpoint with the one in its place, or with the last one where there are no more."""
    return ((before, now[min(place, len(now) - 1)]) for place, before in enumerate(then))


def check_signatures(history: Sequence[Head], keys: Sequence[Key], fetch: Fetch) -> None:
    """Nothing, when every checkpoint is signed by one of the keys, and no signature of theirs is false.

    Raises:
        Unsound: one is not.
    """
    for head in history:
        try:
            check_signed(note_at(head, fetch), keys)
        except Unsigned as error:
            raise Unsound(f"checkpoint {head.commit}: {error}") from error


def check_signed(note: Note, keys: Sequence[Key]) -> None:
    """Nothing, when one of the keys has signed the note, and no signature of theirs is false.

    Raises:
        Unsigned: none has, or one is false.
    """
    known = [key for key in keys if any((s.name, s.key_id) == (key.name, key.id) for s in note.signatures)]
    for key in known or keys[:1]:
        check(note, key)
