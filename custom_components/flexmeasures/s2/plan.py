"""What S2 needs to know of a plan, its prices and the time that is planned.

Protocols, so that whoever has a plan can hand it in without being known here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol


class Slots(Protocol):
    """Times of the same length that follow each other."""

    @property
    def start(self) -> datetime:
        """When the first slot begins."""

    @property
    def end(self) -> datetime:
        """When the last slot ends."""

    @property
    def resolution(self) -> timedelta:
        """How long a slot is."""


class Window(Slots, Protocol):
    """The time that a schedule is asked for."""

    @property
    def duration(self) -> timedelta:
        """How long all slots are."""


class Series(Slots, Protocol):
    """A value for each slot, None where there is none."""

    @property
    def values(self) -> Sequence[float | None]:
        """Of each slot."""

    def index_at(self, moment: datetime) -> int:
        """Return the position of the slot that holds a moment, also outside the values."""

    def slot_start(self, moment: datetime) -> datetime:
        """Return when the slot that holds a moment begins."""


class Price(Protocol):
    """What a kWh costs or earns: always the same, or a series."""

    @property
    def fixed(self) -> float | None:
        """The price if it never changes."""

    @property
    def series(self) -> Series | None:
        """The prices if they change."""

    def per_kwh_at(self, moment: datetime) -> float | None:
        """Return the price that holds at a moment; None if it is not known."""


class Prices(Protocol):
    """What energy costs."""

    @property
    def consumption_price(self) -> Price | None:
        """None where it is not known."""

    @property
    def production_price(self) -> Price | None:
        """None where it is not known, or the same as for consumption."""

    @property
    def fuel_prices(self) -> Mapping[str, Price]:
        """Of other commodities that are known, like ``gas``."""


class Plan(Prices, Protocol):
    """The power to follow, in kW with consumption positive, and what energy costs."""

    @property
    def power(self) -> Series | None:
        """None where nothing is planned."""
