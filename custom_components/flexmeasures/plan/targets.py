"""Whether a schedule reaches what the state of charge has to be."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from homeassistant.util import dt as dt_util

from ..api.models import parse_moment

SOC_MINIMA: Final = "soc-minima"
SOC_MAXIMA: Final = "soc-maxima"


@dataclass(frozen=True, slots=True)
class TargetResult:
    """How a schedule does at one wish for the state of charge."""

    constraint: str
    """The field of the flex-model, like ``soc-minima``."""
    moment: datetime
    amount: str
    """By how much it is missed, or the room that is left, in the server's words: ``4.3 kWh``."""

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

    @property
    def are_met(self) -> bool:
        """Whether no target is missed."""
        return not self.unresolved

    def misses_the_same(self, earlier: Iterable[TargetResult]) -> bool:
        """Return whether no other target is missed than before, by however much."""

        def wishes(results: Iterable[TargetResult]) -> set[tuple[str, datetime]]:
            return {(result.constraint, result.moment) for result in results}

        return wishes(self.unresolved) <= wishes(earlier)

    @classmethod
    def from_job(
        cls, result: Mapping[str, Any], *, asset: int, sensor: int
    ) -> Self | None:
        """Read the result of a job (``GET /jobs/<uuid>``); None if the device had no targets."""

        def of_device(key: str) -> tuple[TargetResult, ...]:
            return tuple(
                found
                for device in result.get(key) or ()
                if device.get("asset") == asset or device.get("sensor") == sensor
                for found in _results(device)
            )

        unresolved = of_device("unresolved")
        report = cls(
            unresolved=tuple(filter(_is_missed, unresolved)),
            resolved=of_device("resolved")
            + tuple(target for target in unresolved if not _is_missed(target)),
        )
        return report if report.unresolved or report.resolved else None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        return cls(
            *(
                tuple(map(TargetResult.from_json, data[key]))
                for key in ("unresolved", "resolved")
            )
        )

    def as_json(self) -> dict[str, Any]:
        """Write for storage."""
        return {
            "unresolved": [target.as_json() for target in self.unresolved],
            "resolved": [target.as_json() for target in self.resolved],
        }


def _results(device: Mapping[str, Any]) -> Iterator[TargetResult]:
    for constraint, found in device.items():
        for target in found if isinstance(found, list) else ():
            yield TargetResult(
                constraint,
                parse_moment(target["datetime"]),
                str(target.get("violation", target.get("margin", ""))),
            )


def _is_missed(target: TargetResult) -> bool:
    """Return whether it is missed by more than the solver's noise: ``0.0 kWh``."""
    number = target.amount.split(" ")[0]
    try:
        return float(number) != 0
    except ValueError:
        return True
