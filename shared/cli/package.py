"""`house package`: the one archive that every function on Google Cloud is built from.

The same source makes the same bytes, so its digest says whether there is anything to deploy: files in the order of
their names, one date and one mode for all, and not compressed, as compressors differ between machines.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from shared.cli.failures import Failure, Misuse
from shared.cli.parsing import Subparsers, examples

DEFAULT = Path("build/house.zip")
MAIN = '''"""Google starts this file and says in FUNCTION_TARGET which function it is to be; no other is imported."""
import os
from importlib import import_module
name = os.environ["FUNCTION_TARGET"]
globals()[name] = getattr(import_module(f"functions.{name}.main"), name)
'''
_CODE = ("functions", "shared", "terraform/route.json")
_EXTRAS = ("s3",)
"""What the archive's replica needs, if there is one."""
_KINDS = {".py", ".html", ".css", ".md", ".json", ".svg", ".txt"}
_ONLY_HERE = ("shared/cli/", "shared/runtime/simulate/")
"""What no function imports: the command line, and the simulated world."""
_DATE, _MODE = (1980, 1, 1, 0, 0, 0), 0o100644
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VIA = re.compile(r"\s+#(?:   | via )\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def register(subparsers: Subparsers) -> None:
    """Add the sub-command."""
    parser = subparsers.add_parser(
        "package",
        help="make the source archive that Terraform deploys",
        description="Writes one zip with what the functions need; the same source makes the same bytes.",
        epilog=examples("house package", "house package --output /tmp/house.zip"),
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"where it is written (default: {DEFAULT} in the source tree)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the archive and print its digest and where it is."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        raise Misuse("house package needs the source tree, and this is an installed copy")
    output: Path = args.output or root / DEFAULT
    made = archive(root)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(made)
    except OSError as error:
        raise Failure(f"cannot write {output}: {error.strerror}") from error
    print(f"{sha256(made).hexdigest()}  {output}")
    return 0


def archive(root: Path) -> bytes:
    """The zip: `main.py`, `requirements.txt`, `functions/`, what they use of `shared/`, and the route.

    Raises:
        Failure: the lock does not hold what pyproject.toml asks for.
    """
    files = {name: (root / name).read_bytes() for name in _names(root)}
    files["main.py"] = MAIN.encode()
    files["requirements.txt"] = requirements(
        (root / "pyproject.toml").read_text(encoding="utf-8"),
        (root / "requirements.lock").read_text(encoding="utf-8"),
    ).encode()
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as packed:
        for name, data in sorted(files.items()):
            entry = ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, _MODE << 16
            packed.writestr(entry, data)
    return buffer.getvalue()


def _names(root: Path) -> Iterator[str]:
    for part in _CODE:
        for path in (root / part, *(root / part).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.suffix in _KINDS and path.is_file() and not name.startswith(_ONLY_HERE):
                yield name


def requirements(project: str, lock: str) -> str:
    """The lines of `lock`, with their hashes, that what `project` needs leads to; none of the tools.

    The lock says under each package who asked for it (`# via`), which is read backwards here.

    Raises:
        Failure: a dependency is not in the lock.
    """
    pins, asked_by = _read(lock)
    needs: dict[str, set[str]] = {}
    for name, askers in asked_by.items():
        for asker in askers:
            needs.setdefault(asker, set()).add(name)
    wanted: set[str] = set()
    asked = tomllib.loads(project)["project"]
    extras = [need for extra in _EXTRAS for need in asked.get("optional-dependencies", {}).get(extra, ())]
    ahead = [_normal(need) for need in (*asked["dependencies"], *extras)]
    while ahead:
        name = ahead.pop()
        if name not in pins:
            raise Failure(f"{name} is not in requirements.lock; run 'make lock'")
        if name not in wanted:
            wanted.add(name)
            ahead.extend(needs.get(name, ()))
    return "".join(pins[name] for name in sorted(wanted))


def _read(lock: str) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Each package's pin with its hashes, and who asked for it, by normal name."""
    pins: dict[str, str] = {}
    asked_by: dict[str, set[str]] = {}
    name = ""
    for line in lock.splitlines():
        if not line.startswith((" ", "#")) and line:
            name = _normal(line)
            pins[name], asked_by[name] = f"{line}\n", set()
        elif line.lstrip().startswith("--hash="):
            pins[name] += f"{line}\n"
        elif asker := _VIA.match(line):
            asked_by[name].add(_normal(asker[1]))
    return pins, asked_by


def _normal(requirement: str) -> str:
    """The package's name as PEP 503 writes it, without extras, version and marker."""
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""
