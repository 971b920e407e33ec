"""SSH public keys and signatures as bytes: whose key it is, and what a signature says of itself.

Nothing is verified here; see the port SshJudge. A key that is accepted has one spelling only, so that nobody can make
a second one of it. A signature has more: where its lines end, and for ECDSA its other root.
Sources: RFC 4253 section 6.6, RFC 8709, and OpenSSH's PROTOCOL.sshsig, PROTOCOL.u2f.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from hashlib import sha256

from msgspec import Struct

KEY_LINE_CHARACTERS_MAX = 8_192
"""A public key's line; RSA keys of 16,384 bits have less than 3,000."""
SIGNATURE_BYTES_MAX = 16_384
RSA_BITS_MIN, RSA_BITS_MAX = 2_048, 16_384

# Each kind with its number of fields behind the kind.
_KINDS = {
    "ssh-ed25519": 1,
    "sk-ssh-ed25519@openssh.com": 2,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
    "sk-ecdsa-sha2-nistp256@openssh.com": 3,
    "ssh-rsa": 2,
}
# The heights y of Ed25519's points of small order, of which the multiples are few enough to be guessed; see
# "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko 2020), table 2.
_P = 2**255 - 19
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({0, 1, _P - 1, _Y8, _P - _Y8})
_MAGIC = b"SSHSIG"
_BEGIN, _END = b"-----BEGIN SSH SIGNATURE-----", b"-----END SSH SIGNATURE-----"
_COMMENT = re.compile(r"[^\x00-\x1f\x7f]{0,256}")


class BadKey(ValueError):
    """The text is no public key that counts; the message says why."""


class BadSignature(ValueError):
    """The bytes are no SSH signature that counts; the message says why."""


class PublicKey(Struct, frozen=True):
    """One public key. `blob` is its form on the wire, `kind` such as `ssh-ed25519`."""

    kind: str
    blob: bytes

    @property
    def line(self) -> str:
        """As it stands in a `.pub` file, without a comment."""
        return f"{self.kind} {b64encode(self.blob).decode('ascii')}"

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` shows it: `SHA256:` and 43 characters of base64."""
        return "SHA256:" + b64encode(sha256(self.blob).digest()).decode("ascii").rstrip("=")


class SshSignature(Struct, frozen=True):
    """What an armoured SSH signature (SSHSIG version 1) says of itself. `hash` is `sha256` or `sha512`."""

    key: PublicKey
    namespace: str
    hash: str


def public_key(line: str) -> PublicKey:
    """The key of one line `<kind> <base64> [<comment>]`, as in a `.pub` file.

    Raises:
        BadKey: it is none, or one that no signature should rest on.
    """
    if len(line) > KEY_LINE_CHARACTERS_MAX:
        raise BadKey(f"the key has {len(line):,} characters, the limit is {KEY_LINE_CHARACTERS_MAX:,}")
    if "PRIVATE KEY" in line:
        raise BadKey("this is a private key: replace it, as it was shown, and send the line of its .pub file")
    kind, _, rest = line.strip().partition(" ")
    text, _, comment = rest.strip().partition(" ")
    if kind not in _KINDS:
        raise BadKey(f"expected a line that begins with one of {', '.join(_KINDS)}")
    if not _COMMENT.fullmatch(comment):
        raise BadKey("expected one line with a comment of at most 256 characters")
    key = key_of(_decoded(text, BadKey("the key's second word is not base64 as ssh-keygen writes it")))
    if key.kind != kind:
        raise BadKey(f"the line says {kind}, but its base64 holds a key of another kind")
    return key


def key_of(blob: bytes) -> PublicKey:
    """The key whose form on the wire `blob` is.

    Raises:
        BadKey: it is none, or one that no signature should rest on.
    """
    try:
        first, *fields = _strings(blob)
    except ValueError as error:
        raise BadKey("the key is cut short or has bytes left over") from error
    kind = first.decode("ascii", "replace")
    if kind not in _KINDS:
        raise BadKey(f"a key of a kind that does not count; those that do are {', '.join(_KINDS)}")
    if len(fields) != _KINDS[kind]:
        raise BadKey(f"an {kind} key with {len(fields)} fields")
    if (
        kind == "ssh-rsa"
        and not RSA_BITS_MIN <= (bits := int.from_bytes(fields[1]).bit_length()) <= RSA_BITS_MAX
    ):
        raise BadKey(f"an RSA key of {bits:,} bits; expected {RSA_BITS_MIN:,} to {RSA_BITS_MAX:,}")
    if "ed25519" in kind and len(fields[0]) != 32:
        raise BadKey(f"an Ed25519 key of {len(fields[0])} bytes; expected 32")
    if _is_anybodys(kind, fields[0]):
        raise BadKey("a key that anybody could sign with")
    return PublicKey(kind, blob)


def _is_anybodys(kind: str, first: bytes) -> bool:
    """Whether signatures by the key are made without a private half; ssh-keygen takes them for good."""
    if kind == "ssh-rsa":
        exponent = int.from_bytes(first)
        return exponent < 3 or exponent % 2 == 0
    if "ed25519" in kind:
        # The sign of x, in the highest bit, makes no difference.
        return int.from_bytes(first, "little") % 2**255 % _P in _SMALL_ORDER
    return False


def signature(armoured: bytes) -> SshSignature:
    """What an armoured signature says of itself.

    Raises:
        BadSignature: it is none of version 1, or spelt in another way than ssh-keygen could.
    """
    if len(armoured) > SIGNATURE_BYTES_MAX:
        raise BadSignature(f"the signature has {len(armoured):,} bytes, the limit is {SIGNATURE_BYTES_MAX:,}")
    first, *lines, last = (
        armoured.removesuffix(b"\n").split(b"\n") if armoured.count(b"\n") > 1 else (b"", b"")
    )
    if (first, last) != (_BEGIN, _END):
        raise BadSignature("the signature's armour is broken")
    broken = BadSignature("the signature is not base64 as ssh-keygen writes it")
    blob = _decoded(b"".join(lines).decode("ascii", "replace"), broken)
    if blob[:10] != _MAGIC + b"\0\0\0\1":
        raise BadSignature("the signature is not SSHSIG version 1")
    try:
        key, namespace, reserved, algorithm, _ = _strings(blob[10:])
    except ValueError as error:
        raise BadSignature("the signature is cut short or has bytes left over") from error
    if reserved or algorithm not in (b"sha256", b"sha512"):
        raise BadSignature(
            "the signature's hash is neither sha256 nor sha512, or its reserved field is in use"
        )
    try:
        return SshSignature(key_of(key), namespace.decode("utf-8", "replace"), algorithm.decode("ascii"))
    except BadKey as error:
        raise BadSignature(f"the signature is by {error}") from error


def _decoded(text: str, broken: ValueError) -> bytes:
    """The bytes of base64 in its one right spelling; unused bits at the end are zero."""
    try:
        found = b64decode(text, validate=True)
    except (NotBase64, ValueError) as error:
        raise broken from error
    if b64encode(found).decode("ascii") != text:
        raise broken
    return found


def _strings(blob: bytes) -> list[bytes]:
    """The strings that make up `blob`, each behind its length (RFC 4251, section 5).

    Raises:
        ValueError: it ends within one.
    """
    strings: list[bytes] = []
    at = 0
    while at < len(blob):
        end = at + 4 + int.from_bytes(blob[at : at + 4])
        if end > len(blob) or at + 4 > len(blob):
            raise ValueError("cut short")
        strings.append(blob[at + 4 : end])
        at = end
    if not strings:
        raise ValueError("empty")
    return strings
