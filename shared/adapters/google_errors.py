"""Google's errors as the ports know them: what may pass is a TimeoutError, and everything has its deadline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

CALL_S_MAX = 10.0
"""The longest any one call may take."""
AGAIN_S_MAX = 5.0
"""How long a call is tried again while nobody answers: a dead service must show within seconds."""


@contextmanager
def passing(what: str) -> Iterator[None]:
    """Turn the errors that a later attempt may not meet into TimeoutError.

    A right that is missing is among them, as one that was granted takes minutes to be in force.

    Raises:
        TimeoutError: the service was slow, away, contended, out of quota, or not yet to be used by this account.
    """
    from google.api_core import exceptions as google

    transient = (
        google.Aborted,
        google.BadGateway,
        google.Cancelled,
        google.DeadlineExceeded,
        google.Forbidden,
        google.GatewayTimeout,
        google.InternalServerError,
        google.ResourceExhausted,
        google.RetryError,
        google.ServiceUnavailable,
        google.TooManyRequests,
        google.Unauthorized,
        google.Unknown,
    )
    try:
        yield
    except transient as error:
        raise TimeoutError(f"{what}: {type(error).__name__}: {str(error)[:300]}") from error
