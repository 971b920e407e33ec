"""Google's own Firestore and Pub/Sub emulators, started through gcloud on free ports and stopped with all they began."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

READY_S_MAX = 60.0
STOP_S_MAX = 5.0
HEAP = "-Xmx256m"
"""Each emulator is a JVM that would otherwise take a quarter of the machine's memory."""
JAVA_VERSION_MIN = 11
_COMPONENTS = {"firestore": "cloud-firestore-emulator", "pubsub": "pubsub-emulator"}
_DEBIAN = {"firestore": "google-cloud-cli-firestore-emulator", "pubsub": "google-cloud-cli-pubsub-emulator"}


class Missing(Exception):
    """Something the emulators need is not installed; the message is the exact way to install it."""


class DidNotStart(Exception):
    """An emulator ended, or said nothing, before it was ready; the message holds the end of its log."""


class Google:
    """Both emulators, for as long as the block that started them lasts. They keep their addresses, `host:port`.

    `folder` holds what they say, and what Pub/Sub keeps.
    """

    def __init__(self, begun: Mapping[str, Emulator], folder: Path) -> None:
        self._begun, self.folder = begun, folder

    @property
    def firestore(self) -> str:
        """Where Firestore listens."""
        return self._begun["firestore"].address

    @property
    def pubsub(self) -> str:
        """Where Pub/Sub listens."""
        return self._begun["pubsub"].address

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Google's own clients find the emulators."""
        return {"FIRESTORE_EMULATOR_HOST": self.firestore, "PUBSUB_EMULATOR_HOST": self.pubsub}

    def stop(self, name: str) -> None:
        """End one of them, `firestore` or `pubsub`, and all that it remembers."""
        self._begun[name].stop()

    def start(self, name: str, *flags: str) -> None:
        """Begin it again, empty, where it was.

        Raises:
            DidNotStart: it was not ready within a minute.
        """
        self._begun[name].begin(*flags)
        self._begun[name].wait()


def check() -> None:
    """Look for gcloud, Java and both emulators without starting anything.

    Raises:
        Missing: naming what is not there and how to install it.
    """
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        raise Missing("gcloud is not installed: see https://cloud.google.com/sdk/docs/install")
    java = shutil.which("java")
    if java is None:
        raise Missing(
            f"Java {JAVA_VERSION_MIN} or later is not installed: apt-get install default-jre-headless"
        )
    root = Path(gcloud).resolve().parents[1]
    absent = [name for name, component in _COMPONENTS.items() if not (root / "platform" / component).is_dir()]
    if not absent:
        return
    config = root / "lib" / "googlecloudsdk" / "core" / "config.json"
    if config.is_file() and '"disable_updater": true' in config.read_text():
        # A gcloud that came as a package refuses to install its own components.
        raise Missing(f"apt-get install {' '.join(_DEBIAN[name] for name in absent)}")
    raise Missing(f"gcloud components install --quiet beta {' '.join(_COMPONENTS[name] for name in absent)}")


@contextmanager
def running() -> Iterator[Google]:
    """Both emulators, ready, until the block ends; when one does not start, the other is stopped too.

    Raises:
        Missing: see check.
        DidNotStart: one was not ready within a minute.
    """
    check()
    with tempfile.TemporaryDirectory(prefix="house-emulators-") as folder:
        begun = {name: Emulator(name, Path(folder)) for name in _COMPONENTS}
        try:
            # Both start, and stop, at once: each JVM takes seconds.
            for emulator in begun.values():
                emulator.begin()
            for emulator in begun.values():
                emulator.wait()
            yield Google(begun, Path(folder))
        finally:
            stopping = [threading.Thread(target=emulator.stop) for emulator in begun.values()]
            for thread in stopping:
                thread.start()
            for thread in stopping:
                thread.join()


class Emulator:
    """One of Google's emulators: gcloud and the JVM below it, on a port of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self._name, self._log, self._data = name, folder / f"{name}.log", folder / name
        self._data.mkdir()
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, *flags: str) -> None:
        """Start it; `wait` says when it is ready."""
        kept = [f"--data-dir={self._data}"] if self._name == "pubsub" else []
        address = f"--host-port={self.address}"
        command = [
            "gcloud",
            "beta",
            "emulators",
            self._name,
            "start",
            address,
            "--project=house",
            *kept,
            *flags,
        ]
        environment = {
            **os.environ,
            "JAVA_TOOL_OPTIONS": f"{os.environ.get('JAVA_TOOL_OPTIONS', '')} {HEAP}".strip(),
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        }
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it answers.

        Raises:
            DidNotStart: it has ended, or said nothing for a minute.
        """
        until_s = time.monotonic() + READY_S_MAX
        while time.monotonic() < until_s and self._process is not None and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://{self.address}/", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        log = self._log.read_text(errors="replace")[-2000:]
        raise DidNotStart(f"the {self._name} emulator did not start:\n{log}")

    def stop(self) -> None:
        """End gcloud and the JVM below it: gcloud alone would leave it running."""
        if self._process is not None:
            end(self._process, STOP_S_MAX)
            self._process = None


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """End a process that leads a session, and all below it: asked first, after `patience_s` killed."""
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_)
        except ProcessLookupError:
            break
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
    process.wait()
