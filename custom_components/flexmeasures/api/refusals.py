"""Why the server makes no schedule, as far as its own words are known.

Each has a text of its own that says what to do about it; the server's words stay
with it as a detail.
"""

from collections.abc import Sequence
import re
from typing import Final

from .errors import (
    FlexMeasuresError,
    InfeasibleError,
    JobFailedError,
    NotPermittedError,
    RejectedError,
    ServerError,
)


class LevelTooOldError(JobFailedError):
    """The newest state of charge that the server has is not one of now."""

    translation_key = "soc_not_recent"
    needs_user = True


class LevelSensorError(RejectedError):
    """The state of charge sensor holds values of intervals, not of moments."""

    translation_key = "soc_sensor_not_instantaneous"
    needs_user = True


class LevelMaximumUnknownError(JobFailedError):
    """The state of charge sensor is in %, and nobody says of how much."""

    translation_key = "soc_max_unknown"
    needs_user = True


class PricesUnknownError(JobFailedError):
    """A price has no values in the time that was to be planned."""

    translation_key = "prices_unknown"
    needs_user = True


class PriceNotSetError(JobFailedError):
    """No price is set anywhere for what is consumed."""

    translation_key = "price_not_set"
    needs_user = True


class PriceNotReadableError(NotPermittedError):
    """The account may not read a price that is set."""

    translation_key = "price_not_readable"
    needs_user = True


class SensorNotReadableError(NotPermittedError):
    """The account may not read another sensor that is set."""

    translation_key = "sensor_not_readable"
    needs_user = True


class SensorNotFoundError(RejectedError):
    """A sensor that is set is no longer there."""

    translation_key = "sensor_not_found"
    needs_user = True


class SensorUnitError(RejectedError):
    """A sensor that is set has a unit that cannot be what it is set for."""

    translation_key = "sensor_unit"
    needs_user = True


class ComputedSensorUnitError(JobFailedError):
    """The same, where the server notices it only while it computes."""

    translation_key = SensorUnitError.translation_key
    needs_user = True


class CurrenciesDifferError(RejectedError):
    """Prices are in several currencies."""

    translation_key = "currencies_differ"
    needs_user = True


class PowerCapacityUnknownError(JobFailedError):
    """The server does not know how much power the device can take."""

    translation_key = "power_capacity_unknown"
    needs_user = True


class PowerSensorError(JobFailedError):
    """The power sensor holds values of moments, which cannot be planned."""

    translation_key = "power_sensor_instantaneous"
    needs_user = True


class ComputationTooLongError(JobFailedError):
    """The server stopped a computation that took longer than it allows."""

    translation_key = "computation_too_long"


class ComputationInterruptedError(JobFailedError):
    """A part of the server stopped in the middle of a computation."""

    translation_key = "computation_interrupted"


class ComputationRaceError(JobFailedError):
    """Threads of the server were in each other's way: mostly, the same works when it is asked for again.

    FlexMeasures 1.0.1 forecasts all horizons side by side over one pandas index, which
    is built while others read it.
    """


class JobQueueAwayError(ServerError):
    """The part of the server that keeps what is to be computed is out of order."""

    translation_key = "job_queue_away"


class DatabaseAwayError(ServerError):
    """The server's database is out of order."""

    translation_key = "database_away"


REFUSALS: Final[tuple[type[FlexMeasuresError], ...]] = (
    ComputationInterruptedError,
    ComputationTooLongError,
    ComputedSensorUnitError,
    CurrenciesDifferError,
    DatabaseAwayError,
    JobQueueAwayError,
    LevelMaximumUnknownError,
    LevelSensorError,
    LevelTooOldError,
    PowerCapacityUnknownError,
    PowerSensorError,
    PriceNotReadableError,
    PriceNotSetError,
    PricesUnknownError,
    SensorNotFoundError,
    SensorNotReadableError,
    SensorUnitError,
)
"""All of them."""

type _Known[Error] = Sequence[tuple[str, type[Error]]]

_PRICE_FIELD = r"'(consumption|production)-price'.*"

_FAILURES: Final[_Known[JobFailedError]] = (
    ("infeasible|unbounded", InfeasibleError),
    ("No recent state-of-charge value found", LevelTooOldError),
    ("'%' unit.*soc-max", LevelMaximumUnknownError),
    ("Prices unknown for planning window", PricesUnknownError),
    ("Missing consumption price|No commodity prices", PriceNotSetError),
    # The second is what it says where the capacity is a sensor without values.
    (
        "Power capacity on asset .* is not defined|'float' object .* 'dtype'",
        PowerCapacityUnknownError,
    ),
    (
        "Unit conversion from .* doesn't seem possible|operation with offset unit",
        ComputedSensorUnitError,
    ),
    ("integer modulo by zero", PowerSensorError),
    (
        "Not all indices found in time index|only valid with uniquely valued Index",
        ComputationRaceError,
    ),
    ("exceeded maximum timeout", ComputationTooLongError),
    (
        "OperationalError|Work-horse terminated|AbandonedJobError|Error -?[0-9]+ connecting to",
        ComputationInterruptedError,
    ),
)
_REJECTIONS: Final[_Known[RejectedError]] = (
    ("share the same currency unit|used that currency", CurrenciesDifferError),
    ("sensor with a non-instantaneous event resolution", LevelSensorError),
    ("No sensor found with ID", SensorNotFoundError),
    # Of a value it says "Cannot convert value": that is whoever called who wrote it.
    ("Cannot convert (?!value)", SensorUnitError),
)
_PROHIBITIONS: Final[_Known[NotPermittedError]] = (
    (f"{_PRICE_FIELD}a sensor you cannot read", PriceNotReadableError),
    ("a sensor you cannot read", SensorNotReadableError),
)
_FAULTS: Final[_Known[ServerError]] = (
    (
        "Error -?[0-9]+ .*connecting to|Job queues are currently unavailable",
        JobQueueAwayError,
    ),
)


def failure(message: str, reason: str) -> JobFailedError:
    """Return what a job has failed for, by a message that the `reason` is a part of."""
    return (_known(_FAILURES, message) or JobFailedError)(reason)


def recognised(err: FlexMeasuresError) -> FlexMeasuresError:
    """Return what a request for a schedule was refused for; `err` where that is not known."""
    kind: type[FlexMeasuresError] | None = None
    match err:
        case RejectedError(reason=reason):
            kind = _known(_REJECTIONS, reason)
        case NotPermittedError(reason=reason):
            kind = _known(_PROHIBITIONS, reason)
        case ServerError(reason=reason):
            kind = _known(_FAULTS, reason)
        case _:
            return err
    return kind(reason) if kind else err


def _known[Error](known: _Known[Error], words: str) -> type[Error] | None:
    """Return the first that fits the server's words."""
    return next((kind for pattern, kind in known if re.search(pattern, words)), None)
