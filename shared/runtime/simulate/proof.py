"""What must hold when a simulated world has come to rest, whatever went wrong on the way."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import Any

from shared.domain.deliveries import DeliveryAccepted
from shared.domain.entries import EntryRecorded
from shared.domain.event import Recorded
from shared.domain.ids import event_id
from shared.domain.leads import Leads
from shared.domain.matches import SessionProposed, TicketState
from shared.domain.optins import (
    EntryConfirmed,
    EntryWithheld,
    OptInConfirmed,
    OptInRevoked,
    Responded,
)
from shared.domain.requests import ConsentGiven, ConsentWithdrawn, SeatAccepted
from shared.domain.standing import OptIns, Standing
from shared.runtime.batch import encode_state
from shared.runtime.simulate.deeds import Webhook
from shared.runtime.simulate.world import World


class Broken(AssertionError):
    """An invariant does not hold; the message says which, and where."""


def prove(world: World) -> None:
    """Check every invariant of one world at rest.

    Raises:
        Broken: one does not hold.
    """
    for invariant in (
        nothing_parked,
        nothing_accepted_is_lost,
        each_effect_once,
        streams_are_gapless_with_one_writer,
        causes_are_known,
        states_are_the_fold_of_their_events,
        only_opted_in_developers_get_seats,
        only_covered_entries_are_confirmed,
        only_standing_consent_is_used,
        only_agreed_leads_stand,
        everything_was_handled,
    ):
        try:
            invariant(world)
        except AssertionError as error:
            name = invariant.__name__.replace("_", " ")
            raise Broken(f"{name}: {error}") from error


def nothing_parked(world: World) -> None:
    """No function met a bug."""
    for function in world.functions:
        for view in world.store.states(function.name, "parked"):
            raise Broken(f"{view.stream}: {view.state.decode()}")


def nothing_accepted_is_lost(world: World) -> None:
    """Every accepted webhook has its delivery and all its entries; every accepted request is in the log."""
    entries = Counter(event.causation for event, _ in world.bodies(EntryRecorded))
    deliveries = {body.digest: event for event, body in world.bodies(DeliveryAccepted)}
    ids = {event.id for event in world.log}
    webhooks = 0
    for key, item in world.accepted.items():
        if isinstance(item, Webhook):
            webhooks += 1
            assert not item.forged, f"a forged delivery was accepted: {key}"
            assert key in deliveries, f"delivery {key} is gone"
            assert entries[deliveries[key].id] == item.entries, f"delivery {key} lacks entries"
        else:
            assert event_id("gateway", key, 0) in ids, f"request {item.key} is gone"
    assert len(deliveries) == webhooks, "a delivery came of nothing accepted"
    for item in world.refused:
        assert item.forged, "a genuine delivery was refused"


def each_effect_once(world: World) -> None:
    """No event id is in the log twice."""
    twice = [identity for identity, times in Counter(event.id for event in world.log).items() if times > 1]
    assert not twice, f"event {twice[:1]} is there more than once"


def streams_are_gapless_with_one_writer(world: World) -> None:
    """Versions are 1, 2, 3, …, all written by one function."""
    for stream, events in _streams(world).items():
        assert [event.version for event in events] == list(range(1, len(events) + 1)), f"{stream} has a gap"
        assert len({event.function for event in events}) == 1, f"{stream} has two writers"


def causes_are_known(world: World) -> None:
    """Whatever follows from an event has its correlation and comes after it."""
    before: dict[str, Recorded] = {}
    for event in world.log:
        cause = before.get(event.causation)
        if cause is not None:
            assert cause.correlation == event.correlation, f"{event.type} of {event.stream} lost its journey"
        before[event.id] = event


def states_are_the_fold_of_their_events(world: World) -> None:
    """Rule 1: each state is what its events make of nothing."""
    streams = _streams(world)
    for function in world.functions:
        for view in world.states(function.name):
            events = streams[view.stream]
            whole = world.shells[function.name].folds.of(view.stream).whole
            state = _folded(world, function.name, view.stream, events)
            assert view.state == (events[0].data if whole else encode_state(state)), (
                f"{view.stream} is not the fold of its events"
            )
    kept = sum(len(world.states(function.name)) for function in world.functions)
    assert kept == len(streams), "a stream has no state"


def only_opted_in_developers_get_seats(world: World) -> None:
    """At each draw everybody seated had an opt-in in force, which both had said yes to."""
    confirmed = {body.invitation: body for _, body in world.bodies(OptInConfirmed)}
    yes = {
        (body.invitation, body.responder) for _, body in world.bodies(Responded) if body.answer == "accept"
    }
    streams = _streams(world)
    for proposal, proposed in world.bodies(SessionProposed):
        for seat in proposed.seats:
            earlier = [e for e in streams[f"ticket/{seat.developer}"] if e.position < proposal.position]
            state: TicketState = _folded(world, "matchmaker", f"ticket/{seat.developer}", earlier)
            assert state.opt_ins.stands, f"{seat.developer} was seated without an opt-in in force"
            for invitation in state.opt_ins.in_force:
                said = confirmed.get(invitation)
                assert said is not None, f"{invitation} was never confirmed"
                assert seat.developer in said.parties, f"{invitation} is no opt-in of {seat.developer}"
                assert (invitation, said.parties[1]) in yes, f"nobody accepted {invitation}"


def only_covered_entries_are_confirmed(world: World) -> None:
    """EntryConfirmed speaks of entries that an opt-in covered and nobody had withheld."""
    entries = {body.hash: body for _, body in world.bodies(EntryRecorded)}
    streams = _streams(world)
    for event, confirmed in world.bodies(EntryConfirmed):
        earlier = streams[event.stream][: event.version - 1]
        standing: Standing = _folded(world, "optin", event.stream, earlier)
        entry = entries[confirmed.entry]
        assert standing.covers(entry.received_at_us), f"{entry.hash} was covered by no opt-in"
        assert entry.hash not in standing.withheld, f"{entry.hash} had been withheld"
    withheld = {body.entry for _, body in world.bodies(EntryWithheld)}
    for view in world.states("optin"):
        if view.stream.startswith("optin/"):
            state: Standing = _folded(world, "optin", view.stream, streams[view.stream])
            assert state.withheld <= withheld, f"{view.stream} withholds what nobody asked for"


def only_standing_consent_is_used(world: World) -> None:
    """At rest nobody without an opt-in in force is a lead, or has a vote or a point in a result."""
    standing: dict[str, OptIns] = {}
    for _, confirmed in world.bodies(OptInConfirmed):
        for party in confirmed.parties:
            standing[party] = standing.get(party, OptIns()).gained(confirmed.invitation)
    for _, revoked in world.bodies(OptInRevoked):
        for party in revoked.parties:
            standing[party] = standing.get(party, OptIns()).lost(revoked.invitation, revoked.revoked_at_us)
    stand = {party for party, opt_ins in standing.items() if opt_ins.stands}
    streams = _streams(world)
    counted: Counter[str] = Counter()
    for view in world.states("aggregator"):
        kind, _, name = view.stream.partition("/")
        state = _folded(world, "aggregator", view.stream, streams[view.stream])
        if kind == "lead":
            assert name in stand or not state.leads, f"{name} is a lead without an opt-in in force"
        if kind == "result" and state.closed:
            did = [done for developer, done in state.done.items() if developer in stand]
            points = sum(len(marks.points) for done in did for marks in done.marks)
            counted[state.closed.brief] += points + sum(done.ballot is not None for done in did)
    for view in world.states("aggregator"):
        if view.stream.startswith("brief/"):
            result = _folded(world, "aggregator", view.stream, streams[view.stream]).result
            if result:
                ballots = max((copy.ballots for copy in result.copies), default=0)
                used = ballots + sum(image.marked for image in result.images)
                wanted = counted[result.brief]
                assert used == wanted, f"{view.stream} uses {used} votes and points, {wanted} may be used"


def only_agreed_leads_stand(world: World) -> None:
    """Whoever is a lead said yes last, by the instants in what they said."""
    said: dict[str, list[Any]] = {}
    spoken: list[ConsentGiven | ConsentWithdrawn | SeatAccepted] = [
        *(body for _, body in world.bodies(ConsentGiven)),
        *(body for _, body in world.bodies(ConsentWithdrawn)),
        *(body for _, body in world.bodies(SeatAccepted)),
    ]
    for body in spoken:
        said.setdefault(body.developer, []).append(body)
    for view in world.states("aggregator"):
        if not view.stream.startswith("lead/"):
            continue
        leads: Leads = _folded(world, "aggregator", view.stream, world.store.read(view.stream))
        for brief, lead in leads.leads.items():
            sessions = {part.session for part in leads.participations[brief]}
            answers = [a for body in said.get(lead.developer, ()) if (a := _answer(body, brief, sessions))]
            assert answers, f"{lead.developer} never agreed to be introduced to the client of {brief}"
            assert max(answers)[1] == "yes", f"{lead.developer} took their agreement back"


def _answer(body: Any, brief: str, sessions: set[str]) -> tuple[int, str] | None:
    """When they said what about being introduced to the brief's client; `no` sorts before `yes`, so it is `~no`."""
    match body:
        case SeatAccepted(introduce=True, session=session) if session in sessions:
            return body.accepted_at_us, "yes"
        case ConsentGiven(purpose="introduction", brief=scope) if scope in (None, brief):
            return body.given_at_us, "yes"
        case ConsentWithdrawn(purpose="participation"):
            return body.withdrawn_at_us, "~no"
        case ConsentWithdrawn(purpose="introduction", brief=scope) if scope in (None, brief):
            return body.withdrawn_at_us, "~no"
        case _:
            return None


def everything_was_handled(world: World) -> None:
    """Every event, given to its readers once more, changes nothing: none was missed, and none counts twice."""
    before = list(world.log)
    known = len(before)
    for shell in world.shells.values():
        if not shell.function.errands and shell.reads:
            shell.handle([event for event in before if event.type in shell.reads])
    added = world.log[known:]
    assert not added, f"{added[0].type} of {added[0].stream} came only now"


def _streams(world: World) -> dict[str, list[Recorded]]:
    streams: dict[str, list[Recorded]] = {}
    for event in world.log:
        streams.setdefault(event.stream, []).append(event)
    return streams


def _folded(world: World, function: str, stream: str, events: list[Recorded]) -> Any:
    fold = world.shells[function].folds.of(stream)
    return reduce(fold.evolve, map(world.body, events), fold.initial)
