"""What happens to an RM in the middle of something else."""

from collections.abc import Callable
from threading import Event
from typing import Any
from unittest.mock import patch

from aiohttp.web import WebSocketResponse
import pytest

from custom_components.flexmeasures.cem.server.pairing import hash_token
from custom_components.flexmeasures.s2.frbc.handler import FrbcHandler
from homeassistant.exceptions import ServiceValidationError

from .fake_server import BATTERY_POWER, BATTERY_SOC, GARAGE_POWER, StoredSchedule
from .home import HOUR, MINUTE, NOW, QUARTER, SLOT, Home
from .s2 import devices
from .s2.devices import L1, actuator, element, mode, number_range, power, storage
from .s2_rm import BATTERY, FRBC, OMBC, PEBC, PPBC, FakeRM, paired
from .test_s2_control import (
    FAST,
    INSTRUCTION,
    SECOND,
    asked,
    choose,
    controlled,
    describe,
    go_to,
    ombc,
    told,
)


@pytest.fixture
async def rm(new_rm: Callable[..., FakeRM]) -> FakeRM:
    """The battery's RM, not connected yet."""
    return new_rm()


async def refresh(home: Home) -> None:
    """Read the plan of the battery anew."""
    await home.entry.runtime_data.coordinators[str(BATTERY_POWER)].async_refresh()


async def tell_details(rm: FakeRM, *control_types: str) -> None:
    """Say again what it is."""
    await rm.introduce(*control_types, instruction_processing_delay=0)


async def test_details_again(home: Home, rm: FakeRM) -> None:
    """What is in force stays, also while the user waits for something else."""
    await home.set_up(paired())
    await controlled(rm)
    before = len(rm.received)
    await tell_details(rm, FRBC)
    assert len(rm.received) == before

    rm.answers["SelectControlType"] = None
    await tell_details(rm, FRBC, PEBC)
    choice = home.hass.async_create_task(choose(rm, PEBC))
    asked_for = await rm.expect("SelectControlType", control_type=PEBC)
    await tell_details(rm, FRBC, PEBC)
    await rm.send(
        {
            "message_type": "ReceptionStatus",
            "subject_message_id": asked_for["message_id"],
            "status": "OK",
        }
    )
    await choice
    assert rm.resource.control_type == PEBC


@pytest.mark.s2_rule("select.withdrawn")
async def test_paused(home: Home, rm: FakeRM) -> None:
    """An RM that offers nothing for a while is controlled again afterwards."""
    await home.set_up(paired())
    await controlled(rm)
    await rm.introduce(available_control_types=[])
    assert rm.resource.control_type == "NO_SELECTION"
    await tell_details(rm, FRBC)
    await rm.expect("SelectControlType", control_type=FRBC)


async def test_about_to_leave(home: Home, rm: FakeRM) -> None:
    """In the second before the connection is closed it is told nothing more."""
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    # Timers of tests go off up to half a second early.
    await home.go_to(SLOT + QUARTER - SECOND)
    home.pass_time(0.6 * SECOND)
    await rm.tell("SessionRequest", request="TERMINATE")
    for call in (
        choose(rm, FRBC),
        rm.home.call(
            "send_instruction", device_id=home.device_id(), operation_mode="charge"
        ),
    ):
        with pytest.raises(ServiceValidationError) as raised:
            await call
        assert raised.value.translation_key == "s2_not_connected"
    await home.go_to(SLOT + QUARTER)
    await home.go_to(SLOT + QUARTER + SECOND)
    assert told(rm) == [("charge", 0.2)]
    assert not rm.resource.is_connected


@pytest.mark.s2_rule("instruction.revoke")
async def test_about_to_leave_with_something_sent_ahead(home: Home, rm: FakeRM) -> None:
    home.has_planned(1.0, 2.0)
    await home.set_up(paired())
    await controlled(rm, instruction_processing_delay=60000)
    await go_to(rm, NOW + 2 * SECOND)
    await go_to(rm, SLOT + QUARTER - 30 * SECOND)
    assert len(told(rm)) == 2
    await rm.tell("SessionRequest", request="TERMINATE")
    home.has_planned(1.0, 4.0)
    await refresh(home)
    await home.settle()
    assert rm.received[-1]["message_type"] == INSTRUCTION


async def test_new_plan_during_the_pause_after_a_refusal(
    home: Home, rm: FakeRM
) -> None:
    rm.answers[INSTRUCTION] = "INVALID_CONTENT"
    home.has_planned(1.0, 1.0)
    await home.set_up(paired())
    await controlled(rm)
    await go_to(rm, NOW + 2 * SECOND)
    home.has_planned(2.0, 2.0)
    await refresh(home)
    await go_to(rm, NOW + 10 * SECOND)
    assert told(rm) == [("charge", 0.2)]
    await go_to(rm, NOW + 33 * SECOND)
    assert told(rm) == [("charge", 0.2), ("charge", 0.4)]


async def test_unloaded_while_it_is_let_in(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    prepare = WebSocketResponse.prepare

    async def late(socket: WebSocketResponse, request: Any) -> Any:
        await home.hass.config_entries.async_unload(home.entry.entry_id)
        return await prepare(socket, request)

    with patch.object(WebSocketResponse, "prepare", late):
        await rm.connect()
    await rm.expect("SessionRequest", request="RECONNECT")
    await home.until(lambda: not rm.is_open)
    assert rm.close_code == 1001


async def test_a_defect_ends_one_session(
    home: Home, new_rm: Callable[..., FakeRM], caplog: pytest.LogCaptureFixture
) -> None:
    await home.set_up(paired(), paired(GARAGE_POWER))
    rm, other = new_rm(), new_rm(GARAGE_POWER)
    await controlled(rm)
    await controlled(other)
    with patch.object(FrbcHandler, "receive", side_effect=RuntimeError("a defect")):
        await rm.send(
            {
                "message_type": "FRBC.StorageStatus",
                "message_id": "the-last",
                "present_fill_level": 1,
            }
        )
        await home.until(lambda: not rm.is_open)
    assert rm.close_code == 1011
    assert "Unexpected exception in the S2 session of Home battery" in caplog.text
    assert await other.tell("FRBC.StorageStatus", present_fill_level=2) == "OK"


async def test_statuses_before_the_description(home: Home, rm: FakeRM) -> None:
    """However many there are, of whatever actuators."""
    home.has_planned(1.0, 1.0)
    await home.set_up(paired())
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    for number in range(105):
        status = devices.frbc_status("charge", actuator_id=f"actuator-{number}")
        assert await rm.tell("FRBC.ActuatorStatus", **status) == "OK"
    await describe(rm)
    await go_to(rm, NOW + 6 * SECOND)
    assert told(rm) == [("charge", 0.2)]


@pytest.mark.parametrize("method", ["instructions", "flex_model"])
async def test_another_control_type_while_it_is_computed(
    home: Home, rm: FakeRM, method: str
) -> None:
    home.has_planned(1.0, 1.0)
    await home.set_up(paired())
    await rm.start(FRBC, PEBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    await go_to(rm, NOW + SECOND)
    begun, go_on = Event(), Event()
    compute = getattr(FrbcHandler, method)

    def wait(*arguments: Any, **keywords: Any) -> Any:
        begun.set()
        assert go_on.wait(60)
        return compute(*arguments, **keywords)

    with patch.object(FrbcHandler, method, wait):
        await describe(rm)
        await home.go_to(NOW + 6 * SECOND, is_settled=False)
        await home.until(begun.is_set)
        await choose(rm, PEBC)
        go_on.set()
        await home.settle()
    assert rm.resource.control_type == PEBC
    assert rm.resource.replanning.problem is None
    if method == "instructions":
        assert told(rm) == []


async def test_switched_off_while_control_is_handed_back(
    home: Home, rm: FakeRM
) -> None:
    home.has_planned(3.0)
    await home.set_up(paired())
    await controlled(rm, FAST, mode="fast")
    await home.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": home.entity("select", "mode"), "option": "off"},
        blocking=True,
    )
    await go_to(rm, NOW + 6 * SECOND)
    assert rm.resource.control_type == "NO_SELECTION"
    await go_to(rm, NOW + QUARTER + 6 * SECOND)
    assert rm.resource.control_type == "NO_SELECTION"
    await home.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": home.entity("select", "mode"), "option": "hold"},
        blocking=True,
    )
    await rm.expect("SelectControlType", control_type=FRBC)


async def test_another_level_without_automatic_scheduling(
    home: Home, rm: FakeRM
) -> None:
    home.server.schedules[BATTERY_SOC] = StoredSchedule(
        SLOT, QUARTER, [5.0 for _ in range(9)], "kWh"
    )
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired(capacity=10, soc_deviation=0.5))
    await controlled(rm, level=90)
    await go_to(rm, NOW + 10 * MINUTE)
    assert asked(home) == []


async def test_server_is_away_when_it_describes_itself(home: Home, rm: FakeRM) -> None:
    """It is looked at again when the server is back."""
    home.has_planned(*(8 * [1.0]))
    await home.set_up(paired(automatic_scheduling=True))
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    home.server.fail(TimeoutError())
    await home.go_to(NOW + 20 * MINUTE)
    await describe(rm)
    await go_to(rm, NOW + 20 * MINUTE + 6 * SECOND)
    before = len(asked(home))
    home.server.recover()
    await go_to(rm, NOW + 22 * MINUTE)
    await go_to(rm, NOW + 23 * MINUTE)
    assert len(asked(home)) > before


async def test_one_problem_after_the_other(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired(automatic_scheduling=True))
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    await go_to(rm, NOW + 6 * SECOND)
    assert home.value("sensor", "scheduling_status") == "s2_no_description"
    useless = mode("on", element((0, 100), (0, 0), power(0, 1000)))
    await rm.tell(
        "FRBC.SystemDescription", **storage((0, 100), actuator(useless), at=NOW)
    )
    await go_to(rm, NOW + 12 * SECOND)
    assert home.value("sensor", "scheduling_status") == "s2_no_fill_level"
    assert rm.resource.replanning.problem_since == NOW + 6 * SECOND

    # What it takes back counts no more.
    description = await rm.tell("FRBC.StorageStatus", present_fill_level=1)
    assert description == "OK"
    await rm.send(
        {
            "message_type": "FRBC.SystemDescription",
            "message_id": "to-be-revoked",
            **{key: _wire(value) for key, value in BATTERY.items()},
        }
    )
    await rm.tell("FRBC.StorageStatus", present_fill_level=2)
    await go_to(rm, NOW + 20 * SECOND)
    assert home.value("sensor", "scheduling_status") == "ok"
    await rm.tell(
        "RevokeObject", object_type="FRBC.SystemDescription", object_id="to-be-revoked"
    )
    await go_to(rm, NOW + 30 * SECOND)
    assert home.value("sensor", "scheduling_status") == "s2_no_description"


def _wire(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


async def test_limits(home: Home, rm: FakeRM) -> None:
    """What has a need is planned with it; what has none, as the settings say."""
    await home.set_up(paired(automatic_scheduling=True))
    before = len(asked(home))
    await rm.start(PEBC, instruction_processing_delay=0)
    await choose(rm, PEBC)
    await rm.tell(
        "PEBC.PowerConstraints",
        id="limits",
        valid_from=NOW,
        consequence_type="DEFER",
        allowed_limit_ranges=[
            {
                "commodity_quantity": L1,
                "limit_type": limit_type,
                "range_boundary": number_range(*boundary),
                "abnormal_condition_only": False,
            }
            for limit_type, boundary in (
                ("UPPER_LIMIT", (0, 3680)),
                ("LOWER_LIMIT", (0, 0)),
            )
        ],
    )
    await go_to(rm, NOW + 31 * SECOND)
    assert home.value("sensor", "scheduling_status") == "s2_energy_unknown"
    await rm.tell(
        "PEBC.EnergyConstraint",
        id="need",
        valid_from=NOW,
        valid_until=NOW + HOUR,
        upper_average_power=2000,
        lower_average_power=1000,
        commodity_quantity=L1,
    )
    await go_to(rm, NOW + 40 * SECOND)
    assert home.value("sensor", "scheduling_status") == "ok"
    model = asked(home)[before]
    assert model["consumption-capacity"] == "3680.0 W"
    assert model["soc-minima"]


async def test_limits_of_a_device_of_which_the_user_knows_more(
    home: Home, rm: FakeRM
) -> None:
    await home.set_up(paired(capacity=10, soc_max=9))
    await rm.start(PEBC, instruction_processing_delay=0)
    await choose(rm, PEBC)
    await rm.tell("PEBC.PowerConstraints", valid_from=NOW)
    await home.call("trigger_schedule", device_id=home.device_id(), soc_at_start=3)
    (model,) = asked(home)
    assert model["soc-at-start"] == "3.0 kWh"
    assert "consumption-capacity" in model
    await home.call("trigger_schedule", device_id=home.device_id())
    assert asked(home)[1]["soc-max"] == "9 kWh"
    assert "consumption-capacity" in asked(home)[1]


async def test_energy_of_a_target_in_the_action(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start(OMBC, instruction_processing_delay=0)
    await choose(rm, OMBC)
    await rm.tell("OMBC.SystemDescription", **ombc())
    targets = [{"value": 2, "datetime": NOW + HOUR}]
    await home.call("trigger_schedule", device_id=home.device_id(), soc_targets=targets)
    assert asked(home)[0]["soc-targets"][0]["value"] == "2.0 kWh"


async def test_start_by_hand_at_another_time(home: Home, rm: FakeRM) -> None:
    """When it can be started is told in local time."""
    await home.set_up(paired())
    await rm.start(PPBC, instruction_processing_delay=0)
    await choose(rm, PPBC)
    await rm.tell(
        "PPBC.PowerProfileDefinition",
        start_time=NOW,
        end_time=NOW + HOUR,
    )
    with pytest.raises(ServiceValidationError) as raised:
        await home.call(
            "send_instruction",
            device_id=home.device_id(),
            power_sequence="eco",
            execution_time=NOW + 10 * HOUR,
        )
    assert raised.value.translation_key == "s2_sequence_time"
    placeholders = raised.value.translation_placeholders
    assert placeholders
    assert placeholders["earliest"] == "11:07"


async def test_held_without_a_plan(home: Home, rm: FakeRM) -> None:
    """The user's wish needs no plan."""
    await home.set_up(paired())
    await controlled(rm)
    await home.hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": home.entity("select", "mode"), "option": "hold"},
        blocking=True,
    )
    await go_to(rm, NOW + 2 * SECOND)
    assert told(rm) == [("charge", 0.0)]
    for hour in range(1, 26):
        await go_to(rm, NOW + hour * HOUR)
    assert told(rm) == [("charge", 0.0)]
    assert rm.resource.control_type == FRBC


async def test_known_from_before_the_restart(home: Home, rm: FakeRM) -> None:
    """The control type is taken up, and the device scheduled for the first time."""
    home.add_account(paired(automatic_scheduling=True))
    home.remembers(
        *(8 * [1.0]),
        resource={
            "token_hash": hash_token(rm.token),
            "resource_id": None,
            "control_type": FRBC,
            "consumed_kwh": 0.0,
        },
    )
    home.has_planned(*(8 * [1.0]))
    await home.start()
    assert asked(home) == []
    await rm.start(FRBC, instruction_processing_delay=0)
    await describe(rm)
    await go_to(rm, NOW + 6 * SECOND)
    assert len(asked(home)) == 1
    assert told(rm)[0] == ("charge", 0.2)


async def test_two_actuators(home: Home, rm: FakeRM) -> None:
    """What one of them does says nothing of the other."""
    both = storage(
        (0, 100),
        *(
            actuator(
                mode(name, element((0, 100), (0, rate), power(0, 2000))),
                actuator_id=name,
            )
            for name, rate in (("better", 0.01), ("worse", 0.005))
        ),
        at=NOW,
    )
    home.has_planned(3.0, 3.0)
    await home.set_up(paired())
    await rm.start(FRBC, instruction_processing_delay=0)
    await choose(rm, FRBC)
    await rm.tell("FRBC.SystemDescription", **both)
    await rm.tell("FRBC.StorageStatus", present_fill_level=5)
    await go_to(rm, NOW + 2 * SECOND)
    assert sorted(told(rm)) == [("better", 1.0), ("worse", 0.5)]
    for name, factor in (("better", 1.0), ("worse", 0.5)):
        status = devices.frbc_status(name, factor, actuator_id=name)
        await rm.tell("FRBC.ActuatorStatus", **status)
    await go_to(rm, NOW + 20 * SECOND)
    assert len(told(rm)) == 2


async def test_power_says_nothing_of_the_fill_level(home: Home, rm: FakeRM) -> None:
    """What was told of it is stored all the same."""
    await home.set_up(paired(capacity=10, soc_sensor=BATTERY_SOC))
    await controlled(rm)
    await rm.measure(1000)
    await go_to(rm, NOW + 3 * MINUTE)
    await go_to(rm, NOW + 5 * MINUTE)
    posted = home.server.requests_to("POST", f"/api/v3_0/sensors/{BATTERY_SOC}/data")
    assert [request.json["values"] for request in posted] == [[5.0]]
