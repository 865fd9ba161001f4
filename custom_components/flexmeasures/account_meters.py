"""Which meters of an account are loaded: each comes, changes and goes for itself."""

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .account import FlexMeasuresConfigEntry, enabled_subentries
from .const import SUBENTRY_METER
from .entity import async_unload_entities


class AccountMeters:
    """Loads the meters of an account that are not disabled."""

    def __init__(self, hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> None:
        """Load all of them; they are not read yet."""
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        self._loaded: dict[str, tuple[str, dict[str, object]]] = {}
        for subentry in self._wanted().values():
            self._load(subentry)

    @callback
    def async_start(self) -> None:
        """Keep them up to date, now that there are entities to show it."""
        for meter in self._account.meters.values():
            meter.async_follow()

    async def async_follow(self) -> None:
        """Unload and load what has changed; the others go on."""
        wanted = self._wanted()
        for subentry_id, configuration in list(self._loaded.items()):
            subentry = wanted.get(subentry_id)
            if subentry is None or configuration != _configuration(subentry):
                await async_unload_entities(self._hass, self._entry, subentry_id)
                await self._account.async_unload_meter(subentry_id)
                del self._loaded[subentry_id]
        for subentry_id, subentry in wanted.items():
            if subentry_id not in self._loaded:
                self._load(subentry)
                self._account.meters[subentry_id].async_follow()

    def _load(self, subentry: ConfigSubentry) -> None:
        self._account.async_load_meter(self._hass, subentry)
        self._loaded[subentry.subentry_id] = _configuration(subentry)

    def _wanted(self) -> dict[str, ConfigSubentry]:
        return enabled_subentries(self._hass, self._entry, SUBENTRY_METER)


def _configuration(subentry: ConfigSubentry) -> tuple[str, dict[str, object]]:
    """Return what a meter is loaded with."""
    return subentry.title, dict(subentry.data)
