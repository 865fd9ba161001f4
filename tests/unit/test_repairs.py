"""What the user is told to repair, how that goes, and that nothing of it is left behind."""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import ClientConnectionError
from aiohttp.test_utils import TestClient
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.feeds.periods import Period
from homeassistant.config_entries import (
    ConfigEntryDisabler,
    ConfigEntryState,
    ConfigSubentryDataWithId,
)
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component

from . import flows
from .fake_server import (
    BATTERY,
    BATTERY_POWER,
    BATTERY_SOC,
    CONSUMPTION,
    EMAIL,
    GARAGE_POWER,
    INTERNAL_ERROR,
    PRICE_15MIN,
    RATE_LIMITED,
    REFUSED,
    VERSION,
    StoredSchedule,
    failed_job,
)
from .feeds import fed_home
from .home import HOUR, MINUTE, NOW, Home, automatic, device, meter

type Json = dict[str, Any]

JOB = "/api/v3_0/jobs/*"
TRIGGER = f"/api/v3_0/assets/{BATTERY}/schedules/trigger"
SCHEDULING_FAILED = f"scheduling_failed_{BATTERY_POWER}"
POWER_SENSOR_GONE = f"sensor_gone_{BATTERY_POWER}_power_sensor"

SOC = "sensor.battery_state_of_charge"
PLUG = "binary_sensor.plug"
DOOR = "binary_sensor.garage_door"
CHARGER = "switch.charger"
HEATING = "climate.living_room"


def issues(home: Home) -> dict[str, ir.IssueEntry]:
    """Give what there is to repair."""
    found = {
        issue_id: issue
        for (domain, issue_id), issue in ir.async_get(home.hass).issues.items()
        if domain == DOMAIN and issue.active
    }
    for issue in found.values():
        check_texts(issue)
    return found


def check_texts(issue: ir.IssueEntry) -> None:
    """Check that an issue can be shown."""
    assert issue.translation_key
    texts = flows.english()["issues"][issue.translation_key]
    assert ("fix_flow" in texts) is bool(issue.is_fixable)
    given = issue.translation_placeholders or {}
    assert flows.placeholders(texts["title"]) <= given.keys()
    assert flows.placeholders(texts.get("description", "")) <= given.keys()


class Repairs:
    """The repairs in the user interface."""

    def __init__(self, home: Home, client: TestClient[Any, Any]) -> None:
        """Start with nothing opened."""
        self._home = home
        self._client = client
        self._issue: ir.IssueEntry

    async def open(self, issue_id: str) -> Json:
        """Start to repair."""
        self._issue = issues(self._home)[issue_id]
        return await self._step(
            "POST", "", json={"handler": DOMAIN, "issue_id": issue_id}
        )

    async def submit(
        self, flow: Json, *, is_settled: bool = True, **values: str
    ) -> Json:
        """Go on."""
        return await self._step(
            "POST", f"/{flow['flow_id']}", is_settled=is_settled, json=values
        )

    async def look(self, flow: Json, *, is_settled: bool = True) -> Json:
        """See how far it is."""
        return await self._step("GET", f"/{flow['flow_id']}", is_settled=is_settled)

    async def _step(
        self, method: str, path: str, *, is_settled: bool = True, **data: Any
    ) -> Json:
        response = await self._client.request(
            method, f"/api/repairs/issues/fix{path}", **data
        )
        assert response.status == 200, await response.text()
        flow: Json = await response.json()
        self._check(flow)
        if is_settled:
            await self._home.settle()
        return flow

    def _check(self, flow: Json) -> None:
        """Check that a step has all its texts."""
        assert self._issue.translation_key
        texts = flows.english()["issues"][self._issue.translation_key]["fix_flow"]
        match flow["type"]:
            case FlowResultType.ABORT:
                used = texts["abort"][flow["reason"]]
            case FlowResultType.SHOW_PROGRESS:
                used = texts["progress"][flow["progress_action"]]
            case FlowResultType.MENU:
                used = texts["step"][flow["step_id"]]
                assert used["menu_options"].keys() == set(flow["menu_options"])
            case FlowResultType.FORM:
                used = texts["step"][flow["step_id"]]
            case _:
                return
        given = {
            **(self._issue.translation_placeholders or {}),
            **(flow["description_placeholders"] or {}),
        }
        assert flows.placeholders(used) <= given.keys()


@pytest.fixture
async def repairs(home: Home, hass_client: ClientSessionGenerator) -> Repairs:
    """The repairs in the user interface."""
    assert await async_setup_component(home.hass, "repairs", {})
    return Repairs(home, await hass_client())


async def settings_form(home: Home, flow: Json) -> Json:
    """Follow a repair into the form of the device's settings, as the frontend does."""
    assert flow["type"] == FlowResultType.ABORT
    assert flow["reason"] == "settings_opened"
    kind, flow_id = flow["next_flow"]
    assert kind == "config_subentries_flow"
    # Where the frontend finds the integration whose texts it shows.
    assert flow["result"]["entry_id"] == home.entry.entry_id
    form: Json = flows.checked(
        await home.hass.config_entries.subentries.async_configure(flow_id)
    )
    return form


async def change(
    home: Home, form: Json, setting: str, *cleared: str, **changes: Any
) -> None:
    """Fill in the form that a repair has led to, which has the setting."""
    assert setting in flows.fields(form)
    done = await flows.submit_settings(home.hass, form, *cleared, **changes)
    assert done["reason"] == "reconfigure_successful"
    await home.settle()


# --- a sensor of the server


SENSORS = [
    pytest.param("soc_sensor", BATTERY_SOC, id="state of charge"),
    pytest.param("consumption_price_sensor", PRICE_15MIN, id="consumption price"),
    pytest.param("production_price_sensor", PRICE_15MIN, id="production price"),
]


@pytest.mark.parametrize(("setting", "sensor"), SENSORS)
async def test_sensor_gone(home: Home, setting: str, sensor: int) -> None:
    """It is told when the device is next looked at, and taken back when it is there again."""
    await home.set_up(device(**{setting: sensor}))
    assert issues(home) == {}
    metadata = home.server.sensors.pop(sensor)

    await home.go_to(NOW + HOUR)

    (issue,) = issues(home).values()
    assert issue.issue_id == f"sensor_gone_{BATTERY_POWER}_{setting}"
    assert issue.translation_key == f"{setting}_gone"
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "sensor": str(sensor),
    }
    assert issue.is_fixable
    assert issue.severity is ir.IssueSeverity.WARNING

    home.server.sensors[sensor] = metadata
    await home.go_to(NOW + 2 * HOUR)
    assert issues(home) == {}


@pytest.mark.parametrize(("setting", "sensor"), SENSORS)
async def test_repair_of_a_sensor(
    home: Home, repairs: Repairs, setting: str, sensor: int
) -> None:
    """It goes on where the setting is; the issue stays until it is changed."""
    del home.server.sensors[sensor]
    entry = await home.set_up(device(**{setting: sensor}))
    issue_id = f"sensor_gone_{BATTERY_POWER}_{setting}"

    flow = await repairs.open(issue_id)
    assert flow["step_id"] == "confirm"
    form = await settings_form(home, await repairs.submit(flow))
    assert issue_id in issues(home)
    await change(home, form, setting, setting)

    assert setting not in entry.subentries[str(BATTERY_POWER)].data
    assert issues(home) == {}


async def test_power_sensor_gone(home: Home) -> None:
    """Also after an outage, in which nobody was told about the sensor."""
    home.has_planned(*[1.0] * 40)
    await home.set_up()
    home.server.fail(ClientConnectionError("gone"))
    await home.go_to(NOW + HOUR)
    assert issues(home) == {}
    home.server.recover()
    metadata = home.server.sensors.pop(BATTERY_POWER)

    await home.go_to(NOW + HOUR + MINUTE)

    (issue,) = issues(home).values()
    assert issue.issue_id == POWER_SENSOR_GONE
    assert issue.translation_key == "power_sensor_gone"
    assert issue.severity is ir.IssueSeverity.ERROR
    assert home.state().state == "1.0"

    home.server.sensors[BATTERY_POWER] = metadata
    await home.go_to(NOW + 2 * HOUR + MINUTE)
    assert issues(home) == {}


async def test_repair_of_a_power_sensor(home: Home, repairs: Repairs) -> None:
    """Without a plan the account is not even set up; with another sensor it is."""
    del home.server.sensors[BATTERY_POWER]
    home.add_account()
    assert await home.start() is ConfigEntryState.SETUP_RETRY

    flow = await repairs.open(POWER_SENSOR_GONE)
    form = await settings_form(home, await repairs.submit(flow))
    assert form["step_id"] == "power_sensor"
    form = await flows.submit(home.hass, form, {"power_sensor": str(GARAGE_POWER)})
    await change(home, form, "soc_min")
    await home.go_to(NOW + 2 * MINUTE)

    assert home.entry.state is ConfigEntryState.LOADED
    assert issues(home) == {}


async def test_repair_without_another_power_sensor(
    home: Home, repairs: Repairs
) -> None:
    """The reason is the one that the device's own flow gives."""
    for sensor, metadata in list(home.server.sensors.items()):
        if metadata["unit"] in ("W", "kW", "MW"):
            del home.server.sensors[sensor]
    await home.set_up()

    flow = await repairs.submit(await repairs.open(POWER_SENSOR_GONE))

    assert flow["type"] == FlowResultType.ABORT
    assert flow["reason"] == "settings_not_opened"
    assert flow["description_placeholders"]["reason"].startswith(
        "There is no unused power sensor in this account"
    )
    assert "next_flow" not in flow
    assert POWER_SENSOR_GONE in issues(home)


async def test_repair_while_the_server_is_away(home: Home, repairs: Repairs) -> None:
    del home.server.sensors[BATTERY_SOC]
    await home.set_up(device(soc_sensor=BATTERY_SOC))
    flow = await repairs.open(f"sensor_gone_{BATTERY_POWER}_soc_sensor")
    home.server.fail(REFUSED)

    flow = await repairs.submit(flow)

    assert flow["reason"] == "settings_not_opened"
    assert flow["description_placeholders"] == {
        "reason": "The server does not answer (connection refused). Check whether it is "
        "running and its address is right, then try again."
    }


async def test_ignored_issue_stays_ignored(home: Home) -> None:
    """Over readings and reloads."""
    del home.server.sensors[BATTERY_SOC]
    await home.set_up(device(soc_sensor=BATTERY_SOC))
    (issue_id,) = issues(home)
    ir.async_ignore_issue(home.hass, DOMAIN, issue_id, ignore=True)

    await home.go_to(NOW + HOUR)
    await home.reload()

    assert issues(home)[issue_id].dismissed_version is not None


# --- an entity


def add_entity(home: Home, entity_id: str) -> None:
    """Let an entity be known, with a state."""
    domain, name = entity_id.split(".")
    er.async_get(home.hass).async_get_or_create(
        domain, "test", name, suggested_object_id=name
    )
    home.hass.states.async_set(entity_id, "on")


ENTITIES = [
    pytest.param({"soc_entity": SOC}, SOC, id="state of charge"),
    pytest.param({"charging_entity": CHARGER}, CHARGER, id="charging"),
    pytest.param({"climate_entity": HEATING}, HEATING, id="climate"),
    pytest.param({"trigger_entities": [DOOR, PLUG]}, PLUG, id="trigger"),
]


@pytest.mark.parametrize(("settings", "entity_id"), ENTITIES)
async def test_entity_gone_at_the_start(
    home: Home, settings: Json, entity_id: str
) -> None:
    """It is told once everything had time to come, and taken back once it comes."""
    home.hass.states.async_set(DOOR, "on")
    home.hass.set_state(CoreState.starting)
    await home.set_up(device(**settings))
    assert issues(home) == {}

    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.settle()

    (issue,) = issues(home).values()
    assert issue.issue_id == f"entity_gone_{BATTERY_POWER}_{entity_id}"
    assert issue.translation_key == "entity_gone"
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "entity": entity_id,
    }
    assert issue.is_fixable

    home.hass.states.async_set(entity_id, "on")
    await home.go_to(NOW + MINUTE)
    assert issues(home) == {}


async def test_entities_that_are_there(home: Home) -> None:
    """One with a state, and one that is known and whose integration is not loaded."""
    home.hass.states.async_set(SOC, "unavailable")
    add_entity(home, PLUG)
    home.hass.states.async_remove(PLUG)

    await home.set_up(device(soc_entity=SOC, trigger_entities=[PLUG]))

    assert issues(home) == {}


async def test_removed_entity(home: Home) -> None:
    add_entity(home, PLUG)
    await home.set_up(device(trigger_entities=[PLUG], charging_entity=PLUG))

    er.async_get(home.hass).async_remove(PLUG)
    home.hass.states.async_remove(PLUG)
    await home.settle()
    assert issues(home) == {}
    await home.go_to(NOW + MINUTE)

    assert set(issues(home)) == {f"entity_gone_{BATTERY_POWER}_{PLUG}"}


async def test_entity_without_registration(home: Home) -> None:
    """It may be away for a moment, while its integration reloads."""
    home.hass.states.async_set(PLUG, "on")
    await home.set_up(device(trigger_entities=[PLUG]))

    home.hass.states.async_remove(PLUG)
    await home.settle()
    home.hass.states.async_set(PLUG, "off")
    await home.go_to(NOW + MINUTE)
    assert issues(home) == {}

    home.hass.states.async_remove(PLUG)
    await home.settle()
    await home.go_to(NOW + 2 * MINUTE)
    assert len(issues(home)) == 1


async def test_name_of_an_entity_that_is_gone(home: Home) -> None:
    """What its owner calls it, also once Home Assistant knows it no more."""
    add_entity(home, PLUG)
    er.async_get(home.hass).async_update_entity(PLUG, name="Plug of the car")
    home.hass.states.async_set(PLUG, "on", {"friendly_name": "Plug of the car"})
    home.hass.states.async_set(DOOR, "on", {"friendly_name": "Garage door"})
    await home.set_up(device(trigger_entities=[PLUG, DOOR]))
    home.hass.states.async_set(DOOR, "off", {"friendly_name": "Side door"})

    er.async_get(home.hass).async_update_entity(
        PLUG, disabled_by=er.RegistryEntryDisabler.USER
    )
    home.hass.states.async_remove(PLUG)
    home.hass.states.async_remove(DOOR)
    await home.settle()
    await home.go_to(NOW + MINUTE)
    assert names_of_gone(home) == {"Plug of the car", "Side door"}

    er.async_get(home.hass).async_remove(PLUG)
    await home.settle()
    await home.go_to(NOW + 2 * MINUTE)
    assert names_of_gone(home) == {"Plug of the car", "Side door"}


def names_of_gone(home: Home) -> set[str]:
    """Give what the issues call the entities that they are about."""
    return {
        (issue.translation_placeholders or {})["entity"]
        for issue in issues(home).values()
    }


async def test_disabled_entity(home: Home) -> None:
    add_entity(home, PLUG)
    await home.set_up(device(trigger_entities=[PLUG]))
    registry = er.async_get(home.hass)

    registry.async_update_entity(PLUG, disabled_by=er.RegistryEntryDisabler.USER)
    home.hass.states.async_remove(PLUG)
    await home.settle()
    await home.go_to(NOW + MINUTE)
    assert len(issues(home)) == 1

    registry.async_update_entity(PLUG, disabled_by=None)
    await home.settle()
    await home.go_to(NOW + 2 * MINUTE)
    assert issues(home) == {}


async def test_entities_while_home_assistant_stops(home: Home) -> None:
    """They go in any order, which is nothing to repair, nor does it repair anything."""
    home.hass.states.async_set(DOOR, "on")
    await home.set_up(device(trigger_entities=[DOOR, PLUG]))
    told = set(issues(home))
    assert len(told) == 1

    home.hass.set_state(CoreState.stopping)
    home.hass.states.async_remove(DOOR)
    await home.settle()
    await home.go_to(NOW + HOUR)

    assert set(issues(home)) == told


@pytest.mark.parametrize(("settings", "entity_id"), ENTITIES)
async def test_repair_of_an_entity(
    home: Home, repairs: Repairs, settings: Json, entity_id: str
) -> None:
    """It goes on where the entity is chosen."""
    home.hass.states.async_set(DOOR, "on")
    (setting,) = settings
    entry = await home.set_up(device(**settings))

    flow = await repairs.open(f"entity_gone_{BATTERY_POWER}_{entity_id}")
    form = await settings_form(home, await repairs.submit(flow))
    await change(home, form, setting, setting)

    assert setting not in entry.subentries[str(BATTERY_POWER)].data
    assert issues(home) == {}


async def test_repair_of_an_entity_of_two_settings(
    home: Home, repairs: Repairs
) -> None:
    """One after the other."""
    await home.set_up(device(charging_entity=PLUG, trigger_entities=[PLUG]))
    issue_id = f"entity_gone_{BATTERY_POWER}_{PLUG}"
    for setting in ("charging_entity", "trigger_entities"):
        flow = await repairs.open(issue_id)
        form = await settings_form(home, await repairs.submit(flow))
        await change(home, form, setting, setting)

    assert issues(home) == {}


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_renamed_entity(home: Home, *, is_loaded: bool) -> None:
    """The settings follow, whatever is wrong with the account."""
    for entity_id in (SOC, PLUG, DOOR):
        add_entity(home, entity_id)
    home.add_account(
        device(
            soc_entity=SOC, charging_entity=PLUG, trigger_entities=[DOOR, PLUG, SOC]
        ),
        device(GARAGE_POWER, trigger_entities=[DOOR]),
    )
    if not is_loaded:
        home.server.fail(ClientConnectionError("gone"))
    state = await home.start()

    er.async_get(home.hass).async_update_entity(
        PLUG, new_entity_id="binary_sensor.outlet"
    )
    home.hass.states.async_remove(PLUG)
    home.hass.states.async_set("binary_sensor.outlet", "on")
    await home.settle()

    battery, garage = home.entry.subentries.values()
    assert battery.data["soc_entity"] == SOC
    assert battery.data["charging_entity"] == "binary_sensor.outlet"
    assert battery.data["trigger_entities"] == [DOOR, "binary_sensor.outlet", SOC]
    assert garage.data["trigger_entities"] == [DOOR]
    assert home.entry.state is state
    await home.go_to(NOW + MINUTE)
    assert issues(home) == {}


async def test_renamed_single_entity(home: Home) -> None:
    """A device need not have entities that start a schedule."""
    add_entity(home, CHARGER)
    await home.set_up(device(charging_entity=CHARGER))

    er.async_get(home.hass).async_update_entity(
        CHARGER, new_entity_id="switch.wallbox", name="Wallbox"
    )
    await home.settle()

    (battery,) = home.entry.subentries.values()
    assert battery.data["charging_entity"] == "switch.wallbox"
    assert "trigger_entities" not in battery.data


# --- scheduling


async def set_up_after_failures(home: Home) -> None:
    """Set up a device whose scheduling failed three times before the restart."""
    home.add_account()
    failure = {
        "key": "infeasible",
        "placeholders": {"reason": "infeasible"},
        "moment": NOW.isoformat(),
        "in_a_row": 3,
    }
    home.remembers(1.0, failure=failure)
    await home.start()


async def test_scheduling_failed(home: Home) -> None:
    """It is told after three attempts in a row, and taken back with the next schedule."""
    home.server.answer("GET", JOB, status=422, json=failed_job("list index"))
    await home.set_up(automatic())
    minutes = 0
    while len(home.server.requests_to("POST", TRIGGER)) < 3:
        assert issues(home) == {}
        minutes += 1
        await home.go_to(NOW + minutes * MINUTE)

    (issue,) = issues(home).values()
    assert issue.issue_id == SCHEDULING_FAILED
    assert issue.translation_key == "scheduling_failed"
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "reason": "FlexMeasures could not compute a schedule: list index. If it goes on, "
        "ask whoever runs the server.",
    }
    assert issue.is_fixable

    home.server.recover()
    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=4)
    assert issues(home) == {}


async def test_what_only_the_user_can_mend(home: Home) -> None:
    """It is told at once, with what to do in the language of the home; it goes by itself."""
    home.hass.config.language = "nl"
    words = "Power capacity on asset 3 is not defined in the flex-model."
    home.server.answer("GET", JOB, status=422, json=failed_job(words))

    await home.set_up(automatic())

    (issue,) = issues(home).values()
    assert issue.issue_id == SCHEDULING_FAILED
    assert issue.translation_placeholders
    assert issue.translation_placeholders["reason"].startswith(
        "FlexMeasures weet niet hoeveel vermogen dit apparaat aankan."
    )

    home.server.recover()
    await home.go_to(NOW + HOUR)
    assert issues(home) == {}


async def test_what_the_user_was_told_already(home: Home) -> None:
    """An action that fails says so itself."""
    await home.set_up()
    words = "Power capacity on asset 3 is not defined in the flex-model."
    home.server.answer("GET", JOB, status=422, json=failed_job(words))

    with pytest.raises(HomeAssistantError):
        await home.press_compute()

    assert issues(home) == {}


async def test_scheduling_failed_before_the_restart(home: Home) -> None:
    await set_up_after_failures(home)

    assert set(issues(home)) == {SCHEDULING_FAILED}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"exception": ClientConnectionError("gone")}, id="outage"),
        pytest.param({"status": 500, "json": INTERNAL_ERROR}, id="server error"),
        pytest.param({"status": 429, "json": RATE_LIMITED}, id="rate limit"),
    ],
)
async def test_what_ends_by_itself(home: Home, answer: Json) -> None:
    """The user can do nothing about it."""
    home.server.answer("POST", TRIGGER, **answer)
    await home.set_up(automatic())

    for minutes in range(1, 10):
        await home.go_to(NOW + minutes * MINUTE)

    assert len(home.server.requests_to("POST", TRIGGER)) >= 3
    assert issues(home) == {}


async def test_scheduling_fails_for_want_of_the_power_sensor(home: Home) -> None:
    """One issue says it."""
    home.add_account()
    failure = {
        "key": "not_found",
        "placeholders": {"reason": "No sensor found"},
        "moment": NOW.isoformat(),
        "in_a_row": 3,
    }
    home.remembers(*[1.0] * 8, failure=failure)
    del home.server.sensors[BATTERY_POWER]

    await home.start()

    assert set(issues(home)) == {POWER_SENSOR_GONE}


async def test_trying_again(home: Home, repairs: Repairs) -> None:
    """Until it works."""
    await set_up_after_failures(home)
    menu = await repairs.open(SCHEDULING_FAILED)
    assert menu["type"] == FlowResultType.MENU

    home.server.recover()
    home.server.answer("GET", JOB, status=422, json=failed_job("Still no prices"))
    flow = await repairs.submit(menu, next_step_id="try_again")
    assert flow["type"] == FlowResultType.SHOW_PROGRESS
    menu = await repairs.look(flow)
    assert menu["step_id"] == "failed_again"
    # As when the page is loaded again.
    menu = await repairs.look(flow)
    assert menu["step_id"] == "failed_again"
    assert menu["description_placeholders"]["reason"].startswith(
        "FlexMeasures could not compute a schedule: Still no prices"
    )
    assert SCHEDULING_FAILED in issues(home)

    home.server.recover()
    flow = await repairs.submit(menu, next_step_id="try_again")
    assert flow["type"] == FlowResultType.SHOW_PROGRESS
    flow = await repairs.look(flow)
    assert flow["type"] == FlowResultType.CREATE_ENTRY
    assert issues(home) == {}
    assert home.state().state == "3.0"


async def test_waiting_for_a_schedule(home: Home, repairs: Repairs) -> None:
    """The user sees that it takes time."""
    await set_up_after_failures(home)
    flow = await repairs.open(SCHEDULING_FAILED)
    home.server.recover()
    computed = asyncio.Event()
    home.server.answer("POST", TRIGGER, wait_for=computed, exception=TimeoutError())

    flow = await repairs.submit(flow, next_step_id="try_again", is_settled=False)
    assert flow["type"] == FlowResultType.SHOW_PROGRESS
    flow = await repairs.look(flow, is_settled=False)
    assert flow["type"] == FlowResultType.SHOW_PROGRESS

    computed.set()
    await home.settle()
    assert (await repairs.look(flow))["step_id"] == "failed_again"


async def test_login_refused_while_trying_again(home: Home, repairs: Repairs) -> None:
    """The user is asked for the password."""
    await set_up_after_failures(home)
    menu = await repairs.open(SCHEDULING_FAILED)
    home.server.users[EMAIL].password = "another"
    home.server.tokens.clear()

    flow = await repairs.submit(menu, next_step_id="try_again")

    assert (await repairs.look(flow))["step_id"] == "failed_again"
    assert len(home.reauthentications) == 1


async def test_trying_again_without_the_account(home: Home, repairs: Repairs) -> None:
    await set_up_after_failures(home)
    menu = await repairs.open(SCHEDULING_FAILED)
    await home.hass.config_entries.async_unload(home.entry.entry_id)

    flow = await repairs.submit(menu, next_step_id="try_again")

    assert flow["type"] == FlowResultType.ABORT
    assert flow["reason"] == "not_loaded"


async def test_settings_of_a_device_whose_scheduling_fails(
    home: Home, repairs: Repairs
) -> None:
    await set_up_after_failures(home)
    menu = await repairs.open(SCHEDULING_FAILED)

    flow = await repairs.submit(menu, next_step_id="settings")

    menu = await settings_form(home, flow)
    assert menu["step_id"] == "settings"


# --- a server that is too old


async def test_server_too_old(home: Home) -> None:
    """Nothing works until it is newer, which is found out without help."""
    home.server.version = "0.31.2"
    home.has_planned(1.0)

    entry = home.add_account()

    assert await home.start() is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "server_too_old"
    assert entry.error_reason_translation_placeholders == {
        "version": "0.31.2",
        "needed": "1.0.0",
    }
    (issue,) = issues(home).values()
    assert issue.issue_id == f"server_too_old_{entry.entry_id}"
    assert issue.translation_placeholders == {
        "host": "http://flexmeasures.test:5000",
        "version": "0.31.2",
        "needed": "1.0.0",
    }
    assert not issue.is_fixable
    assert issue.learn_more_url
    assert issue.learn_more_url.startswith("https://")

    home.server.fail(ClientConnectionError("updating"))
    await home.go_to(NOW + MINUTE)
    assert len(issues(home)) == 1

    home.server.recover()
    home.server.version = VERSION
    await home.go_to(NOW + 3 * MINUTE)
    assert entry.state is ConfigEntryState.LOADED
    assert issues(home) == {}


async def test_version_is_not_known(home: Home) -> None:
    """That alone is no reason to fail."""
    home.has_planned(1.0)
    home.server.answer("GET", "/api/", status=500, json=INTERNAL_ERROR)

    entry = await home.set_up()

    assert entry.state is ConfigEntryState.LOADED
    assert issues(home) == {}


# --- what is removed


@pytest.fixture
async def troubled(home: Home) -> set[str]:
    """Two devices with all that can be wrong; gives what belongs to the first."""
    home.server.sensors.pop(BATTERY_SOC)
    home.add_account(
        device(soc_sensor=BATTERY_SOC, trigger_entities=[PLUG]),
        device(GARAGE_POWER, trigger_entities=[PLUG]),
    )
    failure = {"key": "infeasible", "placeholders": {}, "moment": NOW.isoformat()}
    home.remembers(1.0, failure=failure | {"in_a_row": 3})
    ir.async_create_issue(
        home.hass,
        DOMAIN,
        f"server_too_old_{home.entry.entry_id}",
        data={"entry_id": home.entry.entry_id},
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="server_too_old",
    )
    return {
        f"sensor_gone_{BATTERY_POWER}_soc_sensor",
        f"entity_gone_{BATTERY_POWER}_{PLUG}",
        SCHEDULING_FAILED,
    }


@pytest.mark.parametrize("is_loaded", [True, False])
async def test_removed_device(
    home: Home, troubled: set[str], *, is_loaded: bool
) -> None:
    """Nothing of it is left, and nothing of others is lost."""
    entry = home.entry
    await home.start()
    others = {f"entity_gone_{GARAGE_POWER}_{PLUG}"}
    assert set(issues(home)) == troubled | others
    if not is_loaded:
        await home.hass.config_entries.async_unload(entry.entry_id)
        assert set(issues(home)) == troubled | others

    home.hass.config_entries.async_remove_subentry(entry, str(BATTERY_POWER))
    await home.settle()

    assert set(issues(home)) == others


async def test_removed_account(home: Home, troubled: set[str]) -> None:
    await home.start()
    assert issues(home)

    await home.hass.config_entries.async_remove(home.entry.entry_id)
    await home.settle()

    assert issues(home) == {}


async def test_disabled_account(home: Home, troubled: set[str]) -> None:
    await home.start()
    other = home.entry
    await home.set_up(device(BATTERY_POWER, charging_entity=CHARGER))
    kept = {f"entity_gone_{BATTERY_POWER}_{CHARGER}"}

    await home.hass.config_entries.async_set_disabled_by(
        other.entry_id, ConfigEntryDisabler.USER
    )
    await home.settle()

    assert set(issues(home)) == kept


async def test_account_of_a_too_old_server_is_removed(home: Home) -> None:
    home.server.version = "0.31.2"
    entry = await home.set_up()
    assert issues(home)

    await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()

    assert issues(home) == {}


async def test_trying_again_with_a_device_that_is_disabled(
    home: Home, repairs: Repairs
) -> None:
    await set_up_after_failures(home)
    menu = await repairs.open(SCHEDULING_FAILED)
    home.disable_device()
    await home.settle()

    flow = await repairs.submit(menu, next_step_id="try_again")

    assert flow["type"] == FlowResultType.ABORT
    assert flow["reason"] == "not_loaded"


# --- meters


async def test_meter_that_cannot_be_read(home: Home, repairs: Repairs) -> None:
    """It says why, leads to the meter's settings, and is gone once it can be read."""
    home.server.data[CONSUMPTION] = StoredSchedule(
        NOW - 20 * HOUR, HOUR, [1.0] * 20, "kW"
    )
    home.server.answer(
        "GET",
        f"/api/v3_0/sensors/{CONSUMPTION}",
        status=403,
        json={"message": "You cannot be authorized for this content."},
    )
    await home.set_up(device(), meter(title="Main meter"))
    ((issue_id, issue),) = issues(home).items()
    check_texts(issue)
    assert issue.translation_key == "meter_failed"
    assert issue.translation_placeholders
    assert issue.translation_placeholders["meter"] == "Main meter"
    assert "cannot be authorized" in issue.translation_placeholders["reason"]

    flow = await repairs.open(issue_id)
    flow = await repairs.submit(flow)
    assert flow["reason"] == "settings_opened"

    home.server.recover()
    await home.go_to(NOW + HOUR + MINUTE)
    assert not issues(home)


async def test_meter_whose_server_is_away(home: Home) -> None:
    """What passes by itself is nothing to repair."""
    await home.set_up(device(), meter())
    home.server.fail(ClientConnectionError("away"))
    await home.go_to(NOW + HOUR + MINUTE)
    assert not issues(home)


async def test_removed_meter(home: Home) -> None:
    """Nobody has to repair one that is no more."""
    home.server.answer("GET", f"/api/v3_0/sensors/{CONSUMPTION}", status=403)
    await home.set_up(device(), meter(title="Main meter"))
    assert issues(home)
    (found,) = home.entry.get_subentries_of_type("meter")
    home.hass.config_entries.async_remove_subentry(home.entry, found.subentry_id)
    await home.settle()
    assert not issues(home)


async def test_what_a_feed_has_lost(home: Home, repairs: Repairs) -> None:
    """It is told until somebody has read it, which needs no account that is loaded."""
    await home.set_up(fed_home.feed())
    lost = home.entry.runtime_data.feeds[f"feed_{CONSUMPTION}"]
    lost.memory.lost = Period(NOW - HOUR, NOW)
    await home.reload()
    issue_id = f"feed_lost_feed_{CONSUMPTION}"
    assert "10:07" in str(issues(home)[issue_id].translation_placeholders)
    flow = await repairs.submit(await repairs.open(issue_id))
    assert flow["type"] == FlowResultType.CREATE_ENTRY
    assert issue_id not in issues(home)
    await home.reload()
    assert issue_id not in issues(home)


async def test_what_a_feed_has_lost_that_is_not_loaded(
    home: Home, repairs: Repairs
) -> None:
    """It is told again with the account."""
    await home.set_up(fed_home.feed())
    lost = home.entry.runtime_data.feeds[f"feed_{CONSUMPTION}"]
    lost.memory.lost = Period(NOW - HOUR, NOW)
    await home.reload()
    issue_id = f"feed_lost_feed_{CONSUMPTION}"
    flow = await repairs.open(issue_id)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    flow = await repairs.submit(flow)
    assert flow["type"] == FlowResultType.CREATE_ENTRY
    await home.start()
    assert issue_id in issues(home)


# --- an entity that does not tell how full a device is


LEVEL_SILENT = f"level_silent_{BATTERY_POWER}"


def level(home: Home, state: str) -> None:
    """Let the entity show a state."""
    home.hass.states.async_set(
        SOC, state, {"unit_of_measurement": "kWh", "friendly_name": "Powerwall level"}
    )


@pytest.mark.parametrize("settings", [device, automatic])
async def test_level_that_is_away_for_long(
    home: Home, settings: Callable[..., ConfigSubentryDataWithId]
) -> None:
    """That is told by name, whether or not schedules fail; it goes once all goes on."""
    home.server.set_flex_model(BATTERY, soc_max="10 kWh")
    level(home, "5")
    await home.set_up(settings(soc_entity=SOC))
    level(home, "unavailable")
    await home.settle()

    await home.go_to(NOW + 59 * MINUTE)
    assert issues(home) == {}
    await home.go_to(NOW + HOUR)

    (issue,) = issues(home).values()
    assert issue.issue_id == LEVEL_SILENT
    assert issue.translation_placeholders == {
        "device": "Home battery",
        "entity": "Powerwall level",
    }

    level(home, "5")
    await home.settle()
    assert issues(home) == {}


async def test_level_that_comes_and_goes(home: Home) -> None:
    """Each time counts for itself."""
    level(home, "unavailable")
    await home.set_up(device(soc_entity=SOC))

    await home.go_to(NOW + 50 * MINUTE)
    level(home, "5")
    await home.settle()
    level(home, "unknown")
    await home.settle()
    await home.go_to(NOW + 100 * MINUTE)
    assert issues(home) == {}

    await home.go_to(NOW + 110 * MINUTE)
    assert set(issues(home)) == {LEVEL_SILENT}


async def test_level_whose_entity_is_removed(home: Home) -> None:
    """One repair is enough."""
    await home.set_up(device(soc_entity=SOC))
    gone = f"entity_gone_{BATTERY_POWER}_{SOC}"

    assert set(issues(home)) == {gone}
    await home.go_to(NOW + 2 * HOUR)
    assert set(issues(home)) == {gone}


@pytest.fixture
async def level_away(home: Home) -> None:
    """Go on until it has lasted: before the user logs in, which does not hold for so long."""
    level(home, "unavailable")
    await home.set_up(device(soc_entity=SOC))
    await home.go_to(NOW + HOUR)


async def test_repair_of_a_level_that_is_away(
    home: Home, level_away: None, repairs: Repairs
) -> None:
    """It opens the setting."""
    flow = await repairs.open(LEVEL_SILENT)
    form = await settings_form(home, await repairs.submit(flow))
    await change(home, form, "soc_entity", "soc_entity")

    assert "soc_entity" not in home.entry.subentries[str(BATTERY_POWER)].data
    assert issues(home) == {}
