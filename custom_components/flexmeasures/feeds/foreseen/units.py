"""Units of prices, as integrations and people write them."""

import re
from typing import Final

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
