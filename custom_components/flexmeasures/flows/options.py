"""The form for what holds for all of an account."""

from collections.abc import Sequence
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import (
    ConfigFlowContext,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..api.client import FlexMeasuresApi
from ..api.models import Catalogue, Sensor
from ..const import CONF_JOINT_SCHEDULING, CONF_SOLAR_FORECAST_SENSORS
from ..meters.solar_forecast import holds_production
from .fields import (
    FieldError,
    async_find_sensor,
    chosen_sensor_id,
    is_public,
    labels,
    shown,
)
from .reporting import ReportingFlow


class AccountOptionsFlow(
    ReportingFlow[ConfigFlowContext, ConfigFlowResult, str], OptionsFlow
):
    """Change what holds for all devices of an account, and for the Energy dashboard."""

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._api: FlexMeasuresApi
        self._catalogue = Catalogue(assets={}, sensors={})

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for everything.

        A server that is away keeps nobody from changing the rest.
        """
        if user_input is None:
            self._api = FlexMeasuresApi.from_login(self.hass, self.config_entry.data)
            async with self._reported():
                self._catalogue = await self._api.get_catalogue()
            return self._show("init", self._schema(), self._present())
        options = dict(user_input)
        async with self._reported():
            sensors = await self._async_sensors(
                options.pop(CONF_SOLAR_FORECAST_SENSORS, [])
            )
            if sensors:
                options[CONF_SOLAR_FORECAST_SENSORS] = sensors
        if self._errors:
            return self._show("init", self._schema(), user_input)
        return self.async_create_entry(data=options)

    def _schema(self) -> vol.Schema:
        """Return the form; its list is empty while the server is away."""
        catalogue = self._catalogue
        called = labels(catalogue)

        def rank(sensor: Sensor) -> tuple[bool, str]:
            return is_public(catalogue, sensor), called[sensor.id].casefold()

        offered = filter(holds_production, catalogue.sensors.values())
        return vol.Schema(
            {
                vol.Required(CONF_JOINT_SCHEDULING, default=False): BooleanSelector(),
                vol.Optional(CONF_SOLAR_FORECAST_SENSORS): SelectSelector(
                    SelectSelectorConfig(
                        options=[
                            called[sensor.id] for sensor in sorted(offered, key=rank)
                        ],
                        mode=SelectSelectorMode.DROPDOWN,
                        multiple=True,
                        custom_value=True,
                    )
                ),
            }
        )

    def _present(self) -> dict[str, Any]:
        """Return what is set."""
        options = dict(self.config_entry.options)
        if sensors := options.get(CONF_SOLAR_FORECAST_SENSORS):
            options[CONF_SOLAR_FORECAST_SENSORS] = [
                shown(self._catalogue, sensor) for sensor in sensors
            ]
        return options

    async def _async_sensors(self, choices: Sequence[str]) -> list[int]:
        """Return the ids that were chosen, each once; report one that will not do.

        Raises FlexMeasuresError.
        """
        sensors: list[int] = []
        for choice in choices:
            try:
                sensors.append(await self._async_sensor(choice))
            except FieldError as err:
                self._errors[CONF_SOLAR_FORECAST_SENSORS] = err.key
                self._placeholders = {"sensor": choice}
                break
        return list(dict.fromkeys(sensors))

    async def _async_sensor(self, choice: str) -> int:
        """Return the id that was chosen; raises FieldError or FlexMeasuresError."""
        # What has become of one that is set keeps nobody from changing the rest.
        sensor_id = chosen_sensor_id(self._catalogue, choice)
        if sensor_id is not None and sensor_id in self.config_entry.options.get(
            CONF_SOLAR_FORECAST_SENSORS, ()
        ):
            return sensor_id
        sensor = await async_find_sensor(self._api, self._catalogue, choice)
        if not holds_production(sensor):
            raise FieldError("not_a_production_sensor")
        return sensor.id
