"""Calls to Firestore as it bills them: a client made on first use, deadlines, and a count of every operation."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from shared.adapters.firestore_documents import (
    EVENTS,
    MARKS,
    OUTBOX,
    STREAMS,
    recorded,
    stream_id,
    stream_of,
    version_id,
)
from shared.adapters.google_errors import AGAIN_S_MAX, CALL_S_MAX, passing
from shared.domain.event import Recorded
from shared.ports.store import Conflict, TooLarge

if TYPE_CHECKING:
    from google.cloud import firestore
    from google.cloud.firestore_v1.base_document import DocumentSnapshot

GET_MAX = 300


class Calls:
    """One database. `costs` counts `reads`, `writes` and `deletes`: an empty answer and an absent document are a read."""

    def __init__(self, project: str, database: str) -> None:
        self._project, self._database = project, database
        self._client: firestore.Client | None = None
        self._making = threading.Lock()
        self._counting = threading.Lock()
        self.costs: Counter[str] = Counter()

    @property
    def client(self) -> firestore.Client:
        """The client, which takes most of a second to import."""
        with self._making:
            if self._client is None:
                from google.cloud import firestore

                self._client = firestore.Client(project=self._project, database=self._database)
            return self._client

    def close(self) -> None:
        """Let go of the connection."""
        with self._making:
            if self._client is not None:
                self._client.close()  # type: ignore[no-untyped-call]  # Google left it untyped
                self._client = None

    def count(self, operation: str, times: int = 1) -> None:
        """Note what Firestore bills."""
        with self._counting:
            self.costs[operation] += times

    # Places

    def stream(self, function: str, stream: str) -> firestore.DocumentReference:
        """The document of a stream."""
        return self.client.document("functions", function, STREAMS, stream_id(stream))

    def event(self, function: str, stream: str, version: int) -> firestore.DocumentReference:
        """The document of one event."""
        return self.client.document(
            "functions", function, STREAMS, stream_id(stream), EVENTS, version_id(version)
        )

    def mark(self, function: str, name: str) -> firestore.DocumentReference:
        """The document of the inputs that one append handled."""
        return self.client.document("functions", function, MARKS, name)

    def marker(self, function: str, writer: str) -> firestore.DocumentReference:
        """The document that says from where on a process may have published nothing."""
        return self.client.document("functions", function, OUTBOX, writer)

    def collection(self, function: str, name: str) -> firestore.CollectionReference:
        """One of a function's collections."""
        return self.client.collection("functions", function, name)

    # Reads

    def get(
        self, references: Sequence[firestore.DocumentReference], fields: Sequence[str]
    ) -> Iterator[DocumentSnapshot[Any]]:
        """The documents that exist, in no order."""
        for chunk in chunks(references, GET_MAX):
            self.count("reads", len(chunk))
            with passing("firestore get"):
                found = list(
                    self.client.get_all(list(chunk), field_paths=fields, retry=_again(), timeout=CALL_S_MAX)
                )
            yield from (snapshot for snapshot in found if snapshot.exists)

    def query(self, query: Any) -> list[DocumentSnapshot[Any]]:
        """What a query finds."""
        with passing("firestore query"):
            found: list[DocumentSnapshot[Any]] = list(query.stream(retry=_again(), timeout=CALL_S_MAX))
        self.count("reads", max(1, len(found)))
        return found

    def events(self, field: str, value: Any, after: int, limit: int) -> list[tuple[int, int, Recorded]]:
        """Events of all functions by one field, with an order above `after`: (commit time in ns, order, event)."""
        found: list[tuple[int, int, Recorded]] = []
        for collection, path in ((STREAMS, f"event.{field}"), (EVENTS, field)):
            query: Any = (
                self.client.collection_group(collection)
                .where(filter=where(path, "in" if isinstance(value, list) else "==", value))
                .where(filter=where("order", ">", after))
                .order_by("order")
                .limit(limit)
            )
            if collection == STREAMS:
                query = query.select(["order", "event"])
            for snapshot in self.query(query):
                fields = snapshot.to_dict() or {}
                version = 1 if collection == STREAMS else int(snapshot.id)
                stream, order = owner_of(snapshot)[1], fields["order"]
                event = recorded(stream, version, fields.get("event", fields), order)
                found.append((committed_ns(snapshot.create_time), order, event))
        return found

    # Writes

    def commit(self, batch: firestore.WriteBatch, writes: int, deletes: int = 0) -> Any:
        """Commit a batch, once: what came of an attempt that timed out is not known.

        Raises:
            Conflict: a precondition did not hold; nothing was written.
            TooLarge: Firestore found a document or the request too large.
        """
        from google.api_core import exceptions as google

        try:
            with passing("firestore commit"):
                results = batch.commit(retry=None, timeout=CALL_S_MAX)
        except (google.AlreadyExists, google.FailedPrecondition, google.NotFound) as error:
            raise Conflict(str(error)[:300]) from error
        except google.InvalidArgument as error:
            # Its code is that of any malformed request; only its words tell.
            if "bytes" in str(error):
                raise TooLarge(str(error)[:300]) from error
            raise
        self.count("writes", writes)
        self.count("deletes", deletes)
        return results


def owner_of(snapshot: DocumentSnapshot[Any]) -> tuple[str, str]:
    """The function and the stream that a stream's document or an event's belongs to."""
    path = snapshot.reference.path.split("/")
    return path[1], stream_of(path[3])


def where(field: str, operator: str, value: Any) -> Any:
    """One condition of a query."""
    from google.cloud.firestore_v1.base_query import FieldFilter

    return FieldFilter(field, operator, value)


def chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The values, at most `size` at a time."""
    return (values[start : start + size] for start in range(0, len(values), size))


def committed_ns(stamp: Any) -> int:
    """When a document was created or updated, by Google's clock, in nanoseconds since 1970.

    The client gives a protobuf Timestamp for queries over collection groups, and a datetime for all others.
    """
    stamp = stamp if hasattr(stamp, "ToNanoseconds") else stamp.timestamp_pb()
    nanoseconds: int = stamp.ToNanoseconds()
    return nanoseconds


def _again() -> Any:
    """Reads are tried again while the service is away, within the deadline of one call."""
    from google.api_core import exceptions as google
    from google.api_core.retry import Retry, if_exception_type

    return Retry(if_exception_type(google.ServiceUnavailable), initial=0.1, maximum=1.0, timeout=AGAIN_S_MAX)
