"""What to ask a GitHub-shaped API about a developer, and what its answers say. Pure.

The endpoints are `GET /users/<login>`, `/users/<login>/orgs` and `/users/<login>/keys` (docs.github.com/rest) and, as
REST has no status, GraphQL's `user.status` (docs.github.com/graphql/reference/objects#userstatus).
"""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from functions.crawler.decide import NotRead
from functions.crawler.headers import kept_etag, retry_at_us
from shared.domain.event import House
from shared.domain.instants import DAY_US
from shared.domain.profiles import ProfileObserved
from shared.ports.web import Page

ORGANIZATIONS_MAX = 100
"""The API's largest page; further organizations are left out."""
KEYS_READ_MAX = 100
"""Further keys are left out."""
_TEXT_CHARACTERS_MAX = 256
_SITE_CHARACTERS_MAX = 2_048
_STATUS_QUERY = (
    "query($login: String!) "
    "{ user(login: $login) { databaseId status { message emoji indicatesLimitedAvailability } } }"
)
T = TypeVar("T")


class _User(Struct, frozen=True):
    id: int
    name: str | None = None
    blog: str | None = None


class _Organization(Struct, frozen=True):
    login: str


class _Key(Struct, frozen=True):
    key: str


class _Status(Struct, frozen=True):
    message: str | None = None
    emoji: str | None = None
    indicatesLimitedAvailability: bool = False


class _StatusUser(Struct, frozen=True):
    status: _Status | None = None


class _StatusData(Struct, frozen=True):
    user: _StatusUser | None = None


class _StatusAnswer(Struct, frozen=True):
    data: _StatusData | None = None


class User(Struct, frozen=True):
    """A public profile. `site` has a scheme, as people often write none."""

    name: str | None
    site: str | None
    etag: str | None


class Organizations(Struct, frozen=True):
    """The public organizations' logins."""

    logins: tuple[str, ...]
    etag: str | None


class Status(Struct, frozen=True):
    """What the user says they are doing. `busy`: they said they may be slow to answer."""

    message: str | None = None
    emoji: str | None = None
    busy: bool = False


def user_url(base: str, login: str) -> str:
    """Where the profile of `login` is."""
    return f"{base.rstrip('/')}/users/{quote(login, safe='')}"


def organizations_url(base: str, login: str) -> str:
    """Where the public organizations of `login` are."""
    return f"{user_url(base, login)}/orgs?per_page={ORGANIZATIONS_MAX}"


def keys_url(base: str, login: str) -> str:
    """Where the SSH keys of `login` are."""
    return f"{user_url(base, login)}/keys?per_page={KEYS_READ_MAX}"


def graphql_url(base: str) -> str:
    """Where GraphQL queries go."""
    return f"{base.rstrip('/')}/graphql"


def status_query(login: str) -> bytes:
    """The query for the status of `login`."""
    return msgspec.json.encode({"query": _STATUS_QUERY, "variables": {"login": login}})


def headers(token: str | None, etag: str | None = None) -> dict[str, str]:
    """The headers of a request; with `etag`, of a conditional one."""
    found = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
    if token:
        found["authorization"] = f"Bearer {token}"
    if etag:
        found["if-none-match"] = etag
    return found


def user(page: Page, developer: str, last: ProfileObserved | None, house: House, now_us: int) -> User:
    """The profile of `developer`; `last` is the last look at the same login, for when nothing has changed.

    Raises:
        NotRead: it cannot be read, or the login belongs to someone else by now.
    """
    if page.status_code == 304 and last is not None:
        return User(last.name, last.site, last.etag)
    if page.status_code == 404:
        raise NotRead("GitHub knows no such login", now_us + DAY_US)
    found = _read(page, _User, now_us)
    if house.pseudonym(f"github:{found.id}") != developer:
        raise NotRead("login now belongs to someone else", now_us + DAY_US)
    return User(_text(found.name), _site(found.blog), kept_etag(page.headers))


def organizations(page: Page, last: ProfileObserved | None, now_us: int) -> Organizations:
    """The public organizations; `last` is the last look at the same login, for when nothing has changed.

    Raises:
        NotRead: they cannot be read.
    """
    if page.status_code == 304 and last is not None:
        return Organizations(last.organizations, last.organizations_etag)
    found = _read(page, list[_Organization], now_us)[:ORGANIZATIONS_MAX]
    logins = tuple(organization.login[:_TEXT_CHARACTERS_MAX] for organization in found)
    return Organizations(logins, kept_etag(page.headers))


def keys(page: Page, now_us: int) -> tuple[str, ...]:
    """The lines of the SSH keys.

    Raises:
        NotRead: they cannot be read.
    """
    return tuple(found.key for found in _read(page, list[_Key], now_us)[:KEYS_READ_MAX])


def status(page: Page, now_us: int) -> Status:
    """The status, an empty one when none is set.

    Raises:
        NotRead: it cannot be read.
    """
    found = _read(page, _StatusAnswer, now_us)
    if found.data is None or found.data.user is None:
        raise NotRead("GitHub gave no answer to the question for a status")
    said = found.data.user.status or _Status()
    return Status(_text(said.message), _text(said.emoji), said.indicatesLimitedAvailability)


def _read(page: Page, kind: type[T], now_us: int) -> T:
    _check_limits(page.headers, page.status_code, now_us)
    if page.status_code != 200:
        raise NotRead(f"GitHub answered {page.status_code}")
    try:
        return msgspec.json.decode(page.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise NotRead("GitHub's answer is not what its documentation says") from None


def _check_limits(headers: Mapping[str, str], status_code: int, now_us: int) -> None:
    """Wait as docs.github.com/rest/using-the-rest-api/rate-limits asks for."""
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    if status_code == 429 or (status_code == 403 and (exhausted or "retry-after" in headers)):
        raise NotRead("GitHub's rate limit is used up", retry_at_us(headers, now_us))


def _text(text: str | None) -> str | None:
    return (text or "").strip()[:_TEXT_CHARACTERS_MAX] or None


def _site(blog: str | None) -> str | None:
    written = (blog or "").strip()
    if not written or len(written) > _SITE_CHARACTERS_MAX:
        return None
    return written if "://" in written else f"https://{written}"
