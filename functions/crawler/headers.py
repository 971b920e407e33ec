"""What answers' headers say about asking again. Pure."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from shared.domain.instants import SECOND_US

_VALIDATOR_CHARACTERS_MAX = 256
_SECONDS_DIGITS_MAX = 12


def kept_etag(headers: Mapping[str, str]) -> str | None:
    """The entity tag, when it is one that can be sent back."""
    return _kept(headers.get("etag"))


def kept_last_modified(headers: Mapping[str, str]) -> str | None:
    """The date of the last change, when it is one that can be sent back."""
    return _kept(headers.get("last-modified"))


def retry_at_us(headers: Mapping[str, str], now_us: int) -> int | None:
    """When the server wants to be asked again, by Retry-After (RFC 9110, seconds or a date) or GitHub's reset."""
    retry_after = headers.get("retry-after", "").strip()
    if _is_count(retry_after):
        return now_us + int(retry_after) * SECOND_US
    try:
        return round(parsedate_to_datetime(retry_after).timestamp()) * SECOND_US
    except (ValueError, OverflowError):
        pass  # There is none, or it is no date; the other header may say.
    reset = headers.get("x-ratelimit-reset", "").strip()
    return int(reset) * SECOND_US if _is_count(reset) else None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _SECONDS_DIGITS_MAX


def _kept(validator: str | None) -> str | None:
    if not validator or len(validator) > _VALIDATOR_CHARACTERS_MAX:
        return None
    return validator if validator.isascii() and validator.isprintable() else None
