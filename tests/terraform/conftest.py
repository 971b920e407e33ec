"""Terraform without a cloud: copies of the modules, and the stand-ins for providers that ./check built."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "terraform"
PROVIDERS = ROOT / "build" / "terraform" / "providers"
OFFLINE = ROOT.parent / "shared" / "terraform-offline"


class Copy:
    """A module where state, locks and mistakes may be left behind."""

    def __init__(self, folder: Path, config: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self._environ = {
            **os.environ,
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            **environ,
        }

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """`terraform ARGV…`, whatever comes of it."""
        return subprocess.run(
            ["terraform", *argv],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def must(self, *argv: str) -> str:
        """`terraform ARGV…`, which has to work; what it printed."""
        done = self.run(*argv)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def change(self, file: str, old: str, new: str) -> None:
        """Replace the one `old` in a file."""
        path = self.folder / file
        text = path.read_text()
        assert text.count(old) == 1, f"{file} has {text.count(old)} × {old!r}"
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="session")
def config() -> Path:
    """The CLI configuration that leads to the stand-ins. Missing tools skip the tests, but on CI they fail them."""
    missing = [str(path) for path in (OFFLINE / "setup",) if not path.exists()]
    if shutil.which("terraform") is None:
        missing.append("terraform")
    if missing:
        reason = f"needs {', '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    made = PROVIDERS / "terraform.rc"
    if not made.is_file():
        subprocess.run([OFFLINE / "setup", PROVIDERS], check=True, capture_output=True)
    return made


def copied(module: Path, folder: Path, config: Path, **environ: str) -> Copy:
    """A copy of a module, initialised."""
    shutil.copytree(module, folder, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "s3-replica"))
    (folder / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    copy = Copy(folder, config, environ)
    copy.must("init", "-input=false")
    return copy
