"""What will be made, in words, before it is."""

from collections.abc import Collection, Iterator

from ..wording import Wording
from .making.order import AssetOrder
from .making.wanted import WantedDevice, WantedHome
from .prices_form import WantedPrices


def summary_in_words(
    wording: Wording,
    wanted: WantedHome,
    prices: WantedPrices,
    *,
    home: str,
    there: Collection[str],
    can_undo: bool,
) -> str:
    """Return all that is made on the server and sent to it, as Markdown.

    `there` are the keys of what the server has already.
    """
    text = "\n".join(
        f"- {line}" for line in _lines(wording, wanted, prices, home, there)
    )
    if prices.may_contradict:
        text += f"\n\n{wording.text('summary_contradiction')}"
    if not can_undo:
        text += f"\n\n{wording.text('summary_no_undo')}"
    return text


def _lines(
    wording: Wording,
    wanted: WantedHome,
    prices: WantedPrices,
    home: str,
    there: Collection[str],
) -> Iterator[str]:
    text, device = wording.text, wanted.device
    if wanted.order:
        site = wanted.order.site
        is_new = isinstance(site, AssetOrder) and site.key not in there
        yield text("summary_new_home" if is_new else "summary_home", home=home)
        for asset in wanted.order.assets:
            key = "summary_found" if asset.key in there else "summary_asset"
            yield text(key, name=asset.name, facts=_facts(wording, asset))
    if isinstance(device, WantedDevice):
        for key, value in device.assumed.items():
            yield text(key, value=wording.amount(round(value, 1), None))
    for key, given in prices.described:
        yield text(key, **given)
    if device.readiness:
        yield text("summary_ready_by", **device.readiness.placeholders)
    # Prices have a line of their own.
    feeds = [feed for feed in wanted.feeds if feed.sensor not in wanted.prices]
    for source in (*device.sources, *(feed.titles[0] for feed in feeds)):
        yield text("summary_sends", source=source)
    if wanted.is_joint:
        yield text("summary_joint")
    yield text("summary_automatic")


def _facts(wording: Wording, asset: AssetOrder) -> str:
    """Return what was told of an asset: ``, 10 kWh, 5 kW``."""
    told = (
        wording.quantity(asset.flex_model.get(field))
        for field in ("soc-max", "power-capacity")
    )
    return "".join(f", {fact}" for fact in told if fact)
