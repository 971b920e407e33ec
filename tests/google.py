"""Google's emulators for the tests: started when first asked for, gone with the tests. Each adapter is a new project."""

import atexit
import os
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NoReturn
from uuid import uuid4

import pytest

from emulators.google import Google, Missing, running
from shared.adapters.firestore import FirestoreStore
from shared.adapters.firestore_outbox import SLICE_S
from shared.adapters.memory import MemoryBucket
from shared.adapters.pubsub import ACK_DEADLINE_S, PubSubBus

EMULATOR_REQUEST_BYTES_MAX = 4_000_000


@cache
def _started() -> Google | Missing:
    emulators = running()
    try:
        google = emulators.__enter__()
    except Missing as missing:
        return missing
    atexit.register(emulators.__exit__, None, None, None)
    return google


def google() -> Google:
    """The emulators of this process. Without what they need the test is skipped, or fails in CI."""
    found = _started()
    if isinstance(found, Missing):
        absent(found)
    os.environ.update(found.environment)
    return found


def absent(found: Missing) -> NoReturn:
    """Skip the test, or have it fail in CI."""
    if os.environ.get("CI") == "true" or os.environ.get("HOUSE_CI"):
        pytest.fail(f"the emulators are missing: {found}")
    pytest.skip(f"the emulators are missing: {found}")


def firestore(
    owners: Mapping[str, str], whole: tuple[str, ...] = (), *, slice_s: float = SLICE_S
) -> FirestoreStore:
    """A store on a database of its own, empty."""
    google()
    return FirestoreStore(
        f"house-{uuid4().hex[:20]}",
        owners,
        whole,
        request_bytes_max=EMULATOR_REQUEST_BYTES_MAX,
        slice_s=slice_s,
        settle_s=-1.0,
    )


def pubsub(
    topics: Mapping[str, str], reads: Mapping[str, Sequence[str]], ordered: Sequence[str] = ()
) -> PubSubBus:
    """A bus on a project of its own: the topic of each function, and a pull subscription for each reader of each."""
    import google.cloud.pubsub_v1 as pubsub_v1

    google()
    project = f"house-{uuid4().hex[:20]}"
    publisher, subscriber = pubsub_v1.PublisherClient(), pubsub_v1.SubscriberClient()
    for topic in set(topics.values()):
        publisher.create_topic(name=f"projects/{project}/topics/{topic}")
    for reader, read in reads.items():
        for topic in read:
            subscriber.create_subscription(
                request={
                    "name": f"projects/{project}/subscriptions/{reader}-{topic}",
                    "topic": f"projects/{project}/topics/{topic}",
                    "ack_deadline_seconds": int(ACK_DEADLINE_S),
                    "enable_message_ordering": topic in ordered,
                }
            )
    subscriber.close()
    return PubSubBus(project, topics, MemoryBucket(), ordered)
