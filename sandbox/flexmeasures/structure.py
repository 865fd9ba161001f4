"""What a FlexMeasures database is made of, by names: runs in the flexmeasures environment, so it keeps to Python 3.10."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flexmeasures.data import db
from flexmeasures.data.models.generic_assets import GenericAsset, GenericAssetType
from flexmeasures.data.models.time_series import Sensor
from flexmeasures.data.models.user import Account
from flexmeasures.data.scripts.data_gen import (
    add_default_asset_types,
    add_default_data_sources,
    add_default_user_roles,
)
from flexmeasures.data.services.users import create_user
from sqlalchemy import select

from .profiles import TIME_ZONE

LOCATION = {"latitude": 52.374, "longitude": 4.89}
PASSWORD = "flexmeasures-demo"  # noqa: S105


class Structure:
    """Accounts, users, assets and sensors, by their names in the sandbox."""

    def __init__(self) -> None:
        """Add what FlexMeasures wants in every database."""
        self._types = add_default_asset_types(db)
        for name in ("transmission zone", "household"):
            self._types[name] = GenericAssetType(name=name, description=name)
            db.session.add(self._types[name])
        add_default_user_roles(db)
        add_default_data_sources(db)
        db.session.flush()
        self.users: dict[str, dict[str, Any]] = {}
        self.assets: dict[str, GenericAsset] = {}
        self.sensors: dict[str, Sensor] = {}

    def user(self, key: str, account: str, *roles: str) -> None:
        """Add a user, and the account if it is new."""
        email = f"{key}@example.com"
        user = create_user(
            email=email,
            password=PASSWORD,
            user_roles=list(roles),
            account_name=account,
            check_email_deliverability=False,
        )
        db.session.flush()
        self.users[key] = {
            "id": user.id,
            "email": email,
            "password": PASSWORD,
            "account": account,
        }

    def asset(
        self,
        key: str,
        name: str,
        kind: str,
        account: str | None,
        parent: str | None = None,
    ) -> GenericAsset:
        """Add an asset; without an account it is public."""
        asset = GenericAsset(
            name=name,
            generic_asset_type=self._types[kind],
            owner=db.session.execute(
                select(Account).filter_by(name=account)
            ).scalar_one()
            if account
            else None,
            parent_asset_id=self.assets[parent].id if parent else None,
            **LOCATION,
        )
        db.session.add(asset)
        db.session.flush()
        self.assets[key] = asset
        return asset

    def sensor(
        self,
        key: str,
        asset: str,
        name: str,
        unit: str,
        minutes: int,
        **attributes: Any,
    ) -> dict[str, int]:
        """Add a sensor (0 minutes: instantaneous), and return what refers to it in a flex-model or flex-context."""
        sensor = Sensor(
            name=name,
            generic_asset=self.assets[asset],
            unit=unit,
            timezone=TIME_ZONE.key,
            event_resolution=timedelta(minutes=minutes),
            attributes=attributes,
        )
        db.session.add(sensor)
        db.session.flush()
        self.sensors[key] = sensor
        return {"sensor": sensor.id}
