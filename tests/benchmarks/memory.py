"""Resident memory of a node while a million events go through it.

`python -m tests.benchmarks.memory DATA EVENTS` is the node: all functions on an empty directory, fed with small
deliveries through the worker as fast as it takes them. It prints (events, resident bytes) pairs.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from shared.domain.deliveries import DeliveryAccepted
from shared.domain.ids import uuid5
from shared.runtime.edge import Submission
from tests.benchmarks.figures import Figure, Scale, below
from tests.benchmarks.places import ROOT, fresh

EVENTS, SAMPLES, PER_GROUP = 1_000_000, 20, 256
DEVELOPERS = 5_000
START_US = 1_770_000_000_000_000


def memory(scale: Scale) -> Sequence[Figure]:
    """The highest sample, and how much the second half of the run added."""
    number = scale.of(EVENTS)
    with fresh() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.memory", str(folder), str(number)]
        out = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    samples = [(int(events), int(size) / 1e6) for events, size in (line.split() for line in out.splitlines())]
    half = samples[len(samples) // 2][1]
    shown = ", ".join(
        f"{events // 1000}k: {size_mb:.0f}" for events, size_mb in samples[:: max(1, len(samples) // 8)]
    )
    return (
        below(
            f"resident memory within {samples[-1][0]:,} events",
            "MB",
            [max(s for _, s in samples)],
            300,
            shown,
        ),
        below("growth of it in the second half", "MB", [samples[-1][1] - half], 30),
    )


def star(n: int) -> tuple[DeliveryAccepted, bytes]:
    """The n-th delivery: one developer's star for another's repository."""
    actor, owner = n % DEVELOPERS, n // 7 % DEVELOPERS
    account = {"id": owner, "login": f"dev{owner}", "type": "User"}
    repository = {"id": owner, "full_name": f"dev{owner}/hello", "owner": account}
    sender = {"id": actor, "login": f"dev{actor}", "type": "User"}
    body = msgspec.json.encode({"action": "created", "nonce": n, "repository": repository, "sender": sender})
    digest = sha256(body).hexdigest()
    return DeliveryAccepted("github", digest, "star", len(body), START_US + n * 1_000), body


def _submission(n: int) -> Submission:
    accepted, body = star(n)
    return Submission(
        uuid5("intake", accepted.source, accepted.digest),
        uuid5("journey", accepted.digest),
        accepted.received_at_us,
        ((f"delivery/{accepted.source}/{accepted.digest}", accepted),),
        body,
    )


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    """Be the node that is watched."""
    from shared.runtime.node import Node
    from shared.runtime.settings import Settings

    data, number = Path(sys.argv[1]), int(sys.argv[2])
    node = Node(Settings(data=data, github_secrets=("a secret for benchmarks",)))
    node.start()
    intake, store = node.shells["intake"], node.wired.store
    begun, head, sampled = 0, 0, 0
    while head < number:
        batch = [_submission(n) for n in range(begun, begun + PER_GROUP)]
        node.worker.run(lambda batch=batch: intake.accept(batch)).result(60)  # type: ignore[misc]  # the default binds this batch
        begun += PER_GROUP
        head = store.head()
        if head >= sampled:
            print(head, _resident_bytes(), flush=True)
            sampled += number // SAMPLES
    print(head, _resident_bytes(), flush=True)
    node.stop()


if __name__ == "__main__":
    main()
