"""Where PoliteWeb goes for nobody: private addresses, however they are written, and what is no plain web address."""

import asyncio
import socket
from typing import Any

import msgspec
import pytest

from shared.ports.web import Unreachable
from tests.adapters.asking import QUICK, hops, refused, told, web
from tests.loopback import Loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://169.254.169.254/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1]/",
        "http://①②⑦.0.0.1/",
    ],
)
def test_no_private_address_is_reached_however_it_is_written(url: str) -> None:
    assert refused(url, allow_private=False) in (
        "its host has an address that is not public",
        "its host has no address",
        "its address is not a web address",
    )


def test_nothing_is_sent_to_a_private_address() -> None:
    with Loopback(told) as server:
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]"):
            refused(f"http://{host}:{server.port}/", allow_private=False)
        assert server.asked == []


@pytest.mark.parametrize("port", [22, 25, 6379, 9200, 65535])
def test_a_public_address_is_asked_only_at_a_web_port(port: int) -> None:
    assert "port" in refused(f"http://93.184.216.34:{port}/", allow_private=False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "http or https"),
        ("example.org", "http or https"),
        ("ftp://example.org/", "http or https"),
        ("javascript:alert(1)", "http or https"),
        ("http://", "http or https"),
        ("http:///path", "http or https"),
        ("http://a b/", "web address"),
        ("http://example.org:99999/", "web address"),
        ("http://example.org:0/", "web address"),
        ("http://[fe80::1%25eth0]/", "web address"),
        ("http://user@example.org/", "credentials"),
        ("http://:secret@example.org/", "credentials"),
        ("http://example.org/\r\nX: y", "web address"),
        ("http://" + "a" * 64 + ".example/", "no address"),
        ("http://no-such-host.invalid/", "no address"),
        ("http://example.org/" + "a" * 2_048, "longer than 2048"),
    ],
)
def test_what_is_no_plain_web_address_is_refused_and_says_why(url: str, why: str) -> None:
    assert why in refused(url)


def test_a_reason_holds_neither_host_nor_secret() -> None:
    assert "hidden" not in refused("http://hidden:hidden@hidden.invalid/hidden?key=hidden")
    assert "hidden" not in refused("http://hidden.invalid/hidden?key=hidden")


class Names(asyncio.SelectorEventLoop):
    """An event loop that resolves names as a test says, the first time to the first answer, and so on."""

    def __init__(self, *answers: list[str]) -> None:
        super().__init__()
        self.answers, self.looked_up = list(answers), list[str]()

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        if not host.endswith(".test"):
            return await super().getaddrinfo(host, port, **hints)
        self.looked_up.append(host)
        found = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]


def test_a_name_that_changes_its_mind_is_reached_where_it_was_checked() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    with Loopback(told) as server, asyncio.Runner(loop_factory=lambda: names) as runner:
        page = runner.run(web().get(f"http://rebinding.test:{server.port}/"))
        assert (page.body, page.url) == (b"hello", f"http://rebinding.test:{server.port}/")
        assert server.asked[0].headers["host"] == f"rebinding.test:{server.port}"
    assert names.looked_up == ["rebinding.test"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1"])
def test_one_private_address_among_public_ones_is_enough_to_refuse(address: str) -> None:
    names = Names(["93.184.216.34", address])
    with asyncio.Runner(loop_factory=lambda: names) as runner, pytest.raises(Unreachable, match="not public"):
        runner.run(web(allow_private=False).get("http://mixed.test/"))


def test_a_redirect_to_the_same_name_is_resolved_and_checked_again() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    limits = msgspec.structs.replace(QUICK, exempt=frozenset({"127.0.0.1"}))
    with Loopback(hops) as server, asyncio.Runner(loop_factory=lambda: names) as runner:
        with pytest.raises(Unreachable, match="not public"):
            runner.run(web(limits, allow_private=False).get(f"http://rebinding.test:{server.port}/1"))
        assert [asked.path for asked in server.asked] == ["/1"]


def test_the_next_address_is_tried_where_the_first_takes_no_connection() -> None:
    names = Names(["127.0.0.2", "127.0.0.1"])
    with Loopback(told) as server, asyncio.Runner(loop_factory=lambda: names) as runner:
        assert runner.run(web().get(f"http://two.test:{server.port}/")).body == b"hello"
