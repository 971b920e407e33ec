"""Raw git commit objects: what they say, how they are named, and what their signature covers.

Git takes almost anything for a commit; what is not exactly one commit is refused here with the reason, so that two
readers of the same bytes never see two different commits.
Source: https://git-scm.com/docs/gitformat-signature and `fsck_commit` in git's fsck.c.
"""

import re
from collections.abc import Sequence
from hashlib import sha1, sha256
from typing import Literal

from msgspec import Struct

COMMIT_BYTES_MAX = 1_048_576
"""A commit object over 1 MiB is refused unread."""

ObjectFormat = Literal["sha1", "sha256"]
SignatureKind = Literal["none", "ssh", "pgp", "x509"]

_FIRST = ("tree", "parent", "author", "committer")
_SIGNATURES: dict[str, ObjectFormat] = {"gpgsig": "sha1", "gpgsig-sha256": "sha256"}
_ONCE = ("tree", "author", "committer", "encoding", *_SIGNATURES)
_ARMOUR: dict[bytes, SignatureKind] = {
    b"-----BEGIN SSH SIGNATURE-----": "ssh",
    b"-----BEGIN PGP SIGNATURE-----": "pgp",
    b"-----BEGIN PGP MESSAGE-----": "pgp",
    b"-----BEGIN SIGNED MESSAGE-----": "x509",
}
_WRITTEN = re.compile(rb"[!-~]{1,64} [^\n]*(?:\n [^\n]*)*\n")
_NAME = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")
_PERSON = re.compile(rb"(?:([^<>\n]*) )?<([^<>\n]*)> (0|[1-9][0-9]{0,18}) ([+-][0-9]{4})")


class MalformedCommit(ValueError):
    """The bytes are not one commit; the message says which part is wrong, never what it holds."""


class Person(Struct, frozen=True):
    """An author or committer. `at_s` is in seconds since 1970 UTC, `offset` as `+0200`."""

    name: str
    email: str
    at_s: int
    offset: str


class Commit(Struct, frozen=True):
    """One commit object, taken apart.

    `signature` is the armoured signature under the header of the commit's own object format; `payload` the bytes
    that it signs: the object without its signatures. Names and `text` replace what is no UTF-8.
    """

    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    encoding: str | None
    mergetags: tuple[bytes, ...]
    signature: bytes | None
    payload: bytes
    message: bytes

    @property
    def object_format(self) -> ObjectFormat:
        """The hash function of the repository it was made for."""
        return "sha1" if len(self.tree) == 40 else "sha256"

    @property
    def text(self) -> str:
        """The message, read as UTF-8."""
        return self.message.decode("utf-8", "replace")

    @property
    def signature_kind(self) -> SignatureKind:
        """By what it is signed, if it is."""
        return "none" if self.signature is None else _ARMOUR[self.signature.partition(b"\n")[0]]


class ObjectNames(Struct, frozen=True):
    """The hashes of one object: over its type, its length and its bytes."""

    sha1: str
    sha256: str


def names(raw: bytes) -> ObjectNames:
    """The commit object's names, as `git hash-object -t commit` gives them in either object format."""
    whole = b"commit %d\0%b" % (len(raw), raw)
    return ObjectNames(sha1(whole, usedforsecurity=False).hexdigest(), sha256(whole).hexdigest())


class _Header(Struct, frozen=True):
    key: str
    value: bytes
    whole: bytes


def parse(raw: bytes) -> Commit:
    """The commit that `raw` is.

    Raises:
        MalformedCommit: it is none, or it is over 1 MiB.
    """
    if len(raw) > COMMIT_BYTES_MAX:
        raise MalformedCommit(f"the commit has {len(raw):,} bytes, the limit is {COMMIT_BYTES_MAX:,}")
    if b"\0" in raw:
        raise MalformedCommit("the commit holds a NUL byte, behind which git shows nothing")
    head, blank, message = raw.partition(b"\n\n")
    headers = _headers(head)
    _complete(headers, ended=bool(blank))
    tree, *parents = (_object_name(header) for header in headers if header.key in ("tree", "parent"))
    if any(len(parent) != len(tree) for parent in parents):
        raise MalformedCommit("tree and parent are names of different object formats")
    by_key = {header.key: header.value for header in headers}
    if all(key in by_key for key in _SIGNATURES):
        raise MalformedCommit("signed for two object formats, and neither signature covers the other")
    return Commit(
        tree=tree,
        parents=tuple(parents),
        author=_person("author", by_key["author"]),
        committer=_person("committer", by_key["committer"]),
        encoding=by_key["encoding"].decode("ascii", "replace") if "encoding" in by_key else None,
        mergetags=tuple(header.value for header in headers if header.key == "mergetag"),
        signature=_signature(by_key, "sha1" if len(tree) == 40 else "sha256"),
        payload=b"".join(header.whole for header in headers if header.key not in _SIGNATURES)
        + b"\n"
        + message,
        message=message,
    )


def _headers(head: bytes) -> list[_Header]:
    """The headers with their continuation lines, which begin with a space, joined."""
    lines: list[list[bytes]] = []
    for line in head.removesuffix(b"\n").split(b"\n"):
        if not line.startswith(b" "):
            lines.append([line])
        elif lines:
            lines[-1].append(line)
        else:
            raise MalformedCommit("the first line continues no header")
    return [_header(one) for one in lines]


def _header(lines: Sequence[bytes]) -> _Header:
    key, _, first = lines[0].partition(b" ")
    value = b"\n".join((first, *(line[1:] for line in lines[1:])))
    return _Header(key.decode("ascii", "replace"), value, b"\n".join(lines) + b"\n")


def _complete(headers: Sequence[_Header], *, ended: bool) -> None:
    """Every part is there, at most as often as it may be, in git's order."""
    keys = [header.key for header in headers]
    missing = [key for key in _FIRST if key != "parent" and key not in keys]
    if not ended:
        missing.append("the blank line that ends the headers")
    if missing:
        raise MalformedCommit(f"missing: {', '.join(missing)}")
    wrong = [n for n, header in enumerate(headers, 1) if not _WRITTEN.fullmatch(header.whole)]
    if wrong:
        raise MalformedCommit(f"header {wrong[0]} is not a name, a space and a value")
    twice = [key for key in _ONCE if keys.count(key) > 1]
    if twice:
        raise MalformedCommit(f"given more than once: {', '.join(twice)}")
    parents = keys.count("parent")
    if keys[: parents + 3] != ["tree", *["parent"] * parents, "author", "committer"]:
        raise MalformedCommit("the headers do not begin with tree, parents, author, committer in this order")


def _object_name(header: _Header) -> str:
    if not _NAME.fullmatch(header.value):
        raise MalformedCommit(f"{header.key} is not a name of 40 or 64 lower-case hex digits")
    return header.value.decode("ascii")


def _person(key: str, value: bytes) -> Person:
    found = _PERSON.fullmatch(value)
    if found is None:
        raise MalformedCommit(f"{key} is not a name, an <email>, seconds since 1970 and an offset like +0200")
    name, email, at_s, offset = found.groups()
    return Person(
        (name or b"").decode("utf-8", "replace"),
        email.decode("utf-8", "replace"),
        int(at_s),
        offset.decode("ascii"),
    )


def _signature(by_key: dict[str, bytes], made_for: ObjectFormat) -> bytes | None:
    """The signature over this form of the commit; one over its form in the other object format is not judged."""
    key = next(key for key, object_format in _SIGNATURES.items() if object_format == made_for)
    armoured = by_key.get(key)
    if armoured is not None and armoured.partition(b"\n")[0] not in _ARMOUR:
        raise MalformedCommit(f"{key} begins like no SSH, PGP or X.509 signature")
    return armoured
