"""A device's plan as the card draws it, as JSON."""

from datetime import datetime
from typing import Any

from ..coordinator import ScheduleCoordinator
from ..device.setpoint import Mode
from ..plan.plan import Plan
from ..plan.prices import Price
from ..plan.schedule import Action
from ..plan.series import Series
from ..results.results import DeviceResults
from ..scheduling.explanations import explained, reason_text
from ..scheduling.status import (
    COMPUTING,
    OK,
    PLANNED_ELSEWHERE,
    PLANNED_HERE,
    scheduling_status,
)
from ..texts import loaded_text
from .targets import upcoming_targets

type Json = dict[str, Any]


def picture(coordinator: ScheduleCoordinator, results: DeviceResults) -> Json:
    """Return what is known of a device's plan, and what the user wants of it.

    Times are ISO 8601 in UTC, powers in kW with consumption positive, states of charge in
    the unit of the settings, prices per kWh. What is not known is None.
    """
    plan, memory = coordinator.data, coordinator.memory
    power_limits, soc_limits = coordinator.power_limits, coordinator.soc_limits
    source = coordinator.flex_model_source
    targets, status = upcoming_targets(coordinator), _status(coordinator)
    is_connected = source.is_connected if source else None
    return {
        "kind": _kind(coordinator),
        "level": "has" if coordinator.may_have_level else "none",
        "power": _series(plan.power),
        "soc": _series(plan.soc),
        "soc_unit": coordinator.settings.soc_unit,
        "soc_limits": {
            "least": coordinator.settings.in_soc_unit(soc_limits.least),
            "most": coordinator.settings.in_soc_unit(soc_limits.most),
        },
        "power_limits": {"least": power_limits.least, "most": power_limits.most},
        "prices": _prices(plan),
        "saved": _saved(coordinator, results),
        "reasons": _reasons(coordinator),
        "targets": targets,
        "mode": memory.mode.value,
        "override": memory.override and memory.override.as_json(),
        "setpoint": coordinator.setpoint,
        "status": status,
        "last_schedule": _text(memory.last_schedule),
        "is_out_of_date": coordinator.is_out_of_date,
        "server_answers": coordinator.last_update_success,
        "is_connected": is_connected,
        "is_ordinary": (
            status["key"] in (OK, PLANNED_ELSEWHERE)
            and memory.mode is Mode.AUTOMATIC
            and memory.override is None
            and not coordinator.is_out_of_date
            and is_connected is not False
            and all(target["met"] is not False for target in targets)
        ),
    }


def _kind(coordinator: ScheduleCoordinator) -> str:
    """Return what owners call such a device; ``other`` while the server has not told."""
    return "s2" if coordinator.settings.s2 else coordinator.metadata.kind or "other"


def _status(coordinator: ScheduleCoordinator) -> Json:
    """Return how scheduling goes, in the words of the status sensor."""
    status = scheduling_status(coordinator)
    return {
        "key": status.key,
        "text": loaded_text("entity", f"sensor.scheduling_status.state.{status.key}"),
        "detail": status.reason,
        "is_ok": status.key in (OK, PLANNED_ELSEWHERE, PLANNED_HERE, COMPUTING),
        "since": _text(status.since),
    }


def _reasons(coordinator: ScheduleCoordinator) -> list[Json]:
    """Return why it charges and discharges, by when that ends."""
    return [
        {
            "end": each.end.isoformat(),
            "text": " ".join(
                reason_text(coordinator, reason) for reason in each.reasons
            ),
        }
        for each in explained(coordinator)
        if each.action is not Action.IDLE
    ]


def _series(series: Series | None) -> Json | None:
    if series is None:
        return None
    return {
        "start": series.start.isoformat(),
        "step": series.resolution.total_seconds(),
        # No copy: a plan can have thousands, and is compared often.
        "values": series.values,
    }


def _prices(plan: Plan) -> Json | None:
    known = plan.consumption_price or plan.production_price
    if known is None:
        return None
    return {
        "currency": known.currency,
        "consumption": _price(plan.consumption_price),
        "production": _price(plan.production_price),
    }


def _saved(coordinator: ScheduleCoordinator, results: DeviceResults) -> Json:
    """Return what the plan saves, and what was saved today, in the currency of the prices."""
    savings = coordinator.savings
    today, day = results.saved_today, results.day
    return {
        "ahead": savings
        and {
            "against": savings.against.value,
            "amount": savings.amount,
            "stored_at": savings.stored_at,
        },
        "today": today.amount
        if today and day.currency == coordinator.data.currency
        else None,
    }


def _price(price: Price | None) -> Json | None:
    if price is None:
        return None
    return _series(price.series) if price.series else {"fixed": price.fixed}


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
