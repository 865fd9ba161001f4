"""What the server does by itself for a sensor."""

from collections.abc import Iterable
from typing import Final

from ..api.client import FlexMeasuresApi
from ..api.models import Asset, Sensor

SCHEDULING: Final = "scheduling"
"""The kind of automations that make plans."""


async def async_is_automated(
    api: FlexMeasuresApi, lineage: Iterable[Asset], sensor: Sensor, kind: str
) -> bool:
    """Return whether the server fills a sensor by itself, again and again.

    An automation of such a kind does, of one of the assets in `lineage`: the sensor's, the
    one that this is part of, and so on. Raises FlexMeasuresError.
    """
    for asset in lineage:
        for automation in await api.get_automations(asset.id):
            if automation.type != kind or not automation.is_active:
                continue
            if automation.sensors is None:
                details = await api.get_automation(asset.id, automation.id)
                sensors = details.sensors if details else None
            else:
                sensors = automation.sensors
            if sensors and sensor.id in sensors:
                return True
    return False
