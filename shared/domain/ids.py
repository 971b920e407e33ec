"""Deterministic identifiers (DESIGN section 3, rule 3).

Ids are UUIDs written as 32 lower-case hexadecimal digits, the form W3C trace ids use,
so that a correlation id is also a valid `trace-id`.
"""

import re
from hashlib import sha1

_HOUSE = bytes.fromhex("8f0a4b1c6d3e5f2a9b7c1d2e3f4a5b6c")
_HEX32 = re.compile(r"[0-9a-f]{32}")


def uuid5(*parts: str) -> str:
    """The name-based UUID (RFC 9562 version 5) of `parts` in the House's namespace, 32 hex digits."""
    return _uuid5("\x1f".join(parts))


def _uuid5(name: str) -> str:
    digest = bytearray(sha1(_HOUSE + name.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()


def event_id(function: str, input_id: str, n: int) -> str:
    """The id of the n-th event that `function` makes of the input `input_id`."""
    return _uuid5(f"{function}\x1f{input_id}\x1f{n}")


def correlation_id(incoming: str | None) -> str | None:
    """`incoming` as 32 hex digits when it is a UUID in either spelling and not all zero, else None."""
    if incoming is None or len(incoming) > 36:
        return None
    plain = incoming.strip().lower()
    if len(plain) == 36:
        if [plain[i] for i in (8, 13, 18, 23)] != ["-"] * 4:
            return None
        plain = plain.replace("-", "")
    return plain if _HEX32.fullmatch(plain) and plain.strip("0") else None
