"""What can go wrong with the server, in the few ways a caller has to tell apart.

Each exception names its text in the translations (``exceptions`` in
``translations/*.json``) and what the text needs, so that the places that turn
them into Home Assistant's exceptions need no knowledge of each kind. None of
them ever holds a password or a token.
"""

from datetime import timedelta
from math import ceil
from typing import ClassVar, Final, override

from ..local_format import short_number
from .rate_limit import RateLimit

NO_ANSWER: Final = "no answer in time"
"""Why there is none; like each reason of ours, it has a text in all languages (``common``)."""


class FlexMeasuresError(Exception):
    """A request to the FlexMeasures server did not give what was asked for."""

    translation_key: str
    passes: ClassVar[bool] = False
    """Whether it passes by itself, or is told in another way already: nothing to repair."""
    needs_user: ClassVar[bool] = False
    """Whether it goes on until the user does something: no need to wait and see."""

    @property
    def placeholders(self) -> dict[str, str]:
        """What the translated text needs."""
        return {}

    @override
    def __str__(self) -> str:
        details = ", ".join(
            f"{key}: {value}" for key, value in self.placeholders.items()
        )
        return (
            f"{self.translation_key} ({details})" if details else self.translation_key
        )


class _ReasonedError(FlexMeasuresError):
    """An error whose cause is best said in the words of who noticed it."""

    def __init__(self, reason: str) -> None:
        """Keep the reason, a sentence fragment for people."""
        super().__init__(reason)
        self.reason = reason

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"reason": self.reason}


class NotAuthenticatedError(FlexMeasuresError):
    """The login itself was refused; never raised for a 401 on anything else."""

    translation_key = "not_authenticated"
    passes = True


class UnknownUserError(NotAuthenticatedError):
    """The server knows no user by this name (it compares letter case too)."""

    translation_key = "unknown_user"


class WrongPasswordError(NotAuthenticatedError):
    """The user exists; the password is another."""

    translation_key = "wrong_password"


class NotPermittedError(_ReasonedError):
    """The account may not see or do this (403)."""

    translation_key = "not_permitted"
    needs_user = True


class NotFoundError(_ReasonedError):
    """The server knows no such sensor, asset or job."""

    translation_key = "not_found"


class RejectedError(_ReasonedError):
    """The server understood the request and refuses it; the reason is its own."""

    translation_key = "rejected"


class RateLimitedError(FlexMeasuresError):
    """Too many requests (429)."""

    translation_key = "rate_limited"
    passes = True

    def __init__(self, retry_after: timedelta, limit: RateLimit | None = None) -> None:
        """Keep when the server answers again, and the limit that was hit, if it said so.

        Never now: that would mean nothing, as it has just refused.
        """
        super().__init__(retry_after, limit)
        self.retry_after = max(retry_after, timedelta(seconds=1))
        self.limit = limit

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"seconds": str(ceil(self.retry_after.total_seconds()))}


class CannotConnectError(_ReasonedError):
    """No answer: refused, unresolved, cut off or too slow."""

    translation_key = "cannot_connect"
    passes = True


class CertificateError(CannotConnectError):
    """The server's TLS certificate is not one that this machine trusts."""

    translation_key = "certificate_not_trusted"


class NoEncryptionError(CannotConnectError):
    """Something listens there, but does not speak TLS."""

    translation_key = "no_encryption"


class EncryptionRequiredError(CannotConnectError):
    """The server speaks TLS, and was spoken to without."""

    translation_key = "encryption_required"


class ServerError(CannotConnectError):
    """The server, or a part of it, is out of order (5xx)."""

    translation_key = "server_error"


class NotFlexMeasuresError(CannotConnectError):
    """Something answers, but not the way a FlexMeasures server does."""

    translation_key = "not_flexmeasures"


class AddressNotAcceptedError(CannotConnectError):
    """The server answers only to who calls it by another name (its TRUSTED_HOSTS)."""

    translation_key = "address_not_accepted"


class ServerTooOldError(FlexMeasuresError):
    """The server's version lacks what this integration is built on."""

    translation_key = "server_too_old"

    def __init__(self, version: str, needed: str) -> None:
        """Keep the version that the server has and the one it needs."""
        super().__init__(version, needed)
        self.version = version
        self.needed = needed

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"version": self.version, "needed": self.needed}


class JobFailedError(_ReasonedError):
    """The server's computation of a schedule ended without one."""

    translation_key = "job_failed"


class InfeasibleError(JobFailedError):
    """No schedule can satisfy what was asked."""

    translation_key = "infeasible"
    needs_user = True


class InfeasibleLevelError(InfeasibleError):
    """The device is fuller or emptier than it is allowed to be."""

    translation_key = "infeasible_level"

    def __init__(self, reason: str, *, level: str, minimum: str, maximum: str) -> None:
        """Keep the level and its limits, with their units, as people read them."""
        super().__init__(reason)
        self.level = level
        self.minimum = minimum
        self.maximum = maximum

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {
            "level": self.level,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


class EmptyScheduleError(FlexMeasuresError):
    """The computation succeeded, but planned nothing for this device in the period."""

    translation_key = "empty_schedule"


class JobLostError(FlexMeasuresError):
    """The job was accepted, but nobody knows what became of it."""

    translation_key = "job_lost"
    passes = True


class JobTimeoutError(FlexMeasuresError):
    """The job was accepted, but did not end in the time we wait."""

    translation_key = "job_timeout"

    def __init__(self, waited: timedelta) -> None:
        """Keep our patience."""
        super().__init__(waited)
        self.waited = waited

    @property
    @override
    def placeholders(self) -> dict[str, str]:
        return {"minutes": short_number(self.waited.total_seconds() / 60)}


class NoWorkerError(JobTimeoutError):
    """It has not even begun: nothing on the server computes."""

    translation_key = "no_worker"


SERVER_ERRORS: Final[tuple[type[FlexMeasuresError], ...]] = (
    AddressNotAcceptedError,
    CannotConnectError,
    CertificateError,
    EmptyScheduleError,
    EncryptionRequiredError,
    InfeasibleError,
    InfeasibleLevelError,
    JobFailedError,
    JobLostError,
    JobTimeoutError,
    NoEncryptionError,
    NoWorkerError,
    NotAuthenticatedError,
    NotFlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    RateLimitedError,
    RejectedError,
    ServerError,
    ServerTooOldError,
    UnknownUserError,
    WrongPasswordError,
)
"""All that can go wrong with the server."""
