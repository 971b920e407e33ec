"""First act: five developers say yes to each other in commits, and the log shows who did what."""

from functools import partial
from typing import Any

from shared.cli.demo import payloads
from shared.cli.demo.cast import Developer
from shared.cli.demo.repositories import Repository, message
from shared.cli.demo.stage import Stage
from shared.domain.instants import DAY_US, SECOND_US, rfc3339

STEP_S = 30
CRAWL_S = 90  # one request a second per host, a handful for each of five developers
INVITATION_DAYS = 7


def arrive(stage: Stage) -> None:
    """The node answers, and says what an invitation has to name."""
    with stage.account.step("The House is open", STEP_S) as step:
        ready = step.until(lambda: _ready(stage), "a node that is ready")
        house = stage.operator.get("/api/house")
        step.expect(ready and house["terms"].startswith("sha256:"), "GET /api/house names no terms")
        stage.ids |= {"origin": house["origin"], "terms": house["terms"], "run": stage.cast.nonce}
        step.say(f"{house['name']} at {house['origin']}, notice {house['terms'][:19]}…")
        stage.links["operator"] = stage.sign_in_link(stage.operator, "/")
        step.say("Open this first, to be signed in as the operator for an hour:")
        step.link = stage.links["operator"]


def _ready(stage: Stage) -> bool:
    return stage.operator.ask("GET", "/readyz").status == 200


def invite(stage: Stage) -> None:
    """The host invites each guest with one commit in a repository of their own."""
    host = stage.host
    with stage.account.step(f"{host.first.title()} invites four developers, one commit each", STEP_S) as step:
        repository = Repository.create(stage.workshop, host, "tide-tables", host.id * 10)
        stage.repositories[host.first] = repository
        stage.ids["invitations"] = {}
        for number, guest in enumerate(stage.guests):
            before, at_s = repository.head(), stage.at_s()
            text = message(
                f"Ask {guest.first.title()} to a design sprint",
                "A two-hour sprint on one landing page, with people who said yes.",
                {
                    "House-Invite": f"github:{guest.login}",
                    "House-Purpose": "sprint-match/1",
                    "House-Terms": stage.ids["terms"],
                    "House-Origin": stage.ids["origin"],
                    "House-Id": stage.cast.id("invitation", guest.first),
                    "House-Expires": rfc3339(at_s * SECOND_US + INVITATION_DAYS * DAY_US),
                },
            )
            files = {f"sprints/{number + 1}.md": f"# Sprint {number + 1}\n\nWith {guest.name}.\n"}
            commit = repository.commit(host, text, files, at_s)
            stage.accepted(
                "push", payloads.push(repository, host, before), stage.cast.id("optin", guest.first)
            )
            stage.ids["invitations"][guest.first] = commit
            entry = step.until(partial(stage.entry, commit), f"an entry of commit {commit[:12]}")
            step.expect(
                not entry["refusal"], f"the invitation counts as an ordinary commit: {entry['refusal']}"
            )
            step.say(f"{entry['sentence']}: github:{guest.login}")
        for guest in stage.guests:
            step.until(partial(_admitted, stage, guest), f"{guest.first}'s invitation to be admitted")
        step.link = stage.journey("optin", stage.guests[0].first)


def _admitted(stage: Stage, guest: Developer) -> bool:
    """Whether the invitation's id has turned out to be its own, so that an answer finds it valid."""
    kinds = {event["type"] for event in stage.journey_events("optin", guest.first)}
    return "house.optin.invitation-admitted.v1" in kinds


def accept(stage: Stage) -> None:
    """The first guest answers, and then the others."""
    first, *others, last = stage.guests
    _accept(stage, (first,), f"{first.first.title()} accepts, in a commit of their own")
    names = ", ".join(guest.first.title() for guest in others)
    _accept(stage, (*others, last), f"{names} and {last.first.title()} accept too")


def _accept(stage: Stage, guests: tuple[Developer, ...], title: str) -> None:
    """Guests answer with commits of their own in the first guest's repository, and the opt-ins are confirmed."""
    owner = stage.guests[0]
    with stage.account.step(title, STEP_S) as step:
        if owner.first not in stage.repositories:
            stage.repositories[owner.first] = Repository.create(
                stage.workshop, owner, "field-notes", owner.id * 10
            )
        repository = stage.repositories[owner.first]
        for guest in guests:
            before, invitation = repository.head(), stage.ids["invitations"][guest.first]
            text = message(
                "Say yes to the sprint",
                f"{stage.host.first.title()} asked, and I have read the notice.",
                {
                    "House-Accept": invitation,
                    "House-Terms": stage.ids["terms"],
                    "House-Origin": stage.ids["origin"],
                },
            )
            repository.commit(guest, text, {f"{guest.first}.md": f"{guest.name} is in.\n"}, stage.at_s())
            stage.accepted(
                "push", payloads.push(repository, guest, before), stage.cast.id("optin", guest.first)
            )
        for guest in guests:
            invitation = stage.ids["invitations"][guest.first]
            opt_in = step.until(partial(_settled, stage, invitation), f"{guest.first}'s opt-in")
            step.expect(
                opt_in["status"] == "confirmed", f"{guest.first}: {opt_in['status']}, {opt_in['reason']}"
            )
            step.say(f"{invitation[:12]} + {opt_in['response'][:12]}: confirmed at {opt_in['confirmed_at']}")
        step.link = stage.journey("optin", guests[0].first)


def _settled(stage: Stage, invitation: str) -> dict[str, Any] | None:
    answer = stage.operator.ask("GET", f"/api/optins/{invitation}")
    waiting = answer.status != 200 or answer.body["status"] in ("unknown", "invited", "responded")
    return None if waiting else answer.body


def look_at_profiles(stage: Stage) -> None:
    """An opt-in lets the crawler look at the two developers' public profiles, and at nothing before it."""
    wanted = ["profile-observed"] if stage.profiles else ["profile-observed", "crawl-deferred"]
    with stage.account.step("The crawler has looked at public profiles, now that it may", CRAWL_S) as step:
        guest, event = step.until(partial(_crawled, stage, wanted), " or ".join(wanted))
        what, data = event["type"].split(".")[2], event["data"]
        if what == "profile-observed":
            step.say(f"{data['login']}: {data.get('name')}, {data.get('emoji')} {data.get('status')}")
        else:
            step.say("This node's crawler looks at the real GitHub, where nobody of the demo lives.")
        step.link = stage.journey("optin", guest.first)


def _crawled(stage: Stage, wanted: list[str]) -> tuple[Developer, dict[str, Any]] | None:
    for guest in stage.guests:
        for event in stage.journey_events("optin", guest.first):
            if event["type"].split(".")[2] in wanted:
                return guest, event
    return None


def star_and_fork(stage: Stage) -> None:
    """Guests star and fork the host's repository: entries between two who opted in, so they may be used."""
    repository = stage.repositories[stage.host.first]
    with stage.account.step("Stars and a fork become entries that may be used", STEP_S) as step:
        for guest in stage.guests:
            what = "fork" if guest is stage.guests[-1] else "star"
            if what == "fork":
                payload = payloads.fork(repository, guest, guest.id * 10 + 1)
            else:
                payload = payloads.star(repository, guest, stage.at_s())
            stage.accepted(what, payload, stage.cast.id(what, guest.first))
        stage.ids["entries"] = {}
        for guest in stage.guests:
            what = "fork" if guest is stage.guests[-1] else "star"
            entry = step.until(partial(_confirmed, stage, what, guest), f"{guest.first}'s {what}")
            stage.ids["entries"][guest.first] = entry["hash"]
            step.say(f"{entry['sentence']}: {entry['standing']}")
        step.link = stage.page("/log")


def _confirmed(stage: Stage, what: str, guest: Developer) -> dict[str, Any] | None:
    recorded = [
        e for e in stage.journey_events(what, guest.first) if e["type"] == "house.eventlog.entry-recorded.v1"
    ]
    entry = stage.entry(recorded[0]["data"]["hash"]) if recorded else None
    return entry if entry and entry["standing"] == "confirmed" else None


def forge(stage: Stage) -> None:
    """A delivery that somebody else signed is refused at the door; a repeated one changes nothing."""
    repository = stage.repositories[stage.host.first]
    with stage.account.step("A forged delivery is refused, a repeated one changes nothing", STEP_S) as step:
        payload = payloads.star(repository, stage.guests[0], stage.at_s())
        forged = stage.deliver("star", payload, stage.cast.id("forged"), secret=b"not the secret")
        step.expect(forged.status == 401, f"expected 401, got {forged.reason}")
        step.say(f"forged: {forged.reason}")
        step.expect(not stage.journey_events("forged"), "the forged delivery became events")
        payload = payloads.push(repository, stage.host, "0" * 40)
        first = stage.deliver("push", payload, stage.cast.id("repeated"))
        again = stage.deliver("push", payload, stage.cast.id("repeated"))
        step.expect((first.status, again.status) == (202, 200), f"expected 202 and 200, got {again.reason}")
        step.expect(first.body == again.body, "the repeated delivery has other ids")
        step.say(f"repeated: 200 with the same ids, {again.body['delivery'][:12]}…")
        step.link = stage.journey("repeated")
