"""How long a device is loaded, and what ends with that."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback

from ..api.errors import FlexMeasuresError

# As long as Home Assistant waits for the tasks of an account.
_PATIENCE: Final = 10.0
"""Seconds."""


class DeviceUnloadedError(FlexMeasuresError):
    """A device was unloaded while something was to be done for it."""

    translation_key = "device_unloaded"
    passes = True

    def __init__(self, device: str) -> None:
        """Keep the device's name."""
        super().__init__(device)
        self._device = device

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"device": self._device}


class Lifetime:
    """What goes on for a device until it is unloaded, alone or with its account."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin, with nothing that has to end."""
        self.is_over = False
        self._hass = hass
        self._ends: list[Callable[[], None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    @callback
    def async_on_unload(self, end: Callable[[], None]) -> None:
        """Call it when the device is unloaded; what is added last is called first."""
        self._ends.append(end)

    @callback
    def async_create_background_task[Result](
        self,
        target: Coroutine[Any, Any, Result],
        name: str,
        *,
        eager_start: bool = True,
    ) -> asyncio.Task[Result]:
        """Run a task that is cancelled when the device is unloaded."""
        task = self._hass.async_create_background_task(
            target, name, eager_start=eager_start
        )
        if not task.done():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return task

    async def async_run[Result](
        self, work: Coroutine[Any, Any, Result], owner: str
    ) -> Result:
        """Do something that ends with it: another may follow that writes the same.

        Raises DeviceUnloadedError with the name of the `owner`, and what `work` raises.
        """
        task = self.async_create_background_task(work, f"something for {owner}")
        try:
            return await task
        except asyncio.CancelledError:
            if self.is_over:
                raise DeviceUnloadedError(owner) from None
            raise

    @callback
    def async_end(self) -> None:
        """Stop all that goes on; `async_ended` waits for it."""
        self.is_over = True
        while self._ends:
            self._ends.pop()()
        for task in self._tasks:
            task.cancel()

    async def async_ended(self) -> None:
        """Wait until the tasks have come to their end, which hardly takes time."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_PATIENCE)
