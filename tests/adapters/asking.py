"""PoliteWeb as its tests ask: over real HTTP on loopback."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from shared.adapters.clock import SystemClock
from shared.adapters.web import Limits, PoliteWeb
from shared.ports.web import Unreachable
from tests.loopback import Answer, Asked

QUICK = Limits(gap_s=0.0)
T = TypeVar("T")


def web(limits: Limits = QUICK, *, allow_private: bool = True) -> PoliteWeb:
    return PoliteWeb(SystemClock(), allow_private, "HouseBot/test", limits)


def run(waiting: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(waiting)


def told(_: Asked) -> Answer:
    return Answer(200, {"Content-Type": "text/plain", "ETag": '"1"'}, [b"hello"])


def refused(url: str, *, limits: Limits = QUICK, allow_private: bool = True) -> str:
    with pytest.raises(Unreachable) as why:
        run(web(limits, allow_private=allow_private).get(url))
    return str(why.value)


def hops(asked: Asked) -> Answer:
    left = int(asked.path.strip("/"))
    return Answer(302, {"Location": f"/{left - 1}"}) if left else Answer(200, {}, [b"there"])
