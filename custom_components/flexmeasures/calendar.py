"""Calendar: when the device charges and discharges."""

from datetime import datetime, timedelta
from typing import override

from homeassistant.components.calendar import (
    CalendarEntity,
    CalendarEntityDescription,
    CalendarEvent,
)
from homeassistant.const import UnitOfPower
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .account import FlexMeasuresConfigEntry
from .coordinator import ScheduleCoordinator
from .entity import FlexMeasuresEntity, async_add_device_entities
from .local_format import decimal_number
from .plan.plan import Plan
from .plan.schedule import Action, Block
from .scheduling.explanations import explained, reason_text
from .texts import async_text

PARALLEL_UPDATES = 0

PLAN = CalendarEntityDescription(key="plan", translation_key="plan")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: FlexMeasuresConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the calendar of each device."""
    async_add_device_entities(
        entry, async_add_entities, lambda coordinator: [PlanCalendar(coordinator, PLAN)]
    )


class PlanCalendar(FlexMeasuresEntity, CalendarEntity):
    """The blocks of the plan in which the device charges, or discharges."""

    def __init__(
        self, coordinator: ScheduleCoordinator, description: CalendarEntityDescription
    ) -> None:
        """Show what is planned so far."""
        super().__init__(coordinator, description)
        self._shown = self._present()

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """The block that runs now, or the next one."""
        block = self.coordinator.outlook.next_block(dt_util.utcnow())
        return self._event(block) if block else None

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return the blocks of which a part lies in a period; those to come with their reasons."""
        reasons = {
            each.end: " ".join(
                reason_text(self.coordinator, reason) for reason in each.reasons
            )
            for each in explained(self.coordinator)
        }
        return [
            self._event(block, reasons.get(block.end, ""))
            for block in self.coordinator.outlook.blocks
            if block.start < end_date and block.end > start_date
        ]

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write only what is new: dashboards are told of it, but only every few seconds."""
        shown, self._shown = self._shown, self._present()
        if self._shown != shown:
            super()._handle_coordinator_update()

    def _present(self) -> tuple[Plan, Block | None]:
        """Return what the calendar shows now."""
        next_block = self.coordinator.outlook.next_block(dt_util.utcnow())
        return self.coordinator.data, next_block

    def _event(self, block: Block, reasons: str = "") -> CalendarEvent:
        assert self.device_entry
        device = self.device_entry.name_by_user or self.device_entry.name
        start, end = dt_util.as_local(block.start), dt_util.as_local(block.end)
        return CalendarEvent(
            start=start,
            # In the night that has an hour twice, it may end earlier by the clock than it
            # starts, which Home Assistant does not take.
            end=start.replace(fold=1) if end < start else end,
            summary=async_text(
                self.hass,
                f"calendar_{block.action}",
                device=device or self.coordinator.subentry.title,
                energy=decimal_number(block.energy, 1),
            ),
            description=f"{self._description(block)}\n{reasons}".rstrip(),
        )

    def _description(self, block: Block) -> str:
        """Return the mean power, and what a block costs or earns, if that is known."""
        power = block.energy / ((block.end - block.start) / timedelta(hours=1))
        cost = self.coordinator.outlook.cost(block.start, block.end)
        currency = self.coordinator.data.currency
        if cost is None or currency is None:
            return f"{decimal_number(power, 2)} {UnitOfPower.KILO_WATT}"
        consumed = block.energy if block.action is Action.CHARGE else -block.energy
        return async_text(
            self.hass,
            "calendar_costs" if cost >= 0 else "calendar_earns",
            power=decimal_number(power, 2),
            price=decimal_number(cost / consumed, 3),
            amount=decimal_number(abs(cost), 2),
            currency=currency,
        )
