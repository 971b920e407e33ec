"""Uploads: multipart bodies, and resumable sessions with their chunks.

See https://cloud.google.com/storage/docs/performing-resumable-uploads: a chunk that is not the last is a multiple of
256 KiB, 308 with a Range says how much is kept, `Content-Range: bytes */N` asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from emulators.resources import Conditions, Refused, Resource

CHUNK_BYTES = 256 * 1024
SESSIONS_MAX = 1_000
_CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<total>\d+|\*)")
_BOUNDARY = re.compile(r'multipart/related;.*boundary="?([^";]+)"?', re.IGNORECASE)


@dataclass
class Upload:
    """One resumable session: what is to be inserted, and the bytes that have come."""

    bucket: str
    given: Resource
    conditions: Conditions
    data: bytearray = field(default_factory=bytearray)
    complete: bool = False


class Uploads:
    """The sessions in progress; they do not outlive the server, and the oldest give way."""

    def __init__(self) -> None:
        self._sessions: dict[str, Upload] = {}

    def begin(self, session: str, upload: Upload) -> str:
        """Remember a session."""
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[session] = upload
        return session

    def end(self, session: str) -> None:
        """Forget a session."""
        del self._sessions[session]

    def take(self, session: str, content_range: str, body: bytes) -> Upload:
        """The session with another chunk, or as it stands when only asked about.

        Raises:
            Refused: no such session, or the chunk does not fit.
        """
        upload = self._sessions.get(session)
        if upload is None:
            raise Refused(404, "notFound", "Upload session not found.")
        if not content_range:
            first, last, total = 0, len(body) - 1, str(len(body))
        else:
            stated = _CONTENT_RANGE.fullmatch(content_range)
            if stated is None:
                raise Refused(400, "badContentRange", "Failed to parse Content-Range header.")
            total = stated["total"]
            if stated["first"] is None:
                upload.complete = total == str(len(upload.data))
                return upload
            first, last = int(stated["first"]), int(stated["last"])
        if first > len(upload.data) or last - first + 1 != len(body):
            raise Refused(400, "badContentRange", "Invalid request. The chunk does not follow what was kept.")
        if total == "*" or last + 1 < int(total):
            if len(body) % CHUNK_BYTES:
                raise Refused(400, "invalid", "Invalid request. Chunks must be multiples of 256 KiB.")
        elif last + 1 > int(total):
            raise Refused(400, "badContentRange", "Invalid request. The chunk is longer than the object.")
        # What was kept before stays; a client that lost an answer may send it again.
        upload.data += body[len(upload.data) - first :]
        upload.complete = total == str(len(upload.data))
        return upload


def parts(content_type: str, body: bytes) -> tuple[bytes, str, bytes]:
    """A multipart/related body (RFC 2387) of two: the resource's JSON, then the media's type and bytes.

    Raises:
        Refused: it is not one.
    """
    boundary = _BOUNDARY.search(content_type)
    try:
        if boundary is None:
            raise ValueError(content_type)
        delimiter = b"--" + boundary[1].encode()
        _, document, media = body.split(delimiter, 2)
        media = media[: media.rindex(b"\r\n" + delimiter + b"--")]
        head, _, data = media.partition(b"\r\n\r\n")
        _, _, resource = document.partition(b"\r\n\r\n")
        media_type = re.search(rb"content-type: *([^\r\n]+)", head, re.IGNORECASE)
    except ValueError as error:
        raise Refused(400, "badContent", "Malformed multipart body.") from error
    return resource, media_type[1].decode() if media_type else "application/octet-stream", data
