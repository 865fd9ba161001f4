"""One login on a FlexMeasures server: who asks, and with which token."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Self

from aiohttp import ClientSession
from awesomeversion import AwesomeVersion

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from .address import ServerAddress
from .answers import reading
from .concurrency import Shared
from .errors import (
    FlexMeasuresError,
    NotFlexMeasuresError,
    NotFoundError,
    ServerError,
    ServerTooOldError,
    UnknownUserError,
    WrongPasswordError,
)
from .refusals import DatabaseAwayError
from .transport import Transport, UnauthorizedError

MINIMUM_SERVER_VERSION = "1.0.0"


class Login:
    """Sends requests as one user; the door's other parts say which."""

    def __init__(
        self,
        session: ClientSession,
        address: ServerAddress,
        username: str,
        password: str,
    ) -> None:
        """Prepare; nothing is sent before the first call."""
        self._transport = Transport(session, address, username, password)
        self._login: Shared[None, int] = Shared()
        self._user_id: int | None = None
        self._own_source: int | None = None

    @classmethod
    def from_login(cls, hass: HomeAssistant, login: Mapping[str, Any]) -> Self:
        """See the server as a config entry's data logs in to it."""
        return cls(
            async_get_clientsession(hass),
            ServerAddress.parse(login[CONF_HOST]),
            login[CONF_USERNAME],
            login[CONF_PASSWORD],
        )

    async def get_version(self) -> str:
        """Return the server's version; raises NotFlexMeasuresError and ServerTooOldError.

        Needs no login (``GET /api/``).
        """
        try:
            answer = await self._transport.send(
                "GET", "", path="/api/", include_auth=False
            )
        except (NotFoundError, UnauthorizedError) as err:
            raise NotFlexMeasuresError(str(err)) from None
        with reading("version"):
            version = str(answer["flexmeasures_version"])
            too_old = AwesomeVersion(version) < AwesomeVersion(MINIMUM_SERVER_VERSION)
        if too_old:
            raise ServerTooOldError(version, MINIMUM_SERVER_VERSION)
        return version

    @property
    def username(self) -> str:
        """The e-mail address: as it was given, or as the server has accepted it."""
        return self._transport.email

    async def log_in(self) -> int:
        """Get a new token (it holds for 6 hours) and return the user's id.

        Raises UnknownUserError or WrongPasswordError if, and only if, the server
        looked the login up and refused it. It compares letter case, which nobody else
        does with e-mail addresses: what it does not know is tried in lower case too.
        """
        given = self.username
        try:
            return await self._log_in_as(given)
        except UnknownUserError:
            if given == given.lower():
                raise
        return await self._log_in_as(given.lower())

    async def _log_in_as(self, username: str) -> int:
        """Log in with one spelling of the username, which is kept if it is accepted."""
        try:
            answer = await self._transport.send(
                "POST",
                "requestAuthToken",
                path="/api/",
                payload={
                    "email": username,
                    "password": self._transport.password,
                },
                include_auth=False,
            )
        except UnauthorizedError:
            raise WrongPasswordError from None
        except NotFoundError:
            raise UnknownUserError from None
        except ServerError as err:
            if await self._has_database():
                raise
            raise DatabaseAwayError(err.reason) from None
        with reading("token"):
            self._transport.access_token = str(answer["auth_token"])
            user_id = self._user_id = int(answer["user_id"])
        self._transport.email = username
        return user_id

    async def _has_database(self) -> bool:
        """Return whether the server reaches its database, or does not say it."""
        try:
            answer = await self._transport.send(
                "GET",
                "health/ready",
                include_auth=False,
                also_accept=HTTPStatus.SERVICE_UNAVAILABLE,
            )
        except FlexMeasuresError, UnauthorizedError:
            return True
        return not (isinstance(answer, dict) and answer.get("database_sql") is False)

    async def get_own_source(self) -> int | None:
        """Return the data source that this login's values are of; None before its first."""
        if self._own_source is None:
            answer = await self._request("GET", "sources")
            with reading("sources"):
                self._own_source = next(
                    (
                        item["id"]
                        for item in answer["sources"]
                        if item["type"] == "user"
                        and item.get("user_id") == self._user_id
                    ),
                    None,
                )
        return self._own_source

    async def _request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, str] | None = None,
        payload: Mapping[str, Any] | None = None,
        also_accept: HTTPStatus | None = None,
    ) -> Any:
        """Send a request with a valid token.

        A 401 may mean an expired token or a server that lost its database, so log
        in again: only that can tell whether the user has to do something.
        """
        used_token = self._transport.access_token
        if used_token is None:
            await self._renew_token(None)
            used_token = self._transport.access_token
        try:
            return await self._transport.send(
                method, uri, params=params, payload=payload, also_accept=also_accept
            )
        except UnauthorizedError:
            await self._renew_token(used_token)
        try:
            return await self._transport.send(
                method, uri, params=params, payload=payload, also_accept=also_accept
            )
        except UnauthorizedError as err:
            raise ServerError(str(err)) from None

    async def _renew_token(self, used_token: str | None) -> None:
        """Log in, unless another request has done so; share what comes of it."""
        if self._transport.access_token == used_token:
            await self._login.async_get(None, self.log_in)
