"""What was handed back rests: also once it is there again, and over a restart."""

import asyncio

from homeassistant.core import callback

from ..device.store import AccountStore
from .entities import TargetEntities
from .memory import FollowerMemory
from .targets import Write
from .writer import Writer


class HandBack:
    """Has entities rest that are not followed any more, and leaves them alone then."""

    def __init__(
        self,
        entities: TargetEntities,
        writer: Writer,
        memory: FollowerMemory,
        store: AccountStore,
    ) -> None:
        """Go on with what is still owed since before the restart."""
        self._entities = entities
        self._writer = writer
        self._memory = memory
        self._store = store
        self._writes: tuple[Write, ...] = ()
        """What is being written."""

    @callback
    def async_go_on(self) -> asyncio.Task[None] | None:
        """Write what is owed, as far as it is there; return what does so, if anything."""
        if not self._memory.owes_rest or self._writes:
            return None
        self._writes = self._entities.resting(self._entities.facts())
        return self._writer.async_write(self._writes) if self._writes else None

    @callback
    def async_begin_again(self) -> None:
        """Write next what is there then: something has gone, or is back."""
        self._writes = ()

    @callback
    def async_end_if_settled(self) -> None:
        """Owe nothing more if everything rests."""
        if self._memory.owes_rest and self._writer.is_settled:
            self._end(is_owed=not self._entities.are_all(self._entities.facts()))

    @callback
    def async_leave(self) -> None:
        """Owe nothing more: somebody else has set what is to be."""
        self._end(is_owed=False)

    def _end(self, *, is_owed: bool) -> None:
        self._memory.owes_rest = is_owed
        self._writer.async_forget()
        self._store.async_remember(at_once=True)
