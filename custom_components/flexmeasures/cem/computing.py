"""Work that takes too long for the event loop."""

import asyncio
from collections.abc import Callable

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

_ROOM: HassKey[asyncio.Lock] = HassKey("flexmeasures_s2_computing")


class Computing:
    """Computes one thing at a time, for all RMs together.

    Threads share one processor with the event loop, which has to answer meanwhile.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with nothing under way."""
        self._hass = hass
        self._room = hass.data.setdefault(_ROOM, asyncio.Lock())

    async def async_run[*Arguments, Result](
        self, function: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result:
        """Give what a function gives that needs nothing of the event loop."""
        async with self._room:
            return await self._hass.async_add_executor_job(function, *arguments)
