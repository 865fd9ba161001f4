"""Feeds that are suggested, in homes full of what is better left alone."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_FEED
from custom_components.flexmeasures.flows.feed.suggestions.suggestion import (
    Suggestion,
    async_suggestions,
)
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import EntityCategory
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)

from ..fake_server import (
    ACCOUNT,
    BATTERY,
    BATTERY_CHARGING,
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    CABIN_SOC,
    CONSUMPTION,
    EMAIL,
    GARAGE_POWER,
    GARAGE_SOC,
    HOUSE,
    PUBLIC_POWER,
)
from ..flows import english
from ..home import Home, Json, device

ROOF = 50
BATH = 51
CAR = 52
WIND = 53

COUNTER = {"unit": "kWh", "device_class": "energy", "state_class": "total_increasing"}
POWER = {"unit": "W", "device_class": "power", "state_class": "measurement"}
SHARE = {"unit": "%", "device_class": "battery", "state_class": "measurement"}
WARMTH = {"unit": "°C", "device_class": "temperature", "state_class": "measurement"}
DAMP = {"unit": "%", "device_class": "humidity", "state_class": "measurement"}


def have(
    home: Home,
    entity_id: str,
    name: str,
    state: str = "1",
    *,
    unit: str | None = None,
    **attributes: Any,
) -> None:
    """Let Home Assistant have an entity that is in no registry."""
    if unit is not None:
        attributes["unit_of_measurement"] = unit
    home.hass.states.async_set(entity_id, state, {"friendly_name": name, **attributes})


def add_asset(
    home: Home, asset_id: int, name: str, kind: str, parent: int | None = HOUSE
) -> None:
    """Let the server have an asset of some type."""
    home.server.assets[asset_id] = {
        **home.server.assets[HOUSE],
        "id": asset_id,
        "name": name,
        "parent_asset_id": parent,
        "generic_asset_type": {"id": 9, "name": kind},
        "account_id": ACCOUNT,
        "flex_model": {},
        "flex_context": {},
    }


def have_dashboard(home: Home, *sources: Json) -> None:
    """Let the Energy dashboard have sources."""
    home.hass.config.components.add("energy")
    home._storage["energy"] = {
        "version": 1,
        "minor_version": 3,
        "key": "energy",
        "data": {"energy_sources": list(sources), "device_consumption": []},
    }


async def suggest(
    home: Home, *devices: ConfigSubentryDataWithId
) -> dict[int, Suggestion]:
    """Return what is suggested, by sensor; check what holds for all of it."""
    entry = await home.set_up(*devices or (device(),))
    catalogue = await entry.runtime_data.catalogue.async_get()
    found = await async_suggestions(home.hass, entry, catalogue)
    # The same again, in the same order.
    assert await async_suggestions(home.hass, entry, catalogue) == found
    assert len({each.key for each in found}) == len(found)
    assert len({each.title for each in found}) == len(found)
    for each in found:
        english()["common"][each.reason].format(**each.placeholders)
    return {each.data["sensor"]: each for each in found}


def entities_of(found: dict[int, Suggestion]) -> dict[int, str]:
    """Return which entity is suggested for which sensor."""
    return {sensor: each.data["entity"] for sensor, each in found.items()}


# --- the Energy dashboard


async def test_solar(home: Home) -> None:
    """Power goes to a sensor of power, what is counted to one of energy; as production."""
    add_asset(home, ROOF, "Roof", "solar")
    home.server.add_sensor(60, "power", "kW", "PT15M", ROOF)
    home.server.add_sensor(61, "energy", "kWh", "PT1H", ROOF)
    home.server.add_sensor(
        62, "PV production", "MW", "PT15M", consumption_is_positive=True
    )
    home.server.add_sensor(63, "forecast", "kW", "PT15M", ROOF)
    have(home, "sensor.inverter_energy", "Inverter total", **COUNTER)
    have(home, "sensor.inverter_power", "Roof inverter", **POWER)
    have_dashboard(
        home,
        {
            "type": "solar",
            "stat_energy_from": "sensor.inverter_energy",
            "stat_rate": "sensor.inverter_power",
            "config_entry_solar_forecast": None,
        },
    )

    found = await suggest(home)

    assert found[60] == Suggestion(
        key="60",
        source="Roof inverter",
        title="Roof inverter",
        data={
            "kind": "measured",
            "sensor": 60,
            "entity": "sensor.inverter_power",
            "method": "mean",
            "unit": "W",
            "invert": True,
        },
        reason="feed_reason_solar",
        placeholders={},
    )
    assert found[61].data == {
        "kind": "measured",
        "sensor": 61,
        "entity": "sensor.inverter_energy",
        "method": "difference",
        "unit": "kWh",
        # The server has what is produced as it is.
        "invert": False,
    }
    assert found.keys() == {60, 61}


@pytest.mark.parametrize(
    ("attributes", "import_inverted", "export_inverted"),
    [
        ({}, False, False),
        ({"consumption_is_positive": True}, False, True),
        ({"consumption_is_positive": False}, False, True),
    ],
)
async def test_grid(
    home: Home,
    attributes: Json,
    import_inverted: bool,  # noqa: FBT001
    export_inverted: bool,  # noqa: FBT001
) -> None:
    """What is imported and exported is counted for the site, in the sign that it stores."""
    home.server.add_sensor(60, "consumption", "kWh", "PT15M", **attributes)
    home.server.add_sensor(61, "production", "kWh", "PT15M", **attributes)
    home.server.add_sensor(62, "Netz", "kW", "PT15M")
    home.server.add_sensor(63, "sauna", "kW", "PT15M")
    have(home, "sensor.imported", "Tariff 1", **COUNTER)
    have(home, "sensor.exported", "Tariff 2", **COUNTER)
    have(home, "sensor.net", "P1", **POWER)
    have_dashboard(
        home,
        {
            "type": "grid",
            "stat_energy_from": "sensor.imported",
            "stat_energy_to": "sensor.exported",
            "stat_rate": "sensor.net",
        },
    )

    found = await suggest(home)

    assert entities_of(found) == {
        60: "sensor.imported",
        61: "sensor.exported",
        62: "sensor.net",
    }
    assert {each.reason for each in found.values()} == {"feed_reason_grid"}
    assert found[60].data["invert"] is import_inverted
    assert found[61].data["invert"] is export_inverted
    assert found[62].data["invert"] is False


async def test_grid_without_export(home: Home) -> None:
    """All that there is of a grid that is only drawn from is its import."""
    home.server.add_sensor(60, "grid", "kWh", "PT15M")
    home.server.add_sensor(61, "grid consumption", "kW", "PT15M")
    have(home, "sensor.imported", "Meter", **COUNTER)
    have(home, "sensor.net", "P1", **POWER)
    have_dashboard(
        home,
        {
            "type": "grid",
            "stat_energy_from": "sensor.imported",
            "stat_energy_to": None,
            "stat_rate": "sensor.net",
        },
    )

    assert entities_of(await suggest(home)) == {
        60: "sensor.imported",
        61: "sensor.net",
    }


async def test_what_no_device_uses_is_not_the_grid(home: Home) -> None:
    """What is inflexible would hold the devices twice; what is planned in all is no measurement."""
    home.server.add_sensor(60, "consumption", "kW", "PT15M")
    home.server.add_sensor(61, "grid", "kW", "PT15M")
    home.server.set_flex_context(
        HOUSE,
        inflexible_consumption=[60, {"sensor": CONSUMPTION}, "5 kW"],
        aggregate_consumption={"sensor": 61},
    )
    have(home, "sensor.net", "P1", **POWER)
    have_dashboard(
        home,
        {"type": "grid", "stat_energy_from": None, "stat_rate": "sensor.net"},
    )

    assert await suggest(home) == {}


async def test_battery(home: Home) -> None:
    """What is discharged is production; 100 % are what the dashboard says they are."""
    have(home, "sensor.soc", "Powerwall", "80", **SHARE)
    have(home, "sensor.rate", "Powerwall power", **POWER)
    have(home, "sensor.discharged", "Powerwall out", **COUNTER)
    have(home, "sensor.charged", "Powerwall in", **COUNTER)
    home.server.add_sensor(60, "charging", "kWh", "PT15M", BATTERY)
    home.server.add_sensor(61, "discharging", "kWh", "PT15M", BATTERY)
    # Other storages are no batteries of the home.
    add_asset(home, CAR, "Car", "two-way_evse")
    home.server.add_sensor(62, "battery SoC", "kWh", "P0D", CAR)
    home.server.sensors.pop(GARAGE_SOC)
    home.server.sensors.pop(CABIN_SOC)
    have_dashboard(
        home,
        {
            "type": "battery",
            "stat_energy_from": "sensor.discharged",
            "stat_energy_to": "sensor.charged",
            "stat_rate": "sensor.rate",
            "stat_soc": "sensor.soc",
            "capacity": 9.5,
        },
    )

    found = await suggest(home)

    assert entities_of(found) == {
        BATTERY_POWER: "sensor.rate",
        BATTERY_SOC: "sensor.soc",
        60: "sensor.charged",
        61: "sensor.discharged",
    }
    assert found[BATTERY_POWER].data["invert"] is True
    assert found[BATTERY_POWER].reason == "feed_reason_battery"
    assert found[BATTERY_SOC].reason == "feed_reason_battery_level"
    assert found[BATTERY_SOC].data == {
        "kind": "measured",
        "sensor": BATTERY_SOC,
        "entity": "sensor.soc",
        "method": "level",
        "unit": "%",
        "invert": False,
        "capacity": 9.5,
    }


@pytest.mark.parametrize(
    ("config", "entity", "is_inverted"),
    [
        ({"stat_rate_inverted": "sensor.own"}, "sensor.own", False),
        ({"stat_rate": "sensor.made"}, "sensor.made", True),
        (
            {"stat_rate_from": "sensor.out", "stat_rate_to": "sensor.in"},
            "sensor.made",
            True,
        ),
    ],
)
async def test_power_that_the_dashboard_turns(
    home: Home, config: Json, entity: str, *, is_inverted: bool
) -> None:
    """The entity itself is read the other way round; what is made of two is read as it is."""
    for entity_id in ("sensor.own", "sensor.made", "sensor.out", "sensor.in"):
        have(home, entity_id, entity_id, **POWER)
    have_dashboard(
        home,
        {
            "type": "battery",
            "stat_energy_from": "flexmeasures:battery_out",
            "stat_energy_to": "flexmeasures:battery_in",
            "stat_rate": "sensor.made",
            "power_config": config,
        },
    )

    found = await suggest(home)

    assert entities_of(found) == {BATTERY_POWER: entity}
    assert found[BATTERY_POWER].data["invert"] is is_inverted


async def test_batteries_are_told_apart_by_their_names(home: Home) -> None:
    """What the dashboard or the area calls them; where nothing does, nothing is guessed."""
    for entity_id in ("sensor.soc_1", "sensor.soc_2", "sensor.soc_3"):
        have(home, entity_id, f"Inverter {entity_id[-1]}", "50", **SHARE)
    home.server.sensors.pop(CABIN_SOC)

    def battery(number: int, name: str) -> Json:
        return {
            "type": "battery",
            "stat_energy_from": "x:out",
            "stat_energy_to": "x:in",
            "stat_soc": f"sensor.soc_{number}",
            "name": name,
        }

    have_dashboard(home, battery(1, "Garage"), battery(2, "Home"), battery(3, "Barn"))

    assert entities_of(await suggest(home)) == {
        GARAGE_SOC: "sensor.soc_1",
        BATTERY_SOC: "sensor.soc_2",
    }


async def test_batteries_that_nothing_tells_apart(home: Home) -> None:
    """Two of a kind on one side leave it open which is meant."""
    have(home, "sensor.soc", "Powerwall", "80", **SHARE)
    have_dashboard(
        home,
        {
            "type": "battery",
            "stat_energy_from": "x:out",
            "stat_energy_to": "x:in",
            "stat_soc": "sensor.soc",
        },
    )

    assert await suggest(home) == {}


async def test_a_level_is_that_of_the_battery_whose_power_is_clear(home: Home) -> None:
    """What the dashboard says together belongs together."""
    have(home, "sensor.soc", "Powerwall", "80", **SHARE)
    have(home, "sensor.rate", "Home battery power", "100", **POWER)
    have_dashboard(
        home,
        {
            "type": "battery",
            "stat_energy_from": "x:out",
            "stat_energy_to": "x:in",
            "stat_rate": "sensor.rate",
            "stat_soc": "sensor.soc",
        },
    )

    assert entities_of(await suggest(home)) == {
        BATTERY_POWER: "sensor.rate",
        BATTERY_SOC: "sensor.soc",
    }


async def test_gas_water_and_home(home: Home) -> None:
    """Amounts come from the counter, a flow from the rate."""
    home.server.add_sensor(60, "Gasverbrauch", "kWh", "PT1H")
    home.server.add_sensor(61, "gas flow", "m³/h", "PT15M")
    home.server.add_sensor(62, "water", "m³", "PT1H")
    home.server.add_sensor(63, "gas", "m³", "PT1H")
    have(home, "sensor.gas", "Gas", unit="m³", device_class="gas", state_class="total")
    have(home, "sensor.flow", "Flow", unit="m³/h", device_class="volume_flow_rate")
    have(
        home,
        "sensor.water",
        "Water",
        unit="L",
        device_class="water",
        state_class="total",
    )
    have(home, "sensor.panel", "Panel", **POWER)
    have(home, "sensor.panel_energy", "Panel energy", **COUNTER)
    have_dashboard(
        home,
        {
            "type": "gas",
            "stat_energy_from": "sensor.gas",
            "stat_rate": "sensor.flow",
        },
        {"type": "water", "stat_energy_from": "sensor.water"},
        {
            "type": "home",
            "stat_energy_to": "sensor.panel_energy",
            "stat_rate": "sensor.panel",
        },
    )

    found = await suggest(home)

    # The household's consumption is told as positive; gas has no direction.
    assert {
        sensor: (each.data["entity"], each.data["method"], each.data["invert"])
        for sensor, each in found.items()
    } == {
        61: ("sensor.flow", "mean", False),
        62: ("sensor.water", "difference", False),
        63: ("sensor.gas", "difference", False),
        CONSUMPTION: ("sensor.panel", "mean", False),
    }
    assert found[CONSUMPTION].reason == "feed_reason_household"
    assert found[62].reason == "feed_reason_water"
    assert found[63].reason == "feed_reason_gas"


async def test_dashboard_with_what_is_not_there(home: Home) -> None:
    """Statistics of no entity, entities that are gone, and ours are left out."""
    add_asset(home, ROOF, "Roof", "solar")
    home.server.add_sensor(60, "energy", "kWh", "PT1H", ROOF)
    own = er.async_get(home.hass).async_get_or_create("sensor", DOMAIN, "own")
    have(home, own.entity_id, "Own", **COUNTER)
    have(home, "sensor.restored", "Restored", restored=True, **COUNTER)
    have_dashboard(
        home,
        *(
            {"type": "solar", "stat_energy_from": statistic}
            for statistic in (
                "flexmeasures:roof",
                "sensor.gone",
                own.entity_id,
                "sensor.restored",
            )
        ),
        # Of a Home Assistant to come.
        {"type": "wind", "stat_energy_from": "sensor.restored"},
    )

    assert await suggest(home) == {}


async def test_dashboard_that_was_never_opened(home: Home) -> None:
    """There is nothing in it."""
    home.hass.config.components.add("energy")

    assert await suggest(home) == {}


# --- devices


async def test_what_devices_are_set_up_with(home: Home) -> None:
    """The level goes to the sensor of the settings, else of the asset; power to its own."""
    have(home, "sensor.level", "Home battery", "60", **SHARE)
    have(home, "sensor.load", "Home battery", "100", **POWER)
    have(home, "number.garage", "Garage", "2", unit="kWh")
    have(home, "binary_sensor.charging", "Charging", "on")

    found = await suggest(
        home,
        device(soc_entity="sensor.level", charging_entity="sensor.load", capacity=10.0),
        device(
            GARAGE_POWER,
            soc_entity="number.garage",
            charging_entity="binary_sensor.charging",
        ),
        device(CABIN_POWER, soc_sensor=CABIN_SOC, soc_entity="sensor.gone"),
    )

    assert [*found] == [BATTERY_SOC, BATTERY_POWER, GARAGE_SOC]
    level = found[BATTERY_SOC]
    assert level.title == "Home battery: Home battery: battery SoC (kWh)"
    assert level.reason == "feed_reason_level"
    assert level.placeholders == {"device": "Home battery"}
    assert level.data["capacity"] == 10.0
    assert found[BATTERY_POWER].reason == "feed_reason_power"
    assert found[BATTERY_POWER].data["invert"] is False
    assert found[GARAGE_SOC].data == {
        "kind": "measured",
        "sensor": GARAGE_SOC,
        "entity": "number.garage",
        "method": "level",
        "unit": "kWh",
        "invert": False,
    }


async def test_devices_that_cannot_be_helped(home: Home) -> None:
    """An S2 device tells all by itself; a sensor may have a feed, or have gone."""
    for entity_id in ("sensor.level", "sensor.garage", "sensor.cabin"):
        have(home, entity_id, entity_id, "2", unit="kWh")
    del home.server.sensors[CABIN_POWER]

    found = await suggest(
        home,
        device(
            soc_entity="sensor.level",
            s2={"id": "1", "token_hash": "2"},
            fill_level_sensor=BATTERY_CHARGING,
        ),
        device(GARAGE_POWER, soc_entity="sensor.garage"),
        ConfigSubentryDataWithId(
            data={"kind": "measured", "sensor": GARAGE_SOC},
            subentry_id="feed",
            subentry_type=SUBENTRY_FEED,
            title="Feed",
            unique_id=f"feed {GARAGE_SOC}",
        ),
    )

    assert found == {}


# --- names


def register(
    home: Home, entity_id: str, platform: str = "test", **more: Any
) -> er.RegistryEntry:
    """Let an entity be in the registry."""
    return er.async_get(home.hass).async_get_or_create(
        "sensor",
        platform,
        entity_id,
        suggested_object_id=entity_id.removeprefix("sensor."),
        **more,
    )


async def test_same_names(home: Home) -> None:
    """Names need not be equal, nor in one language; device and area count."""
    add_asset(home, BATH, "Heat pump", "process")
    home.server.add_sensor(60, "outdoor temperature", "°C", "PT15M")
    home.server.add_sensor(61, "bathroom humidity", "%", "PT15M")
    home.server.add_sensor(62, "power", "kW", "PT15M", BATH)
    home.server.add_sensor(63, "energy", "kWh", "PT15M", BATH)
    home.server.add_sensor(64, "production", "kW", "PT15M", BATH)
    add_asset(home, WIND, "Turbine", "wind")
    home.server.add_sensor(65, "power", "kW", "PT15M", WIND)
    have(home, "sensor.aussen", "Außentemperatur", **WARMTH)
    have(home, "sensor.bad", "Salle de bain humidité", **DAMP)
    have(home, "sensor.wp", "Wärmepumpe Leistung", **POWER)
    have(home, "sensor.wp_total", "Warmtepomp verbruik", **COUNTER)
    have(home, "sensor.wind", "Turbine", **POWER)
    other = register(home, "sensor.other")
    have(home, other.entity_id, "Living room temperature", **WARMTH)
    home.server.add_sensor(66, "sauna humidity", "", "PT15M")
    have(home, "sensor.sauna", "Sauna humidity")

    found = await suggest(home)

    assert entities_of(found) == {
        60: "sensor.aussen",
        61: "sensor.bad",
        62: "sensor.wp",
        63: "sensor.wp_total",
        65: "sensor.wind",
        66: "sensor.sauna",
    }
    assert {each.reason for each in found.values()} == {"feed_reason_name"}
    assert found[62].data["invert"] is False
    assert found[65].data["invert"] is True


async def test_names_of_device_and_area(home: Home) -> None:
    """A battery's entity may be called by nothing but what it measures."""
    source = MockConfigEntry(domain="test")
    source.add_to_hass(home.hass)
    area = ar.async_get(home.hass).async_create("Garage")
    inverter = dr.async_get(home.hass).async_get_or_create(
        config_entry_id=source.entry_id, identifiers={("test", "1")}, name="Accu"
    )
    dr.async_get(home.hass).async_update_device(inverter.id, area_id=area.id)
    entry = register(home, "sensor.level", config_entry=source, device_id=inverter.id)
    have(home, entry.entity_id, "State of charge", "50", **SHARE)
    cabin = register(home, "sensor.cabin")
    er.async_get(home.hass).async_update_entity(
        cabin.entity_id,
        area_id=ar.async_get(home.hass).async_create("Cabin").id,
    )
    have(home, cabin.entity_id, "Battery", "50", **SHARE)

    found = await suggest(home)

    # Kept by what stays when they are renamed.
    assert entities_of(found) == {GARAGE_SOC: entry.id, CABIN_SOC: cabin.id}
    # The server says what is full.
    assert found[GARAGE_SOC].data["capacity"] == 5.0
    assert "capacity" not in found[CABIN_SOC].data


async def test_temptations(home: Home) -> None:
    """What has the unit, or half of the name, is not what is measured."""
    home.server.sensors = {
        key: home.server.sensors[key] for key in (BATTERY_POWER, BATTERY_SOC, CABIN_SOC)
    }
    home.server.sensors[PUBLIC_POWER] = {
        **home.server.sensors[BATTERY_POWER],
        "id": PUBLIC_POWER,
        "name": "outdoor power",
        "generic_asset_id": 1,
    }
    home.server.add_sensor(60, "power", "kW", "PT15M")
    home.server.add_sensor(61, "sauna power", "kW", "PT15M")
    home.server.add_sensor(62, "sauna", "%", "PT15M")
    home.server.add_sensor(63, "sauna price", "EUR/kWh", "PT15M")
    home.server.add_sensor(64, "sauna level", "°C", "PT15M")
    add_asset(home, ROOF, "Roof", "solar")
    home.server.add_sensor(65, "PV", "kW", "PT15M", ROOF)
    home.server.add_sensor(66, "cellar temperature", "°C", "PT15M")
    # The battery has no name that says whether it is charged or discharged.
    have(home, "sensor.battery_power", "Home battery power", **POWER)
    have(home, "sensor.phone", "Phone battery level", "50", **SHARE)
    have(home, "sensor.remote", "Remote control battery", "50", **SHARE)
    have(home, "sensor.bathroom", "Bathroom humidity", "50", **DAMP)
    have(home, "sensor.cabin", "Cabin battery humidity", "50", **DAMP)
    have(home, "sensor.total", "Sauna power total", "5000", **COUNTER)
    have(home, "sensor.maximum", "Sauna maximum power", "5000", **POWER)
    have(home, "sensor.damp", "Sauna", "50", **DAMP)
    have(home, "sensor.price", "Sauna price", "0.3", unit="EUR/kWh")
    have(home, "sensor.outdoor", "Outdoor power", **POWER)
    have(home, "sensor.used", "Roof PV consumption", **POWER)
    have(home, "sensor.unitless", "Cellar temperature")
    have(home, "sensor.one", "Cellar temperature 1", **WARMTH)
    have(home, "sensor.two", "Cellar temperature 2", **WARMTH)
    mine = register(home, "sensor.mine", DOMAIN)
    have(home, mine.entity_id, "Sauna power", **POWER)
    phone = register(home, "sensor.mobile", "mobile_app")
    have(home, phone.entity_id, "Home battery level", "50", **SHARE)
    diagnostic = register(home, "sensor.diagnostic")
    er.async_get(home.hass).async_update_entity(
        diagnostic.entity_id, entity_category=EntityCategory.DIAGNOSTIC
    )
    have(home, diagnostic.entity_id, "Cabin battery level", "50", **SHARE)
    have(home, "sensor.restored", "Sauna power", restored=True, **POWER)

    assert await suggest(home) == {}


@pytest.mark.parametrize(("days", "is_suggested"), [(0, True), (1, False)])
async def test_silent_entity(home: Home, days: int, *, is_suggested: bool) -> None:
    """What is away for an hour comes back; what was away for a day may not."""
    home.server.add_sensor(60, "sauna power", "kW", "PT15M")
    have(home, "sensor.sauna", "Sauna power", "unavailable", **POWER)
    home.pass_time(timedelta(days=days, hours=1))

    assert (60 in await suggest(home)) is is_suggested


async def test_titles(home: Home) -> None:
    """One that is taken says which sensor it is for."""
    add_asset(home, ROOF, EMAIL, "process")
    home.server.add_sensor(60, "sauna power", "kW", "PT15M")
    have(home, "sensor.sauna", "Home battery", **POWER)
    have(home, "sensor.level", "Home battery", "2", unit="kWh")

    found = await suggest(home, device(soc_entity="sensor.level"))

    assert found[BATTERY_SOC].title.startswith("Home battery: ")
