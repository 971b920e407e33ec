"""Show: one run of the demo against a node, and its outcome."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.cli.api import Api
from shared.cli.demo import consent, sprint
from shared.cli.demo.cast import Cast
from shared.cli.demo.stage import Stage
from shared.cli.demo.steps import Account, StepFailed
from shared.cli.failures import Failure, Misuse

SCENES: tuple[Callable[[Stage], None], ...] = (
    consent.arrive,
    consent.invite,
    consent.accept,
    consent.star_and_fork,
    consent.forge,
    sprint.let_in,
    sprint.withhold,
    sprint.open_brief,
    sprint.queue,
    sprint.wait_for_the_draw,
    consent.look_at_profiles,
    sprint.take_seats,
    sprint.work,
    sprint.publish,
)


@dataclass(frozen=True)
class Outcome:
    """What one run came to, as plain data; `failure` names the step that did not hold."""

    told: dict[str, Any]
    failure: Failure | None


def show(
    operator: Api, secret: bytes, players: Cast, *, profiles: bool, json: bool, begins_s: int | None = None
) -> Outcome:
    """Play all scenes, telling stdout, or stderr where stdout is for JSON; `begins_s` is Stage's."""
    out = sys.stderr if json else sys.stdout
    account, began = Account(out), time.monotonic()
    failure: Failure | None = None
    with tempfile.TemporaryDirectory(prefix="house-workshop-") as workshop:
        stage = Stage(operator, secret, players, account, Path(workshop), profiles, begins_s)
        try:
            for scene in SCENES:
                scene(stage)
        except StepFailed as error:
            failure = error
    elapsed_s = round(time.monotonic() - began, 2)
    if not failure:
        print(f"\nAll {len(account.told)} steps held, in {elapsed_s:.1f} s.", file=out, flush=True)
    told = {
        "steps": account.as_json(),
        "ids": stage.ids,
        "links": stage.links,
        "result": stage.result,
        "elapsed_s": elapsed_s,
        "ok": failure is None,
    }
    return Outcome(told | ({"failed": str(failure)} if failure else {}), failure)


def webhook_secret(data: Path, flag: str | None) -> bytes:
    """The flag, else the first of $HOUSE_GITHUB_SECRETS, else the one that the node made for itself.

    Raises:
        Misuse: there is none of them.
    """
    given = flag or os.environ.get("HOUSE_GITHUB_SECRETS", "")
    if given:
        return given.partition(",")[0].strip().encode()
    try:
        return (data / "secrets" / "github").read_bytes().strip()
    except OSError as error:
        raise Misuse(f"no webhook secret: name it with --secret, or the data directory ({error})") from error
