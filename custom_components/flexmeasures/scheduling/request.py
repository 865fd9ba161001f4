"""What is sent to have a device scheduled."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from homeassistant.util import dt as dt_util

from ..api.models import Sensor
from ..coordinator import ScheduleCoordinator
from ..device.settings import SOC_AT_START, StateOfChargeUnknownError
from ..plan.energy_units import energy_quantity, quantity_in_kwh
from ..plan.grid import PLAN_ZONE, floor_to_grid
from ..plan.ready_by import Occasion
from ..plan.window import Window
from ..plan.wishes import SOC_MINIMA, SOC_TARGETS, Wishes, asked_for, wishes_in, within
from .limits import softened_limits
from .slot_start import level_at_start
from .soc_entity import StateOfChargeEntityError, level_state, read_soc_entity


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """A wish for a schedule; what is left out comes from the device's settings."""

    start: datetime | None = None
    duration: timedelta | None = None
    flex_model: Mapping[str, Any] = field(default_factory=dict)
    flex_context: Mapping[str, Any] = field(default_factory=dict)
    force: bool = True


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A wish in the server's words, on the grid of the device's power sensor."""

    sensor: int
    """The power sensor's id."""
    asset: int
    """The id of the asset that has it."""
    window: Window
    flex_model: Mapping[str, Any]
    flex_context: Mapping[str, Any]
    force: bool
    digest: str
    """Of the settings and the target that it is made of."""
    wishes: Wishes
    """What is wished for with it, by which its result is judged."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        window = Window.from_json(data["window"])
        return cls(
            sensor=data["sensor"],
            asset=data["asset"],
            window=window,
            flex_model=data["flex_model"],
            flex_context=data["flex_context"],
            force=data["force"],
            digest=data["settings"],
            wishes=Wishes.from_json(data["wishes"], window),
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "sensor": self.sensor,
            "asset": self.asset,
            "window": self.window.as_json(),
            "flex_model": dict(self.flex_model),
            "flex_context": dict(self.flex_context),
            "force": self.force,
            "settings": self.digest,
            "wishes": self.wishes.as_json(),
        }

    def fits(self, other: PreparedRequest) -> bool:
        """Return whether one request can hold both."""
        return (
            self.window.resolution == other.window.resolution
            and self.window.start == other.window.start
            and self.flex_context == other.flex_context
        )


async def prepare(
    coordinator: ScheduleCoordinator, request: ScheduleRequest
) -> PreparedRequest:
    """Add what the settings, the user and the device's entities say.

    Raises FlexMeasuresError.
    """
    settings, digest = coordinator.settings, coordinator.digest
    sensor = await coordinator.metadata.power_sensor()
    stored = await coordinator.metadata.flex_model()
    window = Window.from_moment(
        request.start or dt_util.utcnow(),
        request.duration or settings.schedule_duration,
        sensor,
    )
    after = max(window.start, dt_util.utcnow())
    upcoming = coordinator.memory.ready_by.next_after(after)
    first = [upcoming] if upcoming else []
    # The server itself makes a plan longer for targets, but for no other wish.
    reach = window
    for wish in wishes_in(_overrides(first, request, sensor, window.start)):
        if request.duration is None or wish.constraint == SOC_TARGETS:
            reach = reach.reaching(wish.end)
    source = coordinator.flex_model_source
    counts_anew = source is not None and source.counts_energy
    later = coordinator.memory.ready_by.between(after, reach.end)
    occasions = first if counts_anew else {*first, *later}
    overrides = _overrides(occasions, request, sensor, window.start)
    full_kwh = settings.full_kwh(quantity_in_kwh(stored.get("soc-max")))
    model = None
    if source:
        model = await source.async_flex_model(reach, stored, overrides)
    # What does not say how full the device is leaves that to the settings.
    if not model or SOC_AT_START not in model:
        model = _flex_model(coordinator, reach, stored, model or overrides, full_kwh)
    model = within(model, reach)
    model |= softened_limits(model, reach, stored=stored, full_kwh=full_kwh)
    coordinator.check_loaded()
    return PreparedRequest(
        sensor.id,
        sensor.asset_id,
        window if request.duration else reach,
        model,
        settings.flex_context(request.flex_context),
        request.force,
        digest,
        asked_for({**stored, **model}, {**stored, **overrides}, reach),
    )


def target_minima(
    occasions: Iterable[Occasion], sensor: Sensor, start: datetime
) -> dict[str, Any]:
    """Return what the user wants to be ready, and by when, as the server takes it.

    Moved back to the grid: between its points the server looks at nothing, nor does it
    where the first slot begins.
    """
    slot = sensor.slot_length
    minima: dict[datetime, float] = {}
    for occasion in occasions:
        if occasion.target_kwh is not None and occasion.moment > start:
            moment = floor_to_grid(occasion.moment, slot, PLAN_ZONE)
            moment = max(moment, start + slot)
            minima[moment] = max(minima.get(moment, 0.0), occasion.target_kwh)
    if not minima:
        return {}
    return {
        SOC_MINIMA: [
            {
                "value": energy_quantity(target_kwh),
                "datetime": moment.isoformat(),
            }
            for moment, target_kwh in sorted(minima.items())
        ]
    }


def _overrides(
    occasions: Iterable[Occasion],
    request: ScheduleRequest,
    sensor: Sensor,
    start: datetime,
) -> dict[str, Any]:
    """Return what holds for one request, and wins over the settings."""
    return {**target_minima(occasions, sensor, start), **request.flex_model}


def _flex_model(
    coordinator: ScheduleCoordinator,
    window: Window,
    stored: Mapping[str, Any],
    overrides: Mapping[str, Any],
    full_kwh: float | None,
) -> dict[str, Any]:
    """Return the flex-model with the state of charge that an entity measures, if one does.

    An entity that does not tell it is no reason to fail if the server knows it too.
    """
    settings = coordinator.settings
    problem: StateOfChargeEntityError | None = None
    soc_kwh = None
    if settings.soc_entity and SOC_AT_START not in overrides:
        try:
            soc_kwh = _level_of_entity(
                coordinator, window, {**stored, **overrides}, full_kwh
            )
        except StateOfChargeEntityError as err:
            problem = err
    coordinator.async_note_soc_problem(problem)
    try:
        return settings.flex_model(stored, overrides, soc_kwh)
    except StateOfChargeUnknownError as err:
        raise problem or err from None


def _level_of_entity(
    coordinator: ScheduleCoordinator,
    window: Window,
    flex_model: Mapping[str, Any],
    full_kwh: float | None,
) -> float:
    """Return the level to plan from, in kWh; raises StateOfChargeEntityError."""
    state = level_state(coordinator)
    soc_kwh = read_soc_entity(
        state,
        coordinator.settings,
        dt_util.utcnow(),
        full_kwh=full_kwh,
        temperature_unit=coordinator.hass.config.units.temperature_unit,
        moved_since=coordinator.moved_since,
    )
    return level_at_start(
        coordinator,
        soc_kwh,
        state.last_reported,
        window,
        flex_model,
        full_kwh=full_kwh,
    )
