"""The README's commands as they are printed: in real shells, by two developers with real git, against a real node."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from shared.cli.demo import payloads
from shared.cli.demo.cast import Developer as Account
from shared.cli.demo.repositories import Repository
from shared.cli.demo_github import DemoGitHub, DemoUser
from shared.cli.main import main, parser
from tests.cli.git import Developer, developer
from tests.processes.nodes import SECRET, Node

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
HASH = re.compile("[0-9a-f]{40}")
PLACES = {"alice": "tide-tables", "bob": "field-notes"}
NUMBERS = {"alice": 583_231, "bob": 583_232}
PATIENCE_S = 20.0


@dataclass(frozen=True)
class Line:
    """One command of the README, whose it is, and what is printed below it."""

    who: str
    command: str
    shown: str = ""


def lines(section: str) -> list[Line]:
    """The commands of a section: those behind a prompt where it has any, else all that is indented are alice's."""
    text = README.partition(f"\n## {section}\n")[2].partition("\n## ")[0].replace("\\\n", "")
    indented = [line[4:] for line in text.split("\n") if line.startswith("    ")]
    found: list[Line] = []
    for line in indented:
        prompt = re.fullmatch(r"(alice|bob)\$ (.*)", line)
        if prompt:
            found.append(Line(prompt[1], prompt[2]))
        elif "alice$ " not in text:
            found.append(Line("alice", line))
        elif not found[-1].shown and re.match(r"[0-9a-f]{40}|{", line):
            found[-1] = replace(found[-1], shown=line)
    return found


class Keyboard:
    """A developer at a terminal: what one command exports, the next one has."""

    def __init__(self, one: Developer, token: str, url: str, github: str) -> None:
        self.one, self.token, self.url = one, token, url
        self.place = one.repository.rename(one.home / PLACES[one.login])
        (one.home / ".ssh").mkdir(mode=0o700)
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("HOUSE_", "GIT_"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environ = {**bare, **one.environment, "PATH": path, "HOUSE_GITHUB_URL": github}
        # ssh-keygen asks for a passphrase, and gets an empty one.
        self.environ |= {"SSH_ASKPASS": shutil.which("true") or "", "SSH_ASKPASS_REQUIRE": "force"}

    def type(self, command: str) -> str:
        """Run it, say yes when asked; what it prints."""
        command = command.replace("https://house.example", self.url)
        command = command.replace("HOUSE_TOKEN=…", f"HOUSE_TOKEN={self.token}")
        kept = self.one.home / "environment"
        screen, keys = pty.openpty()
        os.write(screen, b"y\n")
        done = subprocess.run(
            ["bash", "-ec", f"{command}\nenv -0 > '{kept}'"],
            stdin=keys,
            capture_output=True,
            text=True,
            env=self.environ,
            cwd=self.place,
            start_new_session=True,
            timeout=60,
            check=False,
        )
        os.close(screen)
        os.close(keys)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        self.environ = dict(line.split("=", 1) for line in kept.read_text().split("\0") if line)
        assert all(self.environ.get(name, "set") for name in ("HOUSE_URL", "HOUSE_TOKEN")), command
        return done.stdout.strip()


class GitHub:
    """It tells the House what was pushed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.heads: dict[str, str] = {}

    def see(self, one: Developer) -> None:
        """Look whether the developer has pushed."""
        name = one.login
        owner = Account(name, name, NUMBERS[name], name, "", "", "designer", "engineer", ("en",), 0, False)
        repository = Repository(one.remote, owner, PLACES[name], NUMBERS[name] + 1)
        before = self.heads.get(name, repository.head())
        self.heads[name] = repository.head()
        if self.heads[name] != before:
            file = self.folder / f"{name}.json"
            file.write_text(json.dumps(payloads.push(repository, owner, before)))
            said = ["--secret", SECRET, "--url", self.url, "--event", "push", str(file)]
            assert main(["deliver", *said]) == 0


@pytest.fixture
def told() -> Iterator[DemoGitHub]:
    with DemoGitHub({name: DemoUser(number, name) for name, number in NUMBERS.items()}) as github:
        yield github


@pytest.fixture
def node(tmp_path: Path, told: DemoGitHub) -> Iterator[Node]:
    settings = {"HOUSE_GITHUB_URL": told.url, "HOUSE_ALLOW_PRIVATE_ADDRESSES": "true"}
    node = Node(tmp_path / "house", **settings).wait_until_up()
    yield node
    assert node.stop() == 0


@pytest.mark.process
def test_two_developers_opt_in_show_evidence_and_sign_in(
    tmp_path: Path, node: Node, told: DemoGitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "http://{}:{}".format(*node.address)
    people: dict[str, Keyboard] = {}
    for name, number in NUMBERS.items():
        issue = [
            "--role",
            "developer",
            "--name",
            f"github:{number}/{name}",
            "--data",
            str(tmp_path / "house"),
        ]
        capsys.readouterr()
        assert main(["token", "issue", *issue]) == 0
        people[name] = Keyboard(developer(tmp_path, name), capsys.readouterr().out.strip(), url, told.url)
    alice, bob = people["alice"], people["bob"]
    insteadof = f"url.{alice.one.remote}.insteadOf"
    bob.one.git("config", "--global", insteadof, "https://github.com/alice/tide-tables", at=bob.place)
    github = GitHub(url, tmp_path)
    for one in people.values():
        github.see(one.one)
    invitation = ""
    for line in lines("Two developers opt in"):
        one, command = people[line.who], HASH.sub(invitation, line.command)
        said = one.type(command)
        if HASH.fullmatch(line.shown):
            assert HASH.fullmatch(said)
            invitation = said
        elif line.shown:
            # It is printed shortened; the House needs a moment until it is so.
            pattern = re.escape(line.shown).replace("…", ".*").replace("d3ae11d9", invitation[:8])
            until_s = time.monotonic() + PATIENCE_S
            while not re.fullmatch(pattern, said):
                assert time.monotonic() < until_s, said
                time.sleep(0.1)
                said = one.type(command)
        github.see(one.one)
    headers = {"authorization": f"Bearer {bob.token}"}
    ended = httpx.get(f"{url}/api/optins/{invitation}", headers=headers, trust_env=False).json()
    assert ended["status"] == "revoked"
    *_, said = [alice.type(line.command) for line in lines("Evidence")]
    assert re.search(r"signed  dev_[a-z2-7]{20}  SHA256:", said)
    *_, said = [alice.type(line.command) for line in lines("My data")]
    entered = httpx.get(said, trust_env=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/me")
    assert alice.environ["HOUSE_TOKEN"] != alice.token


def printed() -> list[str]:
    """Every command of ours in the README's blocks, and in its table without what is optional."""
    blocks = [line.strip() for line in README.replace("\\\n", "").split("\n") if line.startswith("    ")]
    inner = [part for line in blocks for part in re.split(r"&&|\$\(|\)$|\|", line.partition("  #")[0])]
    ours = [re.sub(r"^(alice|bob)\$ ", "", part.strip()) for part in inner]
    return sorted({part for part in ours if part.startswith("house ")})


@pytest.mark.parametrize("command", printed())
def test_every_command_is_one_that_there_is(command: str) -> None:
    argv = shlex.split(command.replace("HASH", "d3" * 20))
    assert callable(parser().parse_args(argv[1:]).run)
