"""Units, as integrations and people write them."""

import re
from typing import Final

from homeassistant.const import UnitOfEnergy, UnitOfPower

from ...plan.units import Measure

_MONEY: Final = {
    "euro": "EUR",
    "euros": "EUR",
    "cent": "ct",
    "cents": "ct",
    "eurocent": "ct",
    "eurocents": "ct",
    "pence": "p",
    "kr.": "kr",
    "ore": "øre",
    "€": "EUR",
    "£": "GBP",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    **{sign: sign for sign in ("p", "$", "¢", "c", "ct", "kr", "øre", "öre")},
}
"""How money is written besides its code.

Of what is that of several currencies, the FlexMeasures sensor says which it is.
"""
_AMOUNTS: Final = {"wh": "Wh", "kwh": "kWh", "mwh": "MWh"}

_NAMED: Final = {
    "watts": UnitOfPower.WATT,
    "wh_period": UnitOfEnergy.WATT_HOUR,
    "wh_hours": UnitOfEnergy.WATT_HOUR,
    "wh_days": UnitOfEnergy.WATT_HOUR,
    "pv_estimate": UnitOfPower.KILO_WATT,
    "pv_estimate10": UnitOfPower.KILO_WATT,
    "pv_estimate90": UnitOfPower.KILO_WATT,
}
"""Of what integrations of solar forecasts list in sensors of energy."""

_CODE: Final = re.compile(r"[ckmM]?[A-Z]{3}")


def price_unit(unit: str) -> str | None:
    """Return a unit of prices as it is usually written; None if it is none.

    Like ``EUR/kWh`` for ``Euro / kwh``.
    """
    money, _, amount = unit.replace(" ", "").partition("/")
    code = money if _CODE.fullmatch(money) else _MONEY.get(money.lower())
    amount = _AMOUNTS.get(amount.lower(), amount)
    if code is None or Measure.of(amount) is None:
        return None
    return f"{code}/{amount}"


def unit_by_name(*names: str) -> str | None:
    """Return the unit that the name of an attribute, or of a value in it, says; None if none does."""
    return next((_NAMED[name] for name in names if name in _NAMED), None)
