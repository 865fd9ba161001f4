"""What keeps a device that never had a plan from its first one."""

from collections.abc import Mapping
from datetime import datetime

from homeassistant.util import dt as dt_util

from ..api.refusals import PriceNotSetError, PricesUnknownError
from ..coordinator import ScheduleCoordinator
from ..device.settings import StateOfChargeUnknownError
from ..plan.prices import Price
from .soc_entity import present_problem


def missing_for_first_plan(
    coordinator: ScheduleCoordinator,
) -> tuple[str, Mapping[str, str]] | None:
    """Return the error that a schedule would end with now: its key and its placeholders.

    None where nothing is known to be missing, and before the server was read.
    """
    facts, source = coordinator.facts, coordinator.flex_model_source
    if facts is None:
        return None
    if facts.needs_level and not (source and source.knows_level):
        if coordinator.settings.soc_entity is None:
            return StateOfChargeUnknownError.translation_key, {}
        if problem := present_problem(coordinator):
            return problem.translation_key, problem.placeholders
    if not facts.is_priced:
        return PriceNotSetError.translation_key, {}
    if facts.price_sensor is not None and not _is_known_from(
        coordinator.data.consumption_price, dt_util.utcnow()
    ):
        return PricesUnknownError.translation_key, {}
    return None


def _is_known_from(price: Price | None, moment: datetime) -> bool:
    """Return whether a price that a sensor tells holds at a moment, or later."""
    return bool(price and price.series and price.series.since(moment))
