"""What Firestore's documents say to whoever reads: events, states, what is due, journeys and the log.

Whatever a look at a stream's document brings is remembered, as an append to the stream needs its update time.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from shared.adapters import firestore_documents as documents
from shared.adapters.firestore_append import Known
from shared.adapters.firestore_calls import Calls, owner_of, where
from shared.adapters.firestore_documents import EVENTS, EVERY_SHARD, LOADED, STREAMS, VIEWED
from shared.adapters.firestore_outbox import ORDER_TIE_BITS
from shared.domain.event import Recorded
from shared.ports.store import DueStream, NotOwner, View

if TYPE_CHECKING:
    from google.cloud.firestore_v1.base_document import DocumentSnapshot

KNOWN_MAX = 20_000
_PARKED = "parked"


class FirestoreReads:
    """The reading half of a Store, and a Log, on one database; see `FirestoreStore` for `owners` and `settle_s`."""

    def __init__(self, calls: Calls, owners: Mapping[str, str], settle_s: float) -> None:
        self._calls, self._owners, self._settle_s = calls, owners, settle_s
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Known] = OrderedDict()

    def owner(self, stream: str) -> str:
        """The function whose stream it is.

        Raises:
            NotOwner: no function here has streams of that prefix.
        """
        prefix, _, rest = stream.partition("/")
        if prefix == _PARKED:
            return rest.partition("/")[0]
        if prefix not in self._owners:
            raise NotOwner(f"{stream} belongs to no function of this route")
        return self._owners[prefix]

    # What is known of documents between a load and an append

    def _learn(self, stream: str, known: Known) -> None:
        with self._lock:
            self._known[stream] = known
            self._known.move_to_end(stream)
            while len(self._known) > KNOWN_MAX:
                self._known.popitem(last=False)

    def _seen(self, snapshot: DocumentSnapshot[Any]) -> tuple[str, dict[str, Any]]:
        stream, fields = owner_of(snapshot)[1], snapshot.to_dict() or {}
        self._learn(stream, Known(fields["version"], tuple(fields.get("tags", ())), snapshot.update_time))
        return stream, fields

    def _fetch(self, streams: Iterable[str]) -> dict[str, dict[str, Any]]:
        references = [self._calls.stream(self.owner(stream), stream) for stream in dict.fromkeys(streams)]
        return dict(self._seen(snapshot) for snapshot in self._calls.get(references, LOADED))

    # Reading

    def caused(self, stream: str, input_id: str) -> list[Recorded]:
        """See Store."""
        found = [event for event in self._first(stream) if event.causation == input_id]
        query = self._events(stream).where(filter=where("causation", "==", input_id))
        return [*found, *sorted(self._read(stream, query), key=lambda event: event.version)]

    def read(self, stream: str, after: int = 0, limit: int = 1000) -> list[Recorded]:
        """See Store."""
        if limit <= 0:
            return []
        found = self._first(stream) if after < 1 else []
        if len(found) >= limit:
            return found[:limit]
        last = self._calls.event(self.owner(stream), stream, max(after, 0))
        query = self._events(stream).where(filter=where("__name__", ">", last)).order_by("__name__")
        return [*found, *self._read(stream, query.limit(limit - len(found)))]

    def _events(self, stream: str) -> Any:
        return self._calls.stream(self.owner(stream), stream).collection(EVENTS)

    def _first(self, stream: str) -> list[Recorded]:
        """The event that lies in the stream's own document, if there is one."""
        reference = self._calls.stream(self.owner(stream), stream)
        found = [snapshot.to_dict() or {} for snapshot in self._calls.get([reference], ["event", "order"])]
        return [
            documents.recorded(stream, 1, fields["event"], fields["order"])
            for fields in found
            if "event" in fields
        ]

    def _read(self, stream: str, query: Any) -> list[Recorded]:
        return [
            documents.recorded(stream, int(snapshot.id), snapshot.to_dict() or {}, snapshot.get("order"))
            for snapshot in self._calls.query(query)
        ]

    def state(self, function: str, stream: str) -> View | None:
        """See Store."""
        if self.owner(stream) != function:
            return None
        found = list(self._calls.get([self._calls.stream(function, stream)], VIEWED))
        return self._view(found[0]) if found else None

    def states(
        self, function: str, tag: str | None = None, before: int | None = None, limit: int = 100
    ) -> list[View]:
        """See Store. Every state with a tag is found by that tag's part of an index, others by each shard's."""
        if limit <= 0:
            return []
        query: Any = self._calls.collection(function, STREAMS).where(
            filter=where("shard", "in", EVERY_SHARD) if tag is None else where("tags", "array_contains", tag)
        )
        if before is not None:
            query = query.where(filter=where("order", "<", before))
        query = query.order_by("order", direction="DESCENDING").limit(limit).select(VIEWED)
        return [self._view(snapshot) for snapshot in self._calls.query(query)]

    def _view(self, snapshot: DocumentSnapshot[Any]) -> View:
        return documents.view(*self._seen(snapshot))

    def due(self, function: str, until_us: int, limit: int = 100) -> list[DueStream]:
        """See Store."""
        query = (
            self._calls.collection(function, STREAMS)
            .where(filter=where("shard", "in", EVERY_SHARD))
            .where(filter=where("due_at_us", "<=", until_us))
            .order_by("due_at_us")
            .limit(limit)
            .select(["due_at_us", "version", "correlation"])
        )
        return [
            DueStream(owner_of(snapshot)[1], *map(snapshot.get, ("due_at_us", "version", "correlation")))
            for snapshot in self._calls.query(query)
        ]

    def journey(self, correlation: str, limit: int = 1000) -> list[Recorded]:
        """See Store. The order is that of the commits by Google's clock, and within one commit as appended."""
        found = self._calls.events("correlation", correlation, 0, limit)
        return [event for *_, event in sorted(found, key=lambda one: one[:2])][:limit]

    # The log

    def since(self, position: int, limit: int) -> list[Recorded]:
        """See Log. An event is in it once no append that began before it can still come about: after `settle_s`."""
        if limit <= 0:
            return []
        found = sorted(self._calls.events("shard", EVERY_SHARD, position, limit), key=lambda one: one[1])
        settled = self._settled_order()
        return [event for _, order, event in found[:limit] if order <= settled]

    def head(self) -> int:
        """See Log. It is where the newest event that is in the log would be, were there one at every instant."""
        return self._settled_order()

    def _settled_order(self) -> int:
        return (time.time_ns() // 1000 - int(self._settle_s * 1e6)) << ORDER_TIE_BITS
