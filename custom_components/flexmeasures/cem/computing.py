"""Work that takes too long for the event loop."""

import asyncio
from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

# Threads share one processor with the event loop, and RMs can announce what takes
# seconds to go through.
_AT_ONCE = 2

_ROOM: HassKey[asyncio.Semaphore] = HassKey("flexmeasures_s2_computing")


class Computing:
    """Lets one thing of an RM be computed at a time, and few of all RMs."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing under way."""
        self._hass = hass
        self._own = asyncio.Lock()
        self._room = hass.data.setdefault(_ROOM, asyncio.Semaphore(_AT_ONCE))

    async def async_run[*Arguments, Result](
        self, function: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result:
        """Give what a function gives that needs nothing of the event loop."""
        async with self._own, self._room:
            return await self._hass.async_add_executor_job(function, *arguments)
