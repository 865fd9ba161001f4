"""Why nothing can be made of prices or of a forecast."""

from ..errors import FeedSourceError


class NoTimesAndValuesError(FeedSourceError):
    """There is nothing that can be understood as times with values."""

    translation_key = "feed_no_times_and_values"

    def __init__(self) -> None:
        """Need nothing more."""
        super().__init__()


class SeveralValuesError(FeedSourceError):
    """Several values stand together, and the one that is meant is not among them, or not told."""

    translation_key = "feed_several_values"

    def __init__(self, values: str) -> None:
        """Keep what they are called, one after the other."""
        super().__init__(values=values)


class AttributeMissingError(FeedSourceError):
    """An entity does not have the attribute now."""

    translation_key = "feed_attribute_missing"
    passes = True

    def __init__(self, entity: str, attribute: str) -> None:
        """Keep both."""
        super().__init__(entity=entity, attribute=attribute)


class ProviderGoneError(FeedSourceError):
    """The integration that has the values is not set up any more."""

    translation_key = "feed_provider_gone"

    def __init__(self, provider: str) -> None:
        """Keep what it is called."""
        super().__init__(provider=provider)


class ProviderFailedError(FeedSourceError):
    """The integration that has the values does not give them now."""

    translation_key = "feed_provider_failed"
    passes = True

    def __init__(self, provider: str, reason: str) -> None:
        """Keep what it is called, and the reason in its own words."""
        super().__init__(provider=provider, reason=reason)


class TariffRulePriceError(FeedSourceError):
    """A rule of a tariff has no price."""

    translation_key = "feed_rule_without_price"

    def __init__(self, rule: int) -> None:
        """Keep which one it is, from 1 on."""
        super().__init__(rule=str(rule))


class TariffRuleTimeError(FeedSourceError):
    """A rule of a tariff begins or ends at what is no time of the day."""

    translation_key = "feed_rule_not_a_time"

    def __init__(self, rule: int, value: str) -> None:
        """Keep which one it is, from 1 on, and what was entered."""
        super().__init__(rule=str(rule), value=value)


class TariffRuleDayError(FeedSourceError):
    """A rule of a tariff holds on what is no weekday, or in what is no month."""

    translation_key = "feed_rule_not_a_day"

    def __init__(self, rule: int, value: str) -> None:
        """Keep which one it is, from 1 on, and what was entered."""
        super().__init__(rule=str(rule), value=value)
