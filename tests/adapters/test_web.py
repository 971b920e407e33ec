"""PoliteWeb over real HTTP on loopback."""

import asyncio
import socket
import threading
import time
from collections.abc import Coroutine, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.clock import SystemClock
from shared.adapters.web import Limits, PoliteWeb, Turns
from shared.domain.instants import SECOND_US
from shared.ports.web import Unreachable
from tests.loopback import Answer, Asked, Loopback
from tests.tls import self_signed

QUICK = Limits(gap_s=0.0)
T = TypeVar("T")


def web(limits: Limits = QUICK, *, allow_private: bool = True) -> PoliteWeb:
    return PoliteWeb(SystemClock(), allow_private, "HouseBot/test", limits)


def run(waiting: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(waiting)


def told(_: Asked) -> Answer:
    return Answer(200, {"Content-Type": "text/plain", "ETag": '"1"'}, [b"hello"])


def refused(url: str, *, limits: Limits = QUICK, allow_private: bool = True) -> str:
    with pytest.raises(Unreachable) as why:
        run(web(limits, allow_private=allow_private).get(url))
    return str(why.value)


# -- asking


def test_a_page_has_its_status_headers_and_body() -> None:
    with Loopback(told) as server:
        page = run(web().get(f"{server.url}/a?b=c"))
    assert (page.status_code, page.body, page.url) == (200, b"hello", f"{server.url}/a?b=c")
    assert (page.headers["content-type"], page.headers["etag"]) == ("text/plain", '"1"')


def test_a_request_says_who_asks_and_for_whom() -> None:
    with Loopback(told) as server:
        run(web().get(f"http://localhost:{server.port}/#part", {"If-None-Match": '"1"'}))
        [asked] = server.asked
    assert (asked.path, asked.headers["host"]) == ("/", f"localhost:{server.port}")
    assert asked.headers["user-agent"] == "HouseBot/test"
    assert asked.headers["if-none-match"] == '"1"'


@pytest.mark.parametrize("status_code", [304, 404, 429, 500])
def test_every_status_is_an_answer(status_code: int) -> None:
    with Loopback(lambda _: Answer(status_code)) as server:
        assert run(web().get(server.url)).status_code == status_code


def test_json_is_posted_as_it_is() -> None:
    with Loopback(told) as server:
        assert (
            run(web().post_json(f"{server.url}/graphql", b"{}", {"Authorization": "Bearer t"})).body
            == b"hello"
        )
        [asked] = server.asked
    assert (asked.method, asked.body, asked.headers["authorization"]) == ("POST", b"{}", "Bearer t")
    assert asked.headers["content-type"] == "application/json"


def test_a_post_is_not_redirected() -> None:
    with Loopback(lambda _: Answer(307, {"Location": "/elsewhere"})) as server:
        assert run(web().post_json(server.url, b"{}")).status_code == 307
        assert len(server.asked) == 1


def test_no_cookie_is_ever_sent() -> None:
    def bake(asked: Asked) -> Answer:
        headers = {"Set-Cookie": "a=b; Path=/"}
        return Answer(302, {**headers, "Location": "/2"}) if asked.path == "/1" else Answer(200, headers)

    with Loopback(bake) as server:
        polite = web()
        run(polite.get(f"{server.url}/1"))
        run(polite.get(f"{server.url}/2"))
        assert [asked.headers.get("cookie") for asked in server.asked] == [None, None, None]


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Loopback(told) as server:
        assert run(web().get(server.url)).body == b"hello"


def test_one_web_serves_many_loops_and_threads() -> None:
    with Loopback(told) as server:
        polite, bodies = web(), list[bytes]()

        def ask() -> None:
            bodies.append(run(polite.get(server.url)).body)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ask()
    assert bodies == [b"hello"] * 5


# -- redirects


def hops(asked: Asked) -> Answer:
    left = int(asked.path.strip("/"))
    return Answer(302, {"Location": f"/{left - 1}"}) if left else Answer(200, {}, [b"there"])


def test_five_redirects_are_followed_and_the_page_says_where_they_end() -> None:
    with Loopback(hops) as server:
        page = run(web().get(f"{server.url}/5"))
        assert (page.url, page.body) == (f"{server.url}/0", b"there")


def test_a_sixth_redirect_is_not_followed() -> None:
    with Loopback(hops) as server:
        assert "more than 5" in refused(f"{server.url}/6")
        assert len(server.asked) == 6


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://10.0.0.1/", "not public"),
        ("http://169.254.169.254/latest/meta-data/", "not public"),
        ("http://[::1]:{port}/", "not public"),
        ("http://127.0.0.2:{port}/", "not public"),
        ("http://2130706434/", "not public"),
        ("//0x7f.0.0.2/", "not public"),
        ("http://user:pw@example.org/", "credentials"),
        ("file:///etc/passwd", "http or https"),
        ("gopher://example.org/", "http or https"),
        ("http://[", "not a web address"),
        ("http://example.org/" + "a" * 3_000, "longer than"),
    ],
)
def test_a_redirect_is_checked_like_a_first_request(location: str, why: str) -> None:
    # Only this server's own address may be reached; everything else is as for strangers.
    limits = msgspec.structs.replace(QUICK, exempt=frozenset({"127.0.0.1"}))
    with Loopback(
        lambda _: Answer(302, {"Location": location.replace("{port}", str(server.port))})
    ) as server:
        assert why in refused(server.url, limits=limits, allow_private=False)
        assert len(server.asked) == 1


def test_credentials_stay_at_the_origin_they_were_given_for() -> None:
    with Loopback(told) as other, Loopback(lambda _: Answer(302, {"Location": f"{other.url}/"})) as first:
        run(web().get(first.url, {"Authorization": "Bearer secret", "Accept": "text/html"}))
        assert first.asked[0].headers["authorization"] == "Bearer secret"
        assert "authorization" not in other.asked[0].headers
        assert other.asked[0].headers["accept"] == "text/html"


def test_credentials_follow_within_their_origin() -> None:
    with Loopback(hops) as server:
        run(web().get(f"{server.url}/1", {"Authorization": "Bearer secret"}))
        assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer secret"] * 2


# -- where nobody may be sent


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


# -- how much is taken


def test_a_body_of_just_the_limit_is_read() -> None:
    with Loopback(lambda _: Answer(200, {}, [b"x" * 2_000_000])) as server:
        assert len(run(web().get(server.url)).body) == 2_000_000


def test_a_larger_body_is_given_up_while_it_comes() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            sent.append(65_536)
            yield b"x" * 65_536

    sent: list[int] = []
    with Loopback(lambda _: Answer(200, {}, endless())) as server:
        assert "larger than 2000000 bytes" in refused(server.url)
    assert sum(sent) < 50_000_000


def test_a_body_that_is_announced_as_larger_is_not_awaited() -> None:
    with Loopback(lambda _: Answer(200, {"Content-Length": "2000001"})) as server:
        assert "larger than" in refused(server.url)


def test_a_packed_body_is_refused_as_it_may_unpack_to_anything() -> None:
    with Loopback(lambda _: Answer(200, {"Content-Encoding": "gzip"}, [b"\x1f\x8b"])) as server:
        assert "packed" in refused(server.url)
        assert server.asked[0].headers["accept-encoding"] == "identity"


def test_a_slow_answer_is_given_up() -> None:
    def dripping() -> Iterator[bytes]:
        for _ in range(200):
            time.sleep(0.02)
            yield b"."

    with Loopback(lambda _: Answer(200, {}, dripping())) as server:
        assert "within 0.2 s" in refused(server.url, limits=Limits(gap_s=0.0, total_s=0.2))


def test_the_time_of_redirects_counts_together() -> None:
    def slow(asked: Asked) -> Answer:
        time.sleep(0.1)
        return hops(asked)

    with Loopback(slow) as server:
        assert "within 0.25 s" in refused(f"{server.url}/5", limits=Limits(gap_s=0.0, total_s=0.25))
        assert len(server.asked) <= 4


def test_a_host_that_takes_no_connection_is_unreachable() -> None:
    with Loopback(told) as server:
        url = server.url
    assert "no connection" in refused(url)


def test_what_does_not_speak_http_is_unreachable() -> None:
    async def mumble() -> None:
        async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail.example ESMTP\r\n")
            writer.close()

        async with await asyncio.start_server(say, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await web().get(f"http://127.0.0.1:{port}/")

    with pytest.raises(Unreachable, match="does not speak HTTP"):
        run(mumble())


# -- TLS


def test_tls_asks_for_the_name_and_does_not_trust_strangers(tmp_path: Path) -> None:
    names: list[str | None] = []
    tls = self_signed(tmp_path, "localhost")[0]
    tls.sni_callback = lambda _, name, __: names.append(name)
    with Loopback(told, tls) as server:
        assert "certificate" in refused(f"https://localhost:{server.port}/")
        assert server.asked == []
    assert "localhost" in names


# -- turns


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 3 * SECOND_US)), max_size=40))
def test_turns_of_a_host_are_a_second_apart_and_in_order(requests: list[tuple[str, int]]) -> None:
    turns, now_us, starts = Turns(Limits()), 0, dict[str, list[int]](a=[], b=[])
    for host, pause_us in requests:
        now_us += pause_us
        starts[host].append(now_us + turns.take(host, now_us))
    for of_host in starts.values():
        assert all(later - earlier >= SECOND_US for earlier, later in pairwise(of_host))


def test_hosts_do_not_wait_for_each_other() -> None:
    turns = Turns(Limits())
    assert [turns.take("a", 0), turns.take("b", 0), turns.take("a", 0)] == [0, 0, SECOND_US]


def test_a_host_that_rested_is_asked_at_once() -> None:
    turns = Turns(Limits())
    turns.take("a", 0)
    assert turns.take("a", 5 * SECOND_US) == 0


def test_a_queue_longer_than_a_minute_is_refused() -> None:
    turns = Turns(Limits())
    assert [turns.take("a", 0) for _ in range(61)] == [n * SECOND_US for n in range(61)]
    with pytest.raises(Unreachable, match="waiting for this host"):
        turns.take("a", 0)
    assert turns.take("a", SECOND_US) == 60 * SECOND_US


def test_a_clock_that_is_set_back_blocks_no_host() -> None:
    turns = Turns(Limits())
    turns.take("a", 86_400 * SECOND_US)
    assert turns.take("a", 0) == 0


def test_the_table_of_hosts_is_bounded_and_forgets_who_rests() -> None:
    turns = Turns(Limits(hosts_max=2))
    turns.take("a", 0)
    turns.take("b", 0)
    with pytest.raises(Unreachable, match="too many hosts"):
        turns.take("c", 0)
    assert turns.take("c", SECOND_US) == 0


def test_requests_wait_for_their_turn() -> None:
    async def three() -> None:
        polite = web(Limits(gap_s=0.1))
        await asyncio.gather(*(polite.get(server.url) for _ in range(3)))

    with Loopback(told) as server:
        began = time.monotonic()
        run(three())
        assert time.monotonic() - began >= 0.19
        assert len(server.asked) == 3
