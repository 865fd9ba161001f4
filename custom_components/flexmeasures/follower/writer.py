"""Writes to what follows a device: one at a time, read back, and tried again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import logging
from typing import Final

import voluptuous as vol

from homeassistant.core import (
    Context,
    Event,
    EventStateChangedData,
    HomeAssistant,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..device.lifetime import Lifetime
from ..timer import Timer
from .entities import call_of, has_already, has_taken, shown
from .own_actions import ActionsWrite, async_run
from .targets import CannotFollowError, Write

_LOGGER = logging.getLogger(__name__)

# How long an entity has to take a value, until it is written again.
_READ_BACK: Final = timedelta(seconds=10)
_TRIES: Final = 3
# After those, it is tried again this often.
_RETRY: Final = timedelta(minutes=5)
_CALL_SECONDS: Final = 10.0
# So many of its own writes are told apart from those of others.
_CONTEXTS: Final = 20


class Writer:
    """Has entities take what is wanted of them."""

    def __init__(
        self,
        hass: HomeAssistant,
        lifetime: Lifetime,
        name: str,
        on_checked: Callable[[], None],
    ) -> None:
        """Want nothing yet; `on_checked` is called once it is known what was taken."""
        self._hass = hass
        self._lifetime = lifetime
        self._name = name
        self._on_checked = on_checked
        self.problem: CannotFollowError | None = None
        """What was not taken, if so."""
        self._wanted: tuple[Write, ...] = ()
        self._is_settled = False
        """Whether the entities had what is wanted when that was looked at in the end."""
        self._tries = 0
        self._failed: list[Write] = []
        """What was refused when it was written last."""
        self._contexts: list[str] = []
        self._turn = asyncio.Lock()
        self._check_timer = Timer(hass, lambda _now: self._check())
        self._retry_timer = Timer(hass, lambda _now: self.async_write(self._wanted))
        lifetime.async_on_unload(self.async_forget)

    @callback
    def async_write(self, writes: tuple[Write, ...]) -> None:
        """Have the entities take this from now on."""
        self._wanted = writes
        self._tries, self._is_settled = 0, False
        self._retry_timer.async_disarm()
        self._write_soon()

    @callback
    def async_forget(self) -> None:
        """Want nothing any more, whatever was."""
        self._wanted, self.problem = (), None
        self._check_timer.async_disarm()
        self._retry_timer.async_disarm()

    async def async_write_last(self, writes: tuple[Write, ...]) -> None:
        """Write once what is left to the entities from then on."""
        self.async_forget()
        async with self._turn:
            await self._call(writes)

    def is_of_another(self, event: Event[EventStateChangedData]) -> bool:
        """Return whether somebody else has changed what was written."""
        new = event.data["new_state"]
        return (
            new is not None
            and any(
                each.entity_id == new.entity_id and not has_taken(each, new)
                for each in self._wanted
            )
            and event.context.id not in self._contexts
            # Shortly after a write, a device may still report what it had before.
            and (self._is_settled or event.context.user_id is not None)
        )

    @callback
    def _write_soon(self) -> None:
        self._lifetime.async_create_background_task(
            self._write(self._wanted), f"follow {self._name}"
        )

    async def _write(self, writes: tuple[Write, ...]) -> None:
        """Write in turn, unless something newer is wanted by then."""
        async with self._turn:
            if writes != self._wanted:
                return
            await self._call(writes)
            if writes == self._wanted:
                self._check_timer.async_arm(dt_util.utcnow() + _READ_BACK)

    async def _call(self, writes: tuple[Write, ...]) -> None:
        self._failed.clear()
        for write in writes:
            state = self._hass.states.get(write.entity_id)
            # A memory card in an inverter wears out as well.
            if state and self._tries == 0 and has_already(write, state):
                continue
            context = Context()
            self._contexts = [*self._contexts, context.id][-_CONTEXTS:]
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    await self._call_one(write, context)
            except (HomeAssistantError, TimeoutError, ValueError, vol.Invalid) as err:
                _LOGGER.debug("%s was not taken: %s", shown(write), err)
                self._failed.append(write)

    async def _call_one(self, write: Write, context: Context) -> None:
        if isinstance(write, ActionsWrite):
            await async_run(self._hass, write, self._name, context)
            return
        domain, action, data = call_of(write)
        await self._hass.services.async_call(
            domain, action, data, blocking=True, context=context
        )

    @callback
    def _check(self) -> None:
        """See whether the entities have what was written; if not, write again."""
        missing = [write for write in self._wanted if not self._is_taken(write)]
        self._is_settled = not missing
        if not missing:
            self.problem = None
        elif self._tries < _TRIES - 1:
            self._tries += 1
            self._write_soon()
        else:
            self.problem = _problem_of(missing[0])
            self._retry_timer.async_arm(dt_util.utcnow() + _RETRY)
        self._on_checked()

    def _is_taken(self, write: Write) -> bool:
        if isinstance(write, ActionsWrite):
            return write not in self._failed
        state = self._hass.states.get(write.entity_id)
        return state is not None and has_taken(write, state)


def _problem_of(write: Write) -> CannotFollowError:
    if isinstance(write, ActionsWrite):
        return CannotFollowError("follower_actions_failed", write.entity_id)
    return CannotFollowError("follower_not_taken", write.entity_id)
