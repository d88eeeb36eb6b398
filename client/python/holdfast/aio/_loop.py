"""The way from the threads of the library into the event loop."""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Optional, TypeVar

from .._blocking import value_of

Callback = TypeVar("Callback", bound=Optional[Callable[..., Any]])


class Answer:
    """One outcome, set by any thread and awaited once."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._future: asyncio.Future[Any] = loop.running.create_future()

    def set(self, outcome: Any) -> None:
        self._loop.post(self._set_here, outcome)

    async def value(self) -> Any:
        """The value; a Failure is raised."""
        return value_of(await self._future)

    def _set_here(self, outcome: Any) -> None:
        if not self._future.done():  # Else nobody waits any more.
            self._future.set_result(outcome)


class Loop:
    """The running event loop."""

    def __init__(self) -> None:
        self.running = asyncio.get_running_loop()

    def post(self, callback: Callable[..., Any], *arguments: Any) -> None:
        """Calls it in the loop, from any thread; nothing if the loop is closed."""
        try:
            self.running.call_soon_threadsafe(callback, *arguments)
        except RuntimeError:
            if not self.running.is_closed():
                raise

    def answer(self) -> Answer:
        return Answer(self)

    def callback(self, callback: Callback) -> Callback:
        """The same, to be called by any thread and run in the loop."""
        if callback is None:
            return callback
        wanted: Any = callback
        relayed: Any = lambda *arguments: self.post(wanted, *arguments)  # noqa: E731
        return relayed  # type: ignore[no-any-return]
