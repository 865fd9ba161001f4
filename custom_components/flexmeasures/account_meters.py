"""The meters of an account."""

from typing import override

from homeassistant.config_entries import ConfigSubentry

from .account_parts import AccountParts
from .const import SUBENTRY_METER
from .issues.meter import MeterIssues
from .meters.coordinator import MeterCoordinator


class AccountMeters(AccountParts[MeterCoordinator]):
    """Loads the meters of an account that are not disabled."""

    subentry_type = SUBENTRY_METER

    @override
    def _make(self, subentry: ConfigSubentry) -> tuple[MeterCoordinator, MeterIssues]:
        meter = MeterCoordinator(
            self._hass,
            self._entry,
            subentry,
            reader=self._account.reader,
            daily_forecast=self._account.daily_forecast,
            store=self._account.store,
        )
        return meter, MeterIssues(self._hass, meter)
