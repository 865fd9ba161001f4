"""How long the callbacks of an event loop take."""

from asyncio import events
from collections.abc import Callable
import gc
import threading
import time
from typing import Self


class Timing:
    """Times the event loop's callbacks, and apart from them Python's garbage collection.

    In milliseconds of the processor's time in this thread, so that what other threads
    and the machine do makes no difference. What is collected, and when, depends on all
    that Home Assistant holds.
    """

    def __init__(self) -> None:
        """Start with nothing."""
        self.callbacks: list[float] = []
        self.callbacks_by_clock: list[float] = []
        """In them are the collections, and what the machine does meanwhile."""
        self.collections: list[float] = []
        self._start = 0.0
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        """Begin to time."""
        self._run = events.Handle._run
        events.Handle._run = self._timed_run()  # type: ignore[method-assign, assignment]
        gc.callbacks.append(self._handle_collection)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        gc.callbacks.remove(self._handle_collection)
        events.Handle._run = self._run  # type: ignore[method-assign]

    def _timed_run(self) -> Callable[[events.Handle], None]:
        def timed_run(handle: events.Handle) -> None:
            start, collected = time.thread_time(), sum(self.collections)
            clock = time.perf_counter()
            self._run(handle)
            self.callbacks_by_clock.append((time.perf_counter() - clock) * 1000)
            collected = sum(self.collections) - collected
            self.callbacks.append((time.thread_time() - start) * 1000 - collected)

        return timed_run

    def _handle_collection(self, phase: str, _info: dict[str, int]) -> None:
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._start = time.thread_time()
        else:
            self.collections.append((time.thread_time() - self._start) * 1000)
