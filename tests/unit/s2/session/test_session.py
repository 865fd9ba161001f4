"""What is said between an RM and the CEM, rule by rule."""

from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.messages.codec import decode
from custom_components.flexmeasures.s2.messages.message import (
    ControlType,
    InstructionStatus,
    ReceptionStatus,
)
from custom_components.flexmeasures.s2.session.effects import (
    Close,
    ControlTypeChanged,
    DetailsReceived,
    Ended,
    ForeignResource,
    InstructionAnswered,
    InstructionUpdated,
    MessageRefused,
    ObjectRevoked,
    Selection,
    SelectionEnded,
)
from custom_components.flexmeasures.s2.session.endings import EndReason
from custom_components.flexmeasures.s2.session.session import (
    NotOfferedError,
    NotReadyError,
)

from ..conversation import Conversation, FakeHandler, controlled
from ..wire import NOW, TYPES, wire

L1 = "ELECTRIC.POWER.L1"
INSTRUCTION = Instruction(
    "FRBC.Instruction",
    NOW,
    {
        "id": "charge",
        "actuator_id": "inverter",
        "operation_mode": "on",
        "operation_mode_factor": 0.5,
        "abnormal_condition": False,
    },
)


def heard_by(rm: Conversation) -> list[tuple[str, datetime]]:
    """Give the messages that have reached the handler, and when."""
    handler = rm.session.rm.handler
    assert isinstance(handler, FakeHandler)
    return handler.heard


def revoked_at(rm: Conversation) -> list[tuple[str, str]]:
    """Give what the handler was told to drop."""
    handler = rm.session.rm.handler
    assert isinstance(handler, FakeHandler)
    return handler.revoked


# The handshake


@pytest.mark.s2_rule("handshake.cem")
def test_the_cem_speaks_first() -> None:
    rm = Conversation()
    [handshake] = rm.sent
    assert handshake["message_type"] == "Handshake"
    assert handshake["role"] == "CEM"
    assert set(handshake["supported_protocol_versions"]) == {"0.0.2-beta", "1.0.0"}


@pytest.mark.s2_rule("handshake.response")
@pytest.mark.parametrize(
    ("offered", "selected", "version"),
    [
        (["0.0.2-beta"], "0.0.2-beta", "0.0.2-beta"),
        (["v0.0.2-beta"], "v0.0.2-beta", "0.0.2-beta"),
        (["V1.0.0"], "V1.0.0", "1.0.0"),
        (["0.0.1-beta", "0.0.2-beta", "2.0.0"], "0.0.2-beta", "0.0.2-beta"),
        (["0.0.2-beta", "v1.0.0"], "v1.0.0", "1.0.0"),
        (["1.0.0", "0.0.2-beta"], "1.0.0", "1.0.0"),
    ],
)
def test_version(offered: list[str], selected: str, version: str) -> None:
    """Only the very same one, and the RM's own way to write it is sent back."""
    rm = Conversation()
    assert rm.say("Handshake", supported_protocol_versions=offered) == []
    assert rm.sent_types == ["Handshake", "ReceptionStatus", "HandshakeResponse"]
    assert rm.last["selected_protocol_version"] == selected
    assert rm.session.protocol_version == version


@pytest.mark.s2_rule("handshake.no_version")
@pytest.mark.parametrize(
    "offered", ["0.0.1-beta", "0.0.2", "1.0", "1.0.1", "1.0.0-beta", "vv1.0.0", "v", ""]
)
def test_no_common_version(offered: str) -> None:
    rm = Conversation()
    assert rm.say("Handshake", supported_protocol_versions=[offered]) == []
    assert rm.answer == "OK"
    assert rm.last["message_type"] == "SessionRequest"
    assert rm.last["request"] == "TERMINATE"
    assert rm.wait(2) == [Close(1002), Ended(EndReason.NO_COMMON_VERSION)]


@pytest.mark.s2_rule("handshake.rm", "handshake.versions")
@pytest.mark.parametrize(
    "changes", [{"role": "CEM"}, {"supported_protocol_versions": None}]
)
def test_a_handshake_that_is_not_one_of_an_rm(changes: dict[str, Any]) -> None:
    rm = Conversation()
    rm.say("Handshake", **changes)
    assert rm.answer == "INVALID_CONTENT"
    rm.say("Handshake")
    assert rm.answer == "OK"
    rm.say("Handshake")
    assert rm.answer == "INVALID_CONTENT"
    assert rm.sent_types.count("HandshakeResponse") == 1


def test_nothing_is_said_of_one_s_own_accord_before_a_control_type_is_selected() -> (
    None
):
    rm = Conversation()
    rm.introduce()
    rm.wait(3600)
    assert rm.sent_types == [
        "Handshake",
        "ReceptionStatus",
        "HandshakeResponse",
        "ReceptionStatus",
    ]


@pytest.mark.s2_rule("handshake.first", "state.details")
@pytest.mark.parametrize(
    "message_type",
    sorted(set(TYPES) - {"Handshake", "SessionRequest", "ReceptionStatus"}),
)
def test_too_early(message_type: str) -> None:
    """Before the handshake nothing else is taken in, before the details hardly more."""
    rm = Conversation()
    rm.say(message_type)
    assert rm.answer == "INVALID_CONTENT"
    rm.say("Handshake")
    rm.say(message_type)
    assert rm.answer == (
        "OK" if message_type == "ResourceManagerDetails" else "INVALID_CONTENT"
    )


@pytest.mark.s2_rule("handshake.first")
def test_no_handshake_in_time() -> None:
    rm = Conversation()
    rm.hear("hello?")
    assert rm.wait(9.9) == []
    assert rm.wait(0.1) == [Close(1008), Ended(EndReason.NO_HANDSHAKE)]


def test_no_details_in_time() -> None:
    rm = Conversation()
    rm.wait(5)
    rm.say("Handshake")
    assert rm.wait(29.9) == []
    assert rm.wait(0.1) == [Close(1008), Ended(EndReason.NO_DETAILS)]


# Answers


@pytest.mark.s2_rule("status.one", "status.none")
def test_each_message_is_answered_once_and_a_status_never() -> None:
    rm = controlled()
    for message_type in TYPES:
        before = len(rm.sent)
        rm.say(message_type)
        statuses = rm.sent_types[before:].count("ReceptionStatus")
        assert statuses == (message_type != "ReceptionStatus")


@pytest.mark.s2_rule(
    "status.invalid_data",
    "status.nil",
    "status.invalid_message",
    "status.invalid_content",
    "status.ignored",
)
@pytest.mark.parametrize(
    ("text", "subject", "status", "label"),
    [
        ("{", "00000000-0000-0000-0000-000000000000", "INVALID_DATA", "JSON"),
        ("[]", "00000000-0000-0000-0000-000000000000", "INVALID_DATA", "JSON object"),
        (
            json.dumps({"message_type": "Telepathy", "message_id": "some-id"}),
            "some-id",
            "INVALID_MESSAGE",
            "message_type",
        ),
        (
            json.dumps(wire("FRBC.StorageStatus", present_fill_level="full")),
            "some-id",
            "INVALID_MESSAGE",
            "present_fill_level",
        ),
        (
            json.dumps(wire("FRBC.ActuatorStatus", operation_mode_factor=1.5)),
            "some-id",
            "INVALID_CONTENT",
            "operation_mode_factor",
        ),
    ],
)
def test_malformed_messages_are_told_apart_and_end_nothing(
    text: str, subject: str, status: str, label: str
) -> None:
    rm = controlled()
    [refused] = rm.hear(text)
    assert isinstance(refused, MessageRefused)
    assert refused.status == status
    assert rm.last == {
        "message_type": "ReceptionStatus",
        "subject_message_id": subject,
        "status": status,
        "diagnostic_label": label,
    }
    rm.say("FRBC.ActuatorStatus")
    assert rm.answer == "OK"


@pytest.mark.s2_rule("status.none")
@pytest.mark.parametrize(
    "changes",
    [{}, {"status": "INVALID_DATA"}, {"status": "?"}, {"subject_message_id": None}],
)
def test_answers_to_what_nobody_asked(changes: dict[str, Any]) -> None:
    rm = controlled()
    before = len(rm.sent)
    assert rm.say("ReceptionStatus", **changes) == []
    assert len(rm.sent) == before


@pytest.mark.s2_rule("status.permanent")
def test_an_rm_that_cannot_go_on() -> None:
    rm = controlled()
    assert rm.say("ReceptionStatus", status="PERMANENT_ERROR") == [
        Close(1000),
        Ended(EndReason.FAILED_AT_RM),
    ]


# Details


@pytest.mark.s2_rule("message.currency", "state.details")
def test_details() -> None:
    rm = Conversation()
    [received] = rm.introduce()
    assert isinstance(received, DetailsReceived)
    details = received.details
    assert details == rm.session.rm.details
    assert details.resource_id == "victron-rm-1"
    assert (details.name, details.manufacturer, details.model) == (
        "Battery",
        "ACME",
        "B-100",
    )
    assert (details.serial_number, details.firmware_version) == ("123", "1.0")
    assert details.currency == "DKK"
    assert details.instruction_processing_delay == timedelta(seconds=1.5)
    assert details.control_types == {
        ControlType.FILL_RATE,
        ControlType.POWER_ENVELOPE,
        ControlType.NOT_CONTROLABLE,
    }
    assert details.measured_quantities == {L1}
    assert details.provides_forecast


@pytest.mark.s2_rule("state.details")
def test_details_again_replace_the_old_ones() -> None:
    rm = controlled()
    handler = rm.session.rm.handler
    [received] = rm.say(
        "ResourceManagerDetails",
        name=None,
        available_control_types=["FILL_RATE_BASED_CONTROL"],
        provides_power_measurement_types=["HEAT.THERMAL_POWER"],
    )
    assert isinstance(received, DetailsReceived)
    assert received.details.name is None
    assert received.details.control_types == {ControlType.FILL_RATE}
    # What is still offered stays in force, with all that was said under it.
    assert rm.session.rm.control_type is ControlType.FILL_RATE
    assert rm.session.rm.handler is handler
    rm.say("PowerMeasurement")
    assert rm.answer == "INVALID_CONTENT"


@pytest.mark.s2_rule("state.measurements")
def test_forecasts_and_the_control_type() -> None:
    """They may come under any, and before one is selected; measurements it did not list."""
    rm = Conversation()
    rm.introduce()
    rm.say("PowerForecast")
    assert rm.answer == "OK"
    rm.select(ControlType.FILL_RATE)
    rm.wait(1)
    rm.acknowledge()
    handler = rm.session.rm.handler
    assert isinstance(handler, FakeHandler)
    assert handler.heard == [("PowerForecast", rm.now)]

    rm.say("PowerMeasurement")
    rm.say("PowerForecast")
    assert [message_type for message_type, _ in handler.heard] == ["PowerForecast"] * 2


@pytest.mark.s2_rule("select.withdrawn")
def test_a_control_type_that_is_no_longer_offered() -> None:
    """So an RM pauses being controlled."""
    rm = controlled()
    before = len(rm.sent)
    _, changed = rm.say("ResourceManagerDetails", available_control_types=[])
    assert changed == ControlTypeChanged(ControlType.NO_SELECTION)
    assert rm.session.rm.handler is None
    assert rm.sent_types[before:] == ["ReceptionStatus"]
    rm.say("FRBC.ActuatorStatus")
    assert rm.answer == "INVALID_CONTENT"
    rm.say("PowerMeasurement")
    assert rm.answer == "OK"


@pytest.mark.s2_rule("select.resource")
def test_another_resource_than_the_token_is_bound_to() -> None:
    rm = Conversation(resource_id="acme-pump")
    [foreign] = rm.introduce()
    assert foreign == ForeignResource("victron-rm-1")
    assert rm.answer == "INVALID_CONTENT"
    assert rm.last["message_type"] == "SessionRequest"
    assert rm.last["request"] == "TERMINATE"
    assert rm.session.rm.details is None
    assert rm.wait(2) == [Close(1008), Ended(EndReason.OTHER_RESOURCE)]


def test_the_same_resource_as_the_token_is_bound_to() -> None:
    rm = Conversation(resource_id="victron-rm-1")
    [received] = rm.introduce()
    assert isinstance(received, DetailsReceived)


@pytest.mark.s2_rule("select.resource")
def test_a_resource_does_not_change_within_a_session() -> None:
    rm = controlled()
    [foreign] = rm.say("ResourceManagerDetails", resource_id="other-thing")
    assert foreign == ForeignResource("other-thing")
    assert rm.answer == "INVALID_CONTENT"
    assert rm.wait(2) == [Close(1008), Ended(EndReason.OTHER_RESOURCE)]


# Selecting a control type


@pytest.mark.s2_rule("status.at_once", "select.in_force")
@pytest.mark.parametrize(
    "control_type",
    [ControlType.FILL_RATE, ControlType.POWER_ENVELOPE, ControlType.NOT_CONTROLABLE],
)
def test_a_control_type_is_in_force_once_the_rm_agrees(
    control_type: ControlType,
) -> None:
    rm = Conversation()
    rm.introduce()
    assert rm.select(control_type) == []
    assert rm.last["message_type"] == "SelectControlType"
    assert rm.last["control_type"] == control_type
    assert rm.session.rm.control_type is ControlType.NO_SELECTION
    rm.say("FRBC.ActuatorStatus")
    assert rm.answer == "INVALID_CONTENT"
    rm.wait(9)
    assert rm.say(
        "ReceptionStatus",
        subject_message_id=next(
            frame["message_id"]
            for frame in rm.sent
            if frame["message_type"] == "SelectControlType"
        ),
    ) == [
        ControlTypeChanged(control_type),
        SelectionEnded(control_type, Selection.ACTIVATED, ReceptionStatus.OK),
    ]
    assert rm.session.rm.control_type is control_type
    assert rm.wait(60) == []


@pytest.mark.s2_rule("select.several")
def test_a_handler_is_made_for_the_types_that_control() -> None:
    rm = controlled()
    handler = rm.session.rm.handler
    assert isinstance(handler, FakeHandler)
    assert handler.selected_as is ControlType.FILL_RATE
    rm.select(ControlType.POWER_ENVELOPE)
    rm.acknowledge()
    # What was said under the old one is forgotten.
    assert rm.session.rm.handler is not handler
    rm.select(ControlType.NO_SELECTION)
    rm.acknowledge()
    assert rm.session.rm.handler is None


@pytest.mark.s2_rule("select.in_force")
@pytest.mark.parametrize(
    "status", ["INVALID_CONTENT", "INVALID_MESSAGE", "TEMPORARY_ERROR"]
)
def test_an_rm_that_refuses_stays_as_it_was(status: str) -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    assert rm.acknowledge(status) == [
        SelectionEnded(
            ControlType.POWER_ENVELOPE, Selection.REFUSED, ReceptionStatus(status)
        )
    ]
    assert rm.session.rm.control_type is ControlType.FILL_RATE
    rm.say("FRBC.ActuatorStatus")
    assert rm.answer == "OK"
    assert rm.wait(60) == []


@pytest.mark.s2_rule("status.permanent")
def test_an_rm_that_refuses_for_good() -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    assert rm.acknowledge("PERMANENT_ERROR") == [
        SelectionEnded(
            ControlType.POWER_ENVELOPE,
            Selection.REFUSED,
            ReceptionStatus.PERMANENT_ERROR,
        ),
        Close(1000),
        Ended(EndReason.FAILED_AT_RM),
    ]


@pytest.mark.s2_rule("select.in_force")
def test_an_rm_that_does_not_answer_stays_as_it_was() -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    assert rm.wait(9.9) == []
    assert rm.wait(60) == [
        SelectionEnded(ControlType.POWER_ENVELOPE, Selection.UNANSWERED)
    ]
    assert rm.session.rm.control_type is ControlType.FILL_RATE
    # Once more, though the session goes on.
    rm.select(ControlType.POWER_ENVELOPE)
    assert rm.acknowledge() == [
        ControlTypeChanged(ControlType.POWER_ENVELOPE),
        SelectionEnded(
            ControlType.POWER_ENVELOPE, Selection.ACTIVATED, ReceptionStatus.OK
        ),
    ]


@pytest.mark.s2_rule("select.in_force")
def test_an_rm_that_agrees_late() -> None:
    """From then on it acts so, whether anybody still waits for it or not."""
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.wait(11)
    assert rm.acknowledge() == [ControlTypeChanged(ControlType.POWER_ENVELOPE)]
    assert rm.session.rm.control_type is ControlType.POWER_ENVELOPE


@pytest.mark.s2_rule("select.withdrawn")
def test_a_control_type_that_is_withdrawn_before_the_rm_agrees() -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    subject = rm.last["message_id"]
    _, ended = rm.say(
        "ResourceManagerDetails", available_control_types=["FILL_RATE_BASED_CONTROL"]
    )
    assert ended == SelectionEnded(ControlType.POWER_ENVELOPE, Selection.REFUSED)
    assert rm.say("ReceptionStatus", subject_message_id=subject) == []
    assert rm.session.rm.control_type is ControlType.FILL_RATE


def test_a_newer_wish_takes_the_place_of_an_older_one() -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    assert rm.select(ControlType.FILL_RATE) == [
        SelectionEnded(ControlType.POWER_ENVELOPE, Selection.SUPERSEDED)
    ]
    # Though it still is in force: the RM may be about to leave it.
    assert rm.last["message_type"] == "SelectControlType"
    rm.acknowledge()
    assert rm.session.rm.control_type is ControlType.FILL_RATE


def selections(rm: Conversation) -> list[str]:
    """The ids of all messages that asked for a control type."""
    return [
        frame["message_id"]
        for frame in rm.sent
        if frame["message_type"] == "SelectControlType"
    ]


def test_an_rm_that_agrees_to_what_was_wished_for_before() -> None:
    """It is in force until the RM has agreed to the newer one, or for good if it does not."""
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.select(ControlType.FILL_RATE)
    _, older, newer = selections(rm)
    assert rm.say("ReceptionStatus", subject_message_id=older) == [
        ControlTypeChanged(ControlType.POWER_ENVELOPE)
    ]
    assert rm.session.rm.control_type is ControlType.POWER_ENVELOPE
    assert rm.session.expected_control_type is ControlType.FILL_RATE
    assert rm.say(
        "ReceptionStatus", subject_message_id=newer, status="INVALID_CONTENT"
    ) == [
        SelectionEnded(
            ControlType.FILL_RATE, Selection.REFUSED, ReceptionStatus.INVALID_CONTENT
        )
    ]
    assert rm.session.rm.control_type is ControlType.POWER_ENVELOPE


def test_what_was_wished_for_before_is_over_once_the_rm_agrees_to_the_newer_one() -> (
    None
):
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.select(ControlType.FILL_RATE)
    older = selections(rm)[1]
    rm.acknowledge()
    assert rm.say("ReceptionStatus", subject_message_id=older) == []
    assert rm.session.rm.control_type is ControlType.FILL_RATE


def test_what_was_wished_for_before_is_refused() -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.select(ControlType.FILL_RATE)
    older = selections(rm)[1]
    refused = rm.say(
        "ReceptionStatus", subject_message_id=older, status="TEMPORARY_ERROR"
    )
    assert refused == []
    assert rm.session.expected_control_type is ControlType.FILL_RATE


def test_an_answer_to_the_first_of_two_that_ask_the_same() -> None:
    """What the RM tells after it is kept when it answers the other one, too."""
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.wait(11)
    rm.select(ControlType.POWER_ENVELOPE)
    _, first, second = selections(rm)
    assert rm.say("ReceptionStatus", subject_message_id=first) == [
        ControlTypeChanged(ControlType.POWER_ENVELOPE),
        SelectionEnded(
            ControlType.POWER_ENVELOPE, Selection.ACTIVATED, ReceptionStatus.OK
        ),
    ]
    handler = rm.session.rm.handler
    assert rm.say("ReceptionStatus", subject_message_id=second) == []
    assert rm.session.rm.handler is handler


def test_what_was_wished_for_before_is_not_offered_any_more() -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.select(ControlType.FILL_RATE)
    older = selections(rm)[1]
    rm.say("ResourceManagerDetails", available_control_types=[ControlType.FILL_RATE])
    assert rm.say("ReceptionStatus", subject_message_id=older) == []


def test_wishes_that_are_never_answered_are_bounded() -> None:
    rm = controlled()
    for _ in range(50):
        rm.select(ControlType.POWER_ENVELOPE)
        rm.select(ControlType.FILL_RATE)
    forgotten = selections(rm)[1]
    assert rm.say("ReceptionStatus", subject_message_id=forgotten) == []


def test_what_is_in_force_already_is_not_asked_for_again() -> None:
    rm = controlled()
    handler = rm.session.rm.handler
    before = len(rm.sent)
    assert rm.select(ControlType.FILL_RATE) == [
        SelectionEnded(ControlType.FILL_RATE, Selection.ACTIVATED)
    ]
    assert len(rm.sent) == before
    assert rm.session.rm.handler is handler


@pytest.mark.s2_rule("select.offered", "select.give_back")
@pytest.mark.parametrize(
    ("offered", "control_type"),
    [
        (["FILL_RATE_BASED_CONTROL"], ControlType.OPERATION_MODE),
        (["FILL_RATE_BASED_CONTROL"], ControlType.NOT_CONTROLABLE),
        ([], ControlType.FILL_RATE),
    ],
)
def test_a_control_type_that_is_not_offered(
    offered: list[str], control_type: ControlType
) -> None:
    rm = Conversation()
    rm.introduce(available_control_types=offered)
    with pytest.raises(NotOfferedError):
        rm.select(control_type)
    # To be left alone can always be wished for.
    assert rm.select(ControlType.NO_SELECTION) == [
        SelectionEnded(ControlType.NO_SELECTION, Selection.ACTIVATED)
    ]


def test_a_control_type_cannot_be_selected_before_the_details_or_at_the_end() -> None:
    rm = Conversation()
    with pytest.raises(NotReadyError):
        rm.select(ControlType.NO_SELECTION)
    rm.introduce()
    rm.say("SessionRequest")
    with pytest.raises(NotReadyError):
        rm.select(ControlType.FILL_RATE)
    rm.wait(2)
    with pytest.raises(NotReadyError):
        rm.select(ControlType.FILL_RATE)


def test_a_wish_ends_with_the_session() -> None:
    rm = controlled()
    rm.select(ControlType.POWER_ENVELOPE)
    assert rm.take(rm.session.disconnected()) == [
        Close(1006),
        SelectionEnded(ControlType.POWER_ENVELOPE, Selection.DISCONNECTED),
        Ended(EndReason.CONNECTION_LOST),
    ]


# What the RM tells


@pytest.mark.s2_rule("state.control_type", "status.ok")
def test_messages_of_the_selected_control_type_reach_its_handler() -> None:
    rm = controlled()
    rm.wait(7)
    assert rm.say("FRBC.SystemDescription") == []
    assert rm.answer == "OK"
    assert heard_by(rm) == [("FRBC.SystemDescription", rm.now)]


@pytest.mark.s2_rule("state.control_type", "state.sides")
@pytest.mark.parametrize(
    "message_type",
    [
        "PEBC.EnergyConstraint",
        "OMBC.Status",
        "PPBC.PowerProfileStatus",
        "DDBC.SystemDescription",
        # Only a CEM says these.
        "FRBC.Instruction",
        "HandshakeResponse",
        "SelectControlType",
    ],
)
def test_messages_that_do_not_belong_to_the_selected_control_type(
    message_type: str,
) -> None:
    rm = controlled()
    rm.say(message_type)
    assert rm.answer == "INVALID_CONTENT"
    assert not heard_by(rm)


@pytest.mark.s2_rule("status.invalid_content")
def test_what_a_handler_refuses() -> None:
    """Why is for the log; nothing of it goes back."""
    rm = controlled()
    rm.say("FRBC.ActuatorStatus", actuator_id="unknown")
    assert rm.answer == "INVALID_CONTENT"
    assert "diagnostic_label" not in rm.last
    refused = rm.news[-1]
    assert isinstance(refused, MessageRefused)
    assert refused.reason == "actuator unknown"


@pytest.mark.s2_rule(
    "state.measurements", "state.updates", "power.announced", "instruction.unknown"
)
@pytest.mark.parametrize(
    "control_type",
    [ControlType.NO_SELECTION, ControlType.NOT_CONTROLABLE, ControlType.FILL_RATE],
)
@pytest.mark.parametrize(
    ("message_type", "changes", "status"),
    [
        ("PowerMeasurement", {}, "OK"),
        (
            "PowerMeasurement",
            {"values": [{"commodity_quantity": "ELECTRIC.POWER.L2", "value": 1}]},
            "INVALID_CONTENT",
        ),
        (
            "PowerMeasurement",
            {
                "values": [
                    {"commodity_quantity": L1, "value": 1},
                    {"commodity_quantity": "HEAT.FLOW_RATE", "value": 1},
                ]
            },
            "INVALID_CONTENT",
        ),
        ("PowerForecast", {}, "OK"),
        ("InstructionStatusUpdate", {"instruction_id": "unheard-of"}, "OK"),
    ],
)
def test_what_may_be_told_under_any_control_type(
    control_type: ControlType, message_type: str, changes: dict[str, Any], status: str
) -> None:
    rm = Conversation()
    rm.introduce()
    rm.select(control_type)
    rm.acknowledge()
    rm.say(message_type, **changes)
    assert rm.answer == status


@pytest.mark.parametrize(
    ("message_type", "changes", "status"),
    [
        ("PowerMeasurement", {"measurement_timestamp": "2025-11-22T12:00:00Z"}, "OK"),
        (
            "PowerMeasurement",
            {"measurement_timestamp": "2025-11-20T12:00:00Z"},
            "INVALID_CONTENT",
        ),
        (
            "PowerMeasurement",
            {"measurement_timestamp": "2027-11-24T12:00:00Z"},
            "INVALID_CONTENT",
        ),
        ("PowerForecast", {"start_time": "1970-01-01T00:00:00Z"}, "INVALID_CONTENT"),
        # Since ever, and never.
        ("FRBC.SystemDescription", {"valid_from": "1970-01-01T00:00:00Z"}, "OK"),
        (
            "FRBC.SystemDescription",
            {"valid_from": "2036-01-01T00:00:00Z"},
            "INVALID_CONTENT",
        ),
        ("FRBC.ActuatorStatus", {"transition_timestamp": "0001-01-01T00:00:00Z"}, "OK"),
        (
            "PowerMeasurement",
            {"values": [{"commodity_quantity": L1, "value": -1_000_000}]},
            "OK",
        ),
        (
            "PowerMeasurement",
            {"values": [{"commodity_quantity": L1, "value": -1_000_001}]},
            "INVALID_CONTENT",
        ),
        (
            "PowerMeasurement",
            {"values": [{"commodity_quantity": "HEAT.FLOW_RATE", "value": 2e6}]},
            "OK",
        ),
    ],
)
def test_plausibility(message_type: str, changes: dict[str, Any], status: str) -> None:
    rm = controlled()
    rm.say(
        "ResourceManagerDetails",
        provides_power_measurement_types=[L1, "HEAT.FLOW_RATE"],
    )
    rm.say(message_type, **changes)
    assert rm.answer == status


@pytest.mark.s2_rule("pebc.valid")
def test_constraints_that_hold_for_ever_and_their_powers() -> None:
    rm = Conversation(highest_power=50.0)
    rm.introduce()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.acknowledge()
    rm.say("PEBC.PowerConstraints")  # up to 100 W
    assert rm.answer == "INVALID_CONTENT"
    ranges = wire("PEBC.PowerConstraints")["allowed_limit_ranges"]
    for limit in ranges:
        limit["range_boundary"]["end_of_range"] = -50
    rm.say("PEBC.PowerConstraints", allowed_limit_ranges=ranges)
    assert rm.answer == "OK"


# Instructions


@pytest.mark.s2_rule("message.schema", "instruction.time")
def test_an_instruction() -> None:
    rm = controlled()
    assert rm.take(rm.session.send_instruction(INSTRUCTION, rm.now)) == []
    sent = decode(json.dumps(rm.last))
    assert sent.type == "FRBC.Instruction"
    assert sent.body == {**INSTRUCTION.body, "execution_time": NOW}
    assert rm.acknowledge("INVALID_CONTENT") == [
        InstructionAnswered("charge", ReceptionStatus.INVALID_CONTENT)
    ]
    assert rm.wait(60) == []


@pytest.mark.s2_rule("modes.factor")
@pytest.mark.parametrize(("factor", "sent"), [(-0.1, 0), (1.0000001, 1), (0.3, 0.3)])
def test_the_factor_of_an_instruction_is_within_its_bounds(
    factor: float, sent: float
) -> None:
    rm = controlled()
    body = {**INSTRUCTION.body, "operation_mode_factor": factor}
    rm.take(
        rm.session.send_instruction(Instruction("FRBC.Instruction", NOW, body), NOW)
    )
    assert rm.last["operation_mode_factor"] == sent


def test_an_instruction_without_an_operation_mode() -> None:
    rm = Conversation()
    rm.introduce()
    rm.select(ControlType.POWER_ENVELOPE)
    rm.acknowledge()
    body = {key: wire("PEBC.Instruction")[key] for key in ("id", "power_envelopes")}
    rm.take(
        rm.session.send_instruction(Instruction("PEBC.Instruction", NOW, body), NOW)
    )
    assert rm.last["message_type"] == "PEBC.Instruction"


def test_an_instruction_that_is_not_answered_ends_nothing() -> None:
    rm = controlled()
    rm.take(rm.session.send_instruction(INSTRUCTION, rm.now))
    rm.wait(5)
    other = replace(INSTRUCTION, body={**INSTRUCTION.body, "id": "charge-more"})
    rm.take(rm.session.send_instruction(other, rm.now))
    assert rm.wait(5) == [InstructionAnswered("charge", None)]
    assert rm.wait(5) == [InstructionAnswered("charge-more", None)]
    assert rm.acknowledge() == []
    rm.say("FRBC.ActuatorStatus")
    assert rm.answer == "OK"


@pytest.mark.s2_rule("instruction.status")
def test_instruction_statuses_come_in_any_order() -> None:
    rm = controlled()
    for status in reversed(InstructionStatus):
        assert rm.say("InstructionStatusUpdate", status_type=status) == [
            InstructionUpdated("do-it", status)
        ]
        assert rm.answer == "OK"


@pytest.mark.s2_rule("state.instructions")
@pytest.mark.parametrize(
    ("message_type", "prepare"),
    [
        ("PEBC.Instruction", None),
        ("Nonsense", None),
        ("FRBC.Instruction", lambda rm: rm.say("SessionRequest")),
        ("FRBC.Instruction", lambda rm: rm.session.disconnected()),
        (
            "FRBC.Instruction",
            lambda rm: rm.say("ResourceManagerDetails", available_control_types=[]),
        ),
    ],
)
def test_no_instruction_that_does_not_fit(message_type: str, prepare: Any) -> None:
    rm = controlled()
    if prepare is not None:
        prepare(rm)
    before = len(rm.sent)
    with pytest.raises(NotReadyError):
        rm.session.send_instruction(
            Instruction(message_type, NOW, INSTRUCTION.body), NOW
        )
    with pytest.raises(NotReadyError):
        rm.session.revoke(message_type, "charge")
    assert len(rm.sent) == before


@pytest.mark.s2_rule("state.revoke", "instruction.revoke")
def test_an_instruction_is_taken_back() -> None:
    rm = controlled()
    assert rm.take(rm.session.revoke("FRBC.Instruction", "charge")) == []
    assert decode(json.dumps(rm.last)).body == {
        "object_type": "FRBC.Instruction",
        "object_id": "charge",
    }


# Revocations by the RM


@pytest.mark.s2_rule("revoke.effect")
def test_the_rm_takes_back_what_it_said() -> None:
    rm = controlled()
    assert rm.say("RevokeObject", object_id="its-description") == [
        ObjectRevoked("FRBC.SystemDescription", "its-description")
    ]
    assert rm.answer == "OK"
    assert revoked_at(rm) == [("FRBC.SystemDescription", "its-description")]


@pytest.mark.s2_rule("instruction.revoked")
def test_the_rm_takes_back_an_instruction() -> None:
    rm = controlled()
    assert rm.say(
        "RevokeObject", object_type="FRBC.Instruction", object_id="charge"
    ) == [InstructionUpdated("charge", InstructionStatus.REVOKED)]
    assert rm.answer == "OK"
    assert not revoked_at(rm)


@pytest.mark.s2_rule("revoke.unknown")
@pytest.mark.parametrize(
    "changes",
    [
        {"object_id": "unknown"},
        {"object_type": "PEBC.PowerConstraints"},
        {"object_type": "OMBC.Instruction"},
    ],
)
def test_the_rm_takes_back_what_is_not_there(changes: dict[str, str]) -> None:
    rm = controlled()
    assert rm.say("RevokeObject", **changes) == []
    assert rm.answer == "INVALID_CONTENT"
    assert not revoked_at(rm)


@pytest.mark.s2_rule("revoke.unknown")
def test_the_rm_takes_something_back_while_it_is_not_controlled() -> None:
    rm = Conversation()
    rm.introduce()
    rm.say("RevokeObject")
    assert rm.answer == "INVALID_CONTENT"


# The end


@pytest.mark.s2_rule("state.end", "end.request")
@pytest.mark.parametrize("request_", ["RECONNECT", "TERMINATE"])
@pytest.mark.parametrize("is_introduced", [False, True])
def test_the_rm_ends_the_session(request_: str, *, is_introduced: bool) -> None:
    """It may be one that never closes a connection by itself."""
    rm = controlled() if is_introduced else Conversation()
    assert rm.say("SessionRequest", request=request_) == []
    assert rm.answer == "OK"
    assert rm.last["message_type"] == "ReceptionStatus"
    rm.say("PowerMeasurement")
    assert rm.answer == "INVALID_CONTENT"
    rm.say("SessionRequest")
    assert rm.answer == "OK"
    assert rm.wait(0.9) == []
    assert rm.wait(1) == [Close(1000), Ended(EndReason.ENDED_BY_RM)]
    assert rm.session.is_over
    assert rm.session.next_deadline is None


@pytest.mark.s2_rule("state.end", "end.reconnect", "end.terminate")
@pytest.mark.parametrize(
    ("reason", "code", "request_", "grace"),
    [
        (EndReason.REPLACED, 1000, "TERMINATE", 1),
        (EndReason.REMOVED, 1000, "TERMINATE", 1),
        (EndReason.UNLOADED, 1001, "RECONNECT", 0),
        (EndReason.TOO_SLOW, 1013, None, 0),
    ],
)
def test_the_owner_ends_the_session(
    reason: EndReason, code: int, request_: str | None, grace: float
) -> None:
    rm = controlled()
    before = len(rm.sent)
    news = rm.close(reason)
    assert [frame["request"] for frame in rm.sent[before:]] == (
        [request_] if request_ else []
    )
    if grace:
        assert news == []
        assert rm.close(EndReason.UNLOADED) == []
        assert rm.wait(grace - 0.1) == []
        news = rm.wait(0.2)
    assert news == [Close(code), Ended(reason)]


@pytest.mark.s2_rule("connection.session")
def test_nothing_follows_on_the_end() -> None:
    rm = controlled()
    rm.close(EndReason.UNLOADED)
    before = len(rm.sent)
    assert rm.hear(json.dumps(wire("PowerMeasurement"))) == []
    assert rm.take(rm.session.tick(rm.now + timedelta(days=1))) == []
    assert rm.close(EndReason.REMOVED) == []
    assert rm.take(rm.session.disconnected()) == []
    assert len(rm.sent) == before


def test_the_connection_is_lost_while_it_is_being_closed() -> None:
    rm = controlled()
    rm.close(EndReason.REPLACED)
    assert rm.take(rm.session.disconnected()) == [
        Close(1000),
        Ended(EndReason.REPLACED),
    ]


# How much


def flood(rm: Conversation, count: int) -> list[str]:
    """Send that many measurements at once; gives how they were answered."""
    before = len(rm.sent)
    for _ in range(count):
        rm.hear(json.dumps(wire("PowerMeasurement")))
    return [frame["status"] for frame in rm.sent[before:]]


@pytest.mark.s2_rule("status.temporary")
def test_too_many_messages() -> None:
    rm = controlled()
    rm.wait(60)
    assert flood(rm, 200) == ["OK"] * 200
    # Once it is told to send again, then no more.
    assert flood(rm, 1) == ["TEMPORARY_ERROR"]
    assert not rm.session.is_over
    assert flood(rm, 1) == []
    assert rm.news[-2:] == [Close(1008), Ended(EndReason.TOO_MANY_MESSAGES)]


def test_fifty_messages_a_second_are_all_right() -> None:
    rm = controlled()
    rm.wait(60)
    flood(rm, 200)
    for _ in range(30):
        rm.wait(1)
        assert flood(rm, 50) == ["OK"] * 50


def test_an_rm_that_was_told_to_send_again_is_warned_anew_after_a_rest() -> None:
    rm = controlled()
    for _ in range(3):
        rm.wait(60)
        assert flood(rm, 201)[-1] == "TEMPORARY_ERROR"
    rm.wait(3)  # too short
    assert flood(rm, 201) == ["OK"] * 150
    assert rm.session.is_over


def test_long_messages_count_for_more() -> None:
    """However long they are, an RM cannot keep everybody else waiting."""
    rm = controlled()
    rm.wait(60)
    text = json.dumps(wire("PowerForecast", more="x" * 500_000))
    for _ in range(6):
        rm.hear(text)
        assert rm.last["status"] == "OK"
    rm.hear(text)
    assert rm.last["status"] == "TEMPORARY_ERROR"


def test_malformed_messages_and_statuses_count_as_well() -> None:
    rm = controlled()
    rm.wait(60)
    for _ in range(199):
        rm.say("ReceptionStatus")
    rm.hear("[]")
    assert rm.last["status"] == "INVALID_DATA"
    rm.hear("[]")
    assert rm.last["status"] == "TEMPORARY_ERROR"
    rm.say("ReceptionStatus")
    assert rm.session.is_over


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    rm = controlled()
    rm.now -= timedelta(days=1)
    assert set(flood(rm, 100)) == {"OK"}
    rm.now += timedelta(seconds=2)
    assert set(flood(rm, 100)) == {"OK"}
