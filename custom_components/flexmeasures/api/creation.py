"""What is added to a server: assets and their sensors, and what assets say of themselves.

Nothing here looks whether it is there already: whoever creates looks first. What has a
name or an external id that is taken is refused with a RejectedError or, where only the
database notices, a ServerError; a CannotConnectError leaves open what the server did.
"""

from collections.abc import Mapping
from datetime import timedelta
import json
from typing import Any, Final

from .answers import reading, time_zone_named
from .durations import iso_duration
from .errors import NotPermittedError
from .login import Login
from .models import Asset, Rights, Sensor

NAME_LENGTH: Final = 80
"""How many characters an asset's name can have."""

# Of degrees, about a centimetre.
_DECIMALS: Final = 7


class Creation(Login):
    """The part of the door through which something is added."""

    async def get_rights(self) -> Rights:
        """Return whose the login is (``GET /users/<own id>``), and whether it may add sites.

        A user's roles are ids that each server numbers by itself. But the account's audit
        log (``GET /accounts/<id>/auditlog``) may be read by those who may add assets to
        the account, and by nobody else but those who may read everything on the server.
        """
        user_id = self._user_id
        if user_id is None:
            user_id = await self.log_in()
        answer = await self._request("GET", f"users/{user_id}")
        with reading("user"):
            account_id = int(answer["account_id"])
        try:
            await self._request("GET", f"accounts/{account_id}/auditlog")
        except NotPermittedError:
            return Rights(account_id, may_add_sites=False)
        return Rights(account_id, may_add_sites=True)

    async def get_asset_types(self) -> dict[str, int]:
        """Return the ids of the kinds of assets by their names (``GET /assets/types``)."""
        answer = await self._request("GET", "assets/types")
        with reading("asset types"):
            return {str(item["name"]): int(item["id"]) for item in answer}

    async def get_assets(self, account_id: int) -> tuple[Asset, ...]:
        """Return an account's assets (``GET /assets``), as they are now.

        Raises NotPermittedError for another account than the login's own.
        """
        params = {"account": str(account_id)}
        answer = await self._request("GET", "assets", params=params)
        with reading("assets"):
            return tuple(map(Asset.from_json, answer))

    async def get_sensors(self, asset_id: int) -> tuple[Sensor, ...]:
        """Return an asset's own sensors (``GET /sensors``), as they are now.

        Raises NotPermittedError for one that the login may not see.
        """
        params = {"asset": str(asset_id)}
        answer = await self._request("GET", "sensors", params=params)
        with reading("sensors"):
            return tuple(
                [
                    await _sensor(item)
                    for item in answer
                    # Those of the assets that are part of it come too.
                    if item["generic_asset_id"] == asset_id
                ]
            )

    async def create_asset(
        self,
        name: str,
        *,
        type_id: int,
        account_id: int,
        parent_id: int | None,
        external_id: str,
        latitude: float,
        longitude: float,
    ) -> Asset:
        """Add an asset (``POST /assets``): to another one, or at the top of its account.

        Every member of the account may add to an asset, only an account-admin at the top:
        else NotPermittedError. No other asset with the same parent has the same name, none
        of the account the same external id; at most 80 characters each. Only an
        account-admin can delete it again.
        """
        payload: dict[str, Any] = {
            "name": name,
            "generic_asset_type_id": type_id,
            # Without, it would belong to nobody, even as a part of an asset of somebody.
            "account_id": account_id,
            "external_id": external_id,
            "latitude": round(latitude, _DECIMALS),
            "longitude": round(longitude, _DECIMALS),
        }
        if parent_id is not None:
            payload["parent_asset_id"] = parent_id
        answer = await self._request("POST", "assets", payload=payload)
        with reading("asset"):
            return Asset.from_json(answer)

    async def create_sensor(
        self,
        name: str,
        *,
        asset_id: int,
        unit: str,
        resolution: timedelta,
        time_zone: str,
        attributes: Mapping[str, Any],
    ) -> Sensor:
        """Add a sensor to an asset (``POST /sensors``); zero resolution: of instants.

        Every member of the account may, else NotPermittedError. No other sensor of the
        asset has the same name. RejectedError for a unit or a time zone that the server
        does not know, and for an asset that is gone.
        """
        answer = await self._request(
            "POST",
            "sensors",
            payload={
                "name": name,
                "generic_asset_id": asset_id,
                "unit": unit,
                "event_resolution": iso_duration(resolution),
                "timezone": time_zone,
                "attributes": json.dumps(dict(attributes)),
            },
        )
        with reading("sensor"):
            return await _sensor(answer)

    async def change_asset(
        self,
        asset_id: int,
        *,
        flex_model: Mapping[str, Any] | None = None,
        flex_context: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace an asset's flex-model or flex-context as a whole (``PATCH /assets/<id>``).

        Every member of the account may, else NotPermittedError. RejectedError for a field
        that the server does not know or cannot store, as a fixed price.
        """
        changes = {"flex_model": flex_model, "flex_context": flex_context}
        await self._request(
            "PATCH",
            f"assets/{asset_id}",
            payload={
                field: dict(value)
                for field, value in changes.items()
                if value is not None
            },
        )


async def _sensor(item: Mapping[str, Any]) -> Sensor:
    """Read a sensor; raises what `reading` turns into a NotFlexMeasuresError."""
    return Sensor.from_json(item, await time_zone_named(item["timezone"]))
