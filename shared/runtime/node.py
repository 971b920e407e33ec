"""The embedded node: every function in one process, on SQLite and files."""

from __future__ import annotations

import asyncio
import json
import os
import secrets as randomness
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shared.runtime import raw
from shared.runtime.acceptance import operator
from shared.runtime.discover import functions
from shared.runtime.edge import Receipt, Submission, Trouble
from shared.runtime.errander import Errander
from shared.runtime.logs import log
from shared.runtime.patience import Patience
from shared.runtime.reading import Reading
from shared.runtime.settings import Settings, SettingsError
from shared.runtime.shapes import EVERY, Asgi, Function, Intake
from shared.runtime.shell import Shell
from shared.runtime.wiring import Wired, embedded
from shared.runtime.worker import Worker

STOP_S_MAX = 8.0
CLEAN_EVERY_S = 3600.0


class Node:
    """All functions on one data directory."""

    def __init__(self, settings: Settings, declared: list[Function] | None = None) -> None:
        self.settings = settings
        self.wired: Wired = embedded(settings)
        self.shells = {f.name: Shell(f, self.wired.ports) for f in declared or functions()}
        self.worker = Worker(list(self.shells.values()), self.wired.ports)
        self.errander = Errander(list(self.shells.values()), self.worker, self.wired.gateways)
        self._routes = self._apps()
        self._stopped = threading.Event()
        self._cleaner = threading.Thread(target=self._clean, name="cleaner", daemon=True)

    def start(self) -> None:
        """Begin to work; an operator's token lies in the data directory from then on."""
        self.worker.start()
        self._issue_operator_token()
        self.errander.start()
        self._cleaner.start()

    def stop(self) -> None:
        """Finish what is in hand and let go of the data directory."""
        self._stopped.set()
        self.errander.stop(STOP_S_MAX / 4)
        self.worker.stop(STOP_S_MAX / 2)
        self.wired.close()

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        """The whole HTTP side as one ASGI application: the longest matching prefix answers."""
        path = scope.get("path", "/")
        for prefix, app in self._routes:
            if path.startswith(prefix):
                await app(scope, receive, send)
                return

    def _apps(self) -> list[tuple[str, Asgi]]:
        routes: list[tuple[str, Asgi]] = []
        for shell in self.shells.values():
            for intake in shell.function.intakes:
                app = intake.app(NodeEdge(self, shell, intake))
                routes.extend((path, app) for path in intake.paths)
        return sorted(routes, key=lambda route: -len(route[0]))

    def _issue_operator_token(self) -> None:
        path = self.settings.data / "operator.token"
        if path.exists() or "gateway" not in self.shells:
            return
        token = f"hse_{randomness.token_urlsafe(32)}"
        first = operator(token, self.wired.ports.clock.now_us())
        self.worker.run(lambda: self.shells["gateway"].accept([first])).result(STOP_S_MAX)
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token)

    def _clean(self) -> None:
        """Let raw bodies go after their days."""
        patience, wait_s = Patience("node"), CLEAN_EVERY_S
        while not self._stopped.wait(wait_s):
            try:
                self._expire()
            except Exception as error:
                wait_s = patience.failed(error)
                continue
            patience.succeeded()
            wait_s = CLEAN_EVERY_S

    def _expire(self) -> None:
        ports = self.wired.ports
        kept_from = raw.expire(ports.clock.now_us(), ports.store, ports.seals)
        for name in ports.bucket.names("raw/"):
            if name.split("/")[1] < kept_from:
                ports.bucket.delete(name)


class NodeEdge(Reading):
    """What one HTTP function of this node may do: see Edge."""

    def __init__(self, node: Node, shell: Shell, intake: Intake) -> None:
        self._node, self._shell = node, shell
        wired = node.wired
        views = self.functions if intake.views == EVERY else (shell.name, *intake.views)
        super().__init__(shell.name, wired.ports, wired.secrets, wired.gateways, views)

    @property
    def functions(self) -> tuple[str, ...]:
        """See Edge."""
        return tuple(self._node.shells)

    async def submit(self, submission: Submission) -> Receipt:
        """See Edge."""
        return self.readable(await self._node.worker.submit(self._shell, submission))

    def troubles(self) -> list[Trouble]:
        """See Edge."""
        return self._node.worker.troubles()

    async def redrive(self, function: str, stream: str) -> bool:
        """See Edge."""
        shell = self._node.shells[function]
        if shell.function.errands:
            return await asyncio.to_thread(self._node.errander.redrive, shell, stream)
        return bool(await asyncio.wrap_future(self._node.worker.run(lambda: shell.redrive(stream))))


def run(settings: Settings, ready: Callable[[Node, str], None] | None = None) -> None:
    """Run a node until SIGTERM or SIGINT; `ready` is called with the node and its URL once it answers.

    Raises:
        SettingsError: the data directory or the address cannot be used.
    """
    import uvicorn

    listening = _bind(settings)
    port = listening.getsockname()[1]
    url = f"http://{'127.0.0.1' if settings.host == '0.0.0.0' else settings.host}:{port}"  # noqa: S104 - compared, not bound
    try:
        node = Node(replace(settings, port=port, origin=settings.origin or url))
    except BaseException:
        listening.close()
        raise
    node.start()
    config = uvicorn.Config(
        node.app,
        loop="uvloop",
        http="httptools",
        interface="asgi3",  # a bound method is not recognised as one
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=2048,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    marker = settings.data / "node.json"
    marker.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    if ready is not None:
        announce = ready
        threading.Thread(
            target=lambda: _when_started(server, lambda: announce(node, url)), daemon=True
        ).start()
    try:
        server.run(sockets=[listening])
    finally:
        marker.unlink(missing_ok=True)
        node.stop()
        log("note", "stopped", "node")


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"HOUSE_PORT: cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from error
    return listening


def _when_started(server: Any, then: Callable[[], None]) -> None:
    while not server.started:
        threading.Event().wait(0.02)
    then()
