"""Google's own Firestore and Pub/Sub emulators, started through gcloud on free ports and stopped with all they began."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Google:
    """Where the emulators listen, as `host:port`."""

    firestore: str
    pubsub: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which Google's own clients find the emulators."""
        return {"FIRESTORE_EMULATOR_HOST": self.firestore, "PUBSUB_EMULATOR_HOST": self.pubsub}


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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="house-emulators-")))
        # Both start at once: each JVM takes seconds.
        begun = {name: stack.enter_context(_begun(name, folder)) for name in _COMPONENTS}
        for name, (process, address) in begun.items():
            _await(name, process, address, folder / f"{name}.log")
        yield Google(**{name: address for name, (_, address) in begun.items()})


@contextmanager
def _begun(name: str, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    address = f"127.0.0.1:{free_port()}"
    command = ["gcloud", "beta", "emulators", name, "start", f"--host-port={address}", "--project=house"]
    if name == "pubsub":
        (folder / name).mkdir()
        command.append(f"--data-dir={folder / name}")
    environment = {
        **os.environ,
        "JAVA_TOOL_OPTIONS": f"{os.environ.get('JAVA_TOOL_OPTIONS', '')} {HEAP}".strip(),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    }
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        yield process, address
    finally:
        _stop(process)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(name: str, process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until_s = time.monotonic() + READY_S_MAX
    while time.monotonic() < until_s and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://{address}/", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise DidNotStart(f"the {name} emulator did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End gcloud and the JVM below it: gcloud alone would leave it running."""
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_)
        except ProcessLookupError:
            break
        until_s = time.monotonic() + STOP_S_MAX
        while time.monotonic() < until_s:
            process.poll()
            try:
                os.killpg(process.pid, 0)
            except ProcessLookupError:
                return
            time.sleep(0.05)
    process.wait()
