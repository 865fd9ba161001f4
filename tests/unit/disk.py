"""What Home Assistant's files are on, which takes its time, and whose power may fail."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from homeassistant.helpers.storage import Store


class Disk:
    """Writes what is not overtaken by a power cut."""

    def __init__(self, takes: Callable[[], int]) -> None:
        """Have power; each write `takes` so many turns of the event loop."""
        self._takes = takes
        self._is_on = True
        self._power_cuts = 0
        self.writing = 0
        """How many writes are under way."""

    def lose_power(self) -> None:
        """Keep what is written; nothing comes to it any more."""
        self._is_on = False
        self._power_cuts += 1

    def power_up(self) -> None:
        """Take what is written from now on."""
        self._is_on = True

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let all files be here."""
        write: Any = Store._async_write_data

        async def write_slowly(store: Store[Any], content: Any) -> None:
            cuts = self._power_cuts
            self.writing += 1
            try:
                for _ in range(self._takes()):
                    await asyncio.sleep(0)
                if self._is_on and cuts == self._power_cuts:
                    await write(store, content)
            finally:
                self.writing -= 1

        with patch.object(Store, "_async_write_data", write_slowly):
            yield
