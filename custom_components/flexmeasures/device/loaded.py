"""What is loaded of an account: its devices, feeds or meters."""

import asyncio
from collections.abc import Callable
from typing import override

from homeassistant.core import callback

from .listeners import Listeners


class Loaded[Part](dict[str, Part]):
    """What is loaded of one kind, by the ids of the subentries."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self._arrivals: Listeners[Part] = Listeners()
        self._is_followed = False
        self._coming: set[str] = set()
        """Of those that are loaded, and not announced yet."""

    @override
    def __setitem__(self, subentry_id: str, part: Part) -> None:
        """Add one; it is announced later if others have been told of those before."""
        super().__setitem__(subentry_id, part)
        if self._is_followed:
            self._coming.add(subentry_id)

    @callback
    def async_for_each(self, call: Callable[[Part], None]) -> None:
        """Call it with each that is loaded, now and later."""
        self._is_followed = True
        self._arrivals.async_add(call)
        for part in self.values():
            call(part)

    async def async_get(self, subentry_id: str) -> Part:
        """Return one, once it is loaded and has its entities."""
        arrival = asyncio.Event()
        remove = self._arrivals.async_add(lambda _: arrival.set())
        try:
            while subentry_id not in self or subentry_id in self._coming:
                arrival.clear()
                await arrival.wait()
        finally:
            remove()
        return self[subentry_id]

    @callback
    def async_announce(self, part: Part) -> None:
        """Tell of one that was loaded after its account."""
        self._coming -= {key for key in self._coming if self.get(key) is part}
        self._arrivals.async_call(part)
