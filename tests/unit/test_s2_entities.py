"""What the entities of a device with a resource manager say, and what it is told with them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from custom_components.flexmeasures.const import DOMAIN
from homeassistant.const import STATE_UNKNOWN
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .fake_server import BATTERY_POWER, GARAGE_POWER
from .home import MINUTE, NOW, QUARTER, SLOT, Home, Json, device
from .s2.devices import element, mode, power, storage
from .s2_rm import BATTERY, FRBC, NOT_CONTROLABLE, PEBC, FakeRM, paired
from .test_metadata import ROOT

pytestmark = pytest.mark.usefixtures("no_secret_logged")

SECOND = timedelta(seconds=1)
CHARGE_20 = "charge 20 %"

ENTITIES = {
    ("binary_sensor", "rm_connected"),
    ("select", "control_type"),
    ("sensor", "current_instruction"),
    ("sensor", "fill_level"),
    ("sensor", "instruction_status"),
    ("sensor", "next_instruction"),
    ("sensor", "rm_power"),
}


def actuator(actuator_id: str, mode_id: str) -> Json:
    """An actuator of a battery."""
    return {
        "id": actuator_id,
        "supported_commodities": ["ELECTRICITY"],
        "operation_modes": [
            mode(mode_id, element((0, 100), (0, 0.01), power(0, 5000)))
        ],
        "transitions": [],
        "timers": [],
    }


def shown(home: Home, power_sensor: int = BATTERY_POWER) -> Json:
    """What all of these entities say."""
    return {
        key: home.value(platform, key, power_sensor)
        for platform, key in sorted(ENTITIES)
    }


async def control(rm: FakeRM, description: Json | None = None) -> Json:
    """Have a battery follow its plan, and give its first instruction."""
    await rm.start()
    await rm.select(FRBC)
    await rm.tell("FRBC.SystemDescription", **(description or BATTERY))
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    await rm.pass_to(NOW + MINUTE)
    return await rm.expect("FRBC.Instruction")


# --- which there are


async def test_entities(home: Home) -> None:
    """On the device that the resource manager speaks for, and on no other."""
    await home.set_up(paired(), device(GARAGE_POWER))

    entities = er.async_entries_for_config_entry(
        er.async_get(home.hass), home.entry.entry_id
    )
    found = {
        (entity.domain, entity.unique_id.partition("_")[2]): entity
        for entity in entities
        if entity.unique_id.startswith(f"{BATTERY_POWER}_")
    }
    assert found.keys() >= ENTITIES
    of_rm = [found[key] for key in ENTITIES]
    assert {entity.device_id for entity in of_rm} == {home.device_id()}
    assert {entity.config_subentry_id for entity in of_rm} == {str(BATTERY_POWER)}
    assert all(entity.has_entity_name for entity in of_rm)
    assert not any(entity.disabled_by for entity in of_rm)
    assert {
        entity.translation_key
        for entity in of_rm
        if entity.entity_category == "diagnostic"
    } == {"instruction_status", "rm_connected"}
    described = (ROOT / "docs" / "entities.md").read_text(encoding="utf-8")
    assert all(f"`{entity.entity_id}`" in described for entity in of_rm)
    others = {
        entity.unique_id.partition("_")[2]
        for entity in entities
        if entity.unique_id.startswith(f"{GARAGE_POWER}_")
    }
    assert not others & {key for _, key in ENTITIES}


async def test_before_anything_connects(home: Home) -> None:
    await home.set_up(paired())

    assert shown(home) == {
        "rm_connected": "off",
        "control_type": STATE_UNKNOWN,
        "current_instruction": STATE_UNKNOWN,
        "fill_level": STATE_UNKNOWN,
        "instruction_status": STATE_UNKNOWN,
        "next_instruction": STATE_UNKNOWN,
        "rm_power": STATE_UNKNOWN,
    }
    assert len(home.attributes("select", "control_type")["options"]) == 8


async def test_measurements(home: Home, rm: FakeRM) -> None:
    """What is only measured has a power, and no fill level."""
    await home.set_up(paired())
    await rm.start()
    await rm.pass_to(NOW + MINUTE)

    await rm.measure(-1200.5)

    found = shown(home)
    assert found["rm_connected"] == "on"
    assert found["rm_power"] == "-1200.5"
    assert found["fill_level"] == STATE_UNKNOWN
    attributes = home.attributes("sensor", "rm_power")
    assert attributes["unit_of_measurement"] == "W"
    assert attributes["device_class"] == "power"
    assert attributes["state_class"] == "measurement"


async def test_measurements_many_times_a_second(home: Home, rm: FakeRM) -> None:
    """The entities follow every five seconds, and miss no last value."""
    await home.set_up(paired())
    await rm.start()
    await rm.pass_to(NOW + MINUTE)
    states = home.record()

    for number in range(20):
        await rm.measure(number)
    assert home.value("sensor", "rm_power") == "0.0"
    await rm.pass_to(NOW + MINUTE + 5 * SECOND)

    assert home.value("sensor", "rm_power") == "19.0"
    powers = [state for state in states if state.entity_id.endswith("measured_power")]
    assert len(powers) == 2


async def test_fill_level(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    labelled = BATTERY | {
        "storage": BATTERY["storage"] | {"fill_level_label": "SoC in %"}
    }
    await rm.start()
    await rm.select(FRBC)
    await rm.tell("FRBC.SystemDescription", **labelled)
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    await rm.pass_to(NOW + MINUTE)

    assert home.value("sensor", "fill_level") == "42.0"
    attributes = home.attributes("sensor", "fill_level")
    assert attributes["label"] == "SoC in %"
    assert attributes["state_class"] == "measurement"
    assert "unit_of_measurement" not in attributes


# --- the control type


async def test_control_type_without_a_choice(home: Home, rm: FakeRM) -> None:
    """What is not controllable is at least measured."""
    await home.set_up(paired())

    await rm.start()

    assert home.value("select", "control_type") == "not_controllable"
    assert home.attributes("select", "control_type")["options"] == [
        "automatic",
        "power_envelope_based_control",
        "fill_rate_based_control",
        "not_controllable",
        "no_selection",
    ]


async def test_control_type_in_force_is_an_option(home: Home, rm: FakeRM) -> None:
    """Even if it is no longer offered, until it is given up."""
    await home.set_up(paired())
    await rm.start(FRBC)
    assert home.value("select", "control_type") == "no_selection"
    await rm.select(FRBC)
    assert home.value("select", "control_type") == "fill_rate_based_control"

    await rm.introduce(PEBC)

    assert home.value("select", "control_type") == "no_selection"
    assert home.attributes("select", "control_type")["options"] == [
        "automatic",
        "power_envelope_based_control",
        "no_selection",
    ]


async def select_option(home: Home, option: str) -> None:
    """Choose in the user interface."""
    await home.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": home.entity("select", "control_type"), "option": option},
        blocking=True,
    )


async def test_choosing_a_control_type(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start()

    await select_option(home, "fill_rate_based_control")

    await rm.expect("SelectControlType", control_type=FRBC)
    assert home.value("select", "control_type") == "fill_rate_based_control"
    await select_option(home, "not_controllable")
    await rm.expect("SelectControlType", control_type=NOT_CONTROLABLE)
    assert home.value("select", "control_type") == "not_controllable"


async def test_control_type_that_is_refused(home: Home, rm: FakeRM) -> None:
    """The error is the action's, and the former one stays."""
    await home.set_up(paired())
    await rm.start()
    await select_option(home, "fill_rate_based_control")
    rm.answers["SelectControlType"] = "INVALID_CONTENT"

    with pytest.raises(HomeAssistantError) as raised:
        await select_option(home, "power_envelope_based_control")

    assert raised.value.translation_key == "s2_refused"
    assert home.value("select", "control_type") == "fill_rate_based_control"


# --- instructions


async def test_instructions(home: Home, rm: FakeRM) -> None:
    """The present one, what becomes of it, and the next one."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    instruction = await control(rm)
    await home.until(lambda: home.value("sensor", "instruction_status") == "received")

    assert home.value("sensor", "current_instruction") == CHARGE_20
    (current,) = home.attributes("sensor", "current_instruction")["instructions"]
    assert current == {
        "instruction": CHARGE_20,
        "execution_time": "2026-11-22T11:08:00+01:00",
        "sent_at": "2026-11-22T11:08:00+01:00",
        "status": "received",
    }
    assert home.value("sensor", "next_instruction") == "2026-11-22T10:15:00+00:00"
    assert home.attributes("sensor", "next_instruction")["instruction"] == "charge 40 %"

    await rm.update(instruction, "STARTED")
    assert home.value("sensor", "instruction_status") == "started"
    await rm.update(instruction, "SUCCEEDED")
    assert home.value("sensor", "instruction_status") == "succeeded"


async def test_instruction_that_was_sent_ahead(home: Home, rm: FakeRM) -> None:
    """It is the next one until its time comes, whatever else happens then."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await control(rm)

    await rm.pass_to(SLOT + QUARTER - SECOND)
    await rm.expect("FRBC.Instruction", operation_mode_factor=0.4)
    assert home.value("sensor", "current_instruction") == CHARGE_20
    assert home.value("sensor", "next_instruction") == "2026-11-22T10:15:00+00:00"
    await rm.pass_to(SLOT + QUARTER)

    assert home.value("sensor", "current_instruction") == "charge 40 %"
    assert home.value("sensor", "next_instruction") != "2026-11-22T10:15:00+00:00"


async def test_instructions_of_several_actuators(home: Home, rm: FakeRM) -> None:
    home.has_planned(6.0)
    await home.set_up(paired())
    several = storage(
        (0, 100), actuator("left", "fast"), actuator("right", "slow"), at=NOW
    )
    await control(rm, several)
    await rm.expect("FRBC.Instruction")

    await home.until(
        lambda: (
            len(home.attributes("sensor", "current_instruction")["instructions"]) == 2
        )
    )

    text = home.value("sensor", "current_instruction")
    assert text.startswith("left: fast ")
    assert ", right: slow " in text


async def test_instructions_with_long_names(home: Home, rm: FakeRM) -> None:
    """A state has no more than 255 characters."""
    home.has_planned(6.0)
    await home.set_up(paired())
    labelled = [
        actuator("left", "fast") | {"diagnostic_label": "L" * 200},
        actuator("right", "slow") | {"diagnostic_label": "R" * 200},
    ]
    await control(rm, storage((0, 100), *labelled, at=NOW))
    await rm.expect("FRBC.Instruction")

    await home.until(lambda: "R" in home.value("sensor", "current_instruction"))

    assert len(home.value("sensor", "current_instruction")) == 255


# --- when it is gone


async def test_disconnected(home: Home, rm: FakeRM) -> None:
    """Nothing of what it told is held for true."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await control(rm)
    await rm.measure(900)
    await rm.pass_to(NOW + 2 * MINUTE)
    assert STATE_UNKNOWN not in shown(home).values()

    await rm.leave()

    found = shown(home)
    assert found.pop("rm_connected") == "off"
    # What was chosen is taken up again.
    assert found.pop("control_type") == "fill_rate_based_control"
    assert home.attributes("select", "control_type")["in_force"] is None
    assert set(found.values()) == {STATE_UNKNOWN}
    assert home.attributes("sensor", "fill_level")["label"] is None
    assert home.attributes("sensor", "current_instruction")["instructions"] == []
    assert home.attributes("sensor", "next_instruction")["instruction"] is None


async def test_two_resource_managers(home: Home, new_rm: Callable[..., FakeRM]) -> None:
    """Nothing of one is shown with the other."""
    await home.set_up(paired(), paired(GARAGE_POWER))
    await new_rm().start()
    garage = await new_rm(GARAGE_POWER).start()
    before = shown(home)
    await garage.pass_to(NOW + MINUTE)

    await garage.measure(500)

    assert shown(home, GARAGE_POWER)["rm_power"] == "500.0"
    assert shown(home) == before


async def test_unloaded(home: Home, rm: FakeRM) -> None:
    """Entities listen to nothing any more."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await control(rm)
    resource: Any = rm.resource

    await home.hass.config_entries.async_unload(home.entry.entry_id)
    resource.async_notify()

    assert home.value("sensor", "rm_power") == "unavailable"
    assert DOMAIN in home.hass.data["integrations"]


async def test_next_instruction_of_another_plan(home: Home, rm: FakeRM) -> None:
    """It is shown at once, though the device is told nothing new now."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await control(rm)
    assert home.attributes("sensor", "next_instruction")["instruction"] == "charge 40 %"
    home.has_planned(1.0, 3.0)

    await rm.resource.coordinator.async_refresh()
    await rm.pass_to(NOW + 2 * MINUTE)
    sender = rm.resource.sender
    await home.until(
        lambda: (
            (held := sender.next(NOW + 2 * MINUTE))
            and held.body["operation_mode_factor"] == 0.6
        )
    )

    assert home.attributes("sensor", "next_instruction")["instruction"] == "charge 60 %"


async def test_switched_off(home: Home) -> None:
    """Without S2 none of its entities is left over."""
    await home.set_up(paired(), paired(GARAGE_POWER))
    (battery,) = (
        subentry
        for subentry in home.entry.subentries.values()
        if subentry.subentry_id == str(BATTERY_POWER)
    )
    settings = {key: value for key, value in battery.data.items() if key != "s2"}
    home.hass.config_entries.async_update_subentry(home.entry, battery, data=settings)
    await home.settle()
    left = {
        entity.unique_id
        for entity in er.async_entries_for_config_entry(
            er.async_get(home.hass), home.entry.entry_id
        )
    }
    assert not left & {f"{BATTERY_POWER}_{key}" for _, key in ENTITIES}
    assert left >= {f"{GARAGE_POWER}_{key}" for _, key in ENTITIES}
