"""Serve: a declared function as the target that functions-framework runs, one process for each.

A function's `main.py` ends in `optin = serve(FUNCTION)`. To import it costs nothing but the declaration; settings are
read when the framework loads it, clients are made when they are first used.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from shared.runtime.shapes import Function

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from shared.runtime.cloud import CloudSettings
    from shared.runtime.hosted_http import Host

Target = Callable[["Request"], Awaitable["Response"]]
_FRAMEWORK = "functions_framework"


def serve(function: Function) -> Target:
    """The target of a function: a plain function of its name.

    Raises:
        SettingsError: the framework loads it, and the environment lacks what it needs.
    """
    # Elsewhere, as in a node that runs all functions, there is nothing to serve and nothing to be set.
    serving = _FRAMEWORK in sys.modules and os.environ.get("FUNCTION_TARGET") == function.name
    settings = _settings() if serving else None
    living: list[tuple[Host, asyncio.Task[None]]] = []

    async def target(request: Request) -> Response:
        if not living:
            host, leave = _host(function, settings or _settings())
            _end_in_order()
            living.append((host, asyncio.create_task(_until_the_end(leave))))
        return await living[0][0].answer(request)

    target.__name__ = function.name
    if not serving:
        return target
    from functions_framework.aio import http

    # It is told here that this one is asynchronous, so that no flag has to be given.
    return cast(Target, http(target))


def _settings() -> CloudSettings:
    from shared.runtime.cloud import CloudSettings

    return CloudSettings.load(os.environ)


def _host(function: Function, settings: CloudSettings) -> tuple[Host, Callable[[], None]]:
    """What answers, and what is to be done at the end."""
    from shared.runtime.callers import Callers
    from shared.runtime.cloud import on_cloud
    from shared.runtime.hosted import Hosted
    from shared.runtime.hosted_http import Host
    from shared.runtime.others import Others

    wired = on_cloud(function, settings, os.environ)
    callers = Callers(settings.audience, settings.invoker) if settings.audience else None
    hosted = Hosted(function, wired.ports, wired.secrets, wired.gateways, settings.lateness_s)

    def leave() -> None:
        hosted.leave()
        with suppress(TimeoutError):
            wired.close()

    return Host(hosted, callers, Others(settings.urls, settings.accounts), wired.functions), leave


def _end_in_order() -> None:
    """Let a signal end the server as it ends by itself: with what is in hand done, and its loop closed.

    uvicorn would do the first, and then have the signal kill the process before anything else.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        server = getattr(signal.getsignal(number), "__self__", None)
        if hasattr(server, "should_exit"):
            signal.signal(number, lambda *_, server=server: setattr(server, "should_exit", True))


async def _until_the_end(leave: Callable[[], None]) -> None:
    """Do as `leave` does once the loop is being closed, when nothing is in hand any more."""
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.to_thread(leave)
