"""A proxy on loopback between Google's clients and an emulator, which fails as a test tells it to.

Every call, also a stream, is passed on as it is: raw bytes, metadata, deadline, the emulator's own errors. A fault is
about one method, by its last name (`Commit`, `Publish`), and about requests that contain certain bytes, such as a
function's or a topic's name. *Before*: the emulator never hears of the call. *After*: it has done what it was asked
to, and the answer is lost.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast

import grpc

WORKERS = 64
"""As many calls can be under way at once, held ones included."""
HELD_S_MAX = 30.0
_UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
_OF_THE_TRANSPORT = ("user-agent", "content-type", "te", "grpc-accept-encoding", "grpc-encoding")


@dataclass(eq=False)
class Fault:
    """What is to go wrong with the next `times` such calls.

    A held call is there once `reached` is set, and waits until `released` is. `gone`: whoever made the call is.
    """

    method: str
    about: bytes
    after: bool
    status: grpc.StatusCode | None
    times: int
    held: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """One emulator, `upstream` as `host:port`, behind `address`. `calls` counts the calls by method."""

    def __init__(self, upstream: str) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._port = 0
        self.calls: Counter[str] = Counter()
        self._channel = grpc.insecure_channel(upstream, _UNLIMITED)
        self._listen()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop(None).wait(5)
        self._channel.close()

    @property
    def address(self) -> str:
        """Where clients find it, as `host:port`."""
        return f"127.0.0.1:{self._port}"

    def fail(
        self, method: str, status: grpc.StatusCode, *, after: bool = False, about: bytes = b"", times: int = 1
    ) -> Fault:
        """Answer the next such calls with `status`; `times` of what is returned says how many are still to come."""
        return self._add(Fault(method, about, after, status, times))

    @contextmanager
    def held(self, method: str, *, after: bool = False, about: bytes = b"") -> Iterator[Fault]:
        """Hold the next such call until the block ends."""
        fault = self._add(Fault(method, about, after, None, 1, held=True))
        try:
            yield fault
        finally:
            fault.released.set()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Cut every connection and take no new one until the block ends."""
        self._server.stop(None).wait(5)
        try:
            yield
        finally:
            self._listen()

    def _add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def _listen(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(WORKERS), [_Every(self._passed)], options=_UNLIMITED)
        self._port = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        self._server.start()

    def _fault(self, method: str, first: bytes) -> Fault | None:
        with self._lock:
            self.calls[method] += 1
            for fault in self._faults:
                if fault.method == method and fault.times and fault.about in first:
                    fault.times -= 1
                    return fault
        return None

    def _passed(self, path: str, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        """One call: fail or wait before it is passed on, pass it on, fail or wait after it."""
        first = next(requests, b"")
        fault = self._fault(path.rpartition("/")[2], first)
        if fault and not fault.after:
            _befall(fault, context)
        call = cast(Any, self._channel.stream_stream(path))(
            chain([first], requests), timeout=context.time_remaining(), metadata=_own(context)
        )
        context.add_callback(call.cancel)
        try:
            if fault and fault.after:
                answers = list(call)
                _befall(fault, context)
                yield from answers
            else:
                yield from call
        except grpc.RpcError as error:
            failed = cast(grpc.Call, error)
            context.set_trailing_metadata(failed.trailing_metadata() or ())
            context.abort(failed.code(), failed.details() or "")


def _befall(fault: Fault, context: grpc.ServicerContext) -> None:
    """What the fault says happens to the call; one whose client has gone meanwhile ends."""
    context.add_callback(fault.gone.set)
    fault.reached.set()
    if fault.held:
        fault.released.wait(HELD_S_MAX)
    if fault.status is not None:
        context.abort(fault.status, "a fault that a test asked for")
    if not context.is_active():
        context.abort(grpc.StatusCode.CANCELLED, "whoever asked has gone")


def _own(context: grpc.ServicerContext) -> list[tuple[str, Any]]:
    """The caller's metadata, without what the transport adds anew."""
    given = [(str(name), value) for name, value in context.invocation_metadata()]
    return [(name, value) for name, value in given if name not in _OF_THE_TRANSPORT]


class _Every:
    """Takes every method. On the wire a single message is a stream of one."""

    def __init__(self, passed: Any) -> None:
        self._passed = passed

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        path: str = details.method
        return grpc.stream_stream_rpc_method_handler(
            lambda requests, context: self._passed(path, requests, context)
        )
