"""The facts of solar panels that can be told to produce less."""

from collections.abc import Mapping
from typing import Any, override

import voluptuous as vol

from homeassistant.const import UnitOfPower
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig

from ....feeds.errors import FeedSourceError
from ...fields import AmountSelector
from ..making.devices import PRODUCTION, Kind, Solar
from ..making.wanted import USUAL_SETTINGS, WantedDevice, prospective
from ..measured import async_production_feed
from .facts_form import POWER, FactsForm

PRODUCTION_ENTITY = "production_entity"


class PanelsForm(FactsForm):
    """Asks for the facts of solar panels."""

    step_id = "solar"
    kind = Kind.SOLAR
    identity = PRODUCTION_ENTITY

    @override
    def schema(self) -> vol.Schema:
        return vol.Schema(
            {
                vol.Required(PRODUCTION_ENTITY): EntitySelector(
                    EntitySelectorConfig(
                        filter={"domain": "sensor", "device_class": "power"}
                    )
                ),
                vol.Optional(POWER): AmountSelector(UnitOfPower.KILO_WATT),
            }
        )

    @override
    def values(self) -> dict[str, Any]:
        return {
            PRODUCTION_ENTITY: self._known.entity_id,
            POWER: self._known.power_kw,
        }

    @override
    def _read(self, user_input: Mapping[str, Any]) -> WantedDevice | None:
        self._check_positive(user_input, POWER)
        self._ask_back_power(user_input)
        entity_id = user_input[PRODUCTION_ENTITY]
        name = self._name(entity_id)
        device = Solar(
            key=self._key_of(entity_id), name=name, peak_kw=user_input.get(POWER) or 1
        )
        order = device.order()
        try:
            feed = async_production_feed(
                self._hass,
                PRODUCTION,
                prospective(order.sensors[PRODUCTION]),
                entity_id,
                name,
            )
        except FeedSourceError:
            self.errors[PRODUCTION_ENTITY] = "not_a_production_entity"
        if self.errors:
            return None
        return WantedDevice(
            asset=order,
            settings=USUAL_SETTINGS,
            feeds=(feed,),
            entity_id=entity_id,
        )
