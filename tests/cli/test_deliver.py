"""`house deliver` sends what GitHub would, and counts what it is told."""

import hmac
import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from shared.cli.deliver import payload_files
from shared.cli.main import main
from tests.loopback import Answer, Asked, Loopback, in_json


@pytest.fixture
def payloads(tmp_path: Path) -> Path:
    """Two pushes and a star, as a folder of folders."""
    for name in ("push/10.json", "push/9.json", "star/1.json"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"file": name, "umlaut": "ü"}))
    return tmp_path


def test_folders_are_walked_in_the_order_of_their_numbers(payloads: Path) -> None:
    found = [str(file.relative_to(payloads)) for file in payload_files([str(payloads)])]
    assert found == ["push/9.json", "push/10.json", "star/1.json"]


def test_other_files_of_a_folder_are_only_sent_when_the_event_is_named(payloads: Path) -> None:
    (payloads / "MANIFEST.json").write_text("[]")
    assert len(list(payload_files([str(payloads)]))) == 3
    assert len(list(payload_files([str(payloads)], every=True))) == 4


@pytest.mark.parametrize("form", [False, True])
def test_each_file_is_sent_signed_under_its_folder_s_event(payloads: Path, form: bool) -> None:
    with Loopback(lambda _: Answer(202)) as node:
        flags = ["--form"] if form else []
        assert main(["deliver", "--secret", "s", "--url", node.url, *flags, str(payloads)]) == 0
    assert sorted(request.headers["x-github-event"] for request in node.asked) == ["push", "push", "star"]
    assert len({request.headers["x-github-delivery"] for request in node.asked}) == 3
    for request in node.asked:
        signature = hmac.digest(b"s", request.body, "sha256").hex()
        assert request.path == "/webhooks/github"
        assert request.headers["x-hub-signature-256"] == f"sha256={signature}"
        assert request.headers["user-agent"].startswith("GitHub-Hookshot/")
        sent = parse_qs(request.body.decode())["payload"][0] if form else request.body.decode()
        assert request.headers["content-type"] == (
            "application/x-www-form-urlencoded" if form else "application/json"
        )
        assert sent == (payloads / json.loads(sent)["file"]).read_text()


def test_what_the_node_says_is_counted(payloads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statuses = iter((202, 200, 401))
    with Loopback(lambda _: in_json({"title": "Bad signature"}, next(statuses))) as node:
        assert main(["deliver", "--secret", "s", "--url", node.url, str(payloads)]) == 1
    told = capsys.readouterr()
    assert told.out == "accepted 1, duplicate 1, refused 1\n"
    assert "HTTP 401 Bad signature" in told.err
    assert "3/3 delivered" in told.err


def test_a_busy_node_is_asked_again_when_it_says(payloads: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(request: Asked) -> Answer:
        seen = [heard.body for heard in node.asked].count(request.body)
        return Answer(429, {"retry-after": "0"}) if seen == 1 else Answer(202)

    with Loopback(answer) as node:
        assert main(["deliver", "--secret", "s", "--url", node.url, str(payloads)]) == 0
    assert capsys.readouterr().out == "accepted 3, duplicate 0, refused 0\n"
    assert len(node.asked) == 6


def test_one_file_takes_its_event_from_the_flag(payloads: Path) -> None:
    with Loopback(lambda _: Answer(202)) as node:
        file = str(payloads / "push" / "9.json")
        assert main(["deliver", "--secret", "s", "--event", "fork", "--url", node.url, file]) == 0
    assert [request.headers["x-github-event"] for request in node.asked] == ["fork"]
