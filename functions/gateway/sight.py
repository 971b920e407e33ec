"""What a caller may see of what is kept by somebody's name: asked here, whichever route or page it is for.

Operators see everything, clients what is theirs, developers what they are a party of. Of whoever was erased and came
back, only what came since (`Caller.sees`): the erasure left them nothing of before, not even to look at.
"""

from msgspec import Struct
from msgspec.structs import replace

from functions.gateway import kept
from functions.gateway.auth import Caller
from functions.gateway.signers import keys_of
from shared.domain.entries import EntryRecorded
from shared.domain.evidence import Key
from shared.domain.matches import Session, SessionProposed, TicketState
from shared.domain.optins import Invitation
from shared.domain.profiles import KeysNotRead, KeysObserved, ObservedKeys, Profile
from shared.domain.tokens import Token
from shared.ports.store import View
from shared.runtime.edge import Edge


class Drawn(Struct, frozen=True):
    """A session that has been proposed."""

    session: Session
    proposed: SessionProposed


class Keys(Struct, frozen=True):
    """A developer's keys: those they registered or revoked here, and what GitHub showed, or did not."""

    registered: tuple[Key, ...]
    observed: KeysObserved | None
    failed: KeysNotRead | None

    @property
    def revoked_at_us(self) -> dict[str, int]:
        """When keys were revoked, by fingerprint."""
        return {k.fingerprint: k.revoked_at_us for k in self.registered if k.revoked_at_us is not None}


def entry(who: Caller, found: EntryRecorded) -> bool:
    """Whether the caller may see the entry."""
    theirs = who.role == "developer" and who.subject in found.parties
    return who.everywhere or (theirs and who.sees(found.received_at_us))


def invitation(edge: Edge, who: Caller, commit: str) -> Invitation | None:
    """The invitation, for those who spoke, or were invited by number."""
    state = edge.state("optin", f"invitation/{commit}", Invitation)
    return state if state and (who.everywhere or _concerned(who, state)) else None


def invitations(
    edge: Edge, who: Caller, before: int | None, limit: int
) -> tuple[list[tuple[View, Invitation]], list[View]]:
    """One page of the developer's invitations, newest first; and all that were looked at for it."""
    found = edge.states("optin", Invitation, f"party:{who.subject}", before, limit)
    return [(view, state) for view, state in found if _concerned(who, state)], [view for view, _ in found]


def _concerned(who: Caller, state: Invitation) -> bool:
    """Whether the developer spoke, or was named, and when that was."""
    moments = [answer.received_at_us for answer in state.answers if answer.responder == who.subject]
    invited = state.invited
    if invited and who.subject in (invited.inviter, invited.invitee):
        moments.append(invited.received_at_us)
    return bool(moments) and who.sees(max(moments))


def session(edge: Edge, who: Caller, name: str) -> Drawn | None:
    """The session, for those with a seat in it, its client and operators."""
    state = edge.state("matchmaker", f"session/{name}", Session)
    proposed = state.proposed if state else None
    if state is None or proposed is None:
        return None
    theirs = proposed.client == who.subject if who.role == "client" else _seated(edge, who, proposed)
    return Drawn(state, proposed) if who.everywhere or theirs else None


def sessions(
    edge: Edge, who: Caller, before: int | None, limit: int
) -> tuple[list[tuple[View, Drawn]], list[View]]:
    """One page of the sessions with a seat of the developer's, newest first; and all that were looked at for it."""
    found = edge.states("matchmaker", Session, f"developer:{who.subject}", before, limit)
    drawn = [(view, Drawn(state, state.proposed)) for view, state in found if state.proposed]
    mine = [(view, one) for view, one in drawn if _seated(edge, who, one.proposed)]
    return mine, [view for view, _ in found]


def _seated(edge: Edge, who: Caller, proposed: SessionProposed) -> bool:
    seated = who.role == "developer" and any(seat.developer == who.subject for seat in proposed.seats)
    if not seated or not who.since_us:
        return seated
    # A stream's first event tells when it began.
    return who.sees(edge.read(f"session/{proposed.session}", 0, 1)[0].time_us)


def keys(edge: Edge, who: Caller) -> Keys:
    """The developer's keys."""
    registered = [
        key for key in keys_of(edge, who.subject) if who.sees(key.registered_at_us or key.revoked_at_us or 0)
    ]
    github = edge.state("crawler", f"keys/{who.subject}", ObservedKeys) or ObservedKeys()
    observed, failed = github.observed, github.failed
    return Keys(
        tuple(registered),
        observed if observed and who.sees(observed.observed_at_us) else None,
        failed if failed and who.sees(failed.failed_at_us) else None,
    )


def token(edge: Edge, who: Caller, digest: str) -> Token | None:
    """A token or session that speaks for the developer."""
    found = kept.token(edge, digest)
    theirs = found is not None and found.role == "developer" and found.subject == who.subject
    return found if found and theirs and who.sees(found.issued_at_us) else None


def ticket(edge: Edge, who: Caller) -> TicketState:
    """The developer's ticket, and where it is."""
    state = edge.state("matchmaker", f"ticket/{who.subject}", TicketState) or TicketState()
    return state if state.ticket is None or who.sees(state.ticket.requested_at_us) else TicketState()


def profile(edge: Edge, who: Caller) -> Profile:
    """What the crawler keeps of the developer."""
    state = edge.state("crawler", f"profile/{who.subject}", Profile) or Profile()
    seen, site, deferred = state.profile, state.site, state.deferred
    return replace(
        state,
        profile=seen if seen and who.sees(seen.observed_at_us) else None,
        site=site if site and who.sees(site.observed_at_us) else None,
        deferred=deferred if deferred and who.sees(deferred.deferred_at_us) else None,
        opt_ins=tuple(asked for asked in state.opt_ins if who.sees(asked.requested_at_us)),
    )
