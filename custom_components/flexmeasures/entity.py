"""The base of all entities of a device."""

from datetime import datetime
from typing import override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .coordinator import ScheduleCoordinator


class FlexMeasuresEntity(CoordinatorEntity[ScheduleCoordinator]):
    """Something about a device's schedule."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: ScheduleCoordinator, description: EntityDescription
    ) -> None:
        """Belong to the device that the subentry stands for."""
        super().__init__(coordinator)
        self.entity_description = description
        subentry = coordinator.subentry
        self._attr_unique_id = f"{subentry.subentry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, subentry.subentry_id)},
            name=subentry.title,
            manufacturer="FlexMeasures",
            entry_type=DeviceEntryType.SERVICE,
        )

    @property
    @override
    def available(self) -> bool:
        """Always: the plan holds while the server is away, and after its end is unknown."""
        return True


def local_time(moment: datetime) -> str:
    """A moment as an attribute: ISO 8601, with the local offset that it has then."""
    return dt_util.as_local(moment).isoformat()
