"""What keeps a feed from sending, in the few ways that an owner has to tell apart."""

from enum import StrEnum
from typing import Final

from ..api.errors import (
    CannotConnectError,
    FlexMeasuresError,
    NotAuthenticatedError,
    NotFoundError,
    NotPermittedError,
    RateLimitedError,
)
from .errors import FeedSourceError


class Trouble(StrEnum):
    """A kind of error."""

    NONE = "none"
    NOT_CONNECTED = "not_connected"
    """The server does not answer, or is out of order; it is tried again."""
    TOO_MANY_REQUESTS = "too_many_requests"
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_PERMITTED = "not_permitted"
    NOT_FOUND = "not_found"
    """The FlexMeasures sensor is gone."""
    REJECTED = "rejected"
    """The server refuses some values."""
    NO_VALUES = "no_values"
    """Nothing can be made of the source."""

    @classmethod
    def of(cls, failure: FlexMeasuresError) -> Trouble:
        """Return the kind of an error."""
        return next(
            (kind for error, kind in _KINDS.items() if isinstance(failure, error)),
            cls.REJECTED,
        )


_KINDS: Final[dict[type[FlexMeasuresError], Trouble]] = {
    FeedSourceError: Trouble.NO_VALUES,
    CannotConnectError: Trouble.NOT_CONNECTED,
    RateLimitedError: Trouble.TOO_MANY_REQUESTS,
    NotAuthenticatedError: Trouble.NOT_AUTHENTICATED,
    NotPermittedError: Trouble.NOT_PERMITTED,
    NotFoundError: Trouble.NOT_FOUND,
}
