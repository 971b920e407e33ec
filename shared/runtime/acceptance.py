"""Acceptance: many requests' submissions in one append, and each request's own answer."""

from collections.abc import Sequence

from shared.domain.ids import uuid5
from shared.domain.requests import TokenIssued
from shared.domain.tokens import token_digest
from shared.ports.store import TooLarge
from shared.runtime.edge import Receipt, Rejection, Submission
from shared.runtime.logs import log, place
from shared.runtime.shell import Shell


def accept(shell: Shell, submissions: Sequence[Submission]) -> list[Receipt | Rejection]:
    """Append them together; where one of them cannot be kept, each by itself: the others must not pay for it.

    Raises:
        TimeoutError: the store is away, or races were lost too often; nothing is known of any of them.
    """
    try:
        return list(shell.accept(submissions))
    except TimeoutError:
        raise
    except Exception:
        return [_alone(shell, submission) for submission in submissions]


def _alone(shell: Shell, submission: Submission) -> Receipt | Rejection:
    try:
        return shell.accept([submission])[0]
    except TimeoutError:
        raise
    except Rejection as rejection:
        return rejection
    except TooLarge:
        return Rejection(413, "Too large", "there is no room left for this beside what is already kept")
    except Exception as error:
        log("bug", "submission refused", shell.name, submission.correlation, error=place(error))
        return Rejection(500, "Bug", "the House made a mistake; nothing of this request was kept")


def operator(token: str, now_us: int) -> Submission:
    """What lets the first operator in, the same for the same token."""
    digest = token_digest(token)
    input_id, issued = (
        uuid5("operator", digest),
        TokenIssued(digest, "operator", "*", "operator of this House", now_us),
    )
    return Submission(input_id, input_id, now_us, ((f"token/{digest}", issued),))


def away() -> Rejection:
    """The answer while the store is away."""
    detail = "whether this was kept is not known yet; send it again as it is, and it counts once"
    return Rejection(503, "Store away", detail, retry_after_s=5)
