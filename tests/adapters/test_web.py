"""PoliteWeb over real HTTP on loopback: what it asks, follows and takes."""

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from shared.adapters.web import Limits
from shared.ports.web import Unreachable
from tests.adapters.asking import QUICK, hops, refused, run, told, web
from tests.loopback import Answer, Asked, Loopback
from tests.tls import self_signed

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
