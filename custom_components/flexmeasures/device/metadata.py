"""What the assets and sensors on the server say of one device."""

from collections.abc import Mapping
from typing import Any

from ..api.catalogue import AccountCatalogue
from ..api.models import Asset, Sensor
from ..plan.energy_units import quantity_in_kwh
from .kinds import kind_of
from .settings import STATE_OF_CHARGE, DeviceSettings


class DeviceMetadata:
    """Knows which sensors hold what belongs to a device.

    Everything that is asked of it may raise FlexMeasuresError.
    """

    def __init__(
        self,
        catalogue: AccountCatalogue,
        settings: DeviceSettings,
    ) -> None:
        """Start with nothing known."""
        self._catalogue = catalogue
        self._settings = settings
        self.site: int | None = None
        """The asset that holds all devices of the same connection; see `find_site`."""

    @property
    def kind(self) -> str | None:
        """What owners call such a device; None while the server has not told."""
        known = self._catalogue.known
        asset = known.asset_of(self._settings.power_sensor) if known else None
        return kind_of(asset.type) if asset else None

    async def power_sensor(self) -> Sensor:
        """Return the power sensor, as it was in the last 10 minutes."""
        return await self._catalogue.async_sensor(self._settings.power_sensor)

    async def renewed_power_sensor(self) -> Sensor:
        """Return it as it is now: the first schedule makes the server settle the sign."""
        return await self._catalogue.async_renew_sensor(self._settings.power_sensor)

    async def sensor(self, sensor_id: int) -> Sensor:
        """Return any sensor."""
        return await self._catalogue.async_sensor(sensor_id)

    async def asset(self) -> Asset | None:
        """Return the asset that has the power sensor; None if the account cannot see it."""
        catalogue = await self._catalogue.async_get()
        return catalogue.assets.get((await self.power_sensor()).asset_id)

    async def soc_sensor_id(self) -> int | None:
        """Return the state-of-charge sensor of the settings, else of the asset, if any."""
        asset = await self.asset()
        return self._settings.soc_sensor or _referred(asset, STATE_OF_CHARGE)

    async def soc_sensor(self) -> Sensor | None:
        """Return that sensor itself."""
        sensor_id = await self.soc_sensor_id()
        return None if sensor_id is None else await self.sensor(sensor_id)

    async def full_kwh(self) -> float | None:
        """Return what the server itself takes for 100 %; None if it does not know."""
        asset = await self.asset()
        return quantity_in_kwh(asset.flex_model.get("soc-max")) if asset else None

    async def flex_model(self) -> Mapping[str, Any]:
        """Return what the asset says of itself."""
        catalogue = await self._catalogue.async_get()
        return catalogue.flex_model(await self.power_sensor())

    async def flex_context(self) -> dict[str, Any]:
        """Return the flex-context of the asset, its parents and the settings."""
        catalogue = await self._catalogue.async_get()
        stored = catalogue.flex_context(await self.power_sensor())
        return {**stored, **self._settings.flex_context({})}

    async def find_site(self) -> None:
        """Find out which asset is the `site`."""
        catalogue = await self._catalogue.async_get()
        self.site = catalogue.site(await self.power_sensor())


def _referred(asset: Asset | None, field: str) -> int | None:
    """Return the sensor that an asset's flex-model names in a field."""
    match asset.flex_model.get(field) if asset else None:
        case {"sensor": int(sensor_id)}:
            return sensor_id
    return None
