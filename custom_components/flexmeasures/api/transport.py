"""flexmeasures-client as the wire: one request, one answer, no secrets in any log.

The client turns every failure into a ValueError or ConnectionError that holds
only text, waits up to 200 seconds by itself, logs passwords and tokens at DEBUG
and shows them in its ``repr``. Here it only sends; the answer's status and
headers are kept, and `FlexMeasuresError`s say what went wrong.
"""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
import logging
from typing import Any, NoReturn, override

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorSSLError,
    ClientResponse,
    ClientSession,
)
from flexmeasures_client import __version__
from flexmeasures_client.client import FlexMeasuresClient
from yarl import URL

from .address import ServerAddress
from .errors import (
    CannotConnectError,
    CertificateError,
    NoEncryptionError,
    NotFlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    RateLimitedError,
    RejectedError,
    ServerError,
)

CLIENT_VERSION: str = __version__

_API = "/api/v3_0/"

# A server that asks for more is asked again all the same.
_LONGEST_RETRY_AFTER = timedelta(days=1)

# Long enough for a server whose Redis is down: it answers only after 13 to 16 s.
REQUEST_TIMEOUT = 30.0

# Outside logging's hierarchy, so that no setting of Home Assistant's turns it on.
_SILENT_LOGGER = logging.Logger(  # noqa: LOG001
    "flexmeasures_client", level=logging.CRITICAL + 1
)

# Else the client retries, redirects, logs in and raises by itself.
_EVERY_STATUS = frozenset(range(202, 600))

# Parts of the server's error structure that say where in the HTTP request a
# field stood, which is nothing to people.
_WRAPPERS = frozenset(
    {"json", "query", "path", "combined_sensor_data_description", "_schema"}
)
_REASON_LENGTH = 300


class UnauthorizedError(Exception):
    """A 401: no valid token, or a server that lost its database."""


class Transport(FlexMeasuresClient):
    """The client, made to send one request and to hand out what came back."""

    def __init__(
        self,
        session: ClientSession,
        address: ServerAddress,
        username: str,
        password: str,
    ) -> None:
        """Set up the client on Home Assistant's shared session."""
        self.session: ClientSession
        self._address = address
        super().__init__(
            session=session,
            host=address.host,
            port=address.port,
            ssl=address.scheme == "https",
            email=username,
            password=password,
            logger=_SILENT_LOGGER,
            max_request_attempts=1,
            request_timeout=REQUEST_TIMEOUT,
            request_retry_timeout=REQUEST_TIMEOUT + 1,
            request_retry_interval=0,
        )

    @override
    def __post_init__(self, *deprecated_parameters: Any) -> None:
        """Skip the client's own parsing: it breaks IPv6 and some e-mail addresses."""
        self.scheme = "https" if self.ssl else "http"

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._address})"

    @override
    def build_url(self, uri: str, path: str = _API) -> URL:
        """Return a URL of the server, which may itself be under a path."""
        return super().build_url(uri, path=f"{self._address.path}{path}")

    @override
    async def request_once(
        self,
        method: str,
        url: URL,
        params: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        json_payload: dict[str, Any] | None = None,
        polling_step: int = 0,
        reauth_once: bool = True,
        pass_through_statuses: frozenset[int] = frozenset(),
    ) -> tuple[ClientResponse, int, bool, URL]:
        """Send one request, and leave the answer's status to `send`.

        In place of the client's own, which spells the password out for its log, and
        reads an answer three times over: a long plan is worth reading once.
        """
        response = await self.session.request(
            method,
            url,
            params=params,
            headers=headers,
            json=json_payload,
            ssl=self.ssl,
            allow_redirects=False,
        )
        await response.read()
        # Only here does the header say something: the server's rate limiter puts
        # it on every answer.
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise RateLimitedError(_retry_after(response.headers))
        if "application/json" not in response.headers.get("Content-Type", ""):
            raise _no_json(response.status, response.headers)
        return response, polling_step, reauth_once, url

    async def send(
        self,
        method: str,
        uri: str,
        *,
        path: str = _API,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        include_auth: bool = True,
        also_accept: HTTPStatus | None = None,
    ) -> Any:
        """Send one request and return the answer's JSON.

        Answers below 300 and `also_accept` are returned, any other raises
        UnauthorizedError or a FlexMeasuresError.
        """
        try:
            answer, status = await self.request(
                uri,
                method=method,
                path=path,
                params=dict(params) if params else None,
                json_payload=dict(payload) if payload is not None else None,
                include_auth=include_auth,
                pass_through_statuses=_EVERY_STATUS,
            )
        except ConnectionError as err:
            raise _connection_error(err) from None
        except ValueError:
            raise NotFlexMeasuresError("the answer is no JSON") from None
        if status >= HTTPStatus.MULTIPLE_CHOICES and status != also_accept:
            _raise_refusal(status, answer)
        return answer


def _connection_error(error: ConnectionError) -> CannotConnectError:
    """Tell apart why no usable answer came."""
    match error.__cause__:
        case ClientConnectorCertificateError() as cause:
            return CertificateError(str(cause.certificate_error))
        case ClientConnectorSSLError() as cause:
            return NoEncryptionError(cause.strerror or str(cause))
        case None | TimeoutError():
            return CannotConnectError(f"no answer within {REQUEST_TIMEOUT:g} seconds")
        case cause:
            return CannotConnectError(str(cause) or type(cause).__name__)


def _no_json(status: int, headers: Mapping[str, str]) -> CannotConnectError:
    """Return what an answer means that is not JSON, as all answers of the server are."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError(f"HTTP {status}")
    if "Location" in headers:
        return NotFlexMeasuresError(f"it redirects to {headers['Location']}")
    return NotFlexMeasuresError(f"HTTP {status} without JSON")


def _retry_after(headers: Mapping[str, str]) -> timedelta:
    """Return the time to wait after a 429; the server sends seconds, a proxy perhaps a date."""
    seconds = headers.get("Retry-After", "")
    if not seconds.isdecimal():
        return timedelta(minutes=1)
    return min(timedelta(seconds=int(seconds[:9])), _LONGEST_RETRY_AFTER)


def _raise_refusal(status: int, payload: Any) -> NoReturn:
    """Raise what an answer of status 300 or more means."""
    reason = server_reason(payload) or f"HTTP {status}"
    match status:
        case HTTPStatus.UNAUTHORIZED:
            raise UnauthorizedError(reason)
        case HTTPStatus.FORBIDDEN:
            raise NotPermittedError(reason)
        case HTTPStatus.NOT_FOUND:
            raise NotFoundError(reason)
        case _ if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerError(reason)
        case _ if status < HTTPStatus.BAD_REQUEST:
            raise NotFlexMeasuresError(f"it redirects (HTTP {status})")
        case _:
            raise RejectedError(reason)


def server_reason(payload: Any) -> str:
    """Return the server's own words, e.g. ``soc-targets: Unknown field.``.

    The shapes: a text under ``message``, a tree of fields under ``message``, or a
    list under ``errors``. Only the first line of each text is kept and no SQL:
    what follows is meant for the server's operator.
    """
    if not isinstance(payload, dict):
        return ""
    return "; ".join(_texts(payload.get("message") or payload.get("errors")))[
        :_REASON_LENGTH
    ]


def _texts(node: Any, field: str = "") -> list[str]:
    """Flatten a tree of messages into ``field: text``."""
    match node:
        case dict():
            return [
                text
                for key, child in node.items()
                for text in _texts(
                    child,
                    field
                    if key in _WRAPPERS
                    else f"{field}.{key}"
                    if field
                    else str(key),
                )
            ]
        case list():
            return [text for child in node for text in _texts(child, field)]
        case None | "":
            return []
        case _:
            text = str(node).split("\n", 1)[0].split("[SQL", 1)[0].strip()
            return [f"{field}: {text}" if field else text]
