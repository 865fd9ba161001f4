"""Whether a schedule reaches what the state of charge has to be."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from ..api.models import parse_moment
from .energy_units import in_kwh
from .wishes import Wishes

NEGLIGIBLE_KWH: Final = 0.005
"""Less is not missed."""


@dataclass(frozen=True, slots=True)
class TargetResult:
    """How a schedule does at one wish for the state of charge."""

    constraint: str
    """The field of the flex-model, like ``soc-minima``."""
    moment: datetime
    amount: str
    """By how much it is missed, the room that is left, or what is wished for: ``4.3 kWh``."""

    def as_json(self) -> dict[str, Any]:
        """Write for storage, and for people."""
        return {
            "constraint": self.constraint,
            "datetime": dt_util.as_local(self.moment).isoformat(),
            "amount": self.amount,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            data["constraint"],
            datetime.fromisoformat(data["datetime"]),
            data["amount"],
        )


@dataclass(frozen=True, slots=True)
class TargetReport:
    """What a job says about the targets of one device."""

    unresolved: tuple[TargetResult, ...]
    resolved: tuple[TargetResult, ...]
    beyond: tuple[TargetResult, ...] = ()
    """Those after the end of what is planned, which nobody has looked at yet."""

    @property
    def are_met(self) -> bool | None:
        """Whether no target is missed; None if that is not known of all."""
        if self.unresolved:
            return False
        return None if self.beyond else True

    def misses_the_same(self, earlier: Iterable[TargetResult]) -> bool:
        """Return whether no other target is missed than before, by however much."""

        def wishes(results: Iterable[TargetResult]) -> set[tuple[str, datetime]]:
            return {(result.constraint, result.moment) for result in results}

        return wishes(self.unresolved) <= wishes(earlier)

    @classmethod
    def from_job(
        cls,
        result: Mapping[str, Any],
        *,
        asset: int,
        sensor: int,
        wishes: Wishes | None = None,
    ) -> Self | None:
        """Read the result of a job (``GET /jobs/<uuid>``); None if the device had no targets.

        Of what the server says only what was wished for counts, and a wish of which it
        says nothing is met: it does not list all of those.
        """

        def of_device(key: str) -> tuple[TargetResult, ...]:
            return tuple(
                found
                for device in result.get(key) or ()
                if device.get("asset") == asset or device.get("sensor") == sensor
                for found in _results(device)
                if wishes is None or wishes.cover(found.constraint, found.moment)
            )

        unresolved = of_device("unresolved")
        report = cls(
            unresolved=tuple(filter(_is_missed, unresolved)),
            resolved=of_device("resolved")
            + tuple(target for target in unresolved if not _is_missed(target)),
            beyond=tuple(
                TargetResult(wish.constraint, wish.start, wish.amount)
                for wish in (wishes.beyond if wishes else ())
            ),
        )
        is_told = isinstance(result.get("unresolved"), list)
        has_targets = (
            report.unresolved
            or report.resolved
            or report.beyond
            or (is_told and wishes and wishes.planned)
        )
        return report if has_targets else None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            *(
                # Most have none beyond the plan, which is not written then.
                tuple(map(TargetResult.from_json, data.get(key, ())))
                for key in ("unresolved", "resolved", "beyond")
            )
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        written = {
            "unresolved": [target.as_json() for target in self.unresolved],
            "resolved": [target.as_json() for target in self.resolved],
        }
        if self.beyond:
            written["beyond"] = [target.as_json() for target in self.beyond]
        return written


def _results(device: Mapping[str, Any]) -> Iterator[TargetResult]:
    for constraint, found in device.items():
        for target in found if isinstance(found, list) else ():
            yield TargetResult(
                constraint,
                parse_moment(target["datetime"]),
                str(target.get("violation", target.get("margin", ""))),
            )


def _is_missed(target: TargetResult) -> bool:
    """Return whether it is missed by more than what nobody would notice.

    What is less is rounding, or the solver's noise: ``0.0 kWh``.
    """
    number, _, unit = target.amount.partition(" ")
    try:
        kwh = in_kwh(float(number), unit, None)
    except ValueError:
        return True
    return kwh is None or abs(kwh) > NEGLIGIBLE_KWH
