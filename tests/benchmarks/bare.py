"""The peers of intake: an endpoint that only reads the body and answers 202, and a server that does not even parse.

`python -m tests.benchmarks.bare endpoint|constant` prints its port and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from typing import Any

ANSWER = b'{"delivery":"' + b"0" * 64 + b'","correlationid":"' + b"0" * 32 + b'"}'
_LENGTH = re.compile(rb"content-length: (\d+)\r\n")


async def endpoint(scope: Any, receive: Any, send: Any) -> None:
    """Read the whole body, answer 202."""
    while (await receive()).get("more_body", False):
        pass
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(ANSWER)),
    ]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": ANSWER})


class Constant(asyncio.Protocol):
    """Counts bytes and answers when there are enough: what the load client can do at most."""

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        self._transport, self._left = transport, 0

    def data_received(self, data: bytes) -> None:
        """Take one request after the other; a client that waits for its answer sends no two at once."""
        if not self._left:
            found = _LENGTH.search(data)
            assert found is not None
            self._left = data.index(b"\r\n\r\n") + 4 + int(found[1])
        self._left -= len(data)
        if not self._left:
            head = b"HTTP/1.1 202 Accepted\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
            self._transport.write(head + ANSWER)


def main() -> None:
    """Serve one of the two, as the node is served."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listening.getsockname()[1], flush=True)
    if sys.argv[1] == "endpoint":
        import uvicorn

        config = uvicorn.Config(
            endpoint, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_config=None,
            server_header=False, backlog=2048,
        )  # fmt: skip
        uvicorn.Server(config).run(sockets=[listening])
        return
    import uvloop

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Constant, sock=listening)
        await server.serve_forever()

    uvloop.run(serve())


if __name__ == "__main__":
    main()
