"""Units of prices, as integrations and people write them."""

import re
from typing import Final

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
    "kč": "Kč",
    "ft": "Ft",
    **{sign: sign for sign in ("€", "£", "p", "$", "¢", "c", "ct", "kr", "øre", "öre")},
    "zł": "zł",
}
"""How money is written besides its code; a FlexMeasures sensor says which currency it is."""
_AMOUNTS: Final = {"wh": "Wh", "kwh": "kWh", "mwh": "MWh"}

_CODE: Final = re.compile(r"[ckmM]?[A-Z]{3}")


def price_unit(unit: str) -> str | None:
    """Return a unit of prices as it is usually written; None if it is none.

    Like ``EUR/kWh`` for ``Euro / kwh``.
    """
    money, slash, amount = unit.replace(" ", "").partition("/")
    code = money if _CODE.fullmatch(money) else _MONEY.get(money.lower())
    if code is None or not slash:
        return None
    return f"{code}/{_AMOUNTS.get(amount.lower(), amount)}"
