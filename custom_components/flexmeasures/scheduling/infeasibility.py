"""Why no schedule fits, where the server only says that none does."""

import logging
from typing import Any

from homeassistant.const import UnitOfEnergy

from ..api.client import FlexMeasuresApi
from ..api.errors import FlexMeasuresError, InfeasibleError, InfeasibleLevelError
from ..device.metadata import DeviceMetadata
from ..device.settings import SOC_AT_START, STATE_OF_CHARGE
from ..local_format import short_number
from ..plan.energy_units import in_kwh, quantity_in_kwh
from ..plan.window import Window
from .request import PreparedRequest

_LOGGER = logging.getLogger(__name__)

# The server looks so many slots back and ahead for the level to start from.
_SLOTS = 4

# The server computes in MWh, in floating point.
_NOISE_KWH = 1e-6


async def explained(
    error: InfeasibleError,
    api: FlexMeasuresApi,
    metadata: DeviceMetadata,
    request: PreparedRequest,
) -> InfeasibleError:
    """Return the error that names the cause, if it is one that can be told."""
    try:
        found = await _level_beyond_limits(api, metadata, request)
    except FlexMeasuresError as err:
        _LOGGER.debug("Why no schedule fits could not be found out: %s", err)
        return error
    return found or error


async def _level_beyond_limits(
    api: FlexMeasuresApi,
    metadata: DeviceMetadata,
    request: PreparedRequest,
) -> InfeasibleLevelError | None:
    """Return an error if the device begins fuller or emptier than it may ever be."""
    model = {**await metadata.flex_model(), **request.flex_model}
    maximum = quantity_in_kwh(model.get("soc-max"))
    level = quantity_in_kwh(model.get(SOC_AT_START))
    if level is None:
        level = await _measured_level(
            api, metadata, model.get(STATE_OF_CHARGE), request.window, maximum
        )
    if level is None or maximum is None:
        return None
    minimum = quantity_in_kwh(model.get("soc-min")) or 0.0
    if minimum - _NOISE_KWH <= level <= maximum + _NOISE_KWH:
        return None
    level_text, minimum_text, maximum_text = (
        f"{short_number(kwh)} {UnitOfEnergy.KILO_WATT_HOUR}"
        for kwh in (level, minimum, maximum)
    )
    return InfeasibleLevelError(
        "infeasible", level=level_text, minimum=minimum_text, maximum=maximum_text
    )


async def _measured_level(
    api: FlexMeasuresApi,
    metadata: DeviceMetadata,
    source: Any,
    window: Window,
    full_kwh: float | None,
) -> float | None:
    """Return the level in kWh that the server has measured nearest to the start, if any."""
    match source:
        case {"sensor": int(sensor_id)}:
            sensor = await metadata.sensor(sensor_id)
        case _:
            return None
    data = await api.get_data(
        sensor.id,
        start=window.start - _SLOTS * window.resolution,
        duration=(2 * _SLOTS + 1) * window.resolution,
        unit=sensor.unit,
        resolution=window.resolution,
        source_type="user",
    )
    values = data.values if data else ()
    known = [
        (abs(index - _SLOTS), value)
        for index, value in enumerate(values)
        if value is not None
    ]
    return in_kwh(min(known)[1], sensor.unit, full_kwh) if known else None
