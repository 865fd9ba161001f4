"""The form that asks what follows a device."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service

from homeassistant.config_entries import SOURCE_RECONFIGURE, SubentryFlowContext
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er

from ..fake_server import BATTERY_POWER, GARAGE_POWER
from ..flows import Result, choose, start_change, submit
from ..home import Home, Json, device
from ..s2_rm import paired

COMMON = {"deadband": 0.1, "pause": 30, "respect": 60}
# Of what shows nothing.
UNSEEN = {"deadband": 0.1, "pause": 30}
KEPT = {"deadband": 0.1, "pause": 30, "respect": 3600}
RANGE = {"min": -5000, "max": 5000, "step": 1, "unit_of_measurement": "W"}
TEMPLATE = "{{ setpoint }}"
MODES = {"options": ["Charge", "Discharge", "Standby", "Self-consumption"]}


@pytest.fixture
async def battery(home: Home) -> Home:
    """A battery, and what can be told something."""
    states = home.hass.states
    for entity_id, attributes in (
        ("number.power", RANGE),
        ("number.charge", {**RANGE, "min": 0}),
        ("number.discharge", {**RANGE, "min": 0}),
        ("number.percent", {**RANGE, "unit_of_measurement": "%"}),
        ("number.current", {"min": 6, "max": 16, "unit_of_measurement": "A"}),
        ("switch.charger", {}),
        ("switch.boiler", {}),
        ("select.mode", MODES),
        ("climate.home", {"min_temp": 7, "max_temp": 25}),
        ("script.mine", {}),
    ):
        states.async_set(entity_id, "0", {"friendly_name": "It", **attributes})
    await home.set_up()
    return home


async def start(home: Home, kind: str, power_sensor: int = BATTERY_POWER) -> Result:
    """Go to the form of a kind."""
    subentry = home.entry.subentries[str(power_sensor)]
    menu = await choose(
        home.hass, await start_change(home.hass, home.entry, subentry), "follower"
    )
    return await choose(home.hass, menu, f"follower_{kind}")


def kept(home: Home, power_sensor: int = BATTERY_POWER) -> Json | None:
    """Give what is stored."""
    found = home.entry.subentries[str(power_sensor)].data.get("follower")
    return found and {key: found[key] for key in found if key != "id"}


KINDS: list[tuple[str, Json]] = [
    ("power", {"entity": "number.power", "invert": True, "rest": 0}),
    (
        "two_powers",
        {"entity": "number.charge", "second_entity": "number.discharge"},
    ),
    (
        "current",
        {
            "entity": "number.current",
            "second_entity": "switch.charger",
            "invert": False,
            "phases": "1",
            "voltage": 230,
            "least": 6,
            "rest": 0,
        },
    ),
    ("switch", {"entity": "switch.boiler", "threshold": 0.5, "on_at_rest": True}),
    (
        "sg_ready",
        {
            "entity": "switch.boiler",
            "second_entity": "switch.charger",
            "threshold": 0.2,
        },
    ),
    (
        "temperature",
        {
            "entity": "climate.home",
            "low": 18,
            "high": 21,
            "rest": 20,
            "threshold": 0.1,
        },
    ),
    ("script", {"entity": "script.mine"}),
    ("actions", {"actions": [{"action": "script.mine", "data": {"kw": TEMPLATE}}]}),
]


@pytest.mark.parametrize(("kind", "values"), KINDS, ids=[kind for kind, _ in KINDS])
async def test_kinds(battery: Home, kind: str, values: Json) -> None:
    """Each is kept, has its entities and is shown again."""
    form = await start(battery, kind)
    common = UNSEEN if kind in ("script", "actions") else COMMON

    result = await submit(battery.hass, form, {**values, **common})

    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    assert kept(battery) == {"kind": kind, **values, **KEPT}
    await battery.settle()
    assert battery.value("switch", "hand_over") == "off"
    assert battery.value("sensor", "follower") == "dry_run"
    form = await start(battery, kind)
    shown = {
        str(field): (field.description or {}).get("suggested_value")
        for field in form["data_schema"].schema
    }
    assert shown == {**values, **common}


async def test_modes(battery: Home) -> None:
    """The words of the entity are offered once it is known."""
    form = await start(battery, "mode")
    assert "charge" not in form["data_schema"].schema

    form = await submit(battery.hass, form, {"entity": "select.mode", **COMMON})
    assert not form["errors"]
    words = {
        "charge": "Charge",
        "discharge": "Discharge",
        "idle": "Standby",
        "rest_option": "Self-consumption",
    }
    await submit(battery.hass, form, {"entity": "select.mode", **words, **COMMON})

    assert kept(battery) == {
        "kind": "mode",
        "entity": "select.mode",
        **words,
        **KEPT,
    }


async def test_mode_and_power(battery: Home) -> None:
    """The words come next here too; what may be left empty is."""
    form = await start(battery, "mode_power")
    entities = {
        "entity": "select.mode",
        "second_entity": "number.charge",
        "third_entity": "number.discharge",
    }
    assert "sign" in form["data_schema"].schema

    form = await submit(battery.hass, form, {**entities, "sign": "none", **COMMON})
    assert not form["errors"]
    assert "sign" not in form["data_schema"].schema
    words = {
        "charge": "Charge",
        "discharge": "Discharge",
        "idle": "Standby",
        "rest_option": "Self-consumption",
    }
    await submit(battery.hass, form, {**entities, **words, **COMMON})

    assert kept(battery) == {"kind": "mode_power", **entities, **words, **KEPT}


async def test_charger_that_a_choice_pauses(battery: Home) -> None:
    """Its words are asked for instead of what on means."""
    values = {**dict(KINDS)["current"], "second_entity": "select.mode"}

    form = await submit(
        battery.hass, await start(battery, "current"), {**values, **COMMON}
    )
    assert not form["errors"]
    assert "invert" not in form["data_schema"].schema
    del values["invert"]
    words = {"charge": "Charge", "idle": "Standby"}
    await submit(battery.hass, form, {**values, **words, **COMMON})

    assert kept(battery) == {"kind": "current", **values, **words, **KEPT}


async def test_nobody(battery: Home) -> None:
    """It is only offered where something follows."""
    menu = await choose(
        battery.hass,
        await start_change(
            battery.hass,
            battery.entry,
            battery.entry.subentries[str(BATTERY_POWER)],
        ),
        "follower",
    )
    assert "follower_nobody" not in menu["menu_options"]
    await submit(
        battery.hass,
        await start(battery, "switch"),
        {**dict(KINDS)["switch"], **COMMON},
    )

    await start(battery, "nobody")

    assert kept(battery) is None


@pytest.mark.parametrize(
    ("kind", "values", "errors"),
    [
        ("power", {"entity": "number.percent"}, {"entity": "follower_unit"}),
        ("power", {"rest": 9000}, {"entity": "follower_no_rest"}),
        (
            "two_powers",
            {"second_entity": "number.charge"},
            {"second_entity": "follower_same_entity"},
        ),
        (
            "two_powers",
            {"second_entity": "number.percent"},
            {"second_entity": "follower_unit"},
        ),
        ("temperature", {"low": 21}, {"high": "follower_not_warmer"}),
        (
            "power",
            {"entity": "number.home_battery_target_state_of_charge"},
            {"entity": "follower_own_entity"},
        ),
    ],
)
async def test_mistakes(
    battery: Home, kind: str, values: Json, errors: dict[str, str]
) -> None:
    """Each is said at its field, and what was entered is not lost."""
    form = await start(battery, kind)
    entered = {**dict(KINDS)[kind], **values, **COMMON}

    form = await submit(battery.hass, form, entered)

    assert form["errors"] == errors
    shown = {
        str(field): (field.description or {}).get("suggested_value")
        for field in form["data_schema"].schema
    }
    assert shown == entered
    assert kept(battery) is None


@pytest.mark.parametrize(
    ("actions", "error"),
    [
        ([], "follower_no_actions"),
        ([{"action": "script.mine", "data": "{{ setpoint"}], "follower_actions_wrong"),
        ([{"not": "known"}], "follower_actions_wrong"),
    ],
)
async def test_actions_that_cannot_be_run(
    battery: Home, actions: list[Json], error: str
) -> None:
    """They are not kept, and it is said why."""
    form = await submit(
        battery.hass, await start(battery, "actions"), {"actions": actions, **UNSEEN}
    )

    assert form["errors"] == {"actions": error}
    assert kept(battery) is None


async def test_charger_that_cannot_be_paused(battery: Home) -> None:
    """Its least current is more than nothing."""
    values = {**dict(KINDS)["current"], **COMMON}
    del values["second_entity"]

    form = await submit(battery.hass, await start(battery, "current"), values)

    assert form["errors"] == {"entity": "follower_no_rest"}


async def test_entity_that_is_away(battery: Home) -> None:
    """What it takes is seen when it is there."""
    battery.hass.states.async_set("number.power", "unavailable")
    values = {**dict(KINDS)["power"], **COMMON}

    await submit(battery.hass, await start(battery, "power"), values)

    assert kept(battery)


async def test_one_writer(home: Home) -> None:
    """What follows another device cannot follow this one too."""
    home.hass.states.async_set("number.power", "0", RANGE)
    follower = {"kind": "power", "id": "1", **dict(KINDS)["power"], **KEPT}
    await home.set_up(device(), device(GARAGE_POWER, follower=follower))

    form = await submit(
        home.hass, await start(home, "power"), {**dict(KINDS)["power"], **COMMON}
    )

    assert form["errors"] == {"entity": "follower_taken"}


async def test_s2_needs_none(home: Home) -> None:
    """A device that speaks S2 is told what to do by itself; one that has both is refused."""
    await home.set_up(paired())
    subentry = home.entry.subentries[str(BATTERY_POWER)]
    menu = await start_change(home.hass, home.entry, subentry)
    assert "follower" not in menu["menu_options"]


async def test_s2_where_something_follows(home: Home) -> None:
    follower = {"kind": "power", "id": "1", **dict(KINDS)["power"], **KEPT}
    await home.set_up(device(follower=follower))
    subentry = home.entry.subentries[str(BATTERY_POWER)]
    menu = await start_change(home.hass, home.entry, subentry)

    form = await submit(
        home.hass,
        await choose(home.hass, menu, "s2_pairing"),
        {"s2_enabled": True},
    )

    assert form["errors"] == {"s2_enabled": "s2_has_follower"}


async def test_other_settings_leave_it(home: Home) -> None:
    follower = {"kind": "power", "id": "1", **dict(KINDS)["power"], **KEPT}
    await home.set_up(device(follower=follower))
    subentry = home.entry.subentries[str(BATTERY_POWER)]
    menu = await start_change(home.hass, home.entry, subentry)
    form = await choose(home.hass, menu, "limits")

    await submit(home.hass, form, {"soc_min": 2, "soc_max": 9})

    assert kept(home) == {key: follower[key] for key in follower if key != "id"}


async def test_renamed_entity(home: Home) -> None:
    """It is followed by its new name."""
    registry = er.async_get(home.hass)
    known = registry.async_get_or_create("number", "inverter", "1")
    home.hass.states.async_set(known.entity_id, "0", RANGE)
    follower = {
        "kind": "power",
        "id": "1",
        **dict(KINDS)["power"],
        **KEPT,
        "entity": known.entity_id,
    }
    await home.set_up(device(follower=follower))

    registry.async_update_entity(known.entity_id, new_entity_id="number.other")
    await home.settle()

    found = home.entry.subentries[str(BATTERY_POWER)].data["follower"]
    assert found == {**follower, "entity": "number.other"}


async def test_another_one_is_looked_at_first(battery: Home) -> None:
    """Control is handed over to what was chosen, and to nothing else."""

    async def choose_number(entity_id: str, **changes: Any) -> None:
        values = {**dict(KINDS)["power"], **COMMON, "entity": entity_id, **changes}
        await submit(battery.hass, await start(battery, "power"), values)
        await battery.settle()

    async_mock_service(battery.hass, "number", "set_value")
    await choose_number("number.power")
    await battery.act("turn_on", "switch", "hand_over")

    await choose_number("number.power", deadband=0.5)
    assert battery.value("switch", "hand_over") == "on"

    await choose_number("number.charge")
    assert battery.value("switch", "hand_over") == "off"
    assert battery.value("sensor", "follower") == "dry_run"


@pytest.mark.parametrize(
    ("unit", "errors"),
    [("W", {}), ("%", {"entity": "follower_unit"})],
)
async def test_repair_leads_to_it(
    battery: Home, unit: str, errors: dict[str, str]
) -> None:
    """What follows is changed where it is set, and what is wrong with it is said there."""
    follower = {**dict(KINDS)["power"], **COMMON, "kind": "power", "id": "1"}

    async def repair() -> Any:
        return await battery.hass.config_entries.subentries.async_init(
            (battery.entry.entry_id, "device"),
            context=SubentryFlowContext(
                source=SOURCE_RECONFIGURE, subentry_id=str(BATTERY_POWER)
            ),
            data={"setting": "follower"},
        )

    assert (await repair())["step_id"] == "follower"
    battery.change_device(follower=follower)
    await battery.settle()
    battery.hass.states.async_set(
        "number.power", "0", {"min": -5000, "max": 5000, "unit_of_measurement": unit}
    )

    form = await repair()

    assert form["step_id"] == "follower_power"
    assert form["errors"] == errors
