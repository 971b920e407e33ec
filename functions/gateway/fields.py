"""The kinds of field that requests have, each with its limit; a wrong one says by itself what was expected."""

import re
from base64 import b64decode
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from shared.domain.instants import from_rfc3339
from shared.domain.ssh import SIGNATURE_BYTES_MAX

# Printable, plus line breaks and tabs.
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


def prose(characters_max: int) -> Any:
    """What people write, of one or more lines: never empty, without control characters."""
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=characters_max, pattern=_TEXT)


Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Label = Annotated[str, prose(80)]
Pool = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}$")]
Fraction = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError("expected base64 text")
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise ValueError("this is not base64") from error


Base64 = Annotated[bytes, BeforeValidator(_bytes, json_schema_input_type=str)]
Armoured = Annotated[
    str, StringConstraints(min_length=1, max_length=SIGNATURE_BYTES_MAX, pattern=r"^[ -~\r\n]*$")
]
"""What `ssh-keygen -Y sign` writes."""
Developer = Annotated[str, StringConstraints(pattern=r"^dev_[a-z2-7]{20}$")]
EntryHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


def _instant(given: Any) -> int:
    try:
        return from_rfc3339(given)
    except (ValueError, OverflowError, TypeError) as error:
        raise ValueError("expected an RFC 3339 time such as 2026-12-04T00:00:00Z") from error


def _cursor(given: Any) -> int:
    if not isinstance(given, str) or not re.fullmatch(r"[0-9a-f]{1,15}", given):
        raise ValueError("expected the `next` of an earlier answer")
    return int(given, 16)


def cursor(position: int) -> str:
    """A place in a list, as `after` takes it."""
    return f"{position:x}"


Instant = Annotated[
    int,
    BeforeValidator(_instant, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
Cursor = Annotated[int, BeforeValidator(_cursor, json_schema_input_type=str)]
