"""What has to survive a restart, in one file per account."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from ..const import DOMAIN

# 1 held the schedule alone.
_VERSION = 2
_SAVE_DELAY = 10.0

type _Json = dict[str, Any]
type _Writer = Callable[[], _Json]


class AccountStore(Store[_Json]):
    """What is remembered of an account's devices, by their power sensors.

    Not by their subentries: a device that is given another power sensor has another
    plan.
    """

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Name the file after the config entry."""
        super().__init__(hass, _VERSION, f"{DOMAIN}.{entry_id}")
        self._stored: dict[str, _Json] = {}
        self._writers: defaultdict[str, list[_Writer]] = defaultdict(list)
        self._is_closed = False

    async def async_restore(self, power_sensors: Iterable[int]) -> None:
        """Read what is known of these devices; what belongs to others is dropped."""
        stored = await self.async_load() or {}
        self._stored = {
            key: stored[key] for key in map(str, power_sensors) if key in stored
        }

    @override
    async def _async_migrate_func(
        self,
        old_major_version: int,
        old_minor_version: int,
        old_data: _Json,
    ) -> _Json:
        """Forget what is read again from the server anyway."""
        return {}

    def stored(self, power_sensor: int) -> Mapping[str, Any]:
        """Return what was stored of a device; nothing of a new one."""
        return self._stored.get(str(power_sensor), {})

    @callback
    def async_keep(self, power_sensor: int, write: _Writer) -> None:
        """Store what `write` returns, beside what others do under other names.

        What nobody writes any more stays as it was. Call `async_remember` when there
        is something new.
        """
        self._writers[str(power_sensor)].append(write)

    @callback
    def async_remember(self) -> None:
        """Write soon, and at the latest when Home Assistant stops."""
        if not self._is_closed:
            self.async_delay_save(self._as_json, _SAVE_DELAY)

    async def async_close(self) -> None:
        """Write now and never again: the file is the next one's, or is removed."""
        self._is_closed = True
        await self.async_save(self._as_json())

    def _as_json(self) -> _Json:
        content: _Json = {}
        for key, writers in self._writers.items():
            written = {
                name: part for write in writers for name, part in write().items()
            }
            unclaimed = self._stored.get(key, {})
            # From now on it is known only by whom it belongs to: plans are long.
            for name in written.keys() & unclaimed.keys():
                del unclaimed[name]
            content[key] = {**unclaimed, **written}
        return content
