"""Firestore: the Store on Google's documents, one for each stream, written in atomic batches of preconditions.

What it costs, which shaped it: an append writes one document for each stream that is one event's whole life, else
one for the stream and one for each event; and, where inputs were handled that no such whole life names, one mark for
all inputs of the append together. To load is one read for each stream and, unless it is lazy and no stream is there,
one for every thirty inputs. So whoever handles inputs in handfuls pays for marks and their lookup once a handful.
Raw bodies lie in their stream's document and cost nothing more until they expire, which is a read and a write. The
outbox is next to free (`firestore_outbox`).

An append is conditional without a transaction: `create` for a new stream, and for a known one the update time its
document had when it was loaded, which is kept between `load` and `append` (or read again).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from shared.adapters import firestore_documents as documents
from shared.adapters.firestore_abandoned import Abandoned
from shared.adapters.firestore_append import Append, Known
from shared.adapters.firestore_calls import Calls, chunks, where
from shared.adapters.firestore_documents import EVERY_SHARD, MARKS, STREAMS
from shared.adapters.firestore_outbox import ABANDONED_S, SLICE_S, Attempt, Unsent
from shared.adapters.firestore_reads import FirestoreReads
from shared.domain.event import Recorded
from shared.ports.store import Conflict, Loaded, NotOwner, Write, check_size

if TYPE_CHECKING:
    from google.cloud.firestore_v1.base_document import DocumentSnapshot

IN_MAX = 30
"""The most values one query may ask for at once."""
COMMIT_MAX = 400
SETTLE_S = 30.0
"""How long a commit and the clocks' difference may keep an event from its place in the log."""


class FirestoreStore(FirestoreReads):
    """A Store on one database. `owners` says which function owns the streams of a prefix, for all functions.

    `whole` are the prefixes, of functions that load here, whose streams are one event's whole life.
    `request_bytes_max` is 10 MiB at Google's, 4 MiB at the emulator's; a little is left for the frame.
    `costs` counts what is billed. FIRESTORE_EMULATOR_HOST is heeded by Google's client.
    """

    def __init__(
        self,
        project: str,
        owners: Mapping[str, str],
        whole: Collection[str] = (),
        *,
        database: str = "(default)",
        request_bytes_max: int = 9_500_000,
        slice_s: float = SLICE_S,
        abandoned_s: float = ABANDONED_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        super().__init__(Calls(project, database), owners, settle_s)
        self._whole = frozenset(whole)
        self._with_whole = {owners[prefix] for prefix in whole}
        self._request_bytes_max, self._slice_s = request_bytes_max, slice_s
        self._writer = uuid4().hex[:16]
        self._unsent: dict[str, Unsent] = {}
        self._abandoned = Abandoned(self._calls, abandoned_s)

    @property
    def costs(self) -> Counter[str]:
        """Reads, writes and deletes so far, as Firestore bills them."""
        return self._calls.costs

    def close(self) -> None:
        """Take back the markers that cover nothing, and let go of the connection."""
        for function, unsent in self._unsent.items():
            if unsent.retire():
                batch = self._calls.client.batch()
                batch.delete(self._calls.marker(function, self._writer))
                self._calls.commit(batch, 0, deletes=1)
        self._calls.close()

    def group(self) -> AbstractContextManager[None]:
        """Appends are durable by themselves here."""
        return nullcontext()

    # Loading

    def load(self, function: str, wants: Sequence[tuple[str, str]], lazy: bool = False) -> list[Loaded]:
        """See Store."""
        found = self._fetch(stream for stream, _ in wants)
        # An input whose whole lives are in hand needs no lookup.
        handled = {
            fields["event"]["causation"]
            for stream, fields in found.items()
            if "event" in fields and self.owner(stream) == function
        }
        inputs = dict.fromkeys(i for stream, i in wants if stream in found or not lazy)
        asked = [input_id for input_id in inputs if input_id not in handled]
        handled |= self._marked(function, asked)
        if function in self._with_whole:
            handled |= self._lived(function, [input_id for input_id in asked if input_id not in handled])
        return [_loaded(found.get(stream), input_id in handled) for stream, input_id in wants]

    def _marked(self, function: str, inputs: Sequence[str]) -> set[str]:
        """Those of `inputs` that a mark names."""
        found: set[str] = set()
        for chunk in chunks(inputs, IN_MAX):
            marks = self._calls.collection(function, MARKS).where(
                filter=where("inputs", "array_contains_any", chunk)
            )
            for snapshot in self._calls.query(marks):
                found.update(snapshot.get("inputs"))
        return found

    def _lived(self, function: str, inputs: Sequence[str]) -> set[str]:
        """Those of `inputs` that are the cause of a stream's whole life."""
        found: set[str] = set()
        for chunk in chunks(inputs, IN_MAX):
            lives = self._calls.collection(function, STREAMS).where(
                filter=where("event.causation", "in", chunk)
            )
            found.update(
                snapshot.get("event.causation")
                for snapshot in self._calls.query(lives.select(["event.causation"]))
            )
        return found

    # Appending

    def append(self, function: str, writes: Sequence[Write], handled: Sequence[tuple[str, str]] = ()) -> None:
        """See Store."""
        for write in writes:
            if (owner := self.owner(write.stream)) != function:
                raise NotOwner(f"{write.stream} belongs to {owner}, not to {function}")
            check_size(write)
        if not writes and not handled:
            return
        self._refresh(writes)
        unsent = self._unsent_of(function)
        attempt = unsent.begin([event for write in writes for event in write.events])
        try:
            batch = Append(self._calls, function, self._writer, self._whole)
            orders = {event.id: order for order, event in attempt.events}
            changed = [batch.add(write, orders, self._known.get(write.stream)) for write in writes]
            batch.mark(input_id for _, input_id in handled)
            if attempt.since is not None:
                batch.mark_outbox(attempt.since)
            results = batch.commit(self._request_bytes_max)
        except TimeoutError:
            unsent.doubted(attempt)
            raise
        except BaseException:
            unsent.refused(attempt)
            raise
        unsent.committed(attempt)
        for write, (place, tags) in zip(writes, changed, strict=True):
            version = write.expected + len(write.events)
            self._learn(write.stream, Known(version, tags, results[place].update_time))

    def _refresh(self, writes: Sequence[Write]) -> None:
        """Have every existing stream at its expected version in `_known`.

        Raises:
            Conflict: one is at another.
        """
        existing = [write for write in writes if write.expected]
        unknown = [write for write in existing if not self._is_known(write)]
        if unknown:
            self._fetch(write.stream for write in unknown)
        for write in unknown:
            if not self._is_known(write):
                raise Conflict(f"{write.stream} is not at version {write.expected}")

    def _is_known(self, write: Write) -> bool:
        known = self._known.get(write.stream)
        return known is not None and known.version == write.expected

    def _unsent_of(self, function: str) -> Unsent:
        with self._lock:
            if function not in self._unsent:
                self._unsent[function] = Unsent(int(self._writer[:4], 16), self._slice_s)
            return self._unsent[function]

    # Raw bodies

    def attachment(self, stream: str) -> bytes | None:
        """See Store."""
        reference = self._calls.stream(self.owner(stream), stream)
        for snapshot in self._calls.get([reference], ["attachment"]):
            body: bytes | None = (snapshot.to_dict() or {}).get("attachment")
            return body
        return None

    def expire_attachments(self, before_us: int, limit: int = 1000) -> int:
        """See Store. A read and a write for each; the events stay."""
        from google.cloud.firestore import DELETE_FIELD

        query = (
            self._calls.client.collection_group(STREAMS)
            .where(filter=where("shard", "in", EVERY_SHARD))
            .where(filter=where("attached_us", "<", before_us))
            .order_by("attached_us")
            .limit(limit)
            .select(["attached_us"])
        )
        old = self._calls.query(query)
        self._attach([(one, DELETE_FIELD, DELETE_FIELD) for one in old])
        return len(old)

    def forget(self, streams: Sequence[str]) -> None:
        """See Store. A read and a write for each."""
        references = [self._calls.stream(self.owner(stream), stream) for stream in streams]
        found = self._calls.get(references, ["recorded_us"])
        self._attach([(one, b"", one.get("recorded_us")) for one in found if one.exists])

    def _attach(self, changes: Sequence[tuple[DocumentSnapshot[Any], Any, Any]]) -> None:
        """Give each document its attachment, with the instant that it expires by."""
        for chunk in chunks(changes, COMMIT_MAX):
            batch = self._calls.client.batch()
            for snapshot, body, attached_us in chunk:
                batch.update(snapshot.reference, {"attachment": body, "attached_us": attached_us})
            self._calls.commit(batch, len(chunk))

    # The outbox

    def outbox(self, function: str, limit: int = 100) -> list[Recorded]:
        """See Store. First what this process has not sent, then what one that died may not have."""
        if limit <= 0:
            return []
        unsent = self._unsent_of(function)
        for attempt in unsent.doubts():
            unsent.settle(attempt, self._came_about(attempt))
        return unsent.pending()[:limit] or self._abandoned.events(
            function, limit, self._writer, unsent.retire
        )

    def _came_about(self, attempt: Attempt) -> bool | None:
        """Whether a doubted append is durable, as all its events are when its first is; None: that is not known yet.

        Its order tells it from a later attempt at the same input, whose events have the same ids, but perhaps, as a
        request comes at another time, not the same bodies. Where another was first, it cannot come about any more.
        """
        order, first = attempt.events[0]
        found = self.read(first.stream, first.version - 1, 1)
        return found[0].position == order if found else None

    def sent(self, events: Sequence[Recorded]) -> None:
        """See Store."""
        for event in events:
            self._unsent_of(event.function).sent(event.id)
        self._abandoned.sent({event.id for event in events})


def _loaded(fields: Mapping[str, Any] | None, handled: bool) -> Loaded:
    if fields is None:
        return Loaded(0, None, "", handled)
    return Loaded(fields["version"], documents.state_of(fields), fields["correlation"], handled)
