"""The page of a device that speaks S2 shows what the device can have, and no more."""

from datetime import timedelta

import pytest

from custom_components.flexmeasures.frontend.picture import picture
from homeassistant.helpers import entity_registry as er

from .fake_server import BATTERY_POWER
from .home import HOUR, NOW, Home
from .s2_rm import DDBC, FRBC, NOT_CONTROLABLE, OMBC, PEBC, PPBC, FakeRM, paired
from .test_repairs import issues

pytestmark = pytest.mark.usefixtures("no_secret_logged")

CHARGE = {
    "charging_planned",
    "next_charge_end",
    "next_charge_start",
    "ready_by",
    "soc_forecast",
    "target_soc",
    "targets_met",
}


def keys(home: Home) -> set[str]:
    """Which entities the battery has, of those that come and go."""
    entities = er.async_entries_for_config_entry(
        er.async_get(home.hass), home.entry.entry_id
    )
    found = {
        each.unique_id.removeprefix(f"{BATTERY_POWER}_")
        for each in entities
        if each.unique_id.startswith(f"{BATTERY_POWER}_")
    }
    return found & {*CHARGE, "fill_level", "energy_to_use"}


@pytest.mark.parametrize(
    ("control_type", "shown"),
    [
        (FRBC, CHARGE | {"fill_level"}),
        (PEBC, CHARGE),
        (OMBC, CHARGE - {"target_soc", "soc_forecast"} | {"energy_to_use"}),
        (DDBC, set()),
        (PPBC, set()),
        (NOT_CONTROLABLE, CHARGE | {"fill_level"}),
    ],
)
async def test_what_a_device_can_have(
    home: Home, rm: FakeRM, control_type: str, shown: set[str]
) -> None:
    """Also after a restart, while it is not connected."""
    await home.set_up(paired())
    assert keys(home) == CHARGE | {"fill_level"}
    await rm.start(control_type)

    await rm.select(control_type)

    await home.until(lambda: keys(home) == shown)
    states = {state.entity_id for state in home.hass.states.async_all()}
    gone = "number.home_battery_target_state_of_charge"
    assert (gone in states) is ("target_soc" in shown)
    await rm.leave()
    await home.reload()
    assert keys(home) == shown


async def test_another_control_type(home: Home, rm: FakeRM) -> None:
    """What it can have then is there again."""
    await home.set_up(paired())
    await rm.start(PPBC, FRBC)
    await rm.select(PPBC)
    await home.until(lambda: not keys(home))

    await rm.select(FRBC)

    await home.until(lambda: keys(home) == CHARGE | {"fill_level"})
    entity_id = home.entity("number", "target_soc")
    await home.until(lambda: home.hass.states.get(entity_id) is not None)


async def test_energy_to_use(home: Home, rm: FakeRM) -> None:
    """It is the target by the time that the device has to be ready."""
    await home.set_up(paired(soc_unit="%", capacity=10))
    await rm.start(OMBC)
    await rm.select(OMBC)
    await home.until(lambda: "energy_to_use" in keys(home))
    entity_id = home.entity("number", "energy_to_use")
    await home.until(lambda: home.hass.states.get(entity_id) is not None)
    attributes = home.attributes("number", "energy_to_use")
    assert attributes["friendly_name"] == "Home battery Energy to use"
    assert attributes["unit_of_measurement"] == "kWh"

    await home.hass.services.async_call(
        "number", "set_value", {"entity_id": entity_id, "value": 3.5}, blocking=True
    )

    assert home.value("number", "energy_to_use") == "3.5"
    assert rm.resource.coordinator.memory.ready_by.target_kwh == 3.5


# --- what is still to be set


def to_be_set(home: Home) -> str | None:
    """What the note says, if there is one."""
    found = issues(home).get(f"s2_to_be_set_{BATTERY_POWER}")
    return found.translation_key if found else None


async def test_note_about_automatic_scheduling(home: Home, rm: FakeRM) -> None:
    """Only after it was connected, and until that is on."""
    await home.set_up(paired())
    assert to_be_set(home) is None
    await rm.start(FRBC, NOT_CONTROLABLE)
    assert to_be_set(home) == "s2_choose_control_type"

    await rm.select(FRBC)
    assert to_be_set(home) == "s2_schedule_automatically"

    await rm.leave()
    assert to_be_set(home) == "s2_schedule_automatically"
    home.change_device(automatic_scheduling=True)
    await home.settle()
    assert to_be_set(home) is None


async def test_no_note_where_nothing_is_to_be_controlled(
    home: Home, rm: FakeRM
) -> None:
    await home.set_up(paired())
    await rm.start(NOT_CONTROLABLE)

    await rm.select(NOT_CONTROLABLE)

    assert to_be_set(home) is None


async def test_planned_here(home: Home, rm: FakeRM) -> None:
    """There is nothing to switch on, and the status says so, also while it is away."""
    await home.set_up(paired())
    await rm.start(PPBC)

    await rm.select(PPBC)

    assert to_be_set(home) is None
    assert home.value("sensor", "scheduling_status") == "s2_planned_here"
    results = home.entry.runtime_data.results[str(BATTERY_POWER)]
    shown = picture(rm.resource.coordinator, results)
    assert shown["status"]["is_ok"]
    assert shown["level"] == "none"
    await rm.leave()
    assert to_be_set(home) is None
    assert home.value("sensor", "scheduling_status") == "s2_planned_here"


async def test_no_note_where_there_is_a_schedule(home: Home, rm: FakeRM) -> None:
    """Whoever has it made has it made."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await rm.start(FRBC)

    await rm.select(FRBC)

    assert to_be_set(home) is None


async def test_note_about_the_energy_to_use(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired(automatic_scheduling=True))
    await rm.start(OMBC)
    await rm.select(OMBC)
    assert to_be_set(home) == "s2_set_energy_to_use"

    await rm.resource.coordinator.async_set_target(2.0)
    assert to_be_set(home) == "s2_set_energy_to_use"
    await home.hass.services.async_call(
        "datetime",
        "set_value",
        {
            "entity_id": home.entity("datetime", "ready_by"),
            "datetime": NOW + 3 * HOUR,
        },
        blocking=True,
    )

    assert to_be_set(home) is None
    await rm.pass_to(NOW + timedelta(minutes=1))
