"""The topic `profiles`: what is public about developers who opted in. Written by crawler."""

from typing import Literal

from msgspec import Struct

from shared.domain.event import Event, Personal, event


@event("house.crawler.profile-observed.v1")
class ProfileObserved(Event, frozen=True):
    """A public profile, as it was when looked at. Stream: `profile/<dev>`."""

    developer: str
    login: Personal
    observed_at_us: int
    name: Personal | None = None
    site: Personal | None = None
    status: Personal | None = None
    emoji: Personal | None = None
    busy: bool = False
    organizations: tuple[Personal, ...] = ()
    etag: str | None = None


@event("house.crawler.site-observed.v1")
class SiteObserved(Event, frozen=True):
    """The page behind a profile's URL. Stream: `profile/<dev>`. `unchanged`: the server said 304."""

    developer: str
    url: Personal
    observed_at_us: int
    status_code: int
    digest: str
    size_bytes: int
    title: Personal | None = None
    etag: str | None = None
    last_modified: str | None = None
    unchanged: bool = False


@event("house.crawler.crawl-deferred.v1")
class CrawlDeferred(Event, frozen=True):
    """Something was not looked at, and why: robots.txt, a private address, a limit, an unreachable host."""

    developer: str
    target: Personal
    reason: str
    deferred_at_us: int
    retry_at_us: int | None = None


@event("house.crawler.crawl-stopped.v1")
class CrawlStopped(Event, frozen=True):
    """No opt-in of the developer is in force any more: nothing is looked at again. Stream: `profile/<dev>`."""

    developer: str
    stopped_at_us: int


class Profile(Struct, frozen=True, omit_defaults=True):
    """The state of `profile/<dev>`: the latest of each, what justifies looking, and when to look again."""

    profile: ProfileObserved | None = None
    site: SiteObserved | None = None
    deferred: CrawlDeferred | None = None
    status: Literal["unknown", "watched", "stopped"] = "unknown"
    next_at_us: int | None = None
