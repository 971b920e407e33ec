"""The command line: help everywhere, one line for what went wrong, and exit codes that scripts can trust."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared.cli.main import COMMANDS, main
from tests.loopback import Answer, Asked, Loopback, in_json

NAMES = (
    "up",
    "emulate",
    "demo",
    "invite",
    "respond",
    "revoke",
    "deliver",
    "log",
    "journey",
    "token",
    "sign-in",
    "key",
    "commit",
    "ledger",
    "verify",
    "dead-letters",
    "rebuild",
    "route",
    "package",
    "simulate",
)
NOBODY = "http://127.0.0.1:9"  # the discard port: nothing listens there


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("HOUSE_URL", "HOUSE_TOKEN", "HOUSE_DATA", "HOUSE_GITHUB_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def exit_code(*argv: str) -> int:
    """What `house ARGV…` ends with."""
    try:
        return main(argv)
    except SystemExit as ended:
        return int(str(ended.code))


@pytest.mark.parametrize(
    "argv",
    [
        [],
        *([name] for name in NAMES),
        ["token", "issue"],
        ["commit", "check"],
        ["ledger", "push"],
        ["ledger", "proof"],
        ["dead-letters", "list"],
    ],
    ids=" ".join,
)
def test_every_command_has_help(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(*argv, "--help") == 0
    assert capsys.readouterr().out.startswith(" ".join(["usage: house", *argv]))


@pytest.mark.parametrize("argv", [[], *([name] for name in NAMES if name != "token")], ids=" ".join)
def test_help_has_examples(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    exit_code(*argv, "--help")
    assert "\nexamples:\n  " in capsys.readouterr().out


def test_the_commands_are_those_that_are_documented() -> None:
    assert len(COMMANDS) == len(NAMES)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "required: COMMAND"),
        (["fly"], "invalid choice: 'fly'"),
        (["up", "--prot", "1"], "unrecognized arguments: --prot 1"),
        (["up", "--port", "eighty"], "--port: expected a port number from 0 to 65535, got 'eighty'"),
        (["deliver", "x.json"], "required: --secret"),
        (["deliver", "--secret", "s", "nowhere", "--url", NOBODY], "no file or folder nowhere"),
        (["deliver", "--secret", "s", ".", "--url", NOBODY], "there is no payload"),
        (["demo", "--once", "--url", NOBODY], "has a node of its own"),
        (["demo", "--url", NOBODY], "no webhook secret"),
        (
            ["demo", "--once", "--at", "noon"],
            "--at: expected an instant such as 2026-11-21T08:00:00Z, got 'noon'",
        ),
        (["log"], "no node has .house open"),
        (["log", "--url", "example.com"], "expects http://"),
        (["log", "--url", NOBODY], "no operator token"),
        (["token", "issue", "--role", "king", "--name", "x"], "invalid choice: 'king'"),
        (["simulate", "--seeds", "0"], "expected a whole number above 0, got '0'"),
        (["route", "--write", "--check"], "not allowed with argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_is_one_line_and_exit_code_2(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(*argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


def test_a_node_that_does_not_answer_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "t")
    assert exit_code("log", "--url", NOBODY) == 1
    told = capsys.readouterr()
    assert told.err.startswith(f"house: no answer from {NOBODY}: ")
    assert told.err.count("\n") == 1


def test_the_node_is_found_by_its_data_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issued = {"token": "secret", "role": "client", "subject": "client_x", "name": "The Tide Fund"}
    with Loopback(lambda _: in_json(issued, 201)) as node:
        (tmp_path / "node.json").write_text(json.dumps({"url": node.url, "pid": 1}))
        (tmp_path / "operator.token").write_text("opens\n")
        assert exit_code("token", "issue", "--role", "client", "--name", "The Tide Fund", "--data", ".") == 0
    assert capsys.readouterr().out == "secret\n"
    assert node.asked[0].path == "/api/tokens"
    assert node.asked[0].headers["authorization"] == "Bearer opens"
    assert json.loads(node.asked[0].body) == {"role": "client", "name": "The Tide Fund"}


def test_a_refusal_names_its_fields(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "t")
    problem = {
        "title": "Bad name",
        "detail": "see below",
        "errors": [{"field": "name", "detail": "too long"}, {"field": "", "detail": "see below"}],
    }
    with Loopback(lambda _: in_json(problem, 400)) as node:
        argv = ("token", "issue", "--role", "client", "--name", "x", "--url", node.url)
        assert exit_code(*argv) == 1
    assert capsys.readouterr().err.endswith("HTTP 400 Bad name: see below (name: too long)\n")


def test_the_log_is_read_to_its_end_page_by_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "t")
    events = [
        {
            "id": str(n),
            "type": f"house.a.b{n}.v1",
            "subject": "s",
            "time": "2026-03-02T09:00:00Z",
            "correlationid": "c",
        }
        for n in range(3)
    ]

    def answer(request: Asked) -> Answer:
        after = int(request.path.partition("after=")[2].partition("&")[0] or 0)
        return in_json({"events": events[after : after + 2], "next": min(after + 2, 3)})

    with Loopback(answer) as node:
        assert exit_code("log", "--json", "--url", node.url) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == events


@pytest.mark.parametrize(("went_through", "code"), [(True, 0), (False, 1)])
def test_a_redrive_that_meets_a_bug_again_fails(
    went_through: bool, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_TOKEN", "t")
    with Loopback(lambda _: in_json({"went_through": went_through})) as node:
        assert exit_code("dead-letters", "redrive", "optin", "ab/cd", "--url", node.url) == code
    assert node.asked[0].path == "/api/dead-letters/optin/ab%2Fcd/redrive"


def test_help_does_not_wait_for_heavy_imports() -> None:
    began = time.monotonic()
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, shared.cli.main as m; m.parser(); print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert not {"httpx", "PIL", "uvicorn", "sqlite3", "starlette"} & set(loaded)
    assert time.monotonic() - began < 5
