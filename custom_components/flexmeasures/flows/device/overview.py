"""What is set for a device, in an owner's words: one sentence for each screen of settings."""

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from ...account import FlexMeasuresConfigEntry
from ...api.models import Catalogue
from ...const import CONF_FOLLOWER, CONF_SOC_MAX, CONF_SOC_MIN, CONF_SOC_SENSOR
from ...coordinator import ScheduleCoordinator
from ...device.entity_references import async_entity_name, named_entities
from ...device.level_entity import level_text
from ...device.settings import DeviceSettings
from ...plan.plan import Plan
from ...plan.prices import CONSUMPTION_PRICE, PRODUCTION_PRICE, Price
from ...plan.ready_by import WEEKDAYS
from ..wording import Wording
from .form import DeviceForm
from .settings_form import (
    INTERVALS,
    LEVEL,
    LIMITS,
    OTHER_SENSOR,
    PAIRING,
    PRICES,
    READY_BY,
    RESCHEDULING,
    S2_SENSOR_UNITS,
    S2_SENSORS,
)


@callback
def async_loaded_device(
    entry: FlexMeasuresConfigEntry, device: ConfigSubentry
) -> ScheduleCoordinator | None:
    """Return what is known of a device, if it is loaded."""
    if entry.state is not ConfigEntryState.LOADED:
        return None
    return entry.runtime_data.coordinators.get(device.subentry_id)


class Overview:
    """The sentences about one device."""

    def __init__(
        self,
        hass: HomeAssistant,
        catalogue: Catalogue,
        form: DeviceForm,
        wording: Wording,
    ) -> None:
        """Start with the settings that a form knows."""
        self._hass = hass
        self._catalogue = catalogue
        self._own = form.own_settings
        self._settings = DeviceSettings.from_subentry(self._own)
        self._server = form.server
        self._stored = form.server.values(
            self._settings.soc_unit, self._settings.capacity
        )
        self._sensor = form.sensor
        self._wording = wording

    def sentences(self, loaded: ScheduleCoordinator | None) -> dict[str, str]:
        """Return one for each screen that the device has, in the order of the menu."""
        is_paired = self._settings.s2
        sentences = {LEVEL: self._level()}
        if loaded is None or loaded.may_have_level or self._settings.ready_by_calendar:
            sentences[READY_BY] = self._ready_by(loaded)
        sentences |= {
            LIMITS: self._limits(),
            PRICES: self._prices(loaded.data if loaded else None),
            RESCHEDULING: self._rescheduling(),
            INTERVALS: self._intervals(),
            **({} if is_paired else {CONF_FOLLOWER: self._follower()}),
            PAIRING: self._wording.text(
                "settings_s2_on" if is_paired else "settings_s2_off"
            ),
        }
        chosen = len(S2_SENSOR_UNITS.keys() & self._own.keys())
        if is_paired or chosen:
            sentences[S2_SENSORS] = self._wording.text(
                "settings_s2_sensors", count=str(chosen), all=str(len(S2_SENSOR_UNITS))
            )
        return {**sentences, OTHER_SENSOR: self._power_sensor()}

    def _level(self) -> str:
        """Say where the state of charge comes from, and how much there can be."""
        text = self._wording.text
        sensor = self._settings.soc_sensor or self._stored.get(CONF_SOC_SENSOR)
        if entity_id := self._settings.soc_entity:
            source = self._entity(entity_id)
        elif self._settings.s2:
            source = text("level_feed_s2")
        elif sensor is not None:
            source = text("settings_level_from", name=self._name(sensor))
        else:
            source = text("settings_level_unknown")
        if (capacity := self._settings.capacity) is None:
            return source
        return (
            f"{source} {text('settings_capacity', amount=self._wording.kwh(capacity))}"
        )

    def _follower(self) -> str:
        """Say what follows it."""
        entities = [
            self._entity_name(entity)
            for entity, setting in named_entities(self._own).items()
            if setting == CONF_FOLLOWER
        ]
        if "actions" in self._own.get(CONF_FOLLOWER, {}):
            return self._wording.text("settings_follower_actions")
        if not entities:
            return self._wording.text("settings_no_follower")
        return self._wording.text("settings_follower", entities=", ".join(entities))

    def _ready_by(self, loaded: ScheduleCoordinator | None) -> str:
        """Say by when it has to be ready, again and again."""
        text = self._wording.text
        rule = loaded.memory.ready_by.rule if loaded else None
        said = []
        if rule:
            days = ", ".join(text(f"weekday_{WEEKDAYS[day]}") for day in rule.weekdays)
            is_daily = len(rule.weekdays) == len(WEEKDAYS)
            key = "settings_ready_daily" if is_daily else "settings_ready_on_days"
            said.append(text(key, time=f"{rule.time:%H:%M}", days=days))
        if calendar := self._settings.ready_by_calendar:
            name = self._entity_name(calendar)
            said.append(text("settings_ready_by", calendar=name))
        return " ".join(said) or text("settings_not_ready_by")

    def _limits(self) -> str:
        """Say between which limits the state of charge stays."""
        own = {
            CONF_SOC_MIN: self._settings.soc_min,
            CONF_SOC_MAX: self._settings.soc_max,
        }
        limits = {
            key: self._wording.amount(value, self._settings.soc_unit)
            for key, amount in own.items()
            if (value := self._stored.get(key) if amount is None else amount)
            is not None
        }
        minimum, maximum = limits.get(CONF_SOC_MIN), limits.get(CONF_SOC_MAX)
        if minimum and maximum:
            return self._wording.text(
                "settings_between", minimum=minimum, maximum=maximum
            )
        if minimum:
            return self._wording.text("settings_at_least", minimum=minimum)
        if maximum:
            return self._wording.text("settings_at_most", maximum=maximum)
        return self._wording.text("settings_no_limits")

    def _prices(self, plan: Plan | None) -> str:
        """Say what energy costs and earns."""
        text, settings = self._wording.text, self._settings
        buying = self._price(
            settings.consumption_price_sensor,
            CONSUMPTION_PRICE,
            plan.consumption_price if plan else None,
        )
        selling = self._price(
            settings.production_price_sensor,
            PRODUCTION_PRICE,
            plan.production_price if plan else None,
        )
        known = [
            text(key, price=price)
            for key, price in (
                ("settings_buying", buying),
                ("settings_selling", selling),
            )
            if price
        ]
        return " ".join(known) or text("settings_no_prices")

    def _rescheduling(self) -> str:
        """Say what asks for a new schedule, and how far it plans."""
        text, settings, wording = self._wording.text, self._settings, self._wording
        if settings.automatic_scheduling:
            interval = wording.duration(settings.update_interval)
            occasions = [text("settings_automatic", interval=interval)]
            if settings.trigger_entities:
                names = ", ".join(map(self._entity_name, settings.trigger_entities))
                occasions.append(text("settings_triggers", entities=names))
            if settings.soc_deviation is not None:
                amount = wording.amount(settings.soc_deviation, settings.soc_unit)
                occasions.append(text("settings_deviation", amount=amount))
        else:
            occasions = [text("settings_manual")]
        ahead = wording.duration(settings.schedule_duration)
        return "; ".join([*occasions, text("settings_ahead", duration=ahead)])

    def _intervals(self) -> str:
        """Say how often the device is looked at."""
        text, settings, wording = self._wording.text, self._settings, self._wording
        found = [
            text("settings_every", interval=wording.duration(settings.update_interval)),
            text(
                "settings_charging",
                interval=wording.duration(settings.update_interval_charging),
            ),
        ]
        if settings.climate_entity:
            found.append(
                text(
                    "settings_heating",
                    interval=wording.duration(settings.update_interval_climate),
                    entity=self._entity_name(settings.climate_entity),
                )
            )
        return ", ".join(found)

    def _power_sensor(self) -> str:
        """Say which one it is, without its number."""
        asset = self._catalogue.assets[self._sensor.asset_id]
        return f"{asset.name}: {self._sensor.name}"

    def _entity(self, entity_id: str) -> str:
        text, name = self._wording.text, self._entity_name(entity_id)
        state = self._hass.states.get(entity_id)
        if state is None:
            return text("settings_level_gone", name=name)
        silent = (STATE_UNAVAILABLE, STATE_UNKNOWN, str(None))
        if state.state == STATE_UNAVAILABLE or level_text(state) in silent:
            return text("settings_level_silent", name=name)
        return text("settings_level_shows", name=name, value=self._wording.level(state))

    def _entity_name(self, entity_id: str) -> str:
        return async_entity_name(self._hass, entity_id)

    def _price(self, own: int | None, field: str, price: Price | None) -> str | None:
        """Return a price by its sensor's name, or what is fixed; None without any."""
        name = self._name(own) if own else self._server.value(field, self._wording)
        now = price.per_kwh_at(dt_util.utcnow()) if price and price.series else None
        if name is None or price is None or now is None:
            return name
        value = self._wording.price(now, price.currency)
        return f"{name}, {self._wording.text('settings_now', value=value)}"

    def _name(self, sensor_id: int) -> str:
        sensor = self._catalogue.sensors.get(sensor_id)
        return sensor.name if sensor else self._wording.text("settings_sensor_gone")
