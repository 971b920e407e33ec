"""The topic `profiles`: what is public about developers who opted in. Written by crawler."""

from typing import Annotated, Literal

from msgspec import Struct

from shared.domain.event import Event, event, of

OPT_INS_MAX = 128
"""Opt-ins that a profile remembers, in force and ended each; more in force justify nothing more."""


@event("house.crawler.crawl-requested.v1")
class CrawlRequested(Event, frozen=True):
    """An opt-in of the developer came into force, and with it what they publish may be looked at.

    Stream: `profile/<dev>`. `login` is what the developer was called when they opted in.
    """

    developer: str
    login: Annotated[str, of("developer")]
    invitation: str
    requested_at_us: int


@event("house.crawler.crawl-withdrawn.v1")
class CrawlWithdrawn(Event, frozen=True):
    """That opt-in justifies nothing any more. Stream: `profile/<dev>`. It may come before the request."""

    developer: str
    invitation: str
    withdrawn_at_us: int


@event("house.crawler.profile-observed.v1")
class ProfileObserved(Event, frozen=True):
    """A public profile, as it was when looked at. Stream: `profile/<dev>`."""

    developer: str
    login: Annotated[str, of("developer")]
    observed_at_us: int
    name: Annotated[str, of("developer")] | None = None
    site: Annotated[str, of("developer")] | None = None
    status: Annotated[str, of("developer")] | None = None
    emoji: Annotated[str, of("developer")] | None = None
    busy: bool = False
    organizations: tuple[Annotated[str, of("developer")], ...] = ()
    etag: str | None = None
    organizations_etag: str | None = None


@event("house.crawler.site-observed.v1")
class SiteObserved(Event, frozen=True):
    """The page behind a profile's URL. Stream: `profile/<dev>`. `unchanged`: the server said 304.

    `digest` is the hex SHA-256 of its body.
    """

    developer: str
    url: Annotated[str, of("developer")]
    observed_at_us: int
    status_code: int
    digest: str
    size_bytes: int
    title: Annotated[str, of("developer")] | None = None
    etag: str | None = None
    last_modified: str | None = None
    unchanged: bool = False


@event("house.crawler.crawl-deferred.v1")
class CrawlDeferred(Event, frozen=True):
    """Something was not looked at, and why: robots.txt, a private address, a limit, an unreachable host.

    Stream: `profile/<dev>`. `target` is the address that was not read.
    """

    developer: str
    target: Annotated[str, of("developer")]
    reason: str
    deferred_at_us: int
    retry_at_us: int | None = None


@event("house.crawler.crawl-stopped.v1")
class CrawlStopped(Event, frozen=True):
    """No opt-in of the developer is in force any more: nothing is looked at again. Stream: `profile/<dev>`."""

    developer: str
    stopped_at_us: int


@event("house.crawler.keys-observed.v1")
class KeysObserved(Event, frozen=True):
    """The SSH keys that GitHub showed of a developer who asked for it. Stream: `keys/<dev>`.

    `lines` are those that count, as in a `.pub` file; `passed_over` is how many others there were.
    """

    developer: str
    login: Annotated[str, of("developer")]
    lines: tuple[Annotated[str, of("developer")], ...]
    fingerprints: tuple[str, ...]
    passed_over: int
    observed_at_us: int


@event("house.crawler.keys-not-read.v1")
class KeysNotRead(Event, frozen=True):
    """The keys were not read, and why; those read before stay. Stream: `keys/<dev>`. To be asked for again."""

    developer: str
    reason: str
    failed_at_us: int


class ObservedKeys(Struct, frozen=True, omit_defaults=True):
    """The state of `keys/<dev>`: the keys last seen on GitHub, and why the last look failed, if it did."""

    observed: KeysObserved | None = None
    failed: KeysNotRead | None = None


class Profile(Struct, frozen=True, omit_defaults=True):
    """The state of `profile/<dev>`: the latest of each, what justifies looking, and when to look again.

    `opt_ins` are in force, in order of time, at most `OPT_INS_MAX`; `withdrawn` the latest that are not. When no
    opt-in is in force nothing that was observed is kept here.
    """

    profile: ProfileObserved | None = None
    site: SiteObserved | None = None
    deferred: CrawlDeferred | None = None
    status: Literal["unknown", "watched", "stopped"] = "unknown"
    next_at_us: int | None = None
    opt_ins: tuple[CrawlRequested, ...] = ()
    withdrawn: tuple[CrawlWithdrawn, ...] = ()

    @property
    def login(self) -> str | None:
        """What the developer is called by the latest opt-in in force."""
        return self.opt_ins[-1].login if self.opt_ins else None
