"""The examples of README.md and docs/ do what they say, also when there is nothing to follow."""

from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.flexmeasures.const import DOMAIN, SUBENTRY_DEVICE
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CoreState, ServiceCall
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    issue_registry as ir,
)
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml

from .fake_server import (
    BATTERY_CHARGING,
    BATTERY_POWER,
    BATTERY_SOC,
    CONSUMPTION,
    EMAIL,
    GARAGE_POWER,
    PASSWORD,
    StoredSchedule,
)
from .feeds.fed_home import feed
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home, device
from .s2_rm import BATTERY, FRBC, FakeRM, paired

ROOT = Path(__file__).parents[2]
SETPOINT = "sensor.home_battery_setpoint"
INVERTER = "number.battery_power_setpoint"


# What is in the response of an action, and in no other one's.
RESPONSES = {
    "blocks": "explain",
    "instruction": "send_instruction",
    "prices": "get_prices",
    "schedule": "trigger_schedule",
}


def name_of(example: Any) -> str:
    """Give the name of an example: its alias, its action, or the integration's settings."""
    match example:
        case {"action": str(name), "data": {"measurements": _}}:
            return f"{name} for several sensors"
        case {"action": str(name), "target": {"area_id": _}}:
            return f"{name} of an area"
        case {"action": "flexmeasures.post_measurements" as name, "target": _}:
            return f"{name} of a feed"
        case {"flexmeasures": devices}:
            return "several devices" if isinstance(devices, list) else "one device"
        case dict() if of := RESPONSES.keys() & example:
            return f"response of {RESPONSES[of.pop()]}"
        case (
            {"automation": [{"alias": str(name)}]}
            | [{"alias": str(name)}]
            | {"action": str(name)}
            | {"template": [{"sensor": [{"name": str(name)}]}]}
            | {"views": [{"title": str(name)}]}
            | {"type": str(name)}
        ):
            return name
    raise AssertionError(f"no test knows {example}")


EXAMPLES: dict[str, Any] = {
    name_of(example): example
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    for text in re.findall(
        r"^```yaml\n(.*?)^```$",
        page.read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    for example in [parse_yaml(text.replace("!secret flexmeasures_password", PASSWORD))]
}


def example(name: str) -> Any:
    """Give an example."""
    return EXAMPLES[name]


def named(name: str, power_sensor: int = BATTERY_POWER) -> Any:
    """Make a device with the name that an example has for it."""
    return {**device(power_sensor), "title": name}


async def automate(home: Home, name: str) -> None:
    """Set up an example that is an automation."""
    assert await async_setup_component(home.hass, "automation", example(name))
    await home.hass.async_block_till_done()


async def run(home: Home, name: str) -> Any:
    """Run an example that is an action, and give its response, if it names one."""
    sequence = [example(name)]
    if variable := sequence[0].get("response_variable"):
        sequence.append({"stop": "It is done.", "response_variable": variable})
    script = {"script": {"example": {"sequence": sequence}}}
    assert await async_setup_component(home.hass, "script", script)
    return await home.hass.services.async_call(
        "script", "example", blocking=True, return_response=bool(variable)
    )


@pytest.fixture
async def powers(home: Home) -> Callable[[], list[float]]:
    """Follow the plan with an inverter, and give what it was told since the last look."""
    home.has_planned(2.0, -1.5)
    home.hass.states.async_set(INVERTER, "0")
    await home.set_up()
    calls = async_mock_service(home.hass, "number", "set_value")
    await automate(home, "Follow the plan")

    def told() -> list[float]:
        assert all(call.data["entity_id"] == [INVERTER] for call in calls)
        values = [call.data["value"] for call in calls]
        calls.clear()
        return values

    return told


# --- docs/following.md


async def test_plan_the_battery(home: Home) -> None:
    """Every hour, from the state of charge; never from one that is not known."""
    await home.set_up()
    home.hass.states.async_set("sensor.battery_energy", "4.5")
    await automate(home, "Plan the battery")

    await home.go_to(SLOT + HOUR)
    assert [
        model["soc-at-start"] for wish in home.wishes for model in wish["flex-model"]
    ] == ["4.5 kWh"]

    for number, state in enumerate((STATE_UNKNOWN, STATE_UNAVAILABLE), start=2):
        home.hass.states.async_set("sensor.battery_energy", state)
        await home.go_to(SLOT + number * HOUR)
    assert len(home.wishes) == 1

    # Else its timer would be left over.
    await home.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.plan_the_battery"}
    )
    await home.settle()


async def test_follow_the_plan(home: Home, powers: Callable[[], list[float]]) -> None:
    """In W, and nothing any more when the plan has ended."""
    await home.go_to(SLOT + QUARTER)
    assert powers() == [-1500]

    await home.go_to(SLOT + 2 * QUARTER)
    assert home.hass.states.is_state(SETPOINT, STATE_UNKNOWN)
    assert powers() == [0]


async def test_actions_that_follow(home: Home) -> None:
    """A battery is charged and discharged, and let go at 0 kW and without a plan."""
    told: list[tuple[str, int | None]] = []
    for action in ("forcible_charge", "forcible_discharge", "stop_forcible_charge"):
        home.hass.services.async_register(
            "huawei_solar",
            action,
            lambda call: told.append((call.service, call.data.get("power"))),
        )
    home.has_planned(2.0, -1.5, 0.0, 1.0)
    follower = {
        "id": "1",
        "kind": "actions",
        "actions": example("Tell the battery"),
        "deadband": 0.1,
        "pause": 30,
        "respect": 3600,
    }
    await home.set_up(device(follower=follower))

    await home.act("turn_on", "switch", "hand_over")
    await home.settle()
    for number in range(1, 5):
        await home.go_to(SLOT + number * QUARTER)

    assert told == [
        ("forcible_charge", 2000),
        ("forcible_discharge", 1500),
        ("stop_forcible_charge", None),
        ("forcible_charge", 1000),
        ("stop_forcible_charge", None),
    ]


async def test_follow_no_plan_when_the_mode_is_off(
    home: Home, powers: Callable[[], list[float]]
) -> None:
    await home.act("select_option", "select", "mode", option="off")
    assert powers() == [0]

    await home.act("select_option", "select", "mode", option="automatic")
    assert powers() == [2000]


async def test_follow_no_plan_when_the_integration_is_gone(
    home: Home, powers: Callable[[], list[float]]
) -> None:
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    await home.settle()

    assert home.hass.states.is_state(SETPOINT, STATE_UNAVAILABLE)
    assert powers() == [0]


async def test_follow_no_plan_while_home_assistant_is_away(
    home: Home, powers: Callable[[], list[float]]
) -> None:
    """Nobody would end it."""
    for each in home.hass._shutdown_jobs:
        home.hass.async_run_hass_job(each.job, *each.args)
    await home.settle()
    assert powers() == [0]


async def test_follow_the_plan_from_the_start(
    home: Home, powers: Callable[[], list[float]]
) -> None:
    """What was planned meanwhile is told when Home Assistant, or the inverter, is back."""
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.settle()
    assert powers() == [2000]
    home.hass.states.async_set(INVERTER, STATE_UNAVAILABLE)
    await home.settle()
    powers()

    home.hass.states.async_set(INVERTER, "0")
    await home.settle()
    assert powers() == [2000]


# --- docs/actions.md


async def test_trigger_schedule(home: Home) -> None:
    home.server.set_flex_model(3, soc_max="60 kWh")
    await home.set_up(named("EV charger"))

    response = await run(home, "flexmeasures.trigger_schedule")

    (wish,) = home.wishes
    (model,) = wish["flex-model"]
    assert model["soc-at-start"] == "20.0 kWh"
    (target,) = model["soc-targets"]
    assert target["value"] == "50.0 kWh"
    assert datetime.fromisoformat(target["datetime"]) == datetime(
        2026, 11, 23, 6, tzinfo=UTC
    )
    assert wish["duration"] == "PT24H"
    assert response.keys() == example("response of trigger_schedule").keys()


async def test_get_schedule(home: Home) -> None:
    home.has_planned(2.0, -1.5)
    await home.set_up()

    response = await run(home, "flexmeasures.get_schedule")

    assert response["resolution"] == "PT1H"
    assert response["schedule"]


async def test_get_prices(home: Home) -> None:
    home.has_prices(210.0)
    await home.set_up()

    response = await run(home, "flexmeasures.get_prices")

    shown = example("response of get_prices")
    assert response.keys() == shown.keys()
    assert response["prices"][0].keys() == shown["prices"][0].keys()
    assert response["prices"][0]["value"] == shown["prices"][0]["value"]


async def test_explain(home: Home) -> None:
    home.has_planned(2.0, 0.0, 0.0, resolution=HOUR)
    home.has_prices(50.0, 100.0, 100.0)
    await home.set_up(device(schedule_duration=3 * 3600))

    response = await run(home, "flexmeasures.explain")

    told = example("response of explain")
    assert response.keys() == told.keys()
    block, shown = response["blocks"][0], told["blocks"][0]
    assert block.keys() == shown.keys()
    assert block["reasons"][0].keys() == shown["reasons"][0].keys()
    assert block["reasons"][0]["code"] == shown["reasons"][0]["code"]


async def test_override_of_an_area(home: Home) -> None:
    home.has_planned(2.0)
    await home.set_up()
    area = ar.async_get(home.hass).async_create("Garage")
    dr.async_get(home.hass).async_update_device(home.device_id(), area_id=area.id)

    await run(home, "flexmeasures.override of an area")

    assert home.value("sensor", "setpoint") == "0.0"


async def test_sensor_with_attributes_of_nord_pool(home: Home) -> None:
    """It goes with the plan, also when there is none."""
    home.has_planned(2.0, -1.5, 2.5)
    await home.set_up()
    sensor = example("Home battery plan")
    assert await async_setup_component(home.hass, "template", sensor)
    await home.settle()

    await home.go_to(SLOT + QUARTER)

    state = home.hass.states.get("sensor.home_battery_plan")
    assert state
    assert state.state == "-1.5"
    assert state.attributes["raw_today"] == [
        {
            "start": "2026-11-22T11:00:00+01:00",
            "end": "2026-11-22T12:00:00+01:00",
            "value": 1.0,
        }
    ]
    assert state.attributes["raw_tomorrow"] == []

    await home.go_to(SLOT + HOUR)
    state = home.hass.states.get("sensor.home_battery_plan")
    assert state
    assert state.state == STATE_UNAVAILABLE


async def test_post_measurements(home: Home) -> None:
    await home.set_up()
    home.hass.states.async_set("sensor.battery_energy", "4.5")

    await run(home, "flexmeasures.post_measurements")

    (request,) = home.server.requests_to(
        "POST", f"/api/v3_0/sensors/{BATTERY_SOC}/data"
    )
    assert (request.json["values"], request.json["unit"]) == ([4.5], "kWh")


async def test_post_measurements_of_a_feed(home: Home) -> None:
    await home.set_up(feed(BATTERY_SOC, "Battery level", method="level", unit="kWh"))

    await run(home, "flexmeasures.post_measurements of a feed")

    (request,) = home.server.requests_to(
        "POST", f"/api/v3_0/sensors/{BATTERY_SOC}/data"
    )
    assert (request.json["values"], request.json["unit"]) == ([6.2], "kWh")


async def test_post_measurements_of_several_sensors(home: Home) -> None:
    await home.set_up()
    home.hass.states.async_set("sensor.battery_energy", "4.5")

    response = await run(home, "flexmeasures.post_measurements for several sensors")

    assert [each["values"] for each in response["measurements"]] == [
        [4.5],
        [
            {"start": "2026-11-23T07:00:00+01:00", "value": 350.0},
            {"start": "2026-11-23T07:15:00+01:00", "value": 420.0},
        ],
    ]
    (request,) = home.server.requests_to(
        "POST", f"/api/v3_0/sensors/{CONSUMPTION}/data"
    )
    assert (request.json["values"], request.json["unit"]) == ([350.0, 420.0], "W")


async def test_get_measurements(home: Home) -> None:
    home.server.data[BATTERY_SOC] = StoredSchedule(SLOT, 5 * MINUTE, [4.5], "kWh")
    await home.set_up()

    response = await run(home, "flexmeasures.get_measurements")

    assert response["unit"] == "kWh"
    assert [each["value"] for each in response["measurements"]] == [4.5]


async def test_trigger_forecast(home: Home) -> None:
    home.server.data[CONSUMPTION] = StoredSchedule(NOW - HOUR, QUARTER, [0.4] * 4)
    await home.set_up()

    response = await run(home, "flexmeasures.trigger_forecast")

    assert len(response["forecast"]) == 96
    (request,) = home.server.requests_to(
        "POST", "/api/v3_0/sensors/*/forecasts/trigger"
    )
    assert request.json["config"] == {"regressors": [BATTERY_CHARGING]}


async def test_override(home: Home) -> None:
    """It ends by itself, whether there is a plan or not."""
    await home.set_up()

    await run(home, "flexmeasures.override")

    assert home.value("sensor", "setpoint") == "3.5"
    await home.go_to(NOW + 2 * HOUR)
    assert home.value("sensor", "setpoint") == STATE_UNKNOWN


async def test_set_ready_by(home: Home) -> None:
    await home.set_up(named("EV charger"))

    await run(home, "flexmeasures.set_ready_by")

    # NOW is a Sunday.
    assert home.value("datetime", "ready_by") == "2026-11-23T06:00:00+00:00"
    assert home.attributes("datetime", "ready_by")["target"] == 8.0


async def test_charge_now(home: Home, rm: FakeRM) -> None:
    """The control goes back and forth; a switch that is not known changes nothing."""
    await home.set_up({**paired(), "title": "EV charger"})
    await rm.start()
    home.hass.states.async_set("input_boolean.hurry", "off")
    await automate(home, "Charge now")

    home.hass.states.async_set("input_boolean.hurry", "on")
    await rm.expect("SelectControlType", control_type="NO_SELECTION")
    home.hass.states.async_set("input_boolean.hurry", "off")
    await rm.expect("SelectControlType", control_type=FRBC)
    home.hass.states.async_set("input_boolean.hurry", STATE_UNAVAILABLE)
    await home.hass.async_block_till_done()
    assert rm.resource.control_type == FRBC


async def test_grid_emergency(home: Home) -> None:
    """It begins and ends with what the grid operator says."""
    await home.set_up({**paired(), "title": "EV charger"})
    home.hass.states.async_set("binary_sensor.grid_operator", "off")
    await automate(home, "Grid emergency")

    for state in ("on", "off"):
        home.hass.states.async_set("binary_sensor.grid_operator", state)
        await home.hass.async_block_till_done()
        assert home.value("switch", "grid_emergency") == state


async def test_send_instruction(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start()
    await rm.select(FRBC)
    description = deepcopy(BATTERY)
    for mode in description["actuators"][0]["operation_modes"]:
        mode["diagnostic_label"] = mode["id"].capitalize()
    await rm.tell("FRBC.SystemDescription", **description)

    response = await run(home, "flexmeasures.send_instruction")

    sent = await rm.expect("FRBC.Instruction")
    assert sent["operation_mode_factor"] == 0.5
    shown = example("response of send_instruction")
    assert response.keys() == shown.keys()
    assert response["instruction"] == shown["instruction"]


# --- docs/entities.md


@pytest.fixture
def messages(home: Home) -> list[ServiceCall]:
    """Give a list that each message to the user is added to."""
    return async_mock_service(home.hass, "notify", "notify")


async def test_car_will_not_be_full(home: Home, messages: list[ServiceCall]) -> None:
    """Nothing is told while it is not known, nor again after a restart."""
    met = "binary_sensor.ev_charger_targets_met"
    missed = {"unresolved": [{"amount": "3 kWh", "datetime": "2026-11-23T07:00"}]}
    home.hass.states.async_set(met, "on")
    await automate(home, "Car will not be full")

    home.hass.states.async_set(met, "off", missed)
    await home.settle()
    (message,) = messages
    assert message.data["message"] == "3 kWh will be missing at 2026-11-23T07:00."

    for state in (STATE_UNKNOWN, STATE_UNAVAILABLE):
        home.hass.states.async_set(met, state)
        await home.settle()
    home.hass.states.async_set(met, "off", missed)
    await home.settle()
    assert messages == [message]


async def test_heat_pump_refuses(home: Home, messages: list[ServiceCall]) -> None:
    """Not when it takes up the next one, and not while it is away."""
    status = "sensor.heat_pump_instruction_status"
    home.hass.states.async_set(status, "accepted")
    home.hass.states.async_set("sensor.heat_pump_current_instruction", "On 50 %")
    await automate(home, "Heat pump refuses")

    for state in ("started", STATE_UNAVAILABLE):
        home.hass.states.async_set(status, "rejected")
        await home.settle()
        home.hass.states.async_set(status, state)
        await home.settle()
    await home.go_to(NOW + QUARTER)
    assert not messages

    home.hass.states.async_set(status, "aborted")
    await home.settle()
    await home.go_to(NOW + 2 * QUARTER)
    (message,) = messages
    assert message.data["message"] == "The heat pump refuses On 50 %."


# --- docs/automations.md


async def test_boiler_follows_its_plan(home: Home) -> None:
    """Also after a start, and off when the plan has ended."""
    home.has_planned(0.0, 2.0)
    await home.set_up(named("Boiler"))
    on = async_mock_service(home.hass, "switch", "turn_on")
    off = async_mock_service(home.hass, "switch", "turn_off")
    home.hass.set_state(CoreState.starting)
    await automate(home, "Boiler follows its plan")

    def told() -> tuple[int, int]:
        assert all(call.data["entity_id"] == ["switch.boiler"] for call in on + off)
        counts = len(on), len(off)
        on.clear()
        off.clear()
        return counts

    assert told() == (0, 0)
    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.settle()
    assert told() == (0, 1)
    await home.go_to(SLOT + QUARTER)
    assert told() == (1, 0)
    await home.go_to(SLOT + 2 * QUARTER)
    assert told() == (0, 1)


async def test_plans_go_wrong(home: Home, messages: list[ServiceCall]) -> None:
    home.has_planned(2.0)
    await home.set_up()
    garage = ar.async_get(home.hass).async_create("Garage")
    dr.async_get(home.hass).async_update_device(home.device_id(), area_id=garage.id)
    await automate(home, "Plans go wrong")

    await home.go_to(SLOT + QUARTER)

    (message,) = messages
    assert message.data["message"] == "Home battery has no plan any more."


async def test_dishwasher_when_it_is_cheap(home: Home) -> None:
    """From the running hour on: the price of no other is known."""
    home.has_prices(*(2 * [200.0]), *(3 * [100.0]), 300.0)
    await home.set_up(device(schedule_duration=24 * 3600))
    home.hass.states.async_set("input_boolean.dishwasher_is_loaded", "on")
    calls = async_mock_service(home.hass, "switch", "turn_on")
    await automate(home, "Dishwasher when it is cheap")

    started = []
    for hour in range(1, 6):
        await home.go_to(SLOT + hour * HOUR)
        started.append(len(calls))

    assert started == [0, 1, 2, 3, 3]
    # Else its timer would be left over.
    await home.hass.services.async_call(
        "automation",
        "turn_off",
        {"entity_id": "automation.dishwasher_when_it_is_cheap"},
    )
    await home.settle()


# --- docs/energy.md


async def test_solar_forecast(home: Home) -> None:
    """Each morning, for three days."""
    home.server.data[BATTERY_CHARGING] = StoredSchedule(NOW, QUARTER, [0.4])
    await home.set_up()
    await automate(home, "Solar forecast")

    await home.go_to(datetime(2026, 11, 23, 4, 30, tzinfo=UTC))

    (request,) = home.server.requests_to(
        "POST", "/api/v3_0/sensors/*/forecasts/trigger"
    )
    assert request.json == {"duration": "PT72H"}

    # Else its timer would be left over.
    await home.hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.solar_forecast"}
    )
    await home.settle()


# --- docs/yaml.md


async def configure(home: Home, name: str) -> dict[int, Any]:
    """Set up an example that is of configuration.yaml, and give its devices' settings."""
    home.server.users["you@example.com"] = home.server.users[EMAIL]
    for entity_id, state, unit in (
        ("sensor.home_battery_level", "50", "%"),
        ("binary_sensor.car_connected", "on", None),
    ):
        home.hass.states.async_set(entity_id, state, {"unit_of_measurement": unit})

    assert await async_setup_component(home.hass, DOMAIN, example(name))
    await home.settle()

    (entry,) = home.entries
    assert not ir.async_get(home.hass).issues
    return {
        device.data["power_sensor"]: device.data
        for device in entry.get_subentries_of_type(SUBENTRY_DEVICE)
    }


async def test_one_device(home: Home) -> None:
    assert (await configure(home, "one device")).keys() == {BATTERY_POWER}


async def test_several_devices(home: Home) -> None:
    devices = await configure(home, "several devices")

    assert devices.keys() == {BATTERY_POWER, GARAGE_POWER}
    assert devices[BATTERY_POWER]["capacity"] == 13.5
    assert devices[GARAGE_POWER]["update_interval"] == 1800


# --- cards


@pytest.mark.parametrize(
    "shown",
    [
        example("custom:flexmeasures-plan-card"),
        example("custom:flexmeasures-plan-badge"),
        example("Battery")["views"][0]["strategy"],
    ],
    ids=["card", "badge", "view"],
)
async def test_plan_card(
    home: Home, hass_ws_client: WebSocketGenerator, shown: Any
) -> None:
    """What it names is sent to it; tests/browser show that it is drawn."""
    await home.set_up()
    client = await hass_ws_client(home.hass)

    await client.send_json_auto_id(
        {
            "type": "flexmeasures/plan/subscribe",
            **dict.fromkeys(shown.keys() - {"type"}, home.device_id()),
        }
    )

    assert (await client.receive_json())["success"]


async def test_tile(home: Home) -> None:
    """There is such an entity; tests/browser show that the strip is drawn."""
    await home.set_up(named("Home battery"))

    assert home.hass.states.get(example("tile")["entity"])


async def test_other_cards(home: Home) -> None:
    """Their entities are there, with what is read; tests/browser show what comes of it."""
    home.has_planned(2.0)
    home.has_planned(4.0, power_sensor=BATTERY_SOC)
    await home.set_up(named("Home battery"))

    (calendar,) = example("calendar")["entities"]
    assert home.hass.states.get(calendar)
    for series in example("custom:apexcharts-card")["series"]:
        state = home.hass.states.get(series["entity"])
        assert state
        (read,) = re.findall(r"entity\.attributes\.(\w+)", series["data_generator"])
        assert read in ("schedule", "forecast")


async def test_table(home: Home) -> None:
    """It has a line for each change from now on, and only its head without a plan."""
    home.has_planned(2.0, 2.0, -1.5, 0.0, start=SLOT - QUARTER)
    await home.set_up(named("Home battery"))
    table = Template(example("markdown")["content"], home.hass)

    assert table.async_render().splitlines() == [
        "| From | Power |",
        "|:-----|------:|",
        "| Sun 11:00 | 2.0 kW |",
        "| Sun 11:15 | -1.5 kW |",
        "| Sun 11:30 | 0.0 kW |",
    ]

    home.hass.states.async_remove("sensor.home_battery_schedule")
    assert len(table.async_render().splitlines()) == 2


# --- all of them


def test_every_example_is_run() -> None:
    """Whoever writes one more also says here what it does."""
    run_here = re.findall(
        r'\b(?:automate|configure|example|run)\((?:home, )?"([^"]+)"\)',
        Path(__file__).read_text(encoding="utf-8"),
    )

    assert set(run_here) == EXAMPLES.keys()
