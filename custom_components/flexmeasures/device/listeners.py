"""Whom to call when something happens."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback


class Listeners[**Arguments]:
    """Callbacks, called in the order in which they were added."""

    def __init__(self) -> None:
        """Start with none."""
        self._listeners: list[Callable[Arguments, None]] = []

    @callback
    def async_add(self, listener: Callable[Arguments, None]) -> CALLBACK_TYPE:
        """Call one more; return how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_call(self, *args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        """Call all of them; those that are added meanwhile next time."""
        for listener in list(self._listeners):
            listener(*args, **kwargs)
