"""flexmeasures-client as the wire: one request, one answer, no secrets in any log.

The client turns every failure into a ValueError or ConnectionError that holds
only text, waits up to 200 seconds by itself, logs passwords and tokens at DEBUG
and shows them in its ``repr``. Here it only sends; the answer's status and
headers are kept, and `FlexMeasuresError`s say what went wrong.
"""

from collections.abc import Mapping
from datetime import timedelta
import errno
from http import HTTPStatus
import logging
import socket
import ssl
from typing import Any, NoReturn, override

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientOSError,
    ClientPayloadError,
    ClientResponse,
    ClientResponseError,
    ClientSession,
    ClientTimeout,
    ServerDisconnectedError,
)
from flexmeasures_client import __version__
from flexmeasures_client.client import FlexMeasuresClient
from yarl import URL

from .address import ServerAddress
from .errors import (
    NO_ANSWER,
    AddressNotAcceptedError,
    CannotConnectError,
    CertificateError,
    EncryptionRequiredError,
    NoEncryptionError,
    NotFlexMeasuresError,
    NotFoundError,
    NotPermittedError,
    RateLimitedError,
    RejectedError,
    ServerError,
)
from .rate_limit import Allowance, RateLimit, number_of

CLIENT_VERSION: str = __version__

_API = "/api/v3_0/"

# What the server allows of these is counted apart from all other requests.
_TRIGGERS = ("/schedules/trigger", "/forecasts/trigger")

# A server that asks for more is asked again all the same.
_LONGEST_RETRY_AFTER = timedelta(days=1)

# Long enough for a server whose Redis is down: it answers only after 13 to 16 s.
REQUEST_TIMEOUT = 30.0

# Only for a handshake, with a server that has just answered.
_HANDSHAKE_TIMEOUT = ClientTimeout(total=3)

_LOGGER = logging.getLogger(__name__)

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

# What Werkzeug says of a Host header that the server's configuration does not name.
_NOT_TRUSTED = " is not trusted."

_ENCRYPTED_ONLY = "it takes encrypted connections only"
_CLOSED = "the server closed the connection"
# For people: what the system says has addresses and numbers in it.
_PLAIN_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNABORTED: _CLOSED,
    errno.ECONNRESET: _CLOSED,
    errno.EPIPE: _CLOSED,
    errno.EHOSTDOWN: "the server cannot be reached",
    errno.EHOSTUNREACH: "the server cannot be reached",
    errno.ENETDOWN: "the network cannot be reached",
    errno.ENETUNREACH: "the network cannot be reached",
    errno.ETIMEDOUT: NO_ANSWER,
}
# What OpenSSL says of an answer that is none of TLS.
_NOT_TLS = {
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
    "WRONG_VERSION_NUMBER",
}


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
        self.trigger_allowance: Allowance | None = None
        """What was left after the last trigger that was accepted; None if untold."""
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
        try:
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
        except ClientConnectorError:
            raise
        except ServerDisconnectedError, ClientOSError:
            # Most servers answer nothing to what is no TLS.
            await self._check_encryption(url)
            raise
        # Only here does the header say something: the server's rate limiter puts
        # it on every answer.
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            # A proxy may say it in its own words, and in any encoding.
            message = await response.text(errors="replace")
            raise RateLimitedError(
                _retry_after(response.headers), RateLimit.from_message(message)
            )
        if "application/json" not in response.headers.get("Content-Type", ""):
            # Others answer in plain text, each in its own words.
            if response.status == HTTPStatus.BAD_REQUEST:
                await self._check_encryption(url)
            raise _no_json(url, response.status, response.headers)
        if response.status < HTTPStatus.MULTIPLE_CHOICES and url.path.endswith(
            _TRIGGERS
        ):
            self.trigger_allowance = Allowance.from_headers(response.headers)
        return response, polling_step, reauth_once, url

    async def _check_encryption(self, url: URL) -> None:
        """Raise EncryptionRequiredError if the server speaks TLS where we did not."""
        if self.ssl:
            return
        try:
            # Nothing secret is sent, so that any certificate will do.
            await self.session.request(
                "HEAD",
                url.origin().with_scheme("https").with_port(url.port),
                ssl=False,
                allow_redirects=False,
                timeout=_HANDSHAKE_TIMEOUT,
            )
        except ClientError, TimeoutError:
            return
        raise EncryptionRequiredError(_ENCRYPTED_ONLY)

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
    """Tell apart why no usable answer came, in plain words."""
    cause = error.__cause__
    _LOGGER.debug("No usable answer: %r", cause)
    match cause:
        case ClientConnectorCertificateError():
            return CertificateError(_certificate_fault(cause.certificate_error))
        case ClientConnectorSSLError():
            return NoEncryptionError(_handshake_fault(cause.os_error))
        case ClientResponseError():
            return NotFlexMeasuresError("the answer is no HTTP")
        case _:
            return CannotConnectError(_connection_fault(cause))


def _connection_fault(error: BaseException | None) -> str:
    """Return why there was no answer."""
    match error:
        case None | TimeoutError():
            return NO_ANSWER
        case ClientConnectorDNSError() | socket.gaierror():
            return "host name not found"
        case ServerDisconnectedError() | ClientPayloadError():
            return _CLOSED
        case OSError(errno=int(number)) if number in _PLAIN_REASONS:
            return _PLAIN_REASONS[number]
        case _:
            return "the connection failed"


def _certificate_fault(error: Exception) -> str:
    """Return what is wrong with a certificate."""
    match error:
        case ssl.SSLCertVerificationError(verify_message=str(message)) if message:
            return message
        case _:
            return "it cannot be verified"


def _handshake_fault(error: OSError) -> str:
    """Return why no encrypted connection came to be."""
    match error:
        case ssl.SSLError(reason=str(reason)) if reason not in _NOT_TLS:
            return reason.replace("_", " ").lower()
        case _:
            return "it answers without encryption"


def _no_json(url: URL, status: int, headers: Mapping[str, str]) -> CannotConnectError:
    """Return what an answer means that is not JSON, as all answers of the server are."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerError(f"HTTP {status}")
    if "Location" in headers:
        target = url.join(URL(headers["Location"]))
        if target.origin() == url.origin().with_scheme("https") != url.origin():
            return EncryptionRequiredError(_ENCRYPTED_ONLY)
        return NotFlexMeasuresError(f"it redirects to {headers['Location']}")
    return NotFlexMeasuresError(f"HTTP {status} without JSON")


def _retry_after(headers: Mapping[str, str]) -> timedelta:
    """Return the time to wait after a 429; the server sends seconds, a proxy perhaps a date."""
    seconds = number_of(headers, "Retry-After")
    if seconds is None:
        return timedelta(minutes=1)
    return min(timedelta(seconds=seconds), _LONGEST_RETRY_AFTER)


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
        case HTTPStatus.BAD_REQUEST if reason.endswith(_NOT_TRUSTED):
            raise AddressNotAcceptedError(reason)
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
