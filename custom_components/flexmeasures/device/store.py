"""What has to survive a restart, in one file per account."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
import logging
from threading import Lock
from typing import Any, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import UnsupportedStorageVersionError
from homeassistant.helpers.storage import Store

from ..const import DOMAIN

# 1 held the schedule alone. What is only added to it raises the minor version: older
# versions of the integration then read what they know.
_VERSION = 2
_MINOR_VERSION = 1
_SAVE_DELAY = 10.0
# Of what changes all the time, and is no great loss: memory cards wear out.
_LONG_SAVE_DELAY = 600.0

# Where what belongs to the account itself is among what belongs to its parts. Older
# versions of the integration know no such device, and drop it.
_ACCOUNT = "account"

_LOGGER = logging.getLogger(__name__)

type Part = int | str
"""A device by its power sensor, or a feed or meter by its subentry."""
type _Json = dict[str, Any]
type _Writer = Callable[[], _Json]


class AccountStore(Store[_Json]):
    """What is remembered of an account, and of its devices, feeds and meters.

    Of devices by their power sensors, not their subentries: one that is given another
    power sensor has another plan. Of feeds and meters by their subentries.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file after the config entry."""
        super().__init__(
            hass,
            _VERSION,
            f"{DOMAIN}.{entry_id}",
            minor_version=_MINOR_VERSION,
            # Plans are long.
            serialize_in_event_loop=False,
        )
        self._stored: dict[str, _Json] = {}
        self._waiting_for: float | None = None
        """Seconds, where something waits to be written."""
        self._is_due = False
        self._turn = asyncio.Lock()
        self._lock = Lock()
        """Of what is stored, which is also written in another thread."""
        self._writers: dict[str, tuple[_Writer, ...]] = {}
        self._is_closed = False

    async def async_restore(self, parts: Iterable[Part]) -> None:
        """Read what is known of these parts; what belongs to others is dropped."""
        try:
            stored = await self.async_load() or {}
        except UnsupportedStorageVersionError:
            _LOGGER.warning(
                "What is remembered of devices is of a newer version of FlexMeasures,"
                " and is left out"
            )
            stored = {}
        self._stored = {
            key: stored[key] for key in (_ACCOUNT, *map(str, parts)) if key in stored
        }

    @override
    async def _async_migrate_func(
        self,
        old_major_version: int,
        old_minor_version: int,
        old_data: _Json,
    ) -> _Json:
        """Keep all but the first version's, which is read again from the server anyway."""
        return {} if old_major_version == 1 else old_data

    def restored[Memory](
        self, part: Part, read: Callable[[Mapping[str, Any]], Memory], new: Memory
    ) -> Memory:
        """Return what `read` makes of what was stored of a part, else the `new` one.

        That is for one of which nothing is stored, and for what another version of the
        integration has stored.
        """
        whom = (
            f"FlexMeasures sensor {part}"
            if isinstance(part, int)
            else "a feed or meter"
        )
        return self._read(str(part), whom, read, new)

    def restored_account[Memory](
        self, read: Callable[[Mapping[str, Any]], Memory], new: Memory
    ) -> Memory:
        """Return what `read` makes of what was stored of the account itself, likewise."""
        return self._read(_ACCOUNT, "the account", read, new)

    def _read[Memory](
        self,
        key: str,
        whom: str,
        read: Callable[[Mapping[str, Any]], Memory],
        new: Memory,
    ) -> Memory:
        if not (stored := self._stored.get(key)):
            return new
        try:
            return read(stored)
        except KeyError, TypeError, ValueError:
            _LOGGER.warning(
                "Something that is remembered of %s cannot be read, and is left out",
                whom,
            )
            return new

    @callback
    def async_keep(self, part: Part, write: _Writer) -> CALLBACK_TYPE:
        """Store what `write` returns, beside what others do under other names.

        What nobody writes any more stays as it was. Call `async_remember` when there
        is something new. Return how to stop: what is written then is the last.
        """
        key = str(part)
        self._writers[key] = (*self._writers.get(key, ()), write)

        @callback
        def stop() -> None:
            last = write()
            with self._lock:
                self._stored[key] = {**self._stored.get(key, {}), **last}
            others = tuple(each for each in self._writers.pop(key) if each != write)
            if others:
                self._writers[key] = others

        return stop

    @callback
    def async_forget_others(self, parts: Iterable[Part]) -> None:
        """Drop what is stored of all but these parts, and is written by nobody more."""
        keys = {_ACCOUNT, *map(str, parts)}
        with self._lock:
            others = self._stored.keys() - keys
            for key in others:
                del self._stored[key]
        if others:
            self.async_remember()

    @callback
    def async_keep_account(self, write: _Writer) -> None:
        """Store what `write` returns of the account itself, likewise."""
        self._writers[_ACCOUNT] = (*self._writers.get(_ACCOUNT, ()), write)

    @callback
    def async_remember(
        self, *, at_once: bool = False, is_patient: bool = False
    ) -> None:
        """Write soon, and at the latest when Home Assistant stops.

        `at_once`: as soon as all that changes with it has changed. `is_patient`: within
        ten minutes, for what changes all the time.
        """
        if self._is_closed:
            return
        if at_once:
            if not self._is_due:
                self._is_due = True
                self.hass.async_create_task(
                    self._write_due(), f"write {self.key}", eager_start=False
                )
            return
        delay = _LONG_SAVE_DELAY if is_patient else _SAVE_DELAY
        # A later call puts it off, and what changes all the time would do so for ever.
        if self._waiting_for is None or delay < self._waiting_for:
            self._waiting_for = delay
            self.async_delay_save(self._as_json, delay)

    async def _write_due(self) -> None:
        """Write once for all that changes while something else is written."""
        async with self._turn:
            self._is_due = False
            await self.async_write()

    async def async_write(self) -> None:
        """Write now, and return once it is done: for what nobody but the user knows."""
        if not self._is_closed:
            await self.async_save(self._as_json())

    async def async_close(self) -> None:
        """Write now and never again: the file is the next one's, or is removed."""
        self._is_closed = True
        await self.async_save(self._as_json())

    def _as_json(self) -> _Json:
        """Return everything; also called in another thread."""
        # First: what changes from here on has to be written again.
        self._waiting_for = None
        # What stops being written meanwhile is stored by then.
        writers = dict(self._writers)
        with self._lock:
            stored = dict(self._stored)
        content: _Json = {}
        for key in stored | writers:
            before = stored.get(key, {})
            written = {
                name: part
                for write in writers.get(key, ())
                for name, part in write().items()
            }
            content[key] = {**before, **written}
            # From now on it is known only by whom it belongs to: plans are long.
            rest = {name: part for name, part in before.items() if name not in written}
            with self._lock:
                if self._stored.get(key) is before:
                    self._stored[key] = rest
        return content
