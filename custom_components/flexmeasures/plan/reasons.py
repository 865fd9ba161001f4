"""What a plan can be explained by."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ReasonCode(StrEnum):
    """Why it is planned. Automations go by these: they stay what they are."""

    PAID_TO_CONSUME = "paid_to_consume"
    """What is consumed costs less than nothing (`price`)."""
    CHEAPEST_HOURS = "cheapest_hours"
    """All of it is in the cheapest `hours` of the `horizon_hours` ahead whose price is known."""
    DEAREST_HOURS = "dearest_hours"
    """All of it is in the `hours` of the `horizon_hours` ahead in which energy is worth most."""
    WORTH_MORE = "worth_more"
    """By `gain` per kWh more than when it was charged, after losses."""
    FOR_TARGET = "for_target"
    """Without it, the state of charge that is wished for (`level`, `at`) would be missed."""
    HOLDS_FOR_TARGET = "holds_for_target"
    """What is stored now is what is wished for (`level`, `at`)."""
    FULL = "full"
    """It is as full as it may be (`level`)."""
    EMPTY = "empty"
    """It is as empty as it may be (`level`)."""
    WAITS_FOR_CHEAPER = "waits_for_cheaper"
    """It charges later (`at`), when it costs less by `gain` per kWh."""
    WAITS_FOR_DEARER = "waits_for_dearer"
    """It discharges later (`at`), when it is worth more by `gain` per kWh."""
    UNKNOWN = "unknown"
    """Nothing that is known of the plan shows it."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason, with the values that it is about; None for those that it is not about."""

    code: ReasonCode
    at: datetime | None = None
    gain: float | None = None
    """Per kWh, in the currency of the prices."""
    horizon_hours: float | None = None
    hours: float | None = None
    level: float | None = None
    """In the unit of the plan's state of charge."""
    price: float | None = None
    """Per kWh, in the currency of the prices."""
