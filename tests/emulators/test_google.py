"""The emulators start together, stop with all they began, and say how to install what is missing."""

import json
import os
import socket
from pathlib import Path

import pytest

from emulators.google import DidNotStart, Missing, check, running
from tests import google

GCLOUD = "#!/bin/sh\n{}\n"


def installed(
    folder: Path, *components: str, package: bool = False, java: bool = True, start: str = ""
) -> str:
    """A PATH with a gcloud that has these components."""
    root = folder / "sdk"
    for component in components:
        (root / "platform" / component).mkdir(parents=True)
    (root / "bin").mkdir(parents=True)
    core = root / "lib" / "googlecloudsdk" / "core"
    core.mkdir(parents=True)
    (core / "config.json").write_text(json.dumps({"disable_updater": package}))
    for name in ("gcloud", *(["java"] if java else [])):
        tool = root / "bin" / name
        tool.write_text(GCLOUD.format(start))
        tool.chmod(0o755)
    return f"{root / 'bin'}"


def test_a_machine_without_gcloud_is_told_where_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match=r"gcloud is not installed: see https://cloud\.google\.com/sdk"):
        check()


def test_a_machine_without_java_is_told_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", installed(tmp_path, java=False))
    with pytest.raises(Missing, match="Java 11 or later is not installed: apt-get install"):
        check()


@pytest.mark.parametrize(
    ("package", "hint"),
    [
        (False, "gcloud components install --quiet beta pubsub-emulator"),
        (True, "apt-get install google-cloud-cli-pubsub-emulator"),
    ],
)
def test_a_missing_emulator_is_installed_as_gcloud_itself_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, package: bool, hint: str
) -> None:
    monkeypatch.setenv("PATH", installed(tmp_path, "cloud-firestore-emulator", package=package))
    with pytest.raises(Missing, match=f"^{hint}$"):
        check()


def test_when_one_does_not_start_neither_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    began = tmp_path / "pids"
    start = (
        f'echo $$ >> {began}; case "$*" in *pubsub*) echo "no room" >&2; exit 1;; esac; exec /bin/sleep 600'
    )
    path = installed(tmp_path, "cloud-firestore-emulator", "pubsub-emulator", start=start)
    monkeypatch.setenv("PATH", path)
    monkeypatch.setattr("emulators.google.READY_S_MAX", 2.0)
    with pytest.raises(DidNotStart, match="emulator did not start"), running():
        pytest.fail("nothing was ready")
    pids = [int(pid) for pid in began.read_text().split()]
    assert len(pids) == 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.emulator
def test_what_was_started_is_gone_afterwards() -> None:
    google.google()
    with running() as second:
        assert {"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"} == set(second.environment)
        ports = [int(address.rpartition(":")[2]) for address in (second.firestore, second.pubsub)]
        assert set(second.environment.values()).isdisjoint(google.google().environment.values())
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    mine = [Path(f"/proc/{pid}/cmdline") for pid in os.listdir("/proc") if pid.isdigit()]
    lines = [path.read_bytes().decode(errors="replace") for path in mine if path.exists()]
    assert not [line for line in lines for port in ports if f"port={port}" in line]
