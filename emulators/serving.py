"""Serving: an ASGI application of this process on loopback."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

STOP_S_MAX = 10.0


class Taken(Exception):
    """The port cannot be listened on; the message says why."""


def listen(port: int) -> socket.socket:
    """A socket of loopback that listens, so that whoever comes before the server waits for it; port 0 takes a free one.

    Raises:
        Taken: it cannot be had.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise Taken(f"cannot listen on 127.0.0.1:{port}: {error.strerror}") from error
    return listening


def server(app: Any) -> uvicorn.Server:
    """What answers for `app`; its `run` wants a socket."""
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        interface="asgi3",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


@contextmanager
def serving(app: Any, port: int = 0) -> Iterator[str]:
    """A server in a thread of this process until the block ends; its URL.

    Raises:
        Taken: the port cannot be listened on.
    """
    listening = listen(port)
    answering = server(app)
    thread = threading.Thread(target=lambda: answering.run(sockets=[listening]), name="server", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        answering.should_exit = True
        thread.join(STOP_S_MAX)
