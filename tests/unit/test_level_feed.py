"""The feed that sends the state of charge of a device's entity to FlexMeasures."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_FEED
from homeassistant.config_entries import (
    ConfigSubentry,
    ConfigSubentryData,
    ConfigSubentryDataWithId,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from .fake_server import (
    BATTERY_POWER,
    BATTERY_SOC,
    CABIN_POWER,
    CABIN_SOC,
    GARAGE_POWER,
    GARAGE_SOC,
    ZONE,
    FakeServer,
)
from .flows import (
    Json,
    Result,
    change_settings,
    device_of,
    fields,
    screen_of,
    start_change,
    start_device,
    submit,
    submit_settings,
    suggested,
)
from .home import Home
from .test_device_flow import add_account, device, other_sensor, pick, screen, settings
from .test_yaml_import import BATTERY, imported, start

ENTITY = "sensor.battery"

pytestmark = pytest.mark.usefixtures("no_secret_logged")


def have_level(
    hass: HomeAssistant, unit: str | None = "%", entity_id: str = ENTITY
) -> None:
    """Let there be an entity with a state of charge, or one that is away."""
    attributes: Json = {"friendly_name": "Powerwall"}
    if unit:
        attributes["unit_of_measurement"] = unit
    hass.states.async_set(entity_id, "4" if unit else "unavailable", attributes)


def level_feed(
    sensor: int = BATTERY_SOC,
    entity: str = ENTITY,
    title: str = "Powerwall",
    **more: Any,
) -> ConfigSubentryData:
    """A feed that is there already."""
    return ConfigSubentryData(
        subentry_type=SUBENTRY_FEED,
        title=title,
        unique_id=f"feed {sensor}",
        data=feed_data(sensor, entity, **more),
    )


def stored_feed(**more: Any) -> ConfigSubentryDataWithId:
    """The same, with an id."""
    return ConfigSubentryDataWithId(**level_feed(**more), subentry_id="feed")


def feed_data(
    sensor: int = BATTERY_SOC, entity: str = ENTITY, unit: str = "%", **more: Any
) -> Json:
    """What is stored of a feed."""
    return {
        "kind": "measured",
        "sensor": sensor,
        "entity": entity,
        "method": "level",
        "unit": unit,
        "invert": False,
        **more,
    }


def feeds(hass: HomeAssistant) -> list[ConfigSubentry]:
    """All feeds of the one account."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    found = entry.get_subentries_of_type(SUBENTRY_FEED)
    assert all(each.unique_id == f"feed {each.data['sensor']}" for each in found)
    return list(found)


def feed(hass: HomeAssistant) -> ConfigSubentry:
    """The one feed."""
    (found,) = feeds(hass)
    return found


def sentence(flow: Result) -> str:
    """What the form says about it."""
    text: str = flow["description_placeholders"]["level_feed"]
    return text


async def level(hass: HomeAssistant, entry: MockConfigEntry) -> Result:
    """Go to the screen of the battery's state of charge."""
    return await screen(hass, entry, "level")


async def test_new_device(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """Unless that is switched off, the level goes to the server too; renaming changes nothing."""
    entity = er.async_get(hass).async_get_or_create(
        "sensor", "test", "1", suggested_object_id="battery"
    )
    have_level(hass)
    account = await add_account(hass)
    flow = await pick(hass, await start_device(hass, account), BATTERY_POWER)
    flow = await submit_settings(hass, flow, soc_entity=ENTITY, capacity=13.5)

    assert flow["type"] is FlowResultType.CREATE_ENTRY
    assert feed(hass).title == "Powerwall"
    assert feed(hass).data == feed_data(entity=entity.id, capacity=13.5)

    form = await level(hass, account)
    assert suggested(form)["send_level"] is True
    assert "battery SoC" in sentence(form)


async def test_switched_off(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """Nothing is sent that is not to be; that is remembered."""
    have_level(hass)
    entry = await add_account(hass, device("Home battery", settings(BATTERY_POWER)))
    await submit_settings(
        hass,
        await level(hass, entry),
        soc_entity=ENTITY,
        capacity=13.5,
        send_level=False,
    )
    assert feeds(hass) == []

    form = await level(hass, entry)
    assert suggested(form)["send_level"] is False
    await submit_settings(hass, form)
    await change_settings(hass, entry, BATTERY_POWER, soc_min=2)
    assert feeds(hass) == []

    await submit_settings(hass, await level(hass, entry), send_level=True)
    assert feed(hass).data == feed_data(capacity=13.5)


async def test_without_entity(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """Nothing is measured here."""
    flow = await start_device(hass, await add_account(hass))
    await submit_settings(hass, await pick(hass, flow, BATTERY_POWER))

    assert feeds(hass) == []


@pytest.mark.parametrize(
    ("unit", "soc_sensor", "settings_made", "capacity"),
    [
        ("kWh", BATTERY_SOC, {}, None),
        # The server says what is full.
        ("kWh", CABIN_SOC, {}, 10.0),
        ("kWh", CABIN_SOC, {"capacity": 9}, 9),
        ("%", CABIN_SOC, {"capacity": 9}, None),
    ],
)
async def test_capacity(
    hass: HomeAssistant,
    fake_server: FakeServer,
    unit: str,
    soc_sensor: int,
    settings_made: Json,
    capacity: float | None,
) -> None:
    """It is there where only one side is in %."""
    have_level(hass, unit)
    entry = await add_account(hass, device("Home battery", settings(BATTERY_POWER)))
    await submit_settings(
        hass,
        await level(hass, entry),
        soc_entity=ENTITY,
        soc_sensor=str(soc_sensor),
        **settings_made,
    )

    assert feed(hass).data["unit"] == unit
    assert feed(hass).data.get("capacity") == capacity


async def test_capacity_that_nobody_says(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """It is asked for; without sending, it is not needed."""
    have_level(hass, "kWh")
    entry = await add_account(hass, device("Cabin battery", settings(CABIN_POWER)))
    flow = await screen(hass, entry, "level", CABIN_POWER)
    assert "send_level" not in fields(flow)
    assert sentence(flow).startswith("Your account has no FlexMeasures sensor")

    flow = await submit_settings(
        hass, flow, soc_entity=ENTITY, soc_sensor=str(CABIN_SOC)
    )
    assert flow["errors"] == {"capacity": "capacity_required"}

    await submit_settings(hass, flow, capacity=5)
    # It was said that one that is chosen is filled.
    assert feed(hass).data == feed_data(CABIN_SOC, unit="kWh", capacity=5)


async def test_another_entity(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """The feed follows, with what the new entity is called; what is unchanged is kept."""
    have_level(hass, "%")
    hass.states.async_set("number.new", "5", {"unit_of_measurement": "kWh"})
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY, capacity=9)),
        level_feed(title="My own name", capacity=9, least_share=50),
    )
    before = feed(hass)

    flow = await level(hass, entry)
    assert suggested(flow)["send_level"] is True
    await submit_settings(hass, flow, capacity=12)
    assert feed(hass).title == "My own name"
    assert feed(hass).data == feed_data(capacity=12, least_share=50)

    await submit_settings(hass, await level(hass, entry), soc_entity="number.new")
    assert feed(hass).subentry_id == before.subentry_id
    assert feed(hass).title == "new"
    assert feed(hass).data == feed_data(entity="number.new", unit="kWh")

    await submit_settings(hass, await level(hass, entry))
    assert feed(hass).data == feed_data(entity="number.new", unit="kWh")


async def test_entity_that_is_away(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A new one has no unit yet; one that is sent already has its own."""
    have_level(hass, None)
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY, capacity=9)),
        level_feed(capacity=9),
    )
    await submit_settings(hass, await level(hass, entry))
    await change_settings(hass, entry, BATTERY_POWER, soc_min=2)
    assert feed(hass).data == feed_data(capacity=9)

    have_level(hass, None, "sensor.other")
    await submit_settings(hass, await level(hass, entry), soc_entity="sensor.other")
    assert feeds(hass) == []


async def test_entity_that_is_gone(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A device keeps the entity that it had; a feed of it can wait too."""
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY)),
        level_feed(unit="kWh"),
    )
    await submit_settings(hass, await level(hass, entry))
    await change_settings(hass, entry, BATTERY_POWER, soc_min=2)

    assert feed(hass).data == feed_data(unit="kWh")


@pytest.mark.parametrize(
    ("cleared", "changes"),
    [
        ((), {"send_level": False}),
        (("soc_entity",), {}),
        ((), {"s2_enabled": True}),
    ],
)
async def test_nothing_to_send_any_more(
    hass: HomeAssistant,
    fake_server: FakeServer,
    cleared: tuple[str, ...],
    changes: Json,
) -> None:
    """The feed goes with its reason: its switch, the entity, or a device that tells itself."""
    have_level(hass)
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY, capacity=9)),
        level_feed(capacity=9),
    )
    (name,) = {screen_of(key) for key in (*cleared, *changes)}
    form = await screen(hass, entry, name)
    flow = await submit_settings(hass, form, *cleared, **changes)
    if flow["type"] is FlowResultType.FORM:
        await submit(hass, flow, {})

    assert feeds(hass) == []


async def test_another_sensor(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """The feed of the former one goes, that of the new one comes; of others none."""
    have_level(hass, "kWh")
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY)),
        level_feed(unit="kWh"),
        level_feed(CABIN_SOC, entity="sensor.cabin", title="Cabin"),
    )
    await submit_settings(hass, await level(hass, entry), soc_sensor=str(GARAGE_SOC))

    assert {each.data["sensor"]: each.title for each in feeds(hass)} == {
        GARAGE_SOC: "Powerwall",
        CABIN_SOC: "Cabin",
    }


async def test_own_sensor_of_a_device(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A device's own setting is what counts; cleared, it is the server's again."""
    have_level(hass, "kWh")
    entry = await add_account(
        hass,
        device(
            "Home battery",
            settings(BATTERY_POWER, soc_entity=ENTITY, soc_sensor=GARAGE_SOC),
        ),
        level_feed(GARAGE_SOC, unit="kWh"),
    )
    await submit_settings(hass, await level(hass, entry), "soc_sensor")

    assert feed(hass).data == feed_data(unit="kWh")


async def test_sensor_that_got_a_feed_meanwhile(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A sensor that is chosen in the form may have a feed of something else."""
    have_level(hass, "kWh")
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER)),
        level_feed(CABIN_SOC, entity="sensor.cabin", title="Cabin"),
    )
    await submit_settings(
        hass,
        await level(hass, entry),
        soc_entity=ENTITY,
        soc_sensor=str(CABIN_SOC),
    )

    assert feed(hass).title == "Cabin"


async def test_another_device(hass: HomeAssistant, fake_server: FakeServer) -> None:
    """Its level is measured by something else."""
    have_level(hass)
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY, capacity=9)),
        level_feed(capacity=9),
    )
    await submit_settings(hass, await other_sensor(hass, entry, GARAGE_POWER))

    assert feeds(hass) == []


async def test_feed_of_something_else(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A sensor has one feed; the form says which."""
    have_level(hass, "kWh")
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY)),
        level_feed(entity="sensor.other", title="Mine", unit="kWh"),
    )
    flow = await level(hass, entry)
    assert "send_level" not in fields(flow)
    assert "Mine" in sentence(flow)

    await submit_settings(hass, flow)
    assert feed(hass).data["entity"] == "sensor.other"


async def test_two_devices_with_one_sensor(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """The one that was there first fills it, even if two forms are open."""
    have_level(hass, "kWh")
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER)),
        device("Garage battery", settings(GARAGE_POWER)),
    )
    flows = [
        await screen(hass, entry, "level", power_sensor)
        for power_sensor in (BATTERY_POWER, GARAGE_POWER)
    ]
    for flow in flows:
        result = await submit_settings(
            hass, flow, soc_entity=ENTITY, soc_sensor=str(BATTERY_SOC)
        )
        assert result["reason"] == "reconfigure_successful"

    assert feed(hass).title == "Powerwall"


@pytest.mark.parametrize(
    ("unit", "asset"), [("kWh", ZONE), ("kW", None)], ids=["public", "power"]
)
async def test_sensor_that_cannot_be_filled(
    hass: HomeAssistant, fake_server: FakeServer, unit: str, asset: int | None
) -> None:
    """One that is public, or for something else, is none for the level."""
    have_level(hass, "kWh")
    changed: Json = {"unit": unit}
    if asset is not None:
        changed["generic_asset_id"] = asset
    fake_server.sensors[BATTERY_SOC] |= changed
    entry = await add_account(hass, device("Home battery", settings(BATTERY_POWER)))
    flow = await level(hass, entry)
    assert "send_level" not in fields(flow)

    await submit_settings(hass, flow, soc_entity=ENTITY)
    assert feeds(hass) == []


async def test_device_that_speaks_s2(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """It tells its level by itself."""
    entry = await add_account(
        hass,
        device(
            "Home battery",
            settings(BATTERY_POWER, s2={"id": "1", "token_hash": "2"}),
        ),
    )
    flow = await level(hass, entry)

    assert "send_level" not in fields(flow)
    assert sentence(flow) == "FlexMeasures gets it from the device itself, over S2."


async def test_device_whose_sensor_is_gone(
    hass: HomeAssistant, fake_server: FakeServer
) -> None:
    """A device can be moved to another power sensor, and its feed goes."""
    have_level(hass, "kWh")
    entry = await add_account(
        hass,
        device("Home battery", settings(BATTERY_POWER, soc_entity=ENTITY)),
        level_feed(unit="kWh"),
    )
    del fake_server.sensors[BATTERY_POWER]
    flow = await start_change(hass, entry, device_of(entry, BATTERY_POWER))
    await submit_settings(hass, await pick(hass, flow, GARAGE_POWER))

    # Nobody knows any more that it was of this device.
    assert feed(hass).data["sensor"] == BATTERY_SOC


# --- configuration.yaml


async def test_yaml(home: Home) -> None:
    """The YAML has no switch: what it says anew is sent."""
    have_level(home.hass, "kWh")
    await start(home, BATTERY | {"soc_entity": ENTITY})
    assert feed(home.hass).data == feed_data(unit="kWh")
    assert feed(home.hass).title == "Powerwall"


async def test_yaml_of_two_devices(home: Home) -> None:
    """Those of a new account come with their feeds, one for each sensor."""
    have_level(home.hass, "kWh")
    await start(
        home,
        [
            BATTERY | {"soc_entity": ENTITY},
            BATTERY
            | {
                "power_sensor": GARAGE_POWER,
                "soc_entity": ENTITY,
                "soc_sensor": BATTERY_SOC,
            },
            BATTERY
            | {
                "power_sensor": CABIN_POWER,
                "soc_entity": ENTITY,
                "soc_sensor": GARAGE_SOC,
            },
        ],
    )

    assert [each.data["sensor"] for each in feeds(home.hass)] == [
        BATTERY_SOC,
        GARAGE_SOC,
    ]
    assert len({each.title for each in feeds(home.hass)}) == 2


async def test_changed_yaml(home: Home) -> None:
    """The feed follows what the YAML says now."""
    have_level(home.hass, "kWh")
    have_level(home.hass, "kWh", "sensor.new")
    home.add_account(imported({"soc_entity": ENTITY}), stored_feed(unit="kWh"))
    await start(home, BATTERY | {"soc_entity": "sensor.new"})

    assert feed(home.hass).data == feed_data(entity="sensor.new", unit="kWh")


async def test_unchanged_yaml(home: Home) -> None:
    """A feed that was removed stays so, until the YAML has it anew."""
    have_level(home.hass, "kWh")
    home.add_account(imported({"soc_entity": ENTITY}))
    yaml = BATTERY | {"soc_entity": ENTITY}
    await start(home, [yaml, BATTERY | {"power_sensor": GARAGE_POWER}])

    assert feeds(home.hass) == []
