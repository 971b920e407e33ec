"""PoliteWeb: requests to the outside that can neither hurt others nor be turned against this machine.

Every request, and every redirect like a first one, is checked before a byte is sent: the name is resolved
here, all its addresses must be public, and the connection goes to the very address that was checked, so that
a name that changes its mind in between (DNS rebinding) gains nothing. Cookies, proxies from the environment
and credentials in URLs do not exist.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from shared.adapters.addresses import is_public
from shared.domain.instants import SECOND_US
from shared.ports.clock import Clock
from shared.ports.web import Page, Unreachable

if TYPE_CHECKING:
    import ssl

    import httpx

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = frozenset({80, 443, 8080, 8443})
# A name, or a number of either family without a zone.
_HOST = re.compile(rb"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")


class Limits(Struct, frozen=True):
    """How much one request may take.

    `queue_s_max` bounds the wait for a host's turn, which `total_s` leaves out. `exempt` are addresses
    that are reached although they are private.
    """

    gap_s: float = 1.0
    total_s: float = 10.0
    queue_s_max: float = 60.0
    body_bytes_max: int = 2_000_000
    url_characters_max: int = 2_048
    redirects_max: int = 5
    hosts_max: int = 4_096
    exempt: frozenset[str] = frozenset()


_LIMITS = Limits()


class Turns:
    """Whose turn it is: requests to one host start at least a gap apart, first come first served.

    Threads and event loops share it. Raises Unreachable instead of queueing for longer than the limits allow.
    """

    def __init__(self, limits: Limits) -> None:
        self._gap_us = round(limits.gap_s * SECOND_US)
        self._queue_us_max = round(limits.queue_s_max * SECOND_US)
        self._hosts_max = limits.hosts_max
        self._free_us: dict[str, int] = {}
        self._lock = threading.Lock()

    def take(self, host: str, now_us: int) -> int:
        """Reserve the next turn at `host`; how many microseconds it is away.

        Raises:
            Unreachable: too many requests wait for this host, or too many hosts are in use.
        """
        with self._lock:
            if host not in self._free_us and len(self._free_us) >= self._hosts_max:
                self._free_us = {name: free for name, free in self._free_us.items() if free > now_us}
                if len(self._free_us) >= self._hosts_max:
                    raise Unreachable("too many hosts are being asked at once")
            free_us = self._free_us.get(host, now_us)
            if free_us > now_us + self._queue_us_max + self._gap_us:
                free_us = now_us  # No turn is given that far ahead: the clock has been set back.
            start_us = max(now_us, free_us)
            if start_us > now_us + self._queue_us_max:
                raise Unreachable("too many requests are waiting for this host")
            self._free_us[host] = start_us + self._gap_us
            return start_us - now_us


class PoliteWeb:
    """The web on httpx. Usable from any event loop and thread; nothing is kept open between two calls."""

    def __init__(self, clock: Clock, allow_private: bool, user_agent: str, limits: Limits = _LIMITS) -> None:
        self._clock, self._allow_private, self._limits = clock, allow_private, limits
        self._headers = {"user-agent": user_agent, "accept-encoding": "identity"}
        self._turns = Turns(limits)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Page:
        """GET `url`, following redirects, each checked like the first; credentials stay at the first origin.

        Raises:
            Unreachable: for every reason there is no answer within the limits.
        """
        asked, sent = self._checked(url), dict(headers or {})
        left_s = self._limits.total_s
        for _ in range(self._limits.redirects_max + 1):
            page, left_s = await self._exchange("GET", asked, sent, b"", left_s)
            location = page.headers.get("location")
            if page.status_code not in _REDIRECTS or location is None:
                return page
            following = self._checked(location, asked)
            if _origin(following) != _origin(asked):
                sent = {name: value for name, value in sent.items() if name.lower() != "authorization"}
            asked = following
        raise Unreachable(f"it redirects more than {self._limits.redirects_max} times")

    async def post_json(self, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> Page:
        """POST JSON, without redirects.

        Raises:
            Unreachable: for every reason there is no answer within the limits.
        """
        sent = {"content-type": "application/json", **(headers or {})}
        page, _ = await self._exchange("POST", self._checked(url), sent, body, self._limits.total_s)
        return page

    def _checked(self, url: str, base: httpx.URL | None = None) -> httpx.URL:
        """`url`, relative to `base` where there is one, when it is one that may be asked for.

        Raises:
            Unreachable: it is not a web address, or it carries credentials.
        """
        import httpx

        try:
            if len(url) > self._limits.url_characters_max:
                raise Unreachable(f"its address is longer than {self._limits.url_characters_max} characters")
            found = base.join(url) if base is not None else httpx.URL(url)
            found = found.copy_with(fragment=None)
        except (httpx.InvalidURL, ValueError):
            raise Unreachable("its address is not a web address") from None
        if found.scheme not in ("http", "https") or not found.host:
            raise Unreachable("its address is not an http or https address")
        if not _HOST.fullmatch(found.raw_host) or not 1 <= _port(found) <= 65_535:
            raise Unreachable("its address is not a web address")
        if found.userinfo:
            raise Unreachable("its address carries credentials")
        return found

    async def _exchange(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes, left_s: float
    ) -> tuple[Page, float]:
        """One request and its answer, in the host's turn; the page, and what is left of `left_s`.

        Raises:
            Unreachable: for every reason there is no answer within the limits.
        """
        await asyncio.sleep(self._turns.take(_host(url), self._clock.now_us()) / SECOND_US)
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + left_s
        try:
            async with asyncio.timeout_at(ends_s):
                addresses = await self._addresses(url)
                async with self._answer(method, url, addresses, headers, body) as answer:
                    page = Page(str(url), answer.status_code, dict(answer.headers), await self._body(answer))
        except TimeoutError:
            raise Unreachable(f"it gave no complete answer within {self._limits.total_s:g} s") from None
        return page, max(0.0, ends_s - loop.time())

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """The addresses of the host, every one of them checked.

        Raises:
            Unreachable: there is none, or one of them may not be reached.
        """
        port = _port(url)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(_host(url), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unreachable("its host has no address") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if self._allow_private or address in self._limits.exempt:
                continue
            if not is_public(address):
                raise Unreachable("its host has an address that is not public")
            if port not in _PORTS:
                raise Unreachable(f"its port is none of {', '.join(map(str, sorted(_PORTS)))}")
        return addresses

    @asynccontextmanager
    async def _answer(
        self, method: str, url: httpx.URL, addresses: list[str], headers: Mapping[str, str], body: bytes
    ) -> AsyncIterator[httpx.Response]:
        """The answer of the first of `addresses` that takes a connection, its body not yet read.

        The name stays in the Host header and in TLS (SNI, certificate); only the connection is to the number.

        Raises:
            Unreachable: none does, or what answers does not speak HTTP.
        """
        import httpx

        host = {"host": url.netloc.decode("ascii")}
        # A transport by itself knows no cookies, redirects or proxies.
        async with httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False) as transport:
            for address in addresses:
                try:
                    request = httpx.Request(
                        method,
                        url.copy_with(host=address),
                        headers={**self._headers, **headers, **host},
                        content=body,
                        extensions={"sni_hostname": _host(url)},
                    )
                    answer = await transport.handle_async_request(request)
                except httpx.ConnectError as error:
                    if address == addresses[-1]:
                        raise Unreachable(_said(error)) from None
                    continue
                except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                    raise Unreachable(_said(error)) from None
                try:
                    yield answer
                except httpx.HTTPError as error:
                    raise Unreachable(_said(error)) from None
                finally:
                    await answer.aclose()
                return

    async def _body(self, answer: httpx.Response) -> bytes:
        """The body, given up as soon as it is too large.

        Raises:
            Unreachable: it is, or it is packed although that was not asked for.
        """
        too_large = Unreachable(f"its answer is larger than {self._limits.body_bytes_max} bytes")
        if answer.headers.get("content-encoding", "identity").lower() not in ("identity", ""):
            raise Unreachable("its answer is packed, which was not asked for")
        announced = answer.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > self._limits.body_bytes_max:
            raise too_large
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > self._limits.body_bytes_max:
                raise too_large
        return bytes(body)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        import httpx

        return httpx.create_ssl_context(trust_env=False)


def _host(url: httpx.URL) -> str:
    """The host in the form that names it on the wire (IDNA), without the root's dot."""
    return url.raw_host.decode("ascii").rstrip(".")


def _port(url: httpx.URL) -> int:
    return {"http": 80, "https": 443}[url.scheme] if url.port is None else url.port


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _said(error: Exception) -> str:
    """What went wrong with a connection, without its addresses."""
    kind = type(error).__name__
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "its certificate does not vouch for it"
    return {"ConnectError": "it takes no connection", "RemoteProtocolError": "it does not speak HTTP"}.get(
        kind, f"the connection failed ({kind})"
    )
