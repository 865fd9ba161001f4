"""A feed, from its menu on."""

from .conftest import Have, Visit


async def test_entity(visit: Visit, battery: str, have: Have) -> None:
    """An entity is found by its name, and so is the sensor that it is sent to."""
    await have(
        "sensor.grid_power",
        "1200",
        friendly_name="Grid power",
        unit_of_measurement="W",
        device_class="power",
        state_class="measurement",
    )
    owner = await visit()
    await owner.go_to_integration()
    await owner.add("Add feed")
    assert await owner.choices() == [
        "An entity",
        "Prices or a forecast",
        "A tariff of my own",
    ]

    await owner.choose("An entity")
    await owner.at("Entity and FlexMeasures sensor")
    await owner.fill(
        {"Entity": "Grid power", "FlexMeasures sensor": "Demo house: grid power"}
    )
    await owner.submit()
    await owner.at("What is sent")
    await owner.submit()
    await owner.finish()

    await owner.read("Grid power")
