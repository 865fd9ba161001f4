"""Reading and writing S2 messages."""

from datetime import UTC, datetime, timedelta
import json
import math
from typing import Any

import pytest

from custom_components.flexmeasures.s2.messages.codec import (
    MalformedMessageError,
    decode,
    encode,
    new_id,
)
from custom_components.flexmeasures.s2.messages.message import Message, ReceptionStatus

from ..wire import TYPES, official_examples, wire

NIL_ID = "00000000-0000-0000-0000-000000000000"
DOCUMENTED = official_examples("ev", "heat_pump", "pv")
EXAMPLES = [
    *DOCUMENTED,
    *official_examples("not_controllable"),
    *(wire(message_type) for message_type in TYPES),
]


def read(message: Any) -> Message:
    return decode(json.dumps(message))


def refusal(text: str | bytes) -> MalformedMessageError:
    with pytest.raises(MalformedMessageError) as caught:
        decode(text)
    return caught.value


def refused(message: Any) -> tuple[ReceptionStatus, str]:
    """Say how a message with an id is refused."""
    error = refusal(json.dumps(message))
    assert error.subject_message_id == "some-id"
    assert error.message_type == message["message_type"]
    return error.status, error.diagnostic


@pytest.mark.s2_rule("message.types")
def test_all_documented_messages_are_there() -> None:
    assert len(DOCUMENTED) == 38
    assert len(TYPES) == 36


@pytest.mark.s2_rule("message.types", "ddbc.spelling")
@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda example: example["message_type"]
)
def test_examples_are_read_and_written_as_they_were(example: dict[str, Any]) -> None:
    message = read(example)
    assert message.type == example["message_type"]
    assert message.id == example.get("message_id", "")
    assert "message_type" not in message.body
    assert "message_id" not in message.body
    assert json.loads(encode(message)) == example


@pytest.mark.s2_rule("message.duration")
def test_values_are_ours() -> None:
    body = read(
        wire(
            "FRBC.UsageForecast",
            start_time="2026-11-22T13:30:00.25+01:30",
            elements=[{"duration": 1500, "usage_rate_expected": 3}],
        )
    ).body
    assert body["start_time"] == datetime(2026, 11, 22, 12, 0, 0, 250000, tzinfo=UTC)
    assert body["start_time"].tzinfo is UTC
    [element] = body["elements"]
    assert element["duration"] == timedelta(seconds=1.5)
    assert isinstance(element["usage_rate_expected"], float)


@pytest.mark.s2_rule("message.time")
@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T12:00:00.123456789Z",
        "2026-11-22t12:00:00z",
        "2026-11-22 12:00:00+00:00",
    ],
)
def test_time_stamps_in_other_spellings(text: str) -> None:
    body = read(wire("FRBC.TimerStatus", finished_at=text)).body
    assert body["finished_at"].replace(microsecond=0) == datetime(
        2026, 11, 22, 12, tzinfo=UTC
    )


@pytest.mark.s2_rule(
    "message.properties", "message.null", "ddbc.present", "message.version"
)
@pytest.mark.parametrize(
    ("message", "field"),
    [
        (wire("PEBC.PowerConstraints", valid_until=None), "valid_until"),
        (
            wire("FRBC.ActuatorStatus", transition_timestamp=None),
            "transition_timestamp",
        ),
        (wire("ResourceManagerDetails", name=None, unknown=[[1]]), "name"),
        (
            wire("DDBC.SystemDescription", present_demand_rate=None),
            "present_demand_rate",
        ),
        (
            wire("Handshake", supported_protocol_versions=None),
            "supported_protocol_versions",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_null_is_absent_and_the_unknown_is_left_out(
    message: dict[str, Any], field: str
) -> None:
    body = read(message).body
    assert field not in body
    assert "unknown" not in body


@pytest.mark.s2_rule("message.properties", "message.null")
def test_nulls_and_unknown_properties_in_the_depth() -> None:
    description = wire("FRBC.SystemDescription")
    [actuator] = description["actuators"]
    [mode] = actuator["operation_modes"]
    mode["elements"][0]["running_costs"] = None
    mode["colour"] = "red"
    [actuator] = read(description).body["actuators"]
    [mode] = actuator["operation_modes"]
    assert "running_costs" not in mode["elements"][0]
    assert "colour" not in mode


def test_texts_for_people_are_harmless() -> None:
    body = read(
        wire(
            "ResourceManagerDetails",
            name="A\r\nfalse log line \x1b[31m \ud800\u202eend",
            model="x" * 300,
        )
    ).body
    assert body["name"] == "Afalse log line [31m end"
    assert body["model"] == "x" * 256


@pytest.mark.s2_rule("message.lengths")
@pytest.mark.parametrize("types", [[], ["FILL_RATE_BASED_CONTROL"] * 10])
def test_lists_may_be_longer_or_shorter_than_specified(types: list[str]) -> None:
    """Some RMs offer no control type in order to pause being controlled."""
    details = read(
        wire("ResourceManagerDetails", available_control_types=types, roles=[])
    )
    assert details.body["available_control_types"] == types


def test_numbers_and_durations_without_meaning_do_no_harm() -> None:
    """No product, quotient or date that is made of them can overflow."""
    body = read(wire("FRBC.StorageStatus", present_fill_level=1e-300)).body
    assert body["present_fill_level"] == 0
    body = read(
        wire("ResourceManagerDetails", instruction_processing_delay=2**63 - 1)
    ).body
    assert body["instruction_processing_delay"] == timedelta(days=366)


@pytest.mark.s2_rule("message.id", "status.invalid_data", "status.nil")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[]",
        '"text"',
        "null",
        "{",
        "{}",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        "[" * 100_000,
        '{"a":' * 100_000,
        "1" * 5000,
        '{"message_type": "FRBC.StorageStatus", "present_fill_level": 1}',
        json.dumps(wire("FRBC.StorageStatus", None)),
        json.dumps(wire("FRBC.StorageStatus", 12)),
        json.dumps(wire("FRBC.StorageStatus", ["some-id"])),
        json.dumps(wire("FRBC.StorageStatus", "x")),
        json.dumps(wire("FRBC.StorageStatus", "x" * 65)),
        json.dumps(wire("FRBC.StorageStatus", "some-id\n")),
        json.dumps(wire("FRBC.StorageStatus", "some id")),
        json.dumps(wire("FRBC.StorageStatus", "ümlaut")),
    ],
    ids=lambda text: text[:70],
)
def test_what_has_no_usable_id(text: str | bytes) -> None:
    error = refusal(text)
    assert error.status is ReceptionStatus.INVALID_DATA
    assert error.subject_message_id == NIL_ID
    assert error.message_type is None


@pytest.mark.s2_rule("status.invalid_message")
@pytest.mark.parametrize("message_type", ["FRBC.Nonsense", "", None, 3, ["x"], {}])
def test_unknown_type(message_type: object) -> None:
    error = refusal(json.dumps({"message_type": message_type, "message_id": "some-id"}))
    assert error.status is ReceptionStatus.INVALID_MESSAGE
    assert error.subject_message_id == "some-id"
    assert error.diagnostic == "message_type"
    assert error.message_type is None


def actuator_with(**changes: Any) -> dict[str, Any]:
    description = wire("FRBC.SystemDescription")
    description["actuators"][0].update(changes)
    return description


@pytest.mark.s2_rule(
    "message.time", "message.lengths", "message.currency", "status.invalid_message"
)
@pytest.mark.parametrize(
    ("message", "field"),
    [
        (wire("FRBC.StorageStatus", present_fill_level=None), "present_fill_level"),
        (wire("FRBC.StorageStatus", present_fill_level="42"), "present_fill_level"),
        (wire("FRBC.StorageStatus", present_fill_level=True), "present_fill_level"),
        (wire("FRBC.TimerStatus", timer_id="?!"), "timer_id"),
        (wire("FRBC.TimerStatus", timer_id=7), "timer_id"),
        (wire("FRBC.TimerStatus", finished_at="yesterday"), "finished_at"),
        (wire("FRBC.TimerStatus", finished_at=1795348800), "finished_at"),
        (wire("FRBC.TimerStatus", finished_at="2026-11-22"), "finished_at"),
        (wire("FRBC.TimerStatus", finished_at="2026-11-22T12:00:00"), "finished_at"),
        (
            wire("FRBC.TimerStatus", finished_at="0001-01-01T00:00:00+10:00"),
            "finished_at",
        ),
        (wire("PowerForecast", elements=[]), "elements"),
        (wire("PowerForecast", elements={}), "elements"),
        (wire("PowerForecast", elements=[None]), "elements[0]"),
        (
            wire("PowerForecast", elements=wire("PowerForecast")["elements"] * 577),
            "elements",
        ),
        (wire("ResourceManagerDetails", name=5), "name"),
        (wire("ResourceManagerDetails", currency="euro"), "currency"),
        (wire("ResourceManagerDetails", provides_forecast=1), "provides_forecast"),
        (
            wire("ResourceManagerDetails", instruction_processing_delay=-1),
            "instruction_processing_delay",
        ),
        (
            wire("ResourceManagerDetails", instruction_processing_delay="PT1S"),
            "instruction_processing_delay",
        ),
        (
            wire("ResourceManagerDetails", available_control_types=["TELEPATHY"]),
            "available_control_types[0]",
        ),
        (
            wire(
                "ResourceManagerDetails",
                available_control_types=["NOT_CONTROLABLE"] * 11,
            ),
            "available_control_types",
        ),
        (wire("RevokeObject", object_type="FRBC.StorageStatus"), "object_type"),
        (wire("InstructionStatusUpdate", status_type=["NEW"]), "status_type"),
        (actuator_with(operation_modes=[]), "actuators[0].operation_modes"),
        (
            actuator_with(timers=[{"id": "rest", "duration": None}]),
            "actuators[0].timers[0].duration",
        ),
        # One field that is wrong outweighs others that only cannot be.
        (
            wire(
                "FRBC.ActuatorStatus", operation_mode_factor=2, transition_timestamp=0
            ),
            "operation_mode_factor",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_against_the_schema(message: dict[str, Any], field: str) -> None:
    assert refused(message) == (ReceptionStatus.INVALID_MESSAGE, field)


@pytest.mark.s2_rule("message.number", "status.invalid_content")
@pytest.mark.parametrize(
    ("message", "field"),
    [
        (wire("OMBC.Status", operation_mode_factor=1.01), "operation_mode_factor"),
        (wire("OMBC.Status", operation_mode_factor=-0.01), "operation_mode_factor"),
        (wire("OMBC.Status", operation_mode_factor=math.nan), "operation_mode_factor"),
        (wire("FRBC.StorageStatus", present_fill_level=math.nan), "present_fill_level"),
        (wire("FRBC.StorageStatus", present_fill_level=math.inf), "present_fill_level"),
        (wire("FRBC.StorageStatus", present_fill_level=10**400), "present_fill_level"),
        (wire("FRBC.StorageStatus", present_fill_level=-1e16), "present_fill_level"),
        (
            wire("ResourceManagerDetails", instruction_processing_delay=math.nan),
            "instruction_processing_delay",
        ),
        (
            wire("ResourceManagerDetails", instruction_processing_delay=math.inf),
            "instruction_processing_delay",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_right_by_the_schema_but_impossible(
    message: dict[str, Any], field: str
) -> None:
    assert refused(message) == (ReceptionStatus.INVALID_CONTENT, field)


def test_a_number_too_large_for_any_float() -> None:
    text = json.dumps(wire("FRBC.StorageStatus", present_fill_level=0))
    error = refusal(text.replace("0}", "1e999}"))
    assert error.status is ReceptionStatus.INVALID_CONTENT


@pytest.mark.parametrize(
    ("depth", "is_refused"), [(19, False), (20, True), (300, True)]
)
def test_nesting(depth: int, *, is_refused: bool) -> None:
    nested: list[Any] = []
    for _ in range(depth - 1):
        nested = [nested]
    message = wire("FRBC.StorageStatus", more=nested)
    if is_refused:
        assert refused(message) == (ReceptionStatus.INVALID_MESSAGE, "nesting")
    else:
        assert read(message).body == {"present_fill_level": 42}


def test_nothing_of_what_was_sent_is_in_the_diagnostic() -> None:
    message = wire("FRBC.TimerStatus", timer_id="<script>", finished_at="<script>")
    message["<script>"] = "<script>"
    error = refusal(json.dumps(message))
    assert "script" not in error.diagnostic
    assert "script" not in str(error)


@pytest.mark.s2_rule("status.none")
@pytest.mark.parametrize(
    "message",
    [
        wire("ReceptionStatus", status="FINE"),
        wire("ReceptionStatus", subject_message_id=None),
        wire("ReceptionStatus", more=[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]),
    ],
)
def test_a_malformed_reception_status_is_not_to_be_answered(
    message: dict[str, Any],
) -> None:
    error = refusal(json.dumps(message))
    assert error.subject_message_id is None
    assert error.message_type == "ReceptionStatus"


def test_bytes_are_read_as_utf_8() -> None:
    details = wire("ResourceManagerDetails", name="Wärmepumpe")
    text = json.dumps(details, ensure_ascii=False).encode()
    assert decode(text).body["name"] == "Wärmepumpe"


@pytest.mark.s2_rule("message.json", "message.time", "message.duration")
def test_writing() -> None:
    instruction = Message(
        "PEBC.Instruction",
        "some-id",
        {
            "execution_time": datetime.fromisoformat("2026-11-22T13:30:00.5+01:00"),
            "power_envelopes": ({"duration": timedelta(minutes=15)},),
        },
    )
    assert json.loads(encode(instruction)) == {
        "message_type": "PEBC.Instruction",
        "message_id": "some-id",
        "execution_time": "2026-11-22T12:30:00.500000Z",
        "power_envelopes": [{"duration": 900000}],
    }


@pytest.mark.s2_rule("message.number")
@pytest.mark.parametrize(
    ("value", "error"),
    [(math.nan, ValueError), (math.inf, ValueError), ({1}, TypeError)],
)
def test_what_json_does_not_have_is_not_written(
    value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        encode(Message("FRBC.StorageStatus", "some-id", {"present_fill_level": value}))


@pytest.mark.s2_rule("message.id", "message.unique")
def test_ids_are_new_and_of_the_right_form() -> None:
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    for message_id in ids:
        assert read(wire("FRBC.StorageStatus", message_id)).id == message_id
