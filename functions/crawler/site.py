"""A profile's site: whether robots.txt lets us read it, and what its page says. Pure."""

import re
from contextlib import suppress
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import urlsplit

from functions.crawler.decide import NotRead
from functions.crawler.headers import kept_etag, kept_last_modified, retry_at_us
from shared.domain.instants import DAY_US
from shared.domain.profiles import SiteObserved
from shared.ports.web import Page

USER_AGENT = "HouseBot"
ROBOTS_BYTES_MAX = 512_000
"""RFC 9309 asks for at least 500 KiB; what comes after is not read."""
TITLE_CHARACTERS_MAX = 200
_HEAD_BYTES_MAX = 65_536
# Of the encodings that pages use (encoding.spec.whatwg.org); Python knows others that are not for strangers.
_CHARSET = re.compile(
    r"utf-?8|us-ascii|(iso-8859|windows)-\d{1,4}|koi8-[ru]|gbk|gb2312|gb18030|big5|shift_jis|euc-(jp|kr)"
)


def robots_url(url: str) -> str:
    """Where the rules for `url` are (RFC 9309, section 2.3).

    Raises:
        NotRead: `url` is not a web address.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise NotRead("its address is not a web address") from None
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def check_robots(robots: Page, url: str, now_us: int) -> None:
    """Go on when the rules allow it; no rules (4xx) allow everything.

    Raises:
        NotRead: they do not, or nobody knows (RFC 9309, section 2.3.1.4: then all is disallowed).
    """
    from protego import Protego

    if robots.status_code == 429 or robots.status_code >= 500:
        raise NotRead(f"robots.txt answered {robots.status_code}", retry_at_us(robots.headers, now_us))
    if robots.status_code != 200:
        return
    rules = Protego.parse(robots.body[:ROBOTS_BYTES_MAX].decode("utf-8", "replace"))
    if not rules.can_fetch(url, USER_AGENT):
        raise NotRead("robots.txt does not allow it", now_us + DAY_US)


def headers(last: SiteObserved | None) -> dict[str, str]:
    """The headers of the request, a conditional one when the page was read before."""
    found = {"accept": "text/html, */*;q=0.1"}
    if last is not None and last.etag:
        found["if-none-match"] = last.etag
    if last is not None and last.last_modified:
        found["if-modified-since"] = last.last_modified
    return found


def observed(page: Page, developer: str, url: str, last: SiteObserved | None, now_us: int) -> SiteObserved:
    """What there is at `url` now; `last` is the last look at that very address.

    Raises:
        NotRead: the server is in trouble, or says that it was asked too often.
    """
    status_code = page.status_code
    if status_code == 304 and last is not None:
        return SiteObserved(
            developer,
            url,
            now_us,
            last.status_code,
            last.digest,
            last.size_bytes,
            last.title,
            kept_etag(page.headers) or last.etag,
            kept_last_modified(page.headers) or last.last_modified,
            unchanged=True,
        )
    if status_code == 304 or status_code == 429 or status_code >= 500:
        raise NotRead(f"it answered {status_code}", retry_at_us(page.headers, now_us))
    found = status_code == 200
    return SiteObserved(
        developer,
        url,
        now_us,
        status_code,
        sha256(page.body).hexdigest(),
        len(page.body),
        title(page) if found else None,
        # Only a page that is there can be unchanged.
        kept_etag(page.headers) if found else None,
        kept_last_modified(page.headers) if found else None,
    )


def title(page: Page) -> str | None:
    """The page's title as plain text, at most `TITLE_CHARACTERS_MAX`, when it is HTML that has one."""
    media_type, _, parameters = page.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() not in ("text/html", "application/xhtml+xml"):
        return None
    charset = parameters.lower().partition("charset=")[2].strip().strip("\"'")
    known = charset if _CHARSET.fullmatch(charset) else "utf-8"
    reader = _TitleReader()
    # The parser gives up on some malformed declarations: what came before them counts.
    with suppress(AssertionError, LookupError):
        reader.feed(page.body[:_HEAD_BYTES_MAX].decode(known, "replace"))
    words = " ".join("".join(reader.parts).split())
    return "".join(c for c in words if c.isprintable())[:TITLE_CHARACTERS_MAX] or None


class _TitleReader(HTMLParser):
    """Keeps the text of the first title."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._state = "before"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "title" and self._state == "before":
            self._state = "inside"

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._state == "inside":
            self._state = "after"

    def handle_data(self, data: str) -> None:
        if self._state == "inside":
            self.parts.append(data)
