"""House: the whole route on Google's emulators, each function a process of its own, as they run on Google Cloud.

    with running() as house:
        httpx.post(f"{house.url}/webhooks/github", …)

Topics, push subscriptions and buckets are those of `terraform/route.json`; so is what each function is told. Beside the
functions there run Google's emulators, the storage front, a front that gives intake and gateway one address (in the cloud
each has its own), and a ticker in Cloud Scheduler's place.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx

from emulators.front import front
from emulators.google import Google, check, free_port
from emulators.google import running as emulators
from emulators.processes import Ended, FunctionProcess, Line, Sink
from emulators.storage import storage
from emulators.told import BUCKETS, alone, bucket, everyone, made_secrets
from emulators.told import ROUTE as ROUTE
from emulators.topics import Topics

TICK_S = 1.0
"""How often all that time brings is seen to; Cloud Scheduler's shortest is a minute."""
TICK_S_MAX = 60.0
STOP_S_MAX = 5.0
OPERATOR_S_MAX = 60.0
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
    ) -> None:
        self.google, self.project, self.url, self.environment = google, project, url, environment
        self.token, self.secret = given["operator"].decode(), given["github"].partition(b",")[0]
        self.urls = {name: process.url for name, process in processes.items()}
        self.topics = topics
        self._processes = processes

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
        self.topics.create(ROUTE, self.urls)


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
) -> Iterator[House]:
    """A House that answers, until the block ends; when anything does not start, nothing is left.

    `functions` are those that run; `google` emulators that run already, which are left running. `environment` goes over
    what functions are told, for instance a proxy's address as FIRESTORE_EMULATOR_HOST; `given` secrets before those that
    are made here (`pepper`, `sign-in`, `operator`, `github`). `port` is where users find it, 0 for a free one; `intakes`
    how many workers take webhooks; `tick_s` how often each function is ticked, None for never; `sink` hears what
    functions say, from threads.

    Raises:
        Missing: gcloud, Java or an emulator is not installed; the message says how to install it.
        DidNotStart: an emulator did not.
        Ended: a function did not.
        Taken: the port cannot be listened on.
    """
    if google is None:
        check()
    secret = made_secrets() | dict(given or {})
    with ExitStack() as stack:
        url, answering = stack.enter_context(front(ROUTE, port))
        google = google or stack.enter_context(emulators())
        project = f"house-{uuid4().hex[:20]}"
        ports = {name: free_port() for name in functions}
        told = everyone(project, url, ports) | google.environment
        told["STORAGE_EMULATOR_HOST"] = stack.enter_context(
            storage([bucket(project, name) for name in BUCKETS])
        )
        told |= environment or {}
        if "HOUSE_KMS_KEY" in told:
            # A key of Cloud KMS's is nobody's to be told.
            del secret["key-encryption"]
        # gunicorn has a control socket under a fixed name, of which each needs its own.
        sockets = Path(stack.enter_context(TemporaryDirectory(prefix="house-sockets-")))
        processes: dict[str, FunctionProcess] = {}
        for name, own in ports.items():
            (sockets / name).mkdir()
            runs = {
                "XDG_RUNTIME_DIR": str(sockets / name),
                "WORKERS": str(intakes if name == "intake" else 1),
            }
            processes[name] = FunctionProcess(name, own, told | alone(name, project, secret) | runs, sink)
        topics = stack.enter_context(closing(Topics(google.pubsub, project)))
        house = House(google, project, url, told, secret, processes, topics)
        house.create_topics()
        stack.enter_context(_alive(processes.values()))
        answering.urls = house.urls
        if "gateway" in processes:
            _let_in(house, processes["gateway"])
        if tick_s is not None:
            stack.enter_context(_ticking(house, tick_s))
        yield house


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


def _let_in(house: House, gateway: FunctionProcess) -> None:
    """Have the gateway see to its operator's token.

    Raises:
        Ended: it does not within a minute.
    """
    until_s = time.monotonic() + OPERATOR_S_MAX
    while house.tick(gateway.name) != HTTPStatus.NO_CONTENT:
        if time.monotonic() > until_s:
            raise Ended(f"{gateway.name} lets no operator in; its last lines:\n{gateway.last}")
        time.sleep(0.5)


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
