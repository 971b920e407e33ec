"""Pub/Sub: the Bus on Google's topics, one for each function, events as CloudEvents in binary mode.

Delivery is at least once and in no order, but for the topics that some reader declared `ordered`: there each stream
is an ordering key. Readers are pushed to; `pull` and `acknowledge` serve contract tests and tools, on pull
subscriptions named `<function>-<topic>`. To acknowledge a pushed event is its handler's answer, so here it is nothing.

There is no query for the oldest unread event: Google measures it minutes late. `oldest_unread_us` knows only what
this process has pulled and not acknowledged, and None otherwise; on Google a watermark is kept by other means.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from hashlib import sha256
from typing import Any

from msgspec import Struct

from shared.adapters.google_errors import AGAIN_S_MAX, CALL_S_MAX, passing
from shared.domain.cloudevents import Carried, NotAnEvent, attributes, from_attributes
from shared.domain.event import Recorded
from shared.ports.bucket import Bucket

DATA_BYTES_MAX = 64 * 1024
"""Larger bodies go into the bucket, and the message only refers to them."""
PAYLOADS = "payloads/"
REQUEST_MESSAGES_MAX, REQUEST_BYTES_MAX = 1_000, 5_000_000
"""What one request carries: Google takes a thousand messages, and twice the bytes."""
ACK_DEADLINE_S = 60.0
"""The deadline of pull subscriptions; what was pulled is given up a little earlier."""
PULL_MAX = 1_000
_GIVEN_UP_S = 10.0
_FRAME_BYTES = 36
"""What Google adds to a message's size for its id and time."""


class _Lease(Struct):
    """A pulled event and how to acknowledge it: (subscription, ack id), one for each time it was delivered."""

    event: Recorded
    acks: list[tuple[str, str]]
    until_s: float


def fetched(carried: Carried, bucket: Bucket) -> Recorded:
    """The event with its body, also where the message only refers to it.

    Raises:
        TimeoutError: the bucket is away, or the body is not there.
    """
    if carried.dataref is None:
        return carried.event
    data = bucket.get(carried.dataref)
    if data is None:
        raise TimeoutError(f"{carried.event.id}: its body {carried.dataref} is not in the bucket")
    e = carried.event
    return Recorded(
        e.id, e.type, e.stream, e.version, e.time_us, e.recorded_us, e.correlation, e.causation, data
    )


class PubSubBus:
    """A Bus on one project. `topics` is the topic that each function writes; `ordered` are those with ordering keys.

    `costs` counts the `messages` published and their `bytes` with attributes, before Google's rounding of each
    request up to 1,000. PUBSUB_EMULATOR_HOST is heeded by Google's clients.
    """

    def __init__(
        self, project: str, topics: Mapping[str, str], bucket: Bucket, ordered: Collection[str] = ()
    ) -> None:
        self._project, self._topics, self._bucket = project, topics, bucket
        self._ordered = frozenset(ordered)
        self._lock, self._in_order = threading.Lock(), threading.Lock()
        self._publisher: Any = None
        self._subscriber: Any = None
        self._leases: dict[str, OrderedDict[str, _Lease]] = {}
        self.costs: Counter[str] = Counter()

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            if self._publisher is not None:
                self._publisher.transport.close()
            if self._subscriber is not None:
                self._subscriber.close()
            self._publisher = self._subscriber = None

    # Publishing

    def publish(self, events: Sequence[Recorded]) -> None:
        """See Bus. One request takes all that goes to one topic, as far as it may: who appends in groups sends in groups.

        Google's client would gather messages, too, in a thread of its own: that kept each append waiting for 7 ms more.
        """
        waiting: dict[str, list[tuple[Any, int]]] = {}
        for event in events:
            waiting.setdefault(self._topics[event.function], []).append(self._message(event))
        for topic, messages in waiting.items():
            # An order is kept of what was given in order: one request after the other.
            with self._in_order if topic in self._ordered else nullcontext():
                for together in _requests(messages):
                    self._send(topic, together)

    def _message(self, event: Recorded) -> tuple[Any, int]:
        """The event as a message, and its size in bytes."""
        from google.pubsub_v1 import PubsubMessage

        data, dataref = event.data, None
        if len(data) > DATA_BYTES_MAX:
            dataref = PAYLOADS + sha256(data).hexdigest()
            self._bucket.put(dataref, data, "application/json")
            data = b""
        key = event.stream if self._topics[event.function] in self._ordered else ""
        named = attributes(event, dataref)
        message = PubsubMessage(data=data, attributes=named, ordering_key=key)
        size_bytes = len(data) + len(key) + sum(len(name) + len(value) for name, value in named.items())
        return message, size_bytes + _FRAME_BYTES

    def _send(self, topic: str, messages: Sequence[tuple[Any, int]]) -> None:
        from google.pubsub_v1 import PublisherClient

        with _standing(f"publish to {topic}"):
            # The method of the client's own class is the one that gathers.
            PublisherClient.publish(
                self._publishing(),
                topic=self._path(topic),
                messages=[message for message, _ in messages],
                retry=_again(),
                timeout=CALL_S_MAX,
            )
        with self._lock:
            self.costs["messages"] += len(messages)
            self.costs["bytes"] += sum(size_bytes for _, size_bytes in messages)

    def _publishing(self) -> Any:
        with self._lock:
            if self._publisher is None:
                import google.cloud.pubsub_v1 as pubsub_v1

                self._publisher = pubsub_v1.PublisherClient()
            return self._publisher

    def _path(self, topic: str) -> str:
        return f"projects/{self._project}/topics/{topic}"

    # Pulling

    def pull(self, function: str, types: frozenset[str], limit: int) -> list[Recorded]:
        """See Bus. What was pulled before and is not acknowledged comes first; other types than asked for are let go."""
        topics = {self._topics[name] for kind in types if (name := kind.split(".", 2)[1]) in self._topics}
        for topic in sorted(topics):
            while len(self._held(function, types)) < limit and self._receive(function, topic, types, limit):
                pass
        return [lease.event for lease in self._held(function, types)][:limit]

    def _held(self, function: str, types: frozenset[str]) -> list[_Lease]:
        """What this process holds for `function`; what it has held for too long is Google's to deliver again."""
        now_s = time.monotonic()
        with self._lock:
            leases = self._leases.setdefault(function, OrderedDict())
            for event_id in [name for name, lease in leases.items() if lease.until_s < now_s]:
                del leases[event_id]
            return [lease for lease in leases.values() if lease.event.type in types]

    def _receive(self, function: str, topic: str, types: frozenset[str], limit: int) -> bool:
        """Pull from one subscription once; whether anything came."""
        subscription = f"projects/{self._project}/subscriptions/{function}-{topic}"
        until_s = time.monotonic() + ACK_DEADLINE_S - _GIVEN_UP_S
        with _standing(f"pull from {function}-{topic}"), warnings.catch_warnings():
            # Deprecated, as a long poll is cheaper; but a port that asks "what is there?" must not wait.
            warnings.simplefilter("ignore", DeprecationWarning)
            answer = self._subscribing().pull(
                subscription=subscription,
                max_messages=min(limit, PULL_MAX),
                return_immediately=True,
                retry=_again(),
                timeout=CALL_S_MAX,
            )
        others: list[tuple[str, str]] = []
        for received in answer.received_messages:
            ack = (subscription, received.ack_id)
            try:
                carried = from_attributes(received.message.attributes, received.message.data)
            except NotAnEvent:
                others.append(ack)
                continue
            if carried.event.type in types:
                self._hold(function, fetched(carried, self._bucket), ack, until_s)
            else:
                others.append(ack)
        self._acknowledge(others)
        return bool(answer.received_messages)

    def _hold(self, function: str, event: Recorded, ack: tuple[str, str], until_s: float) -> None:
        with self._lock:
            leases = self._leases.setdefault(function, OrderedDict())
            lease = leases.setdefault(event.id, _Lease(event, [], until_s))
            lease.acks.append(ack)

    def acknowledge(self, function: str, events: Sequence[Recorded]) -> None:
        """See Bus. Events that this process did not pull are acknowledged by whoever was pushed them."""
        with self._lock:
            leases = self._leases.setdefault(function, OrderedDict())
            done = [leases.pop(event.id) for event in events if event.id in leases]
        self._acknowledge(ack for lease in done for ack in lease.acks)

    def _acknowledge(self, acks: Iterable[tuple[str, str]]) -> None:
        by_subscription: dict[str, list[str]] = {}
        for subscription, ack_id in acks:
            by_subscription.setdefault(subscription, []).append(ack_id)
        for subscription, ack_ids in by_subscription.items():
            with _standing("acknowledge"):
                self._subscribing().acknowledge(
                    subscription=subscription, ack_ids=ack_ids, retry=_again(), timeout=CALL_S_MAX
                )

    def oldest_unread_us(self, function: str, types: frozenset[str]) -> int | None:
        """See Bus, and above: of what this process holds."""
        return min((lease.event.time_us for lease in self._held(function, types)), default=None)

    def _subscribing(self) -> Any:
        with self._lock:
            if self._subscriber is None:
                import google.cloud.pubsub_v1 as pubsub_v1

                self._subscriber = pubsub_v1.SubscriberClient()
            return self._subscriber


def _requests(messages: Sequence[tuple[Any, int]]) -> Iterator[Sequence[tuple[Any, int]]]:
    """The messages, with their sizes, that go into one request each."""
    together: list[tuple[Any, int]] = []
    held_bytes = 0
    for message, size_bytes in messages:
        if together and (
            len(together) == REQUEST_MESSAGES_MAX or held_bytes + size_bytes > REQUEST_BYTES_MAX
        ):
            yield together
            together, held_bytes = [], 0
        together.append((message, size_bytes))
        held_bytes += size_bytes
    if together:
        yield together


@contextmanager
def _standing(what: str) -> Iterator[None]:
    """See passing; a topic or subscription that is not there is waited for: a deployment may be under way."""
    from google.api_core import exceptions as google

    try:
        with passing(what):
            yield
    except google.NotFound as error:
        raise TimeoutError(f"{what}: it is not there (terraform apply makes it): {error}") from error


def _again() -> Any:
    """Tried again while the service is away, within the deadline of one call."""
    from google.api_core import exceptions as google
    from google.api_core.retry import Retry, if_exception_type

    passes = if_exception_type(google.Aborted, google.InternalServerError, google.ServiceUnavailable)
    return Retry(passes, initial=0.05, maximum=1.0, timeout=AGAIN_S_MAX)
