"""Writes to what follows a device: one at a time, read back, and tried again."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Any, Final

from homeassistant.core import Context, HomeAssistant, State, callback
from homeassistant.util import dt as dt_util

from ..device.lifetime import Lifetime
from ..timer import Timer
from .entities import call_of, has_already, has_taken, shown, value_of
from .own_actions import ActionsWrite, async_run
from .targets import CannotFollowError, Write

_LOGGER = logging.getLogger(__name__)

# How long an entity has to take a value, until it is written again.
_READ_BACK: Final = timedelta(seconds=10)
_TRIES: Final = 3
# After those, it is tried again this often.
_RETRY: Final = timedelta(minutes=5)
_CALL_SECONDS: Final = 10.0
# Within this time, what an entity had before is not what somebody has set since.
_MAY_FALL_BACK: Final = timedelta(minutes=1)
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
        self.is_settled = False
        """Whether the entities had what is wanted when that was looked at in the end."""
        self._tries = 0
        self._pending: dict[str, Any] = {}
        """What was written last, by entity, as long as it may be on its way."""
        self._before: dict[str, Any] = {}
        """What they had before, as they said."""
        self._written_at: datetime | None = None
        self._refused: list[Write] = []
        """What was not taken when it was written last."""
        self._contexts: list[str] = []
        self._turn = asyncio.Lock()
        self._check_timer = Timer(hass, lambda _now: self._check())
        self._retry_timer = Timer(hass, self._retry)
        lifetime.async_on_unload(self.async_forget)

    @callback
    def async_write(self, writes: tuple[Write, ...]) -> asyncio.Task[None]:
        """Have the entities take this from now on."""
        self._wanted = writes
        self._tries, self.is_settled = 0, False
        self._before = {
            each.entity_id: value_of(state)
            for each in writes
            if (state := self._hass.states.get(each.entity_id))
        }
        self._retry_timer.async_disarm()
        return self._write_soon()

    @callback
    def async_forget(self) -> None:
        """Want nothing any more, whatever was."""
        self._wanted, self.problem, self.is_settled = (), None, False
        self._check_timer.async_disarm()
        self._retry_timer.async_disarm()

    async def async_write_last(self, writes: tuple[Write, ...]) -> bool:
        """Write what nobody looks at later; return whether nothing was refused in the end."""
        self.async_forget()
        async with self._turn:
            for _ in range(_TRIES):
                if await self._call(writes):
                    return True
        return False

    @callback
    def async_is_hand(self, new: State, context: Context) -> bool:
        """Return whether somebody else has changed what was written."""
        write = next(
            (each for each in self._wanted if each.entity_id == new.entity_id), None
        )
        if write is None or has_taken(write, new):
            if self.problem:
                # A slow one has it after all.
                self._check()
            return False
        if context.id in self._contexts or context.user_id is not None:
            return context.user_id is not None
        # Shortly after a write, a device may still report what it had before.
        if self.is_settled and self._has_fallen_back(new):
            self._check()
        return self.is_settled

    def _has_fallen_back(self, new: State) -> bool:
        """Return whether an entity has again what it had before it was written to."""
        assert self._written_at
        is_soon = timedelta() <= dt_util.utcnow() - self._written_at <= _MAY_FALL_BACK
        return is_soon and value_of(new) == self._before.get(new.entity_id)

    @callback
    def _retry(self, _now: datetime) -> None:
        self.async_write(self._wanted)

    @callback
    def _write_soon(self) -> asyncio.Task[None]:
        return self._lifetime.async_create_background_task(
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

    async def _call(self, writes: tuple[Write, ...]) -> bool:
        """Write in turn; return whether nothing was refused."""
        self._written_at = dt_util.utcnow()
        self._refused = []
        for write in writes:
            # What is to end before another begins has not.
            if self._refused and write.value:
                break
            if not self._is_there(write) and not await self._try(write):
                self._refused.append(write)
        return not self._refused

    def _is_there(self, write: Write) -> bool:
        """Return whether an entity has it already, and nothing else is on its way.

        A memory card in an inverter wears out as well.
        """
        state = self._hass.states.get(write.entity_id)
        pending = self._pending.get(write.entity_id, write.value)
        return (
            state is not None and pending == write.value and has_already(write, state)
        )

    async def _try(self, write: Write) -> bool:
        context = Context()
        self._contexts = [*self._contexts, context.id][-_CONTEXTS:]
        self._pending[write.entity_id] = write.value
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                await self._call_one(write, context)
        # Whatever an integration raises, the device is not left to itself.
        except Exception as err:  # noqa: BLE001
            _LOGGER.debug("%s was not taken: %r", shown(write), err)
            return False
        return True

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
        self._check_timer.async_disarm()
        missing = [write for write in self._wanted if not self._is_taken(write)]
        self.is_settled = not missing
        if not missing:
            self.problem = None
            self._retry_timer.async_disarm()
            for write in self._wanted:
                self._pending.pop(write.entity_id, None)
        elif self._tries < _TRIES - 1:
            self._tries += 1
            self._write_soon()
        else:
            self.problem = _problem_of(missing[0])
            self._retry_timer.async_arm(dt_util.utcnow() + _RETRY)
        self._on_checked()

    def _is_taken(self, write: Write) -> bool:
        if isinstance(write, ActionsWrite):
            return write not in self._refused
        state = self._hass.states.get(write.entity_id)
        return state is not None and has_taken(write, state)


def _problem_of(write: Write) -> CannotFollowError:
    if isinstance(write, ActionsWrite):
        return CannotFollowError("follower_actions_failed", write.entity_id)
    return CannotFollowError("follower_not_taken", write.entity_id)
