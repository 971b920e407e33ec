"""Batch: the streams one append touches, loaded once, decided on in order, written together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from shared.domain.event import Event, Recorded, decode, encode, type_of
from shared.domain.ids import event_id
from shared.ports.store import Loaded, Store, Write
from shared.runtime.shapes import Fold

_NEW = Loaded(0, None, "", False)
_encode_state = msgspec.json.Encoder(order="deterministic").encode


def encode_state(state: Any) -> bytes:
    """A state as a store keeps it: equal states are equal bytes."""
    return _encode_state(state)


class Folds:
    """A function's folds by stream prefix, with their decoders; made once."""

    def __init__(self, folds: dict[str, Fold[Any]]) -> None:
        self.by_prefix = folds
        self._decode = {prefix: msgspec.json.Decoder(fold.state).decode for prefix, fold in folds.items()}

    def of(self, stream: str) -> Fold[Any]:
        """The fold of a stream, by its prefix."""
        return self.by_prefix[stream[: stream.index("/")]]

    def state(self, stream: str, kept: bytes | None) -> Any:
        """The state a store kept for `stream`, or the initial one."""
        fold = self.of(stream)
        return fold.initial if kept is None else self._decode[fold.prefix](kept)


class Working:
    """One stream in hand: what it was when loaded and what has been decided since."""

    __slots__ = (
        "attachment",
        "before",
        "correlation",
        "events",
        "expected",
        "fold",
        "kept",
        "name",
        "state",
        "undue",
    )

    def __init__(self, name: str, fold: Fold[Any], loaded: Loaded, state: Any) -> None:
        self.name, self.fold, self.expected, self.correlation = name, fold, loaded.version, loaded.correlation
        self.state = self.before = state
        self.events: list[Recorded] = []
        self.kept = loaded.state
        self.attachment: bytes | None = None
        self.undue = False

    @property
    def version(self) -> int:
        """The version after everything decided so far."""
        return self.expected + len(self.events)

    def write(self) -> Write:
        """What is to be appended; without events only that the stream is due no more."""
        if not self.events:
            return Write(self.name, self.expected, (), None if self.fold.whole else self.kept)
        fold, after = self.fold, self.state
        had = fold.tags(self.before) if self.expected else frozenset()
        has = fold.tags(after)
        return Write(
            self.name,
            self.expected,
            tuple(self.events),
            None if fold.whole else _encode_state(after),
            fold.due_at_us(after),
            has - had,
            had - has,
            self.attachment,
        )


class Batch:
    """The working streams of one function for one append."""

    def __init__(
        self,
        function: str,
        folds: Folds,
        store: Store,
        now_us: Callable[[], int],
        seal: Callable[[Event], Event],
    ) -> None:
        self._function, self._folds, self._store = function, folds, store
        self._now_us, self._seal = now_us, seal
        self._streams: dict[str, Working] = {}
        self._handled: set[str] = set()
        self._silent: list[tuple[str, str]] = []

    def load(self, wants: Sequence[tuple[str, str]], lazy: bool = False) -> None:
        """Bring the streams of `wants` (stream, input id) into hand and learn which inputs are handled already."""
        found = self._store.load(self._function, wants, lazy)
        for (name, input_id), loaded in zip(wants, found, strict=True):
            if loaded.handled:
                self._handled.add(input_id)
            if name not in self._streams:
                self.hold(name, loaded)

    def hold(self, name: str, loaded: Loaded = _NEW) -> Working:
        """Take a stream into hand as it is known to stand."""
        fold = self._folds.of(name)
        state = fold.initial if loaded.state is None else self._folds.state(name, loaded.state)
        working = self._streams[name] = Working(name, fold, loaded, state)
        return working

    def held(self, name: str) -> Working:
        """The stream in hand; one that was not loaded is taken for new, and the append finds out."""
        return self._streams.get(name) or self.hold(name)

    def undue(self, name: str, input_id: str) -> None:
        """Let the stream be due no more, whatever its state is; events of this batch may say otherwise."""
        if name not in self._streams:
            [loaded] = self._store.load(self._function, [(name, input_id)])
            # Not decoded, as this may be what does not work.
            self._streams[name] = Working(name, self._folds.of(name), loaded, None)
        self._streams[name].undue = True

    def is_handled(self, input_id: str) -> bool:
        """Whether the function has handled the input, before or in this batch."""
        return input_id in self._handled

    def add(
        self,
        input_id: str,
        correlation: str,
        time_us: int,
        events: Iterable[tuple[str, Event]],
        *,
        routed: str | None = None,
        seed: str | None = None,
    ) -> tuple[Recorded, ...]:
        """Record what came of one input. Without events, remember that the stream `routed` has seen it.

        Personal text is sealed before it is folded. Event ids are made of `seed`, by default the input id. Whatever
        evolve raises leaves the batch as it was.
        """
        after: dict[str, tuple[Any, int]] = {}
        recorded: list[Recorded] = []
        now_us, made_of = self._now_us(), seed or input_id
        for n, (stream, made) in enumerate(events):
            working, body = self._streams[stream], self._seal(made)
            state, version = after.get(stream) or (working.state, working.version)
            after[stream] = working.fold.evolve(state, body), version + 1
            identity, kind = event_id(self._function, made_of, n), type_of(body).name
            recorded.append(
                Recorded(
                    identity, kind, stream, version + 1, time_us, now_us, correlation, input_id, encode(body)
                )
            )
        for event in recorded:
            working = self._streams[event.stream]
            working.events.append(event)
            working.state = after[event.stream][0]
        self._handled.add(input_id)
        if not recorded and routed is not None:
            self._silent.append((routed, input_id))
        return tuple(recorded)

    def replay(self, event: Recorded) -> None:
        """Take an event as it was recorded once; its stream has to be in hand.

        Raises:
            ValueError: it is not the stream's next one.
        """
        working = self._streams[event.stream]
        if event.version != working.version + 1:
            raise ValueError(f"{event.stream} goes from version {working.version} to {event.version}")
        working.state = working.fold.evolve(working.state, decode(event.type, event.data))
        working.events.append(event)

    def append(self) -> list[Recorded]:
        """Write everything in hand, atomically; the events that were appended.

        Raises:
            Conflict: another writer was faster; load and decide again.
        """
        changed = [working for working in self._streams.values() if working.events or working.undue]
        if changed or self._silent:
            self._store.append(self._function, [working.write() for working in changed], self._silent)
        return [event for working in changed for event in working.events]
