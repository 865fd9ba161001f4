"""The actions that tell a device with a resource manager what to do."""

import ast
import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import voluptuous as vol

from custom_components.flexmeasures.const import DOMAIN
from custom_components.flexmeasures.s2.messages.message import ControlType
from custom_components.flexmeasures.scheduling.errors import NOT_PLANNABLE
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .flows import english, placeholders
from .home import HOUR, MINUTE, NOW, QUARTER, Home, Json, device
from .s2.devices import L1, number_range
from .s2_rm import (
    BATTERY,
    DDBC,
    FRBC,
    NOT_CONTROLABLE,
    OMBC,
    PEBC,
    PPBC,
    FakeRM,
    paired,
)
from .test_metadata import called, keywords, literals, nodes

pytestmark = pytest.mark.usefixtures("no_secret_logged")

SPELLINGS = [
    ("FILL_RATE_BASED_CONTROL", FRBC),
    ("fill_rate_based_control", FRBC),
    ("Power_Envelope_Based_Control ", PEBC),
    ("NOT_CONTROLABLE", NOT_CONTROLABLE),
    ("not_controllable", NOT_CONTROLABLE),
    ("NOT_CONTROLLABLE", NOT_CONTROLABLE),
    ("no_selection", "NO_SELECTION"),
]


async def change(home: Home, control_type: object = FRBC) -> None:
    """Choose how the battery is controlled."""
    await home.hass.services.async_call(
        DOMAIN,
        "change_control_type",
        {"device_id": home.device_id(), "control_type": control_type},
        blocking=True,
    )


async def send(home: Home, **data: Any) -> Any:
    """Tell the battery what to do."""
    return await home.call("send_instruction", device_id=home.device_id(), **data)


async def refused(home: Home, **data: Any) -> tuple[str, Json]:
    """Tell it something that it cannot do, and give why."""
    with pytest.raises(ServiceValidationError) as raised:
        await send(home, **data)
    assert raised.value.translation_domain == DOMAIN
    key = raised.value.translation_key
    assert key
    given = raised.value.translation_placeholders or {}
    assert placeholders(english()["exceptions"][key]["message"]) <= given.keys()
    return key, given


async def battery(home: Home, rm: FakeRM) -> None:
    """Have a battery that is controlled by fill rate, and has no plan."""
    await home.set_up(paired())
    await rm.start()
    await change(home)
    await rm.tell("FRBC.SystemDescription", **BATTERY)


# --- change_control_type


@pytest.mark.parametrize(("given", "meant"), SPELLINGS)
async def test_spellings(home: Home, rm: FakeRM, given: str, meant: str) -> None:
    """As S2 writes it, as the options do, and as English does."""
    await home.set_up(paired())
    await rm.start()

    await change(home, given)

    await rm.expect("SelectControlType", control_type=meant)
    assert rm.resource.control_type == meant


@pytest.mark.parametrize("given", ["fill rate", "", 5, None, "not_controllabel"])
async def test_no_control_type(home: Home, given: object) -> None:
    await home.set_up(paired())

    with pytest.raises(vol.Invalid, match="control_type"):
        await change(home, given)


async def test_waits_for_the_answer(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start()
    rm.answers["SelectControlType"] = None

    changing = asyncio.create_task(change(home))
    asked = await rm.expect("SelectControlType", control_type=FRBC)
    assert not changing.done()
    await rm.send(
        {
            "message_type": "ReceptionStatus",
            "subject_message_id": asked["message_id"],
            "status": "OK",
        }
    )
    await changing

    assert rm.resource.control_type is ControlType.FILL_RATE


async def test_four_ways_to_fail(home: Home, rm: FakeRM) -> None:
    """Each has its own error, and what was in force stays."""
    await home.set_up(paired())

    with pytest.raises(ServiceValidationError) as not_connected:
        await change(home)
    await rm.start()
    with pytest.raises(ServiceValidationError) as not_offered:
        await change(home, OMBC)
    rm.answers["SelectControlType"] = "TEMPORARY_ERROR"
    with pytest.raises(HomeAssistantError) as refusal:
        await change(home)
    rm.answers["SelectControlType"] = None
    changing = asyncio.create_task(change(home))
    await rm.expect("SelectControlType", control_type=FRBC)
    await rm.expect("SelectControlType", control_type=FRBC)
    await rm.pass_to(NOW + timedelta(seconds=10))
    with pytest.raises(HomeAssistantError) as silence:
        await changing

    errors = [each.value for each in (not_connected, not_offered, refusal, silence)]
    assert [error.translation_key for error in errors] == [
        "s2_not_connected",
        "s2_not_offered",
        "s2_refused",
        "s2_unanswered",
    ]
    for error in errors:
        assert "Home battery" in str(error)
    assert "power_envelope_based_control" in str(not_offered.value)
    assert rm.resource.control_type is ControlType.NOT_CONTROLABLE
    assert rm.resource.memory.control_type is None


async def test_gone_while_it_is_asked(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start()
    rm.answers["SelectControlType"] = None
    changing = asyncio.create_task(change(home))
    await rm.expect("SelectControlType", control_type=FRBC)

    await rm.close()

    with pytest.raises(ServiceValidationError, match="not connected"):
        await changing


async def test_device_without_s2(home: Home) -> None:
    await home.set_up(device())

    with pytest.raises(ServiceValidationError, match="S2 is switched off") as raised:
        await change(home)

    assert raised.value.translation_key == "s2_not_enabled"
    assert (await refused(home, operation_mode="charge"))[0] == "s2_not_enabled"


# --- send_instruction


async def test_operation_mode(home: Home, rm: FakeRM) -> None:
    """At once, and as far as it goes, by default."""
    await battery(home, rm)

    response = await send(home, operation_mode="charge")

    sent = await rm.expect("FRBC.Instruction")
    assert sent["actuator_id"] == "actuator"
    assert sent["operation_mode"] == "charge"
    assert sent["operation_mode_factor"] == 1
    assert sent["abnormal_condition"] is False
    assert datetime.fromisoformat(sent["execution_time"]) == NOW
    assert response == {
        "id": sent["id"],
        "type": "FRBC.Instruction",
        "execution_time": "2026-11-22T11:07:00+01:00",
        "instruction": "charge 100 %",
    }
    assert home.value("sensor", "current_instruction") == "charge 100 %"


@pytest.mark.s2_rule("instruction.abnormal", "instruction.emergency")
async def test_everything_about_an_operation_mode(home: Home, rm: FakeRM) -> None:
    await battery(home, rm)

    await send(
        home,
        control_type="FILL_RATE_BASED_CONTROL",
        actuator="actuator",
        operation_mode="discharge",
        factor="0.25",
        execution_time="2026-11-22 11:30:00",
        abnormal_condition=True,
    )

    sent = await rm.expect("FRBC.Instruction")
    assert sent["operation_mode_factor"] == 0.25
    assert sent["abnormal_condition"] is True
    assert sent["execution_time"] == "2026-11-22T10:30:00Z"


async def test_without_a_response(home: Home, rm: FakeRM) -> None:
    await battery(home, rm)

    await home.hass.services.async_call(
        DOMAIN,
        "send_instruction",
        {"device_id": home.device_id(), "operation_mode": "charge"},
        blocking=True,
    )

    await rm.expect("FRBC.Instruction")


async def test_limits(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start()
    await change(home, PEBC)
    await rm.tell(
        "PEBC.PowerConstraints",
        valid_from=NOW,
        allowed_limit_ranges=[
            {
                "commodity_quantity": L1,
                "limit_type": limit_type,
                "range_boundary": number_range(*limits),
                "abnormal_condition_only": False,
            }
            for limit_type, limits in (
                ("LOWER_LIMIT", (-4000, 0)),
                ("UPPER_LIMIT", (0, 3000)),
            )
        ],
    )

    response = await send(home, lower_limit=-1000, upper_limit=2000, duration="PT1H")

    sent = await rm.expect("PEBC.Instruction", id=response["id"])
    (envelope,) = sent["power_envelopes"]
    (part,) = envelope["power_envelope_elements"]
    assert (part["lower_limit"], part["upper_limit"]) == (-1000, 2000)
    assert part["duration"] == HOUR // timedelta(milliseconds=1)
    assert response["type"] == "PEBC.Instruction"
    assert await refused(home) == ("s2_limits_required", {})
    key, given = await refused(home, lower_limit=-5000)
    assert key == "s2_limit_not_allowed"
    assert "5000" in given["limit"]


async def test_power_sequence(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start(PPBC)
    await change(home, PPBC)
    await rm.tell(
        "PPBC.PowerProfileDefinition", start_time=NOW, end_time=NOW + 6 * HOUR
    )

    response = await send(
        home,
        power_profile="wash",
        sequence_container="heating",
        power_sequence="eco",
        execution_time=(NOW + HOUR).isoformat(),
    )

    sent = await rm.expect("PPBC.ScheduleInstruction", id=response["id"])
    assert sent["power_sequence_id"] == "eco"
    assert sent["execution_time"] == "2026-11-22T11:07:00Z"
    key, given = await refused(home, power_sequence="boil")
    assert key == "s2_unknown_sequence"
    assert given["sequence"] == "boil"
    assert "eco" in given["sequences"]


async def test_what_the_device_cannot_do(home: Home, rm: FakeRM) -> None:
    await home.set_up(paired())
    await rm.start()
    await change(home)
    assert (await refused(home, operation_mode="x"))[0] == "s2_no_description"
    await rm.tell("FRBC.SystemDescription", **BATTERY)

    assert (await refused(home))[0] == "s2_mode_required"
    key, given = await refused(home, operation_mode="boil")
    assert key == "s2_unknown_mode"
    assert given["mode"] == "boil"
    assert "discharge" in given["modes"]
    assert (await refused(home, operation_mode="charge", actuator="other"))[
        0
    ] == "s2_unknown_actuator"
    assert not [
        message
        for message in rm.received
        if message["message_type"] == "FRBC.Instruction"
    ]


async def test_other_control_type(home: Home, rm: FakeRM) -> None:
    """What is meant for another control type is not sent."""
    await home.set_up(paired())
    assert (await refused(home, operation_mode="x"))[0] == "s2_not_connected"
    await rm.start()
    assert (await refused(home, operation_mode="x"))[0] == "s2_not_controlled"
    await change(home)

    key, given = await refused(home, operation_mode="x", control_type=PEBC)

    assert key == "s2_other_control_type"
    assert given["present"] == "fill_rate_based_control"
    for control_type in ("not_controllable", "no_selection"):
        key, _ = await refused(home, control_type=control_type)
        assert key == "s2_other_control_type"


async def test_field_of_another_control_type(home: Home, rm: FakeRM) -> None:
    """It is not left out silently."""
    await battery(home, rm)

    key, given = await refused(home, operation_mode="charge", upper_limit=100)

    assert key == "s2_field_of_others"
    assert given == {
        "field": "upper_limit",
        "device": "Home battery",
        "control_type": "fill_rate_based_control",
    }
    await home.settle()
    assert not [
        message
        for message in rm.received
        if message["message_type"] == "FRBC.Instruction"
    ]


async def test_time_that_has_passed(home: Home, rm: FakeRM) -> None:
    """A little late is at once."""
    await battery(home, rm)

    key, given = await refused(
        home, operation_mode="charge", execution_time=(NOW - MINUTE).isoformat()
    )
    await send(
        home,
        operation_mode="charge",
        execution_time=(NOW - timedelta(seconds=59)).isoformat(),
    )

    assert key == "not_in_the_future"
    assert given == {"time": "11:06"}
    sent = await rm.expect("FRBC.Instruction")
    assert datetime.fromisoformat(sent["execution_time"]) == NOW


@pytest.mark.parametrize(
    "wrong",
    [
        {"factor": 1.01},
        {"factor": -0.1},
        {"factor": "nan"},
        {"lower_limit": "inf"},
        {"upper_limit": "much"},
        {"duration": 0},
        {"duration": "PT8785H"},
        {"operation_mode": ""},
        {"execution_time": "soon"},
        {"control_type": "manual"},
        {"colour": "red"},
    ],
)
async def test_values_that_nothing_can_have(home: Home, wrong: Json) -> None:
    await home.set_up(paired())

    with pytest.raises(vol.Invalid):
        await send(home, **wrong)


async def test_the_plan_goes_on(home: Home, rm: FakeRM) -> None:
    """When its next interval begins."""
    home.has_planned(1.0, 2.0)
    await battery(home, rm)
    await rm.tell("FRBC.StorageStatus", present_fill_level=42)
    await send(home, operation_mode="discharge")
    await rm.expect("FRBC.Instruction", operation_mode="discharge")

    await rm.pass_to(NOW + 2 * MINUTE)
    assert home.value("sensor", "current_instruction") == "discharge 100 %"
    await rm.pass_to(NOW + QUARTER)

    await rm.expect("FRBC.Instruction", operation_mode="charge")


# --- texts


def order_errors() -> Iterator[tuple[str, set[str]]]:
    """Find the errors of orders in the code, with what they name."""
    for call in nodes(ast.Call):
        if called(call) == "InvalidOrderError":
            (key,) = literals(call.args[0])
            yield key, {str(name) for name in keywords(call)}


def test_every_error_of_an_order_has_a_text() -> None:
    """With exactly what the error gives."""
    texts = english()["exceptions"]
    found = list(order_errors())

    assert found
    for key, names in found:
        assert placeholders(texts[key]) == names, key


def test_every_reason_for_no_schedule_has_texts() -> None:
    """As an error, and as a state."""
    states = english()["entity"]["sensor"]["scheduling_status"]["state"]

    for key in NOT_PLANNABLE:
        assert not placeholders(english()["exceptions"][key])
        assert states[key]


def test_control_types_have_texts() -> None:
    """The same in the select entity and in both choices of the actions."""
    states = english()["entity"]["select"]["control_type"]["state"]
    choices = english()["selector"]

    assert len(states) == len({"automatic", *ControlType})
    assert choices["control_type"]["options"] == states
    for option, text in choices["controlling_type"]["options"].items():
        assert states[option] == text
    assert len(choices["controlling_type"]["options"]) == len(
        {FRBC, PEBC, PPBC, OMBC, DDBC}
    )
