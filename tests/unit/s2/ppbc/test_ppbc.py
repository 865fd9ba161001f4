"""Tasks with a fixed course: when they are told to start."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.prices import Price
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.plan.window import Window
from custom_components.flexmeasures.s2.handler import NotPlannableError
from custom_components.flexmeasures.s2.instructions.instruction import Instruction
from custom_components.flexmeasures.s2.messages.message import (
    InvalidContentError,
    Message,
)
from custom_components.flexmeasures.s2.ppbc.handler import PpbcHandler

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def element(duration: timedelta, watts: float) -> dict[str, Any]:
    return {
        "duration": duration,
        "power_values": [
            {"value_expected": watts, "commodity_quantity": "ELECTRIC.POWER.L1"}
        ],
    }


def sequence(
    sequence_id: str,
    *elements: tuple[timedelta, float],
    pause: timedelta | None = None,
    abnormal: bool = False,
) -> dict[str, Any]:
    return {
        "id": sequence_id,
        "elements": [element(*each) for each in elements],
        "is_interruptible": False,
        "abnormal_condition_only": abnormal,
    } | ({} if pause is None else {"max_pause_before": pause})


def definition(
    *containers: Sequence[dict[str, Any]],
    start: datetime = NOW,
    end: datetime = NOW + 12 * HOUR,
    profile: str = "profile",
) -> Message:
    return Message(
        "PPBC.PowerProfileDefinition",
        f"message-{profile}",
        {
            "id": profile,
            "start_time": start,
            "end_time": end,
            "power_sequences_containers": [
                {"id": f"c{number}", "power_sequences": list(sequences)}
                for number, sequences in enumerate(containers)
            ],
        },
    )


def status(
    container: str, state: str, profile: str = "profile", **more: Any
) -> Message:
    return Message(
        "PPBC.PowerProfileStatus",
        "status",
        {
            "sequence_container_status": [
                {
                    "power_profile_id": profile,
                    "sequence_container_id": container,
                    "status": state,
                }
                | more
            ]
        },
    )


def hourly(*values: float | None, start: datetime = NOW) -> Plan:
    series = Series(start, HOUR, values)
    return Plan(consumption_price=Price("EUR", series=series))


def told(instructions: Sequence[Instruction]) -> list[tuple[str, str, datetime]]:
    """What is started when: container, sequence, time."""
    for instruction in instructions:
        assert instruction.message_type == "PPBC.ScheduleInstruction"
        assert instruction.body["abnormal_condition"] is False
    return [
        (
            instruction.body["sequence_container_id"],
            instruction.body["power_sequence_id"],
            instruction.execution_time,
        )
        for instruction in instructions
    ]


@pytest.fixture
def handler() -> PpbcHandler:
    return PpbcHandler()


@pytest.mark.s2_rule("ppbc.ids")
def test_starts_when_it_is_cheapest(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("wash", (2 * HOUR, 2000))]), NOW)
    plan = hourly(0.3, 0.3, 0.3, 0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    (instruction,) = handler.instructions(plan, NOW)
    assert told([instruction]) == [("c0", "wash", NOW + 3 * HOUR)]
    assert instruction.body["power_profile_id"] == "profile"


def test_course_of_the_power_counts(handler: PpbcHandler) -> None:
    """The part that heats is put into the cheap hour, not the start."""
    wash = sequence("wash", (HOUR, 100), (30 * MINUTE, 2000), (HOUR, 50))
    handler.receive(definition([wash]), NOW)
    plan = hourly(0.3, 0.3, 0.3, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    ((_, _, start),) = told(handler.instructions(plan, NOW))
    heats = start + HOUR
    assert NOW + 3 * HOUR <= heats <= NOW + 3.5 * HOUR


def test_production_is_paid_with_the_other_price(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("generate", (HOUR, -1000))]), NOW)
    dear = Price("EUR", series=Series(NOW, HOUR, (0.1, 0.2, 0.1)))
    plan = Plan(consumption_price=Price("EUR", fixed=0.3), production_price=dear)
    assert told(handler.instructions(plan, NOW)) == [("c0", "generate", NOW + HOUR)]


@pytest.mark.s2_rule("instruction.normal", "ppbc.one", "ppbc.normal")
def test_cheapest_alternative_is_chosen(handler: PpbcHandler) -> None:
    handler.receive(
        definition(
            [
                sequence("hot", (HOUR, 2000)),
                sequence("eco", (2 * HOUR, 400)),
                sequence("emergency", (HOUR, 1), abnormal=True),
            ]
        ),
        NOW,
    )
    plan = Plan(consumption_price=Price("EUR", fixed=0.3))
    assert told(handler.instructions(plan, NOW)) == [("c0", "eco", NOW)]


@pytest.mark.s2_rule("ppbc.order", "ppbc.pause")
def test_containers_keep_their_order_and_pauses(handler: PpbcHandler) -> None:
    handler.receive(
        definition(
            [sequence("wash", (HOUR, 1000))],
            [sequence("dry", (HOUR, 1000), pause=30 * MINUTE)],
        ),
        NOW,
    )
    plan = hourly(0.1, 0.9, 0.9, 0.5, 0.2, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9)
    (_, _, wash), (_, _, dry) = told(handler.instructions(plan, NOW))
    assert (wash, dry) == (NOW + 3 * HOUR, NOW + 4 * HOUR)


@pytest.mark.s2_rule("ppbc.pause")
def test_without_a_pause_one_follows_the_other_at_once(
    handler: PpbcHandler,
) -> None:
    handler.receive(
        definition(
            [sequence("wash", (7 * MINUTE, 1000))],
            [sequence("dry", (HOUR, 1000), pause=timedelta(0))],
        ),
        NOW,
    )
    (_, _, wash), (_, _, dry) = told(
        handler.instructions(Plan(consumption_price=Price("EUR", fixed=0.2)), NOW)
    )
    assert dry == wash + 7 * MINUTE


@pytest.mark.parametrize(
    "plan",
    [
        Plan(),
        hourly(0.1, 0.2),
        hourly(0.1, None, 0.1, None, 0.1),
        hourly(0.1, 0.2, start=NOW - 5 * HOUR),
    ],
)
def test_missing_prices_start_nothing_before_it_has_to_be(
    handler: PpbcHandler, plan: Plan
) -> None:
    handler.receive(definition([sequence("wash", (3 * HOUR, 2000))]), NOW)
    assert told(handler.instructions(plan, NOW)) == [("c0", "wash", NOW + 9 * HOUR)]


def test_what_uses_no_power_needs_no_price(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("soak", (3 * HOUR, 0))]), NOW)
    plan = hourly(0.1, None, None, None, 0.1)
    assert told(handler.instructions(plan, NOW)) == [("c0", "soak", NOW)]


@pytest.mark.s2_rule("ppbc.window")
def test_of_equal_prices_the_earliest_is_taken(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))], start=NOW + HOUR), NOW)
    plan = Plan(consumption_price=Price("EUR", fixed=0.3))
    assert told(handler.instructions(plan, NOW)) == [("c0", "wash", NOW + HOUR)]


@pytest.mark.s2_rule("ppbc.window", "ppbc.normal")
@pytest.mark.parametrize(
    "message",
    [
        definition([sequence("wash", (HOUR, 2000))], end=NOW + 59 * MINUTE),
        definition([sequence("wash", (HOUR, 2000), abnormal=True)]),
        definition([]),
    ],
)
def test_impossible_tasks_are_not_started(
    handler: PpbcHandler, message: Message
) -> None:
    handler.receive(message, NOW)
    assert handler.instructions(hourly(*[0.1] * 12), NOW) == []


@pytest.mark.s2_rule("ppbc.running")
@pytest.mark.parametrize("state", ["EXECUTING", "INTERRUPTED", "FINISHED"])
def test_what_has_begun_is_left_alone(handler: PpbcHandler, state: str) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    handler.receive(status("c0", state, selected_sequence_id="wash"), NOW)
    assert handler.instructions(hourly(*[0.1] * 12), NOW) == []


@pytest.mark.parametrize("state", ["NOT_SCHEDULED", "SCHEDULED"])
def test_what_has_not_begun_is_planned_again(handler: PpbcHandler, state: str) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    assert told(handler.instructions(hourly(0.3, 0.1, 0.2), NOW)) == [
        ("c0", "wash", NOW + HOUR)
    ]
    handler.receive(status("c0", state), NOW)
    assert told(handler.instructions(hourly(0.3, 0.2, 0.1), NOW)) == [
        ("c0", "wash", NOW + 2 * HOUR)
    ]


@pytest.mark.s2_rule("ppbc.progress")
def test_rest_of_a_running_task_follows_in_time(handler: PpbcHandler) -> None:
    handler.receive(
        definition(
            [sequence("wash", (HOUR, 1000))],
            [sequence("dry", (HOUR, 1000), pause=HOUR)],
        ),
        NOW,
    )
    handler.receive(
        status("c0", "EXECUTING", selected_sequence_id="wash", progress=45 * MINUTE),
        NOW,
    )
    plan = hourly(0.3, 0.2, 0.1, 0.1, 0.1)
    ((container, _, start),) = told(handler.instructions(plan, NOW))
    assert (container, start) == ("c1", NOW + 75 * MINUTE)


@pytest.mark.s2_rule("ppbc.progress", "ppbc.coverage")
def test_rest_follows_what_has_finished(handler: PpbcHandler) -> None:
    handler.receive(
        definition(
            [sequence("wash", (HOUR, 1000))],
            [sequence("dry", (HOUR, 1000), pause=HOUR)],
        ),
        NOW,
    )
    handler.receive(status("c0", "FINISHED"), NOW)
    handler.receive(status("c0", "FINISHED"), NOW + 30 * MINUTE)
    plan = hourly(0.3, 0.2, 0.1, 0.1, 0.1)
    ((_, _, start),) = told(handler.instructions(plan, NOW + 30 * MINUTE))
    assert start == NOW + HOUR


@pytest.mark.s2_rule("ppbc.progress")
def test_rest_of_an_aborted_task_is_not_started(handler: PpbcHandler) -> None:
    handler.receive(
        definition([sequence("wash", (HOUR, 1))], [sequence("dry", (HOUR, 1))]), NOW
    )
    handler.receive(status("c0", "ABORTED"), NOW)
    assert handler.instructions(hourly(*[0.1] * 12), NOW) == []


def test_what_is_about_to_begin_is_not_put_off(handler: PpbcHandler) -> None:
    """The RM may not have said yet that it runs."""
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    (instruction,) = handler.instructions(hourly(0.1, 0.1, 0.1), NOW)
    handler.told(instruction)
    handler.receive(status("c0", "SCHEDULED"), NOW)
    assert handler.instructions(hourly(0.3, 0.1, 0.1), NOW + MINUTE) == []
    handler.receive(status("c0", "NOT_SCHEDULED"), NOW + 2 * MINUTE)
    assert told(handler.instructions(hourly(0.3, 0.1, 0.1), NOW + 2 * MINUTE)) == [
        ("c0", "wash", NOW + HOUR)
    ]


def test_what_was_not_told_is_decided_anew(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    assert told(handler.instructions(hourly(0.1, 0.3, 0.3), NOW)) == [
        ("c0", "wash", NOW)
    ]
    assert told(handler.instructions(hourly(0.3, 0.1, 0.1), NOW)) == [
        ("c0", "wash", NOW + HOUR)
    ]


def test_what_was_told_may_be_gone(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    (instruction,) = handler.instructions(hourly(0.1, 0.3, 0.3), NOW)
    handler.receive(definition([sequence("dry", (HOUR, 2000))]), NOW)
    handler.told(instruction)
    ((_, name, _),) = told(handler.instructions(hourly(0.3, 0.1, 0.1), NOW + MINUTE))
    assert name == "dry"
    handler.revoke("PPBC.PowerProfileDefinition", "profile", NOW)
    handler.told(instruction)
    assert handler.instructions(hourly(0.1, 0.1), NOW) == []


def test_status_may_come_before_the_definition(handler: PpbcHandler) -> None:
    handler.receive(status("c0", "EXECUTING"), NOW)
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    assert handler.instructions(hourly(*[0.1] * 12), NOW) == []


def test_early_status_of_something_else_is_dropped(
    handler: PpbcHandler,
) -> None:
    handler.receive(status("c0", "EXECUTING", profile="other"), NOW)
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    assert len(handler.instructions(hourly(*[0.1] * 12), NOW)) == 1


def test_progress_outlives_a_repeated_definition(handler: PpbcHandler) -> None:
    message = definition([sequence("wash", (HOUR, 2000))])
    handler.receive(message, NOW)
    handler.receive(status("c0", "EXECUTING"), NOW)
    handler.receive(message, NOW)
    assert handler.instructions(hourly(*[0.1] * 12), NOW) == []


@pytest.mark.s2_rule("status.ignored", "ppbc.contradiction")
@pytest.mark.parametrize(
    "message",
    [
        Message("PPBC.ScheduleInstruction", "m", {}),
        status("c1", "EXECUTING"),
        status("c0", "EXECUTING", profile="other"),
        definition([sequence("wash", (HOUR, 1))], start=NOW, end=NOW),
        definition(
            [sequence("wash", (HOUR, 1))], start=NOW - 9 * HOUR, end=NOW - 7 * HOUR
        ),
        Message(
            "PPBC.PowerProfileDefinition",
            "m",
            {
                **definition().body,
                "power_sequences_containers": [{"id": "c", "power_sequences": []}] * 2,
            },
        ),
    ],
)
def test_contradictions_change_nothing(handler: PpbcHandler, message: Message) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    with pytest.raises(InvalidContentError):
        handler.receive(message, NOW)
    assert len(handler.instructions(hourly(*[0.1] * 12), NOW)) == 1


def test_half_known_status_changes_nothing(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    known = status("c0", "EXECUTING").body["sequence_container_status"]
    unknown = status("c9", "EXECUTING").body["sequence_container_status"]
    with pytest.raises(InvalidContentError):
        handler.receive(
            Message(
                "PPBC.PowerProfileStatus",
                "m",
                {"sequence_container_status": known + unknown},
            ),
            NOW,
        )
    assert len(handler.instructions(hourly(*[0.1] * 12), NOW)) == 1


@pytest.mark.s2_rule("revoke.id", "revoke.effect")
def test_revoked_task_is_not_started(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    for object_type, object_id in (
        ("PPBC.PowerProfileDefinition", "other"),
        ("PPBC.ScheduleInstruction", "profile"),
    ):
        with pytest.raises(InvalidContentError):
            handler.revoke(object_type, object_id, NOW)
    handler.revoke("PPBC.PowerProfileDefinition", "profile", NOW)
    assert handler.instructions(hourly(*[0.1] * 12), NOW) == []


def test_tasks_are_bounded_and_forgotten_once_over(
    handler: PpbcHandler,
) -> None:
    for number in range(10):
        handler.receive(
            definition([sequence("wash", (HOUR, 1))], profile=f"p{number}"), NOW
        )
    one_more = definition(
        [sequence("wash", (HOUR, 1))], profile="more", end=NOW + 24 * HOUR
    )
    with pytest.raises(InvalidContentError):
        handler.receive(one_more, NOW)
    handler.receive(one_more, NOW + 13 * HOUR)
    plan = Plan(consumption_price=Price("EUR", fixed=0.2))
    assert len(handler.instructions(plan, NOW + 13 * HOUR)) == 1


def test_it_is_planned_here(handler: PpbcHandler) -> None:
    assert handler.needs_schedule is False
    with pytest.raises(NotPlannableError, match="s2_planned_here"):
        handler.flex_model(Window(NOW, HOUR, 24 * HOUR), capacity_kwh=None)


def test_end_of_a_plan_stops_nothing(handler: PpbcHandler) -> None:
    handler.receive(definition([sequence("wash", (HOUR, 2000))]), NOW)
    assert handler.idle_instructions(NOW) == ()


DURATIONS = st.integers(1, 6).map(lambda number: number * 5 * MINUTE)
SEQUENCES = st.lists(
    st.tuples(DURATIONS, st.sampled_from([0.0, 100.0, 2000.0, -500.0])),
    min_size=1,
    max_size=3,
)
CONTAINERS = st.lists(
    st.lists(
        st.tuples(SEQUENCES, st.none() | st.sampled_from([0, 5, 20])),
        min_size=1,
        max_size=2,
    ),
    min_size=1,
    max_size=2,
)
PRICES = st.lists(
    st.none() | st.sampled_from([-0.1, 0.0, 0.1, 0.25, 0.4]), min_size=9, max_size=9
)


def small_task(containers: Any, window: int) -> Message:
    return definition(
        *(
            [
                sequence(
                    f"s{number}",
                    *elements,
                    pause=None if pause is None else pause * MINUTE,
                )
                for number, (elements, pause) in enumerate(alternatives)
            ]
            for alternatives in containers
        ),
        end=NOW + window * 5 * MINUTE,
    )


def combinations(
    message: Message,
) -> Iterator[tuple[tuple[dict[str, Any], datetime], ...]]:
    """Every choice of sequences and of starts on the grid that is allowed."""
    body = message.body
    grid = (body["end_time"] - body["start_time"]) // (5 * MINUTE)
    times = [NOW + step * 5 * MINUTE for step in range(grid + 1)]
    containers = [
        each["power_sequences"] for each in body["power_sequences_containers"]
    ]
    for chosen in product(*containers):
        for starts in product(times, repeat=len(containers)):
            if is_allowed(list(zip(chosen, starts, strict=True)), body["end_time"]):
                yield tuple(zip(chosen, starts, strict=True))


def end_of(each: dict[str, Any], start: datetime) -> datetime:
    durations = (element["duration"] for element in each["elements"])
    return start + sum(durations, timedelta(0))


def is_allowed(choice: list[tuple[dict[str, Any], datetime]], end: datetime) -> bool:
    before: datetime | None = None
    for each, start in choice:
        if before is not None:
            pause = start - before
            if not timedelta(0) <= pause <= each.get("max_pause_before", pause):
                return False
        before = end_of(each, start)
    return before is not None and before <= end


def cost_of(
    choice: Sequence[tuple[dict[str, Any], datetime]], price: Price
) -> float | None:
    total = 0.0
    for each, start in choice:
        moment = start
        for part in each["elements"]:
            end = moment + part["duration"]
            watts = part["power_values"][0]["value_expected"]
            per_kwh = price.mean(moment, end) if watts else 0.0
            if per_kwh is None:
                return None
            total += per_kwh * watts / 1000 * ((end - moment) / HOUR)
            moment = end
    return total


@pytest.mark.s2_rule("ppbc.one", "ppbc.order", "ppbc.window", "ppbc.pause")
@settings(deadline=None)
@given(CONTAINERS, PRICES, st.integers(2, 14))
def test_nothing_is_cheaper_than_what_is_chosen(
    containers: Any, prices: list[float | None], window: int
) -> None:
    handler = PpbcHandler()
    message = small_task(containers, window)
    handler.receive(message, NOW)
    price = Price("EUR", series=Series(NOW, 10 * MINUTE, tuple(prices)))
    instructions = handler.instructions(Plan(consumption_price=price), NOW)
    allowed = list(combinations(message))
    sequences = [
        {each["id"]: each for each in container["power_sequences"]}
        for container in message.body["power_sequences_containers"]
    ]
    chosen = [
        (sequences[int(container[1:])][sequence_id], start)
        for container, sequence_id, start in told(instructions)
    ]
    if not allowed:
        assert chosen == []
        return
    assert len(chosen) == len(sequences)
    assert is_allowed(chosen, message.body["end_time"])
    assert chosen[0][1] >= NOW
    costs = [cost for choice in allowed if (cost := cost_of(choice, price)) is not None]
    if costs:
        assert cost_of(chosen, price) == pytest.approx(min(costs), abs=1e-8)
    else:
        latest = max(sum((s - NOW for _, s in each), timedelta(0)) for each in allowed)
        assert sum((s - NOW for _, s in chosen), timedelta(0)) == latest


def test_huge_tasks_are_planned_too(handler: PpbcHandler) -> None:
    """As much as fits into a message, in a window of a year."""
    containers = [
        [
            sequence(f"s{number}", *[(MINUTE, 1.0 * step) for step in range(1, 6)])
            for number in range(10)
        ]
        for _ in range(100)
    ]
    handler.receive(definition(*containers, end=NOW + timedelta(days=365)), NOW)
    plan = hourly(*[0.1 + hour % 7 / 100 for hour in range(48)])
    assert len(handler.instructions(plan, NOW)) == 100


@pytest.mark.s2_rule("instruction.rejected")
def test_a_start_that_was_refused(handler: PpbcHandler) -> None:
    """It is decided anew; so is none of a task that is gone."""
    handler.receive(definition([sequence("wash", (2 * HOUR, 2000))]), NOW)
    plan = hourly(0.1, 0.3, 0.3, 0.3, 0.2, 0.2, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)
    (instruction,) = handler.instructions(plan, NOW)
    assert instruction.execution_time == NOW
    handler.told(instruction)
    later = NOW + timedelta(minutes=5)
    assert not handler.instructions(plan, later)
    handler.refused(instruction)
    assert handler.instructions(plan, later)
    handler.revoke("PPBC.PowerProfileDefinition", "profile", NOW)
    handler.refused(instruction)
    handler.told(instruction)
    assert not handler.instructions(plan, later)
