"""The looking itself: what is decided, then, when it is time, the profile and its site, through the gateways."""

from collections.abc import Sequence
from functools import reduce

from functions.crawler import github, site
from functions.crawler.decide import NotRead, decide, deferred, evolve, is_due, observed_last
from shared.domain.event import Due, Event, House, Input
from shared.domain.profiles import CrawlDeferred, Profile, ProfileObserved, SiteObserved
from shared.ports.web import Unreachable
from shared.runtime.shapes import Gateways


async def act(party: int, state: Profile, arrived: Input, gateways: Gateways) -> Sequence[Event]:
    """What the input changes for one party, 0 or 1, of an opt-in, and what is seen when it is time to look."""
    decided = decide(party, state, arrived)
    after = reduce(evolve, decided, state)
    now_us = arrived.time_us
    if isinstance(arrived.body, Due):
        now_us = max(now_us, arrived.body.due_at_us)
    if not is_due(after, now_us):
        return decided
    profile = await _look_at_profile(after, now_us, arrived.house, gateways)
    if isinstance(profile, CrawlDeferred) or profile.site is None:
        return [*decided, profile]
    return [*decided, profile, await _look_at_site(evolve(after, profile), profile.site, now_us, gateways)]


async def _look_at_profile(
    state: Profile, now_us: int, house: House, gateways: Gateways
) -> ProfileObserved | CrawlDeferred:
    """One look at the profile, its organizations and, where a token lets us ask for it, its status."""
    opt_in, last = state.opt_ins[-1], observed_last(state)
    web, base, token = gateways.web, gateways.github_url, gateways.github_token
    url, status = github.user_url(base, opt_in.login), github.Status()
    try:
        page = await web.get(url, github.headers(token, last.etag if last else None))
        user = github.user(page, opt_in.developer, last, house, now_us)
        asked = github.headers(token, last.organizations_etag if last else None)
        page = await web.get(github.organizations_url(base, opt_in.login), asked)
        organizations = github.organizations(page, last, now_us)
        if token:
            query = github.status_query(opt_in.login)
            page = await web.post_json(github.graphql_url(base), query, github.headers(token))
            status = github.status(page, now_us)
    except (NotRead, Unreachable) as why:
        return deferred(state, url, why, now_us)
    return ProfileObserved(
        opt_in.developer,
        opt_in.login,
        now_us,
        user.name,
        user.site,
        status.message,
        status.emoji,
        status.busy,
        organizations.logins,
        user.etag,
        organizations.etag,
    )


async def _look_at_site(
    state: Profile, url: str, now_us: int, gateways: Gateways
) -> SiteObserved | CrawlDeferred:
    """One look at the page of the profile's site, if robots.txt lets us."""
    developer, last = state.opt_ins[-1].developer, state.site
    try:
        await _check_robots(url, now_us, gateways)
        page = await gateways.web.get(url, site.headers(last))
        if page.url != url:
            # The page lies elsewhere: what was read there is used only if its own rules allow it.
            await _check_robots(page.url, now_us, gateways)
        return site.observed(page, developer, url, last, now_us)
    except (NotRead, Unreachable) as why:
        return deferred(state, url, why, now_us)


async def _check_robots(url: str, now_us: int, gateways: Gateways) -> None:
    site.check_robots(await gateways.web.get(site.robots_url(url)), url, now_us)
