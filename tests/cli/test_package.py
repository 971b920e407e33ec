"""The archive that is deployed: the same bytes twice, and all of what functions need, and only that."""

import os
import socket
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, requires
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared.cli.failures import Failure
from shared.cli.main import main
from shared.cli.package import MAIN, archive, requirements
from shared.runtime.discover import functions

ROOT = Path(__file__).resolve().parents[2]
PROJECT = '[project]\ndependencies = ["Wheel_House[fast]>=1"]\n'
LOCK = """\
left-over==3 \\
    --hash=sha256:03
    # via some-tool
small==2 ; sys_platform != 'win32' \\
    --hash=sha256:02
    --hash=sha256:22
    # via
    #   some-tool
    #   wheel-house
wheel-house==1 \\
    --hash=sha256:01
    # via house (pyproject.toml)
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    ZipFile(BytesIO(archive(ROOT))).extractall(folder)
    return folder


def test_the_same_source_makes_the_same_bytes_wherever_it_lies(unpacked: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "deep" / "second.zip"
    assert main(["package", "--output", str(first)]) == 0
    assert main(["package", "--output", str(second)]) == 0
    assert first.read_bytes() == second.read_bytes() == archive(ROOT)
    for name in ("pyproject.toml", "requirements.lock"):
        (unpacked / name).write_bytes((ROOT / name).read_bytes())
    assert archive(unpacked) == archive(ROOT), "neither dates nor modes nor the place matter"


def test_the_archive_holds_code_of_functions_and_the_engine_alone() -> None:
    names = ZipFile(BytesIO(archive(ROOT))).namelist()
    assert names == sorted(names)
    assert {name.split("/")[0] for name in names} == {
        "functions",
        "main.py",
        "requirements.txt",
        "shared",
        "terraform",
    }
    assert not [name for name in names if "cli/" in name or "__pycache__" in name or "simulate" in name]
    assert [name for name in names if name.startswith("terraform/")] == ["terraform/route.json"]
    assert "shared/domain/notice.md" in names
    assert "functions/gateway/pages/base.html" in names


@pytest.mark.parametrize("name", [function.name for function in functions()])
def test_each_function_can_be_imported_from_the_archive_alone(unpacked: Path, name: str) -> None:
    check = (
        f"import functions.{name}.main as it, shared, sys; print(it.__file__, shared.__file__);"
        "assert not [m for m in sys.modules if m.startswith(('shared.cli', 'tests'))]"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], cwd=unpacked, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(path.startswith(str(unpacked)) for path in done.stdout.split())


def test_the_root_module_imports_only_the_function_it_is_to_be(tmp_path: Path) -> None:
    assert len(MAIN.splitlines()) == 5
    for name in ("one", "other"):
        (tmp_path / "functions" / name).mkdir(parents=True)
        (tmp_path / "functions" / name / "main.py").write_text(f"def {name}(request): return {name!r}\n")
    (tmp_path / "main.py").write_text(MAIN)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import main, sys; print(main.one(0), 'functions.other' in sys.modules)",
        ],
        cwd=tmp_path,
        env={"FUNCTION_TARGET": "one"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["one", "False"]


@pytest.mark.parametrize("name", ["optin", "gateway"])
def test_the_archive_runs_as_google_starts_it(unpacked: Path, name: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        "FUNCTION_TARGET": name,
        "FUNCTION_USE_ASGI": "true",
        "PORT": str(port),
        "GOOGLE_CLOUD_PROJECT": "the-house",
        "HOUSE_ORIGIN": "https://house.example",
        "HOUSE_BUCKET": "bodies",
        "HOUSE_AUDIENCE": "https://house.example",
        "HOUSE_INVOKER": "house@the-house.iam.gserviceaccount.com",
        "HOUSE_KMS_KEY": "projects/the-house/locations/europe-west1/keyRings/house/cryptoKeys/house",
        "HOUSE_SECRET_PEPPER": "0" * 64,
    }
    framework = Path(sys.executable).parent / "functions-framework"
    server = subprocess.Popen([framework], cwd=unpacked, env={"PATH": os.environ["PATH"], **given})
    try:
        for _ in range(200):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "it has ended"
            time.sleep(0.1)
        # Without a token of its own account nobody ticks it.
        assert httpx.post(f"http://127.0.0.1:{port}/tick", timeout=30).status_code == 401
    finally:
        server.terminate()
        server.wait(10)


def test_requirements_are_what_the_dependencies_lead_to_with_every_hash() -> None:
    assert requirements(PROJECT, LOCK) == (
        "small==2 ; sys_platform != 'win32' \\\n    --hash=sha256:02\n    --hash=sha256:22\n"
        "wheel-house==1 \\\n    --hash=sha256:01\n"
    )


def test_a_dependency_that_is_not_in_the_lock_is_named() -> None:
    with pytest.raises(Failure, match=r"tinder is not in requirements\.lock"):
        requirements('[project]\ndependencies = ["tinder"]\n', LOCK)


def test_no_package_that_a_function_needs_is_missing_and_no_tool_is_there(unpacked: Path) -> None:
    lines = (unpacked / "requirements.txt").read_text().splitlines()
    names = {canonicalize_name(line.split("==")[0]) for line in lines if not line.startswith(" ")}
    assert not names & {"pytest", "mypy", "ruff", "moto", "playwright", "setuptools", "uv"}
    for name in names:
        try:
            asked = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue  # Another platform's.
        here = {canonicalize_name(r.name) for r in asked if not r.marker or r.marker.evaluate({"extra": ""})}
        assert here <= names, f"{name} needs {here - names}"
