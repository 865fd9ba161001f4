"""A home with feeds, whose recorder has run for days."""

from datetime import datetime, timedelta
from typing import Any

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_FEED
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er

from ..fake_server import CONSUMPTION
from ..home import QUARTER, SLOT, Home
from .recorder import Recorded

METER = "sensor.meter"
POWER = {
    "unit_of_measurement": "W",
    "device_class": "power",
    "state_class": "measurement",
}
ENERGY: dict[str, Any] = {
    "unit_of_measurement": "kWh",
    "device_class": "energy",
    "state_class": "total_increasing",
}


def feed(
    sensor: int = CONSUMPTION, title: str = "House", **settings: Any
) -> ConfigSubentryDataWithId:
    """Make a feed of the mean power that an entity measures."""
    return ConfigSubentryDataWithId(
        data={
            "kind": "measured",
            "sensor": sensor,
            "entity": METER,
            "method": "mean",
            "unit": "W",
            **settings,
        },
        subentry_id=f"feed_{sensor}",
        subentry_type=SUBENTRY_FEED,
        title=title,
        unique_id=f"feed {sensor}",
    )


class FedHome:
    """Home Assistant at seven past eleven in Amsterdam, with what feeds do there."""

    def __init__(self, home: Home) -> None:
        """Use a home whose recorder runs."""
        self.home = home
        self.server = home.server
        self.recorded = Recorded(home.hass)

    @property
    def hass(self) -> HomeAssistant:
        """Home Assistant."""
        return self.home.hass

    async def has_measured(
        self,
        *values: object,
        entity_id: str = METER,
        start: datetime = SLOT - timedelta(hours=1),
        step: timedelta = QUARTER,
        **attributes: object,
    ) -> None:
        """Let an entity have shown values, one per step; the last one is what it shows."""
        await self.recorded.states(
            entity_id,
            [(start + index * step, value) for index, value in enumerate(values)],
            **(attributes or POWER),
        )

    @property
    def posts(self) -> list[Any]:
        """What the server was sent so far."""
        return [
            request.json
            for request in self.server.requests
            if request.method == "POST" and request.path.endswith("/data")
        ]

    def posted(self, sensor: int = CONSUMPTION) -> dict[datetime, float]:
        """What the server has of a sensor."""
        return self.server.posted.get(sensor, {})

    def state(self, key: str, sensor: int = CONSUMPTION) -> State:
        """The state of a sensor of a feed."""
        entity_id = er.async_get(self.hass).async_get_entity_id(
            "sensor", DOMAIN, f"feed_{sensor}_{key}"
        )
        assert entity_id
        state = self.hass.states.get(entity_id)
        assert state
        return state

    def device_id(self, sensor: int = CONSUMPTION) -> str:
        """Home Assistant's id of a feed's device."""
        found = dr.async_get(self.hass).async_get_device_by_identifier(
            (DOMAIN, f"feed_{sensor}"), self.home.entry.entry_id
        )
        assert found
        return found.id
