"""House: the whole route on Google's emulators, each function a process of its own, as they run on Google Cloud.

    with running() as house:
        httpx.post(f"{house.url}/webhooks/github", …)

Topics, push subscriptions and buckets are those of `terraform/route.json`; so is what each function is told. Beside the
functions there run Google's emulators, the storage front, a front that gives intake and gateway one address (in the cloud
each has its own), and a ticker in Cloud Scheduler's place.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from fnmatch import fnmatch
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import httpx

from emulators.front import front
from emulators.google import Google, check, free_port
from emulators.google import running as emulators
from emulators.processes import ROOT, Ended, FunctionProcess, Line, Sink
from emulators.storage import storage
from emulators.topics import Endpoint, Topics

ROUTE: dict[str, Any] = json.loads((ROOT / "terraform" / "route.json").read_bytes())
TICK_S = 1.0
"""How often all that time brings is seen to; Cloud Scheduler's shortest is a minute."""
TICK_S_MAX = 60.0
STOP_S_MAX = 5.0
LATENESS_S = "1"
"""Nobody's events are on their way for longer here."""
SETTLE_S = 0.5
"""How long the emulator may still be writing for functions that stand still."""


class House:
    """A House on the emulators, for as long as the block that started it lasts.

    `project` and `token` (an operator's) and `secret` (of GitHub's webhooks) are its own; `environment` is what every
    function is told; `url` is where users find it, `urls` where each function answers; `google` are the emulators.
    """

    def __init__(
        self,
        google: Google,
        project: str,
        url: str,
        environment: Mapping[str, str],
        given: Mapping[str, bytes],
        processes: Mapping[str, FunctionProcess],
        topics: Topics,
        endpoint: Endpoint,
    ) -> None:
        self.google, self.project, self.url, self.environment = google, project, url, environment
        self.token, self.secret = given["operator"].decode(), given["github"]
        self.urls = {name: process.url for name, process in processes.items()}
        self.topics = topics
        self._processes, self._endpoint = processes, endpoint

    def kill(self, name: str) -> None:
        """Kill one function, in the middle of whatever it does."""
        self._processes[name].stop(0)

    def stop(self, name: str) -> None:
        """Have one function end in order, as Cloud Run ends an instance: what is in hand is done first."""
        self._processes[name].stop()

    def start(self, name: str) -> None:
        """Start a function again where it was, and wait until it answers.

        Raises:
            Ended: it does not.
        """
        self._processes[name].begin()
        self._processes[name].wait()

    def tick(self, name: str) -> int:
        """See to all that time brings one function; the status it answered."""
        return httpx.post(f"{self.urls[name]}/tick", timeout=TICK_S_MAX, trust_env=False).status_code

    def restart(self, name: str, down_s: float = 0.0) -> None:
        """Restart `firestore` or `pubsub`, which answers nobody for `down_s` and the seconds that it takes to start.

        Firestore remembers what had been committed: the functions stand still while it is exported. Pub/Sub has its
        topics and subscriptions again, but what it had not delivered is gone, as nothing of it can be kept.
        """
        if name == "pubsub":
            self.google.stop(name)
            time.sleep(down_s)
            self.google.start(name)
            self.create_topics()
            return
        with TemporaryDirectory(prefix="house-firestore-") as folder:
            self._signal(signal.SIGSTOP)
            try:
                time.sleep(SETTLE_S)
                exported = self._export(Path(folder))
                self.google.stop(name)
            finally:
                self._signal(signal.SIGCONT)
            time.sleep(down_s)
            self.google.start(name, f"--import-data={exported}")

    def _export(self, folder: Path) -> Path:
        """Have Firestore write all of the project's documents into the folder, which must be there; what to import."""
        answer = httpx.post(
            f"http://{self.google.firestore}/emulator/v1/projects/{self.project}:export",
            json={
                "database": f"projects/{self.project}/databases/(default)",
                "export_directory": str(folder),
                "export_name": "house",
            },
            timeout=TICK_S_MAX,
            trust_env=False,
        )
        answer.raise_for_status()
        return folder / "house" / "house.overall_export_metadata"

    def _signal(self, number: int) -> None:
        for process in self._processes.values():
            process.signal(number)

    def create_topics(self) -> None:
        """Create the route's topics and subscriptions, which Pub/Sub does not have yet."""
        self.topics.create(ROUTE, self.urls, self._endpoint)


def _nobody(_: Line) -> None:
    """Where lines go that nobody asked for."""


@contextmanager
def running(
    functions: Collection[str] = tuple(ROUTE["functions"]),
    *,
    google: Google | None = None,
    environment: Mapping[str, str] | None = None,
    given: Mapping[str, bytes] | None = None,
    port: int = 0,
    intakes: int = 1,
    tick_s: float | None = TICK_S,
    sink: Sink = _nobody,
    endpoint: Endpoint = lambda _, url: url,
) -> Iterator[House]:
    """A House that answers, until the block ends; when anything does not start, nothing is left.

    `functions` are those that run; `google` emulators that run already, which are left running. `environment` goes over
    what functions are told, for instance a proxy's address as FIRESTORE_EMULATOR_HOST; `given` secrets before those that
    are made here (`pepper`, `sign-in`, `operator`, `github`). `port` is where users find it, 0 for a free one; `intakes`
    how many workers take webhooks; `tick_s` how often each function is ticked, None for never; `sink` hears what
    functions say, from threads; `endpoint` says where a function's pushes go that answers at a URL: to a proxy, perhaps.

    Raises:
        Missing: gcloud, Java or an emulator is not installed; the message says how to install it.
        DidNotStart: an emulator did not.
        Ended: a function did not.
        OSError: the port cannot be listened on.
    """
    if google is None:
        check()
    secret = _made() | dict(given or {})
    with ExitStack() as stack:
        url, answering = stack.enter_context(front(ROUTE, port))
        google = google or stack.enter_context(emulators())
        project = f"house-{uuid4().hex[:20]}"
        buckets = [_bucket(project, name) for name in ("bodies", "archive", "ledger")]
        told = {
            # The caller's own settings are for the command line.
            **{name: value for name, value in os.environ.items() if not name.startswith("HOUSE_")},
            **google.environment,
            "PYTHONPATH": str(ROOT),
            "STORAGE_EMULATOR_HOST": stack.enter_context(storage(buckets)),
            "GOOGLE_CLOUD_PROJECT": project,
            "HOUSE_ORIGIN": url,
            "HOUSE_LATENESS_S": LATENESS_S,
            **(environment or {}),
        }
        ports = {name: free_port() for name in functions}
        told["HOUSE_URLS"] = json.dumps({name: f"http://127.0.0.1:{own}" for name, own in ports.items()})
        # gunicorn has a control socket under a fixed name, of which each needs its own.
        run = Path(stack.enter_context(TemporaryDirectory(prefix="house-run-")))
        processes: dict[str, FunctionProcess] = {}
        for name, own in ports.items():
            (run / name).mkdir()
            at = {"XDG_RUNTIME_DIR": str(run / name)}
            processes[name] = FunctionProcess(
                name, own, told | at | _own(name, project, secret, intakes), sink
            )
        topics = stack.enter_context(closing(Topics(google.pubsub, project)))
        house = House(google, project, url, told, secret, processes, topics, endpoint)
        house.create_topics()
        stack.enter_context(_alive(processes.values()))
        answering.urls = house.urls
        if "gateway" in processes and house.tick("gateway") != HTTPStatus.NO_CONTENT:
            raise Ended("gateway did not see to its operator's token; its lines say why")
        if tick_s is not None:
            stack.enter_context(_ticking(house, tick_s))
        yield house


def _made() -> dict[str, bytes]:
    """Secrets of this House alone."""
    made = {name: secrets.token_urlsafe(32) for name in ("pepper", "sign-in", "github")}
    return {name: value.encode() for name, value in made.items()} | {
        "operator": f"hse_{secrets.token_urlsafe(32)}".encode(),
        "ledger": secrets.token_hex(32).encode(),
    }


def _bucket(project: str, name: str) -> str:
    return f"{project}-house-{name}"


def _own(name: str, project: str, secret: Mapping[str, bytes], intakes: int) -> dict[str, str]:
    """What one function is told beside what all are: its buckets, and those secrets that it declares."""
    node = ROUTE["functions"][name]
    own = {"HOUSE_BUCKET": _bucket(project, node["bucket"])}
    if node["ledger"]:
        own["HOUSE_LEDGER"] = _bucket(project, "ledger")
    for asked in node["secrets"]:
        for found in (given for given in secret if fnmatch(given, asked)):
            own[f"HOUSE_SECRET_{re.sub('[^A-Za-z0-9]', '_', found).upper()}"] = secret[found].decode()
    return own | ({"WORKERS": str(intakes)} if name == "intake" else {})


@contextmanager
def _alive(processes: Collection[FunctionProcess]) -> Iterator[None]:
    """All of them, until the block ends. They start, and stop, all at once: each takes seconds."""
    try:
        for process in processes:
            process.begin()
        for process in processes:
            process.wait()
        yield
    finally:
        for process in processes:
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
        for process in processes:
            process.stop()


@contextmanager
def _ticking(house: House, every_s: float) -> Iterator[None]:
    """Tick each function every so often until the block ends, in a thread of its own, as one may take long."""
    over = threading.Event()

    def tick(name: str) -> None:
        while not over.wait(every_s):
            # Who is down is ticked again when it is up.
            with suppress(httpx.HTTPError):
                house.tick(name)

    threads = [threading.Thread(target=tick, args=(name,), name=f"ticks of {name}") for name in house.urls]
    for thread in threads:
        thread.daemon = True
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(STOP_S_MAX)
