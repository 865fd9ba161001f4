"""Other integrations, as far as feeds see them: entries, entities and actions."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
)

from custom_components.flexmeasures.api.models import Sensor
from custom_components.flexmeasures.feeds.foreseen.provider import Provider
from custom_components.flexmeasures.feeds.settings import ForeseenSource
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import entity_registry as er

MIDNIGHT = datetime(2026, 11, 21, 23, tzinfo=UTC)
"""At which the day of the tests begins in Amsterdam."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

type Json = dict[str, Any]


def price_sensor(resolution: timedelta = HOUR) -> Sensor:
    """Make a FlexMeasures sensor that prices are sent to."""
    return Sensor(
        id=1,
        name="price",
        unit="EUR/kWh",
        resolution=resolution,
        time_zone=UTC,
        asset_id=1,
        consumption_is_positive=False,
    )


def source(provider: str, **settings: str | None) -> ForeseenSource:
    """Make a source of prices or a forecast."""
    fields = ("entity", "attribute", "config_entry", "value_key", "unit")
    return ForeseenSource(provider, **{**dict.fromkeys(fields), **settings})


def hours(
    first: int, *values: float | None, start: str = "start", value: str = "value"
) -> list[Json]:
    """List values of hours of the day of the tests, and of what follows it."""
    return [
        {start: (MIDNIGHT + (first + index) * HOUR).isoformat(), value: number}
        for index, number in enumerate(values)
    ]


def steps(
    first: int, *values: float | None
) -> tuple[tuple[datetime, float | None], ...]:
    """Give what should be understood of `hours`."""
    return tuple(
        (MIDNIGHT + (first + index) * HOUR, number)
        for index, number in enumerate((*values, None))
    )


async def _unload(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    return True


class Foreign:
    """The other integrations of a Home Assistant."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start with none."""
        self.hass = hass

    def entry(self, domain: str, title: str = "", **settings: Any) -> MockConfigEntry:
        """Set up an integration, of which nothing is that Home Assistant has of it."""
        mock_integration(self.hass, MockModule(domain, async_unload_entry=_unload))
        entry = MockConfigEntry(
            domain=domain,
            title=title or domain,
            data=settings,
            state=ConfigEntryState.LOADED,
        )
        entry.add_to_hass(self.hass)
        return entry

    def entity(
        self,
        entry: MockConfigEntry,
        entity_id: str,
        state: str = "1",
        *,
        unique_id: str | None = None,
        unit: str | None = None,
        **attributes: Any,
    ) -> str:
        """Add an entity with a state; return the id of its registry entry."""
        domain, _, name = entity_id.partition(".")
        registered = er.async_get(self.hass).async_get_or_create(
            domain,
            entry.domain,
            unique_id or name,
            config_entry=entry,
            suggested_object_id=name,
            unit_of_measurement=unit,
        )
        self.show(entity_id, state, unit_of_measurement=unit, **attributes)
        return registered.id

    def show(self, entity_id: str, state: str = "1", **attributes: Any) -> None:
        """Write the state of an entity."""
        known = {key: value for key, value in attributes.items() if value is not None}
        self.hass.states.async_set(entity_id, state, known)

    def answers(
        self, action: str, answer: Callable[[Mapping[str, Any]], ServiceResponse]
    ) -> list[Json]:
        """Let an action give what `answer` makes of its data; return the calls, as they come."""
        calls: list[Json] = []

        @callback
        def handle(call: ServiceCall) -> ServiceResponse:
            calls.append(dict(call.data))
            return answer(call.data)

        domain, _, service = action.partition(".")
        self.hass.services.async_register(
            domain, service, handle, supports_response=SupportsResponse.ONLY
        )
        return calls

    def rename(self, entity_id: str, new_entity_id: str) -> None:
        """Give an entity another id, as people do."""
        state = self.hass.states.get(entity_id)
        assert state
        er.async_get(self.hass).async_update_entity(
            entity_id, new_entity_id=new_entity_id
        )
        self.hass.states.async_remove(entity_id)
        self.hass.states.async_set(new_entity_id, state.state, state.attributes)


class Told:
    """Counts how often a provider says that there may be something new."""

    def __init__(self, provider: Provider) -> None:
        """Begin to listen."""
        self.times = 0
        self.stop = provider.async_follow(self._note)

    @callback
    def _note(self) -> None:
        self.times += 1
