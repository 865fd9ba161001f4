"""How well plans were kept, by hours ahead."""

from datetime import UTC, date, datetime, timedelta
import json

from custom_components.flexmeasures.plan.plan import Plan
from custom_components.flexmeasures.plan.schedule import Schedule
from custom_components.flexmeasures.plan.series import Series
from custom_components.flexmeasures.results.skill import Measured, Skill

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
START = datetime(2026, 11, 22, 10, tzinfo=UTC)
TODAY = date(2026, 11, 22)
NOTHING = Measured(None, None)


def plan(*powers: float | None, soc: tuple[float | None, ...] = ()) -> Plan:
    """Give a plan by the hour, from START on."""
    return Plan(
        Schedule(START, HOUR, powers) if powers else None,
        Series(START, HOUR, soc) if soc else None,
    )


def after(skill: Skill, hours: int, of: Plan, measured: Measured = NOTHING) -> Skill:
    """Let some hours after START have passed, and the last have been measured."""
    end = START + hours * HOUR
    return skill.after_hour(end, measured, of, TODAY)


def test_an_hour_ahead() -> None:
    """The mean of its power, and the level at its end."""
    quarters = Plan(
        Schedule(START, QUARTER, (1.0, 2.0, 3.0, 2.0)),
        Series(START, QUARTER, (4.0, 4.2, 4.7, 5.4, 6.0)),
    )
    skill = after(Skill(), 0, quarters)

    skill = after(skill, 1, Plan(), Measured(1.5, 5.8))

    errors = skill.errors(1)
    assert (errors.mean_power, errors.powers) == (0.5, 1)
    assert (round(errors.mean_soc or 0, 9), errors.socs) == (0.2, 1)
    assert skill.errors(6).mean_power is None


def test_errors_do_not_make_up_for_each_other() -> None:
    of = plan(1.0, 1.0)
    skill = after(Skill(), 0, of)
    skill = after(skill, 1, of, Measured(2.0, None))
    skill = after(skill, 2, of, Measured(0.0, None))

    assert skill.errors(1).mean_power == 1.0
    assert skill.errors(1).mean_soc is None


def test_what_was_planned_longer_before() -> None:
    """A plan that is made anew is better, the later it is."""
    skill = after(Skill(), 0, plan(*[0.0] * 6))
    for hours in range(1, 5):
        skill = after(skill, hours, Plan())
    skill = after(skill, 5, plan(*[2.0] * 6))
    skill = after(skill, 6, Plan(), Measured(3.0, None))

    assert (skill.errors(1).mean_power, skill.errors(6).mean_power) == (1.0, 3.0)


def test_hours_that_are_not_known() -> None:
    """Neither what was not planned nor what was not measured is compared."""
    of = plan(1.0, None, 1.0)
    skill = after(Skill(), 0, of)
    skill = after(skill, 1, of)
    skill = after(skill, 2, of, Measured(5.0, None))

    assert skill.errors(1).powers == 0


def test_an_hour_that_was_missed() -> None:
    """Home Assistant did not run when it ended."""
    skill = after(Skill(), 0, plan(*[1.0] * 9))
    skill = after(skill, 3, plan(*[1.0] * 9), Measured(5.0, None))
    assert skill.errors(1).powers == 0

    skill = after(skill, 4, Plan(), Measured(5.0, None))
    assert skill.errors(1).mean_power == 4.0


def test_a_week_counts() -> None:
    of = plan(*[1.0] * 240)
    skill = Skill()
    for hours in range(240):
        moment = START + hours * HOUR
        power = 9.0 if hours <= 24 else 2.0
        today = (moment - timedelta(seconds=1)).date()
        skill = skill.after_hour(moment, Measured(power, None), of, today)

    assert skill.errors(1).mean_power == 1.0
    assert len(skill.days) == 7
    assert 6 * 24 <= skill.errors(24).powers <= 7 * 24


def test_little_is_stored() -> None:
    """Plans are compared with what comes a day later, yet none is kept whole."""
    of = Plan(
        Schedule(START, HOUR, (-1.2345,) * 240), Series(START, HOUR, (12.3456,) * 240)
    )
    skill = Skill()
    for hours in range(200):
        moment = START + hours * HOUR
        skill = skill.after_hour(moment, Measured(-2.3456, 13.4567), of, moment.date())

    stored = json.dumps(skill.as_json(), separators=(",", ":"))
    assert len(stored) < 2000
    again = Skill.from_json(json.loads(stored))
    assert again.as_json() == skill.as_json()
    assert {each.end for each in again.open[24]} == {
        each.end for each in skill.open[24]
    }
