"""Second act: a client's brief, five tickets, a draw, a session, and what came of it."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

from shared.cli.api import Answer
from shared.cli.demo import landing_page
from shared.cli.demo.cast import Developer
from shared.cli.demo.stage import Stage
from shared.cli.failures import Failure

STEP_S = 30
DRAW_S = 90  # a draw comes every ten seconds; a busy machine may miss some
POINTS_EACH = 8
COPY = (
    ("A", "Your beach, clean by Saturday."),
    ("B", "Forty neighbours, two hours, one clean beach."),
    ("C", "Join the movement for a cleaner coast."),
)
BALLOTS = ("AB", "B", "AB", "BC", "A")  # who approves of what: the second variant leads
SPREAD = 0.045  # of the points around the call to action, in fractions of the image
TICKET_S = 3600
WINDOW_S = 3600


def let_in(stage: Stage) -> None:
    """The operator gives five developers and a client their tokens."""
    with stage.account.step("Five developers and a client get their tokens", STEP_S) as step:
        people = [(d.first, "developer", f"github:{d.id}/{d.login}") for d in stage.cast.developers]
        for who, role, name in [*people, ("client", "client", stage.cast.client)]:
            issued = stage.post(stage.operator, "/api/tokens", {"role": role, "name": name}, "token", who)
            stage.voices[who] = stage.operator.speaking_for(issued["token"])
            stage.ids[who] = issued["subject"]
            step.say(f"{name}: {issued['subject']}, {role}")


def withhold(stage: Stage) -> None:
    """A party takes one entry back from everything."""
    guest = stage.guests[1]
    with stage.account.step(f"{guest.first.title()} withholds the entry of a star", STEP_S) as step:
        entry = stage.ids["entries"][guest.first]
        stage.post(stage.voices[guest.first], f"/api/entries/{entry}/withhold", {}, "withhold")

        def withheld() -> bool:
            return (stage.entry(entry) or {}).get("standing") == "withheld"

        step.until(withheld, "the entry to be withheld")
        step.say(f"entry {entry[:12]} is withheld: nothing derived from it may be used")
        step.link = stage.journey("withhold")


def open_brief(stage: Stage) -> None:
    """The client asks, with three variants of copy and one image."""
    with stage.account.step("A client opens a brief: three headlines and one landing page", STEP_S) as step:
        client = stage.voices["client"]
        wish = {
            "title": "The clean-up page",
            "question": "Which headline makes you come, and where do you look first?",
            "pool": stage.cast.pool,
            "sessions": 1,
            "window_s": WINDOW_S,
            "points_each": POINTS_EACH,
        }
        brief = stage.post(client, "/api/briefs", wish, "brief")["brief"]
        stage.ids["brief"], creatives = brief, f"/api/briefs/{brief}/creatives"
        for label, text in COPY:
            stage.post(client, creatives, {"kind": "copy", "label": label, "text": text}, "brief")
            step.say(f"{label}: {text}")
        image = _upload(stage, creatives, landing_page.draw())
        if image.status != 201:
            raise Failure(f"the image was not accepted: {image.reason}")
        step.say(f"landing page: {landing_page.WIDTH_PX} x {landing_page.HEIGHT_PX} pixels")
        stage.links["brief"] = step.link = stage.page(f"/briefs/{brief}")
        stage.links["client"] = stage.sign_in_link(client, f"/briefs/{brief}")


def _upload(stage: Stage, path: str, png: bytes) -> Answer:
    """Send the image as a browser's form would (RFC 7578)."""
    mark = "house-demo-part"
    fields = "".join(
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("kind", "image"), ("label", "Landing page"))
    )
    file = (
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="landing-page.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    body = (fields + file).encode() + png + f"\r\n--{mark}--\r\n".encode()
    headers = {
        "content-type": f"multipart/form-data; boundary={mark}",
        "x-correlation-id": stage.cast.id("brief"),
        "idempotency-key": stage.key("Landing page", "brief"),
    }
    return stage.voices["client"].ask("POST", path, body, headers)


def queue(stage: Stage) -> None:
    """All five wish to be matched, each for the lanes they like."""
    with stage.account.step("Five tickets, a lane for each", STEP_S) as step:
        for developer in stage.cast.developers:
            voice, what = stage.voices[developer.first], ("ticket", developer.first)
            stage.post(
                voice, "/api/consents", {"purpose": "participation", "given": True, "brief": None}, *what
            )
            wish = {
                "primary": developer.primary,
                "secondary": developer.secondary,
                "languages": list(developer.languages),
                "offset_h": developer.offset_h,
                "pool": stage.cast.pool,
                "expires_in_s": TICKET_S,
            }
            stage.post(voice, "/api/tickets", wish, *what)
        for developer in stage.cast.developers:
            step.until(partial(_queued, stage, developer), f"{developer.first}'s ticket")
            step.say(
                f"{developer.first}: {developer.primary}, else {developer.secondary};"
                f" {', '.join(developer.languages)}; UTC{developer.offset_h:+g}"
            )
        step.link = stage.journey("ticket", stage.host.first)


def _queued(stage: Stage, developer: Developer) -> bool:
    mine = stage.voices[developer.first].get("/api/tickets/mine")
    return bool(mine["opted_in"]) and mine["status"] in ("queued", "drawn")


def wait_for_the_draw(stage: Stage) -> None:
    """The matchmaker draws every ten seconds; it finds the five."""
    with stage.account.step("The draw, every ten seconds, makes a team of five", DRAW_S) as step:
        stage.ids["seats"] = {}
        for developer in stage.cast.developers:
            seat = step.until(partial(_seat, stage, developer), f"a seat for {developer.first}")
            stage.ids["seats"][developer.first] = seat["seat"]
            stage.ids.setdefault("session", seat["session"])
            step.expect(seat["session"] == stage.ids["session"], "the five are not in one session")
            step.say(f"{seat['lane']}: {developer.name}")
        step.link = stage.journey("brief")


def _seat(stage: Stage, developer: Developer) -> dict[str, Any] | None:
    seats = stage.voices[developer.first].get("/api/seats/mine")["seats"]
    return next((seat for seat in seats if seat["brief"] == stage.ids["brief"]), None)


def take_seats(stage: Stage) -> None:
    """All five accept; some agree to be introduced to the client."""
    with stage.account.step("All five take their seats, three agree to be introduced", STEP_S) as step:
        for developer in stage.cast.developers:
            path = f"/api/seats/{stage.ids['seats'][developer.first]}/accept"
            voice = stage.voices[developer.first]
            stage.post(voice, path, {"introduce": developer.introduce}, "seat", developer.first)
        session = step.until(lambda: _with_tasks(stage), "the session's tasks")
        step.expect(all(seat["accepted"] for seat in session["seats"]), "not every seat is taken")
        tasks = session["tasks"]
        stage.ids["creatives"] = {
            task["label"]: task["creative"] for task in tasks["copies"] + tasks["images"]
        }
        step.say(
            f"session {session['session']}: {len(tasks['copies'])} headlines to vote on,"
            f" {tasks['points_each']} points each to mark, until {session['window_end']}"
        )
        stage.links["session"] = step.link = stage.page(f"/api/sessions/{session['session']}")


def _with_tasks(stage: Stage) -> dict[str, Any] | None:
    path = f"/api/sessions/{stage.ids['session']}"
    session: dict[str, Any] = stage.voices[stage.host.first].get(path)
    tasks = session.get("tasks") or {}
    complete = len(tasks.get("copies", ())) == len(COPY) and len(tasks.get("images", ())) == 1
    return session if complete and session["window_end"] else None


def work(stage: Stage) -> None:
    """Each participant votes, and marks where they look first."""
    with stage.account.step("Votes on the headlines, points on the landing page", STEP_S) as step:
        path, chance = f"/api/sessions/{stage.ids['session']}", random.Random(stage.cast.nonce)  # noqa: S311  # a seeded spread, not a secret
        creatives = stage.ids["creatives"]
        for developer, liked in zip(stage.cast.developers, BALLOTS, strict=True):
            voice, what = stage.voices[developer.first], ("work", developer.first)
            approved = [creatives[label] for label in liked]
            stage.post(voice, f"{path}/votes", {"approved": approved}, *what)
            step.until(partial(_counted, stage, developer), f"{developer.first}'s ballot to be counted")
            points = [_point(chance, creatives["Landing page"]) for _ in range(POINTS_EACH)]
            stage.post(voice, f"{path}/points", {"points": points}, *what)
            step.say(f"{developer.first}: approves {' and '.join(liked)}; {POINTS_EACH} points")
        step.link = stage.journey("work", stage.host.first)


def _counted(stage: Stage, developer: Developer) -> bool:
    """Whether a ballot is: who votes and marks at once may begin their part with either."""
    kinds = {event["type"] for event in stage.journey_events("work", developer.first)}
    return "house.aggregator.metric-recorded.v1" in kinds


def _point(chance: random.Random, creative: str) -> dict[str, Any]:
    x, y = (min(max(chance.gauss(middle, SPREAD), 0.0), 1.0) for middle in landing_page.CALL_TO_ACTION)
    return {"creative": creative, "x": round(x, 4), "y": round(y, 4)}


def publish(stage: Stage) -> None:
    """The result goes back to the client: shares, heat, and who agreed to be introduced."""
    with stage.account.step("The client's result", STEP_S) as step:
        client = stage.voices["client"]
        result = step.until(lambda: _published(stage), "a published result")
        step.expect(
            result["leading"] == stage.ids["creatives"]["B"], "another variant leads than was voted for"
        )
        step.expect(all(c["ballots"] == 5 for c in result["copies"]), "not every ballot was counted")
        for copy in sorted(result["copies"], key=lambda c: c["label"]):
            bar = "#" * round(copy["share"] * 20)
            span = f"{copy['low']:.0%} to {copy['high']:.0%}"
            step.say(f"{copy['label']}  {bar:<20} {copy['approvals']} of {copy['ballots']} ({span})")
        image = result["images"][0]
        step.expect(not image["refusal"], f"no heat map: {image['refusal']}")
        step.expect(image["points"] == 5 * POINTS_EACH, f"{image['points']} points were counted")
        heat = client.ask("GET", image["overlay"])
        step.expect(heat.content.startswith(b"\x89PNG"), f"the heat map is no PNG: {heat.reason}")
        step.say(f"{image['points']} points on the landing page, heat map of {len(heat.content) // 1024} KiB")
        for lead in result["leads"]:
            step.say(f"lead {lead['developer']}: fit {lead['fit']}, engagement {lead['engagement']}")
        stage.result = result
        stage.links["heat"] = stage.page(image["overlay"])
        step.say("The client's own link, good for an hour:")
        step.link = stage.links["client"]


def _published(stage: Stage) -> dict[str, Any] | None:
    result: dict[str, Any] = stage.voices["client"].get(f"/api/briefs/{stage.ids['brief']}/results")
    leads = sum(developer.introduce for developer in stage.cast.developers)
    return result if result["status"] == "published" and len(result["leads"]) == leads else None
