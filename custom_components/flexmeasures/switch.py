"""Switch: whether schedules are made without being asked for."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .account import FlexMeasuresConfigEntry
from .const import CONF_AUTOMATIC_SCHEDULING
from .entity import FlexMeasuresEntity, async_add_device_entities

# Nothing of it goes to the server.
PARALLEL_UPDATES = 0

AUTOMATIC_SCHEDULING = SwitchEntityDescription(
    key=CONF_AUTOMATIC_SCHEDULING,
    translation_key="automatic_scheduling",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switch of each device."""
    async_add_device_entities(
        entry,
        async_add_entities,
        lambda coordinator: [
            AutomaticSchedulingSwitch(coordinator, AUTOMATIC_SCHEDULING)
        ],
    )


class AutomaticSchedulingSwitch(FlexMeasuresEntity, SwitchEntity):
    """The same setting as in the device's form."""

    @property
    @override
    def is_on(self) -> bool:
        return self.coordinator.settings.automatic_scheduling

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Have a new schedule made at each interval."""
        self._store(automatic=True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Have schedules made only when someone asks for them."""
        self._store(automatic=False)

    def _store(self, *, automatic: bool) -> None:
        """Change the settings, which the account's update listener follows."""
        entry = self.coordinator.config_entry
        subentry = entry.subentries[self.coordinator.subentry.subentry_id]
        self.hass.config_entries.async_update_subentry(
            entry,
            subentry,
            data={**subentry.data, CONF_AUTOMATIC_SCHEDULING: automatic},
        )
