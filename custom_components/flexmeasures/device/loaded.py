"""What is loaded of an account: its devices, feeds or meters."""

from collections.abc import Callable

from homeassistant.core import callback

from .listeners import Listeners


class Loaded[Part](dict[str, Part]):
    """What is loaded of one kind, by the ids of the subentries."""

    def __init__(self) -> None:
        """Start with nothing."""
        super().__init__()
        self._arrivals: Listeners[Part] = Listeners()

    @callback
    def async_for_each(self, call: Callable[[Part], None]) -> None:
        """Call it with each that is loaded, now and later."""
        self._arrivals.async_add(call)
        for part in self.values():
            call(part)

    @callback
    def async_announce(self, part: Part) -> None:
        """Tell of one that was loaded after its account."""
        self._arrivals.async_call(part)
