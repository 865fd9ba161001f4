"""Why a device is planned as it is, in words."""

from datetime import datetime

from homeassistant.util import dt as dt_util

from ..coordinator import ScheduleCoordinator
from ..local_format import day_and_time, decimal_number, short_number
from ..plan.explanation import Circumstances, Explained, LevelWish
from ..plan.reasons import Reason
from ..texts import loaded_text


def explained(coordinator: ScheduleCoordinator) -> tuple[Explained, ...]:
    """Return what is planned from now on, and why; states of charge in the settings' unit."""
    now = dt_util.utcnow()
    return coordinator.outlook.explained(_circumstances(coordinator, now), now)


def reason_text(coordinator: ScheduleCoordinator, reason: Reason) -> str:
    """Return a reason as a sentence, in Home Assistant's language."""
    placeholders = {
        "at": reason.at and day_and_time(reason.at),
        "currency": coordinator.data.currency,
        "gain": reason.gain and decimal_number(reason.gain, 3),
        "horizon": reason.horizon_hours and short_number(reason.horizon_hours),
        "hours": reason.hours and short_number(reason.hours),
        "level": None if reason.level is None else short_number(reason.level),
        "price": reason.price and decimal_number(reason.price, 3),
        "unit": coordinator.settings.soc_unit,
    }
    return loaded_text("common", f"why_{reason.code}").format(**placeholders)


def _circumstances(coordinator: ScheduleCoordinator, now: datetime) -> Circumstances:
    plan, limits = coordinator.data.power, coordinator.soc_limits
    settings = coordinator.settings
    occasions = (
        coordinator.memory.ready_by.between(now, plan.end)
        if plan and plan.end > now
        else ()
    )
    wishes = (
        LevelWish(occasion.moment, level)
        for occasion in occasions
        if (level := settings.in_soc_unit(occasion.target_kwh)) is not None
    )
    return Circumstances(
        wishes=tuple(wishes),
        least=settings.in_soc_unit(limits.least),
        most=settings.in_soc_unit(limits.most),
    )
