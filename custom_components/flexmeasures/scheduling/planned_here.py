"""Of which devices schedules were asked for from here, also of those that are gone."""

from typing import Final

from ..device.store import AccountStore

# Where it is among what is stored of the account.
_NAME: Final = "planned"


class PlannedHere:
    """The power sensors of an account that this Home Assistant has had scheduled."""

    def __init__(self, store: AccountStore) -> None:
        """Go on with what was remembered."""
        self._store = store
        self._sensors: set[int] = store.restored_account(
            lambda stored: set(stored.get(_NAME, ())), set()
        )
        store.async_keep_account(
            lambda: {_NAME: sorted(self._sensors)} if self._sensors else {}
        )

    def __contains__(self, power_sensor: int) -> bool:
        """Return whether a schedule for it was ever asked for."""
        return power_sensor in self._sensors

    def note(self, power_sensor: int) -> None:
        """Remember that one is."""
        if power_sensor not in self._sensors:
            self._sensors.add(power_sensor)
            self._store.async_remember()
