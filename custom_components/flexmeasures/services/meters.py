"""The actions for what meters have counted: importing it again, and showing it."""

from dataclasses import asdict
from datetime import date, timedelta
from typing import cast

from homeassistant.components.energy.data import SourceType, async_get_manager
from homeassistant.components.recorder.statistics import get_metadata
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.recorder import DATA_INSTANCE, get_instance
from homeassistant.util import dt as dt_util

from ..action_errors import translated_errors
from ..const import DOMAIN
from ..meters.coordinator import MeterCoordinator
from ..meters.energy_dashboard import DashboardMeter, with_meters
from ..meters.history.meter_statistics import Kind, statistic_ids
from .calls import account_of
from .fields import ATTR_DRY_RUN, ATTR_END, ATTR_START
from .targets import Target, is_chosen, meters_of


async def reimport_statistics(
    call: ServiceCall, target: Target[MeterCoordinator]
) -> ServiceResponse:
    """Read what a meter counted on some days again; waits until it is stored."""
    today = dt_util.now().date()
    first: date = call.data[ATTR_START]
    last: date = min(call.data.get(ATTR_END, today), today)
    if first > last:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="not_a_past_period"
        )
    start = dt_util.start_of_local_day(first)
    end = min(dt_util.start_of_local_day(last + timedelta(days=1)), dt_util.now())
    async with translated_errors(call.hass, target.entry):
        await target.part.async_reimport(dt_util.as_utc(start), dt_util.as_utc(end))
    return {ATTR_START: first.isoformat(), ATTR_END: last.isoformat()}


async def add_to_energy_dashboard(call: ServiceCall) -> ServiceResponse:
    """Show meters in the Energy dashboard; on a dry run, only say what that would change."""
    hass = call.hass
    if "energy" not in hass.config.components or DATA_INSTANCE not in hass.data:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="no_energy_dashboard"
        )
    meters = [await _shown(hass, meter) for meter in _meters(call)]
    imported = [meter for meter in meters if meter]
    if not imported:
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="nothing_imported"
        )
    manager = await async_get_manager(hass)
    preferences = manager.data or manager.default_preferences()
    sources, changes = with_meters(preferences["energy_sources"], imported)
    # Nothing is awaited between reading and writing: others change it, too.
    is_saved = bool(changes) and not call.data[ATTR_DRY_RUN]
    if is_saved:
        await manager.async_update(
            {**preferences, "energy_sources": cast("list[SourceType]", sources)}
        )
    return {"saved": is_saved, "changes": [asdict(change) for change in changes]}


def _meters(call: ServiceCall) -> list[MeterCoordinator]:
    """Return the meters that were chosen, or all of the account."""
    if is_chosen(call):
        return [target.part for target in meters_of(call)]
    return list(account_of(call).runtime_data.meters.values())


async def _shown(hass: HomeAssistant, meter: MeterCoordinator) -> DashboardMeter | None:
    """Return what there is to show of a meter; None if nothing is imported yet."""
    ids = statistic_ids(meter.settings, meter.subentry.subentry_id)
    known = await get_instance(hass).async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids=set(ids.values()))
    )
    statistics = {kind: each for kind, each in ids.items() if each in known}
    if Kind.CONSUMPTION not in statistics:
        return None
    return DashboardMeter(meter.subentry.title, meter.settings.commodity, statistics)
