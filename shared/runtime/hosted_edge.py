"""The edge of an HTTP function that runs by itself: see Edge. Other functions are other processes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from shared.ports.secrets import Secrets
from shared.runtime.edge import Receipt, Submission, Trouble
from shared.runtime.reading import Reading
from shared.runtime.shapes import EVERY, Gateways, Intake
from shared.runtime.shell import Shell


class HostedEdge(Reading):
    """What one HTTP function may do: see Edge. `submit`, `troubles` and `redrive` are its host's."""

    def __init__(
        self,
        shell: Shell,
        intake: Intake,
        secrets: Secrets,
        gateways: Gateways,
        functions: Collection[str],
        submit: Callable[[Submission], Awaitable[Receipt]],
        troubles: Callable[[], list[Trouble]],
        redrive: Callable[[str, str], bool],
    ) -> None:
        views = (shell.name, *(functions if intake.views == EVERY else intake.views))
        super().__init__(shell.name, shell.ports, secrets, gateways, views)
        self._functions = tuple(functions)
        self._submit, self._troubles, self._redrive = submit, troubles, redrive

    @property
    def functions(self) -> tuple[str, ...]:
        """See Edge."""
        return self._functions

    async def submit(self, submission: Submission) -> Receipt:
        """See Edge."""
        return self.readable(await self._submit(submission))

    def troubles(self) -> list[Trouble]:
        """See Edge. What other processes suffer from is in their logs and metrics."""
        return self._troubles()

    async def redrive(self, function: str, stream: str) -> bool:
        """See Edge."""
        return await asyncio.to_thread(self._redrive, function, stream)
