"""Whom to look at, and when.

Reads OptInConfirmed, OptInRevoked, Due. Emits CrawlRequested, CrawlWithdrawn, CrawlStopped; what act sees adds
ProfileObserved, SiteObserved or CrawlDeferred. Stream: profile/<dev>.

A developer is looked at while at least one opt-in of theirs is in force: at once when the first comes into
force, then once a day. What could not be read is tried again after an hour, then after twice as long each time.
"""

from typing import assert_never

import msgspec

from shared.domain.event import Due, Input
from shared.domain.instants import DAY_US, HOUR_US, MINUTE_US
from shared.domain.optins import OptInConfirmed, OptInRevoked
from shared.domain.profiles import (
    OPT_INS_MAX,
    CrawlDeferred,
    CrawlRequested,
    CrawlStopped,
    CrawlWithdrawn,
    Profile,
    ProfileObserved,
    SiteObserved,
)
from shared.ports.web import Unreachable
from shared.runtime.shapes import Fold

RETRY_US_MAX = 7 * DAY_US
"""The longest wait that a server may ask for."""

Observation = ProfileObserved | SiteObserved | CrawlDeferred
Happened = CrawlRequested | CrawlWithdrawn | CrawlStopped | Observation


class NotRead(Exception):
    """Something cannot be read now; the message says why, without names. `retry_at_us` is when to try again.

    Without `retry_at_us` that follows from how often it has failed. Caught in act, where it becomes an event.
    """

    def __init__(self, reason: str, retry_at_us: int | None = None) -> None:
        super().__init__(reason)
        self.retry_at_us = retry_at_us


def party_stream(party: int, arrived: Input) -> tuple[str, ...]:
    """The stream of one party, 0 or 1, of an opt-in; a Due is about the stream it lies on."""
    match arrived.body:
        case OptInConfirmed(parties=parties) | OptInRevoked(parties=parties):
            return (f"profile/{parties[party]}",)
        case Due():
            return (arrived.stream,)
        case _:
            return ()


def evolve(state: Profile, event: Happened) -> Profile:
    """The profile after `event`."""
    replace = msgspec.structs.replace
    match event:
        case CrawlRequested():
            others = (other for other in state.opt_ins if other.invitation != event.invitation)
            opt_ins = tuple(sorted((*others, event), key=lambda o: (o.requested_at_us, o.invitation)))
            return _watching(replace(state, status="watched", opt_ins=opt_ins), state, event.requested_at_us)
        case CrawlWithdrawn():
            opt_ins = tuple(other for other in state.opt_ins if other.invitation != event.invitation)
            ended = sorted((*state.withdrawn, event), key=lambda w: (w.withdrawn_at_us, w.invitation))
            after = replace(state, opt_ins=opt_ins, withdrawn=tuple(ended[-OPT_INS_MAX:]))
            return _watching(after, state, event.withdrawn_at_us)
        case CrawlStopped():
            return Profile(status="stopped", withdrawn=state.withdrawn)
        case ProfileObserved():
            same_site = state.site is not None and state.site.url == event.site
            site, deferred = (state.site if same_site else None), (state.deferred if event.site else None)
            next_at_us = event.observed_at_us + DAY_US
            return replace(state, profile=event, site=site, deferred=deferred, next_at_us=next_at_us)
        case SiteObserved():
            return replace(state, site=event, deferred=None)
        case CrawlDeferred():
            return replace(state, deferred=event, next_at_us=event.retry_at_us)
        case _:
            assert_never(event)


def _watching(after: Profile, before: Profile, now_us: int) -> Profile:
    """`after`, to be looked at now when the login to look at is not the one from before."""
    if after.login == before.login:
        return after
    return msgspec.structs.replace(after, next_at_us=None if after.login is None else now_us)


def decide(
    party: int, state: Profile, arrived: Input
) -> list[CrawlRequested | CrawlWithdrawn | CrawlStopped]:
    """What an opt-in, or its end, changes for one of its parties, 0 or 1."""
    match arrived.body:
        case OptInConfirmed() as confirmed:
            known = {opt_in.invitation for opt_in in state.opt_ins} | _ended(state)
            if confirmed.invitation in known or len(state.opt_ins) >= OPT_INS_MAX:
                return []
            developer, login = confirmed.parties[party], confirmed.logins[party]
            return [CrawlRequested(developer, login, confirmed.invitation, arrived.time_us)]
        case OptInRevoked() as revoked:
            if revoked.invitation in _ended(state):
                return []
            developer = revoked.parties[party]
            withdrawn = CrawlWithdrawn(developer, revoked.invitation, arrived.time_us)
            if evolve(state, withdrawn).opt_ins or state.status == "stopped":
                return [withdrawn]
            return [withdrawn, CrawlStopped(developer, arrived.time_us)]
        case _:
            return []


def _ended(state: Profile) -> set[str]:
    return {ended.invitation for ended in state.withdrawn}


def is_due(state: Profile, now_us: int) -> bool:
    """Whether it is time to look, and anyone may."""
    return state.login is not None and state.next_at_us is not None and state.next_at_us <= now_us


def deferred(state: Profile, target: str, why: NotRead | Unreachable, now_us: int) -> CrawlDeferred:
    """That `target` was not read: an hour's wait the first time, then twice the wait before, a day at most.

    What a server asks for goes before that, from a minute to `RETRY_US_MAX`.
    """
    last, wait_us = state.deferred, HOUR_US
    if isinstance(why, NotRead) and why.retry_at_us is not None:
        wait_us = max(MINUTE_US, min(why.retry_at_us - now_us, RETRY_US_MAX))
    elif last is not None and last.target == target and last.retry_at_us is not None:
        wait_us = min(max(2 * (last.retry_at_us - last.deferred_at_us), HOUR_US), DAY_US)
    return CrawlDeferred(state.opt_ins[-1].developer, target, str(why), now_us, now_us + wait_us)


def observed_last(state: Profile) -> ProfileObserved | None:
    """The last look at the profile, when it was at the login that is looked at now."""
    last = state.profile
    return last if last is not None and last.login == state.login else None


PROFILE = Fold("profile", Profile, Profile(), evolve, due_at_us=lambda state: state.next_at_us)
