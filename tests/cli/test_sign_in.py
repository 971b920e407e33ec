"""Signing in from the command line, at a real node in a process of its own."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.cli.main import main
from tests.evidence.signing import Signer
from tests.gateway.github_server import CLIENT, SECRET, GitHub
from tests.loopback import Loopback, in_json
from tests.processes.nodes import Node


@pytest.fixture(scope="module")
def github() -> Iterator[Loopback]:
    with GitHub(7, "octocat").serve() as serving:
        yield serving


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("node") / "data"


@pytest.fixture(scope="module")
def node(data: Path, github: Loopback) -> Iterator[Node]:
    node = Node(
        data,
        HOUSE_GITHUB_URL=github.url,
        HOUSE_OAUTH_CLIENT_ID=CLIENT,
        HOUSE_OAUTH_CLIENT_SECRET=SECRET,
        HOUSE_ALLOW_PRIVATE_ADDRESSES="true",
    ).wait_until_up()
    yield node
    node.stop()


@pytest.fixture(autouse=True)
def _at_the_node(node: Node, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_URL", url_of(node))
    monkeypatch.setenv("HOUSE_TOKEN", (data / "operator.token").read_text().strip())


def url_of(node: Node) -> str:
    return f"http://{node.address[0]}:{node.address[1]}"


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    capsys.readouterr()
    assert main(argv) == 0, capsys.readouterr().err
    return capsys.readouterr().out.strip()


def me(node: Node, token: str) -> dict[str, object]:
    answer = httpx.get(
        f"{url_of(node)}/api/me", headers={"authorization": f"Bearer {token}"}, trust_env=False
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_developer_comes_in_once_registers_a_key_and_signs_in_with_it(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    signer = Signer(tmp_path / "laptop")
    issue = ("token", "issue", "--role", "developer", "--name", "github:1/alice", "--once")
    link = said(capsys, *issue)
    assert link.startswith(f"{url_of(node)}/sign-in?once=hse_")
    assert me(node, said(capsys, "sign-in", "--once", link))["name"] == "github:1/alice"
    once = json.loads(said(capsys, *issue, "--json"))["token"]
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{once}\n"))
    token = said(capsys, "sign-in", "--once", "-")
    assert me(node, token)["name"] == "github:1/alice"
    assert main(["sign-in", "--once", once]) == 1
    assert "was used" in capsys.readouterr().err
    monkeypatch.setenv("HOUSE_TOKEN", token)
    said(capsys, "key", "add", str(signer.key_file.with_suffix(".pub")))
    monkeypatch.delenv("HOUSE_TOKEN")
    by_key = json.loads(said(capsys, "sign-in", "--key", str(signer.key_file), "--json"))
    assert me(node, by_key["token"])["developer"] == by_key["subject"] == me(node, token)["developer"]
    link = said(capsys, "sign-in", "--key", str(signer.key_file), "--link")
    entered = httpx.get(link, trust_env=False)
    assert (entered.status_code, entered.headers["location"]) == (303, "/me")
    cookie = entered.headers["set-cookie"].partition(";")[0]
    # Plain http: a Secure cookie would never come back.
    assert "Secure" not in entered.headers["set-cookie"]
    page = httpx.get(f"{url_of(node)}/me", headers={"cookie": cookie}, trust_env=False)
    assert "My data" in page.text


def test_a_browser_goes_through_github_and_comes_back_signed_in(node: Node) -> None:
    with httpx.Client(trust_env=False, follow_redirects=True) as browser:
        came = browser.get(f"{url_of(node)}/sign-in/github?next=/me")
        assert (came.status_code, came.url.path) == (200, "/me")
        assert "github:7/octocat" in came.text


def test_a_client_without_its_secret_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOUSE_OAUTH_CLIENT_ID", CLIENT)
    assert main(["up", "--port", "0", "--data", str(tmp_path / "data")]) == 2
    assert "HOUSE_OAUTH_CLIENT_SECRET" in capsys.readouterr().err


def test_a_key_that_nobody_registered_signs_nobody_in(
    node: Node, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = Signer(tmp_path / "stranger")
    assert main(["sign-in", "--key", str(stranger.key_file)]) == 1
    assert "no developer registered the key" in capsys.readouterr().err
    assert main(["sign-in", "--key", str(tmp_path / "none")]) == 2


def test_nothing_is_signed_for_another_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A node that hands on another House's challenge would sign in there."""
    signer = Signer(tmp_path / "laptop")
    asked = {"challenge": "c", "namespace": "house-sign-in@house.example"}
    with Loopback(lambda _: in_json(asked)) as evil:
        port = evil.url.rpartition(":")[2]
        # The whole of 127.0.0.0/8 is this machine, but only its first address is taken for it.
        monkeypatch.setenv("HOUSE_URL", f"http://evil.localhost:{port}")
        monkeypatch.setattr("socket.getaddrinfo", _to_loopback)
        assert main(["sign-in", "--key", str(signer.key_file)]) == 1
        assert len(evil.asked) == 1
    assert "nothing was signed" in capsys.readouterr().err


def _to_loopback(host: object, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
    import socket

    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_only_developers_come_in_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["token", "issue", "--role", "client", "--name", "Tide", "--once"]) == 2
    assert "--once is for --role developer" in capsys.readouterr().err
