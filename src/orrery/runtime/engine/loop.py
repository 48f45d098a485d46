"""
The event loop of a run: made when something is to be awaited, closed with the run.

Where a loop already runs in this thread (a notebook, an asynchronous test), the run's own loop lives in
a thread of its own.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

__all__ = ["RunLoop"]


class RunLoop:
    """The event loop of one run."""

    __slots__ = ("_is_over", "_loop", "_thread")

    def __init__(self) -> None:
        self._loop: Any = None
        self._thread: Any = None
        self._is_over = False

    def __call__(self) -> Any:
        """Return the loop, making it at the first call."""
        if self._loop is None:
            import asyncio  # 30 ms: only for runs with something asynchronous

            self._loop = loop = asyncio.new_event_loop()
            self._is_over = False
            if _is_running():
                import threading

                self._thread = threading.Thread(target=self._go_on, args=(loop,), name="orrery-loop", daemon=True)
                self._thread.start()
        return self._loop

    def share(self) -> None:
        """Let the loop run in a thread of its own from here on, so that any thread may ask for what it does."""
        loop = self()
        if self._thread is None:
            import threading

            self._thread = threading.Thread(target=self._go_on, args=(loop,), name="orrery-loop", daemon=True)
            self._thread.start()

    def _go_on(self, loop: Any) -> None:
        """Run the loop in this thread until it is closed, also where the user's code stops it: others would wait for ever."""
        while not self._is_over:
            loop.run_forever()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run *coroutine* to its end and return its result."""
        loop = self()
        if self._thread is not None:
            import asyncio

            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
        return loop.run_until_complete(coroutine)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Start *coroutine* as a task and return it."""
        loop = self()
        if self._thread is not None:
            import asyncio

            async def start() -> Any:
                return loop.create_task(coroutine)

            return asyncio.run_coroutine_threadsafe(start(), loop).result()
        return loop.create_task(coroutine)

    def fulfil(self, futures: Sequence[Any]) -> None:
        """Let what waits for *futures* in the loop go on, from any thread."""
        self().call_soon_threadsafe(_fulfil, futures)

    def interrupt(self) -> None:
        """Cancel all that is awaited in the loop, from another thread; what waits for it sees the cancellation."""
        loop = self._loop
        if loop is not None and loop.is_running():
            import asyncio

            loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])

    def close(self) -> None:
        """Cancel what still runs, and close the loop."""
        loop = self._loop
        if loop is None:
            return
        self._loop = None
        import asyncio

        async def finish() -> None:
            tasks = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task(loop)]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.gather(*tasks, return_exceptions=True)
            await loop.shutdown_asyncgens()

        if self._thread is not None:
            asyncio.run_coroutine_threadsafe(finish(), loop).result()
            self._is_over = True
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            self._thread = None
        else:
            loop.run_until_complete(finish())
        loop.close()


def _fulfil(futures: Sequence[Any]) -> None:
    for each in futures:
        if not each.done():  # whoever waited was canceled
            each.set_result(None)


def _is_running() -> bool:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
