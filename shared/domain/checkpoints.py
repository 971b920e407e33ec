"""Checkpoints: what the public ledger's `main` is made of, and proofs that something is below one.

A checkpoint's commit has the previous checkpoint and then every entry and opt-in that is new as its parents, in the
order of the ledger, so that the order is the commit's own; its tree holds one file, `checkpoint`.
Sources: https://c2sp.org/tlog-checkpoint, https://c2sp.org/tlog-proof (quoted where they are obeyed).
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence

from msgspec import Struct

from shared.domain import merkle
from shared.domain.git_objects import Commit, commit_of, named, tree
from shared.domain.notes import Note, note_of

FILE = "checkpoint"
PROOF_SIZE_BYTES_MAX = 1024 * 1024
_TEXT = re.compile(r"(\S{1,256})\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*")
_MESSAGE = re.compile(r"house checkpoint/1\n\nsize: (0|[1-9][0-9]{0,18})\n")
_PROOF = re.compile(
    r"c2sp\.org/tlog-proof@v1\nextra ((?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)\n"
    r"index (0|[1-9][0-9]{0,18})((?:\n[A-Za-z0-9+/]{43}=){0,64})"
)


class Checkpoint(Struct, frozen=True):
    """A tree head: the log's `origin`, its size in leaves, its root.

    "The use of extension lines is NOT RECOMMENDED", so there are none; those of others are let pass.
    """

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note's text: origin, tree size, root hash, a line each."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    def __str__(self) -> str:
        return f"size {self.size}, root {b64encode(self.root).decode()}"


def checkpoint_of(note: Note) -> Checkpoint:
    """The checkpoint that the note's text is.

    Raises:
        ValueError: it is none.
    """
    said = _TEXT.fullmatch(note.text)
    if said is None:
        raise ValueError("a checkpoint is an origin, a size and a root hash, a line each")
    return Checkpoint(said[1], int(said[2]), b64decode(said[3]))


def checkpoint_objects(note: bytes, size: int, parents: Sequence[str], at_s: int) -> list[tuple[str, bytes]]:
    """The blob, the tree and the commit of a checkpoint, as (kind, raw), the commit last."""
    directory = tree([(FILE, named("blob", note))])
    commit = Commit(named("tree", directory), tuple(parents), at_s, f"house checkpoint/1\n\nsize: {size}\n")
    return [("blob", note), ("tree", directory), ("commit", commit.raw)]


def checkpoint_size(raw: bytes) -> tuple[Commit, int]:
    """A checkpoint's commit, and the size it says.

    Raises:
        ValueError: it is no checkpoint's commit, or has a byte more or less than its facts make.
    """
    commit = commit_of(raw)
    said = _MESSAGE.fullmatch(commit.message)
    if said is None or commit.raw != raw:
        raise ValueError("not a checkpoint's commit")
    return commit, int(said[1])


class Proof(Struct, frozen=True):
    """That something is in the ledger: its raw commit, its index, its audit path, and a signed checkpoint."""

    raw: bytes
    index: int
    path: tuple[bytes, ...]
    note: bytes

    @property
    def text(self) -> bytes:
        """The proof as a `.tlog-proof` file.

        Its extra data is the commit: "additional data necessary to reconstruct the record hash".
        """
        hashes = "".join(f"{b64encode(one).decode()}\n" for one in self.path)
        head = f"c2sp.org/tlog-proof@v1\nextra {b64encode(self.raw).decode()}\nindex {self.index}\n{hashes}\n"
        return head.encode() + self.note


def proof_of(data: bytes) -> Proof:
    """The proof that `data` is; whether it proves anything is for `proven` to say.

    Raises:
        ValueError: it is none.
    """
    if len(data) > PROOF_SIZE_BYTES_MAX:
        raise ValueError(f"a proof of {len(data)} bytes, at most {PROOF_SIZE_BYTES_MAX}")
    head, _, note = data.partition(b"\n\n")
    said = _PROOF.fullmatch(head.decode())
    if said is None:
        raise ValueError(
            "a proof is the line c2sp.org/tlog-proof@v1, the commit, an index, hashes and a checkpoint"
        )
    path = tuple(b64decode(line) for line in said[3].split())
    return Proof(b64decode(said[1]), int(said[2]), path, note)


def proven(proof: Proof) -> tuple[Note, Checkpoint]:
    """The checkpoint below which the proof's commit is, and the note it came in: its signatures are yet to be checked.

    Raises:
        ValueError: the path does not lead from the commit to the checkpoint's root, or there is no checkpoint.
    """
    note = note_of(proof.note)
    checkpoint = checkpoint_of(note)
    top = merkle.root_from(proof.index, checkpoint.size, merkle.leaf(proof.raw), proof.path)
    if top != checkpoint.root:
        raise ValueError(
            f"the commit {named('commit', proof.raw)} is not below this checkpoint ({checkpoint})"
        )
    return note, checkpoint
