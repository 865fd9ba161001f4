"""Which meters of an account are loaded: each comes, changes and goes for itself."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback

from .account import FlexMeasuresConfigEntry, enabled_subentries
from .const import SUBENTRY_METER
from .entity import async_unload_entities
from .issues.meter import MeterIssues
from .meters.coordinator import MeterCoordinator


@dataclass(frozen=True, slots=True)
class _LoadedMeter:
    """A meter that is loaded."""

    configuration: tuple[str, dict[str, object]]
    coordinator: MeterCoordinator
    issues: MeterIssues

    @callback
    def async_start(self) -> None:
        """Keep it up to date."""
        self.issues.async_start()
        self.coordinator.async_follow()


class AccountMeters:
    """Loads the meters of an account that are not disabled."""

    def __init__(self, hass: HomeAssistant, entry: FlexMeasuresConfigEntry) -> None:
        """Load all of them; they are not read yet."""
        self._hass = hass
        self._entry = entry
        self._account = entry.runtime_data
        self._loaded: dict[str, _LoadedMeter] = {}
        for subentry in self._wanted().values():
            self._load(subentry)

    @callback
    def async_start(self) -> None:
        """Keep them up to date, now that there are entities to show it."""
        for meter in self._loaded.values():
            meter.async_start()

    async def async_follow(self) -> None:
        """Unload and load what has changed; the others go on."""
        wanted = self._wanted()
        for subentry_id, meter in list(self._loaded.items()):
            subentry = wanted.get(subentry_id)
            if subentry and meter.configuration == _configuration(subentry):
                continue
            await async_unload_entities(self._hass, self._entry, subentry_id)
            await self._account.async_unload_meter(subentry_id)
            del self._loaded[subentry_id]
            if subentry is None:
                meter.issues.async_withdraw()
        for subentry_id, subentry in wanted.items():
            if subentry_id not in self._loaded:
                self._load(subentry).async_start()

    def _load(self, subentry: ConfigSubentry) -> _LoadedMeter:
        coordinator = self._account.async_load_meter(self._hass, subentry)
        meter = _LoadedMeter(
            _configuration(subentry), coordinator, MeterIssues(self._hass, coordinator)
        )
        self._loaded[subentry.subentry_id] = meter
        return meter

    def _wanted(self) -> dict[str, ConfigSubentry]:
        return enabled_subentries(self._hass, self._entry, SUBENTRY_METER)


def _configuration(subentry: ConfigSubentry) -> tuple[str, dict[str, object]]:
    """Return what a meter is loaded with."""
    return subentry.title, dict(subentry.data)
