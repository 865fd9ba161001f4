# /// script
# requires-python = ">=3.12"
# dependencies = ["resvg-py==0.5.0"]
# ///
"""Makes the brand images of the integration from the SVGs beside this file.

Run it with ``uv run docs/brand/render.py``; it needs neither fonts nor a browser.
"""

from pathlib import Path

import resvg_py

SOURCES = Path(__file__).parent
BRAND = SOURCES.parents[1] / "custom_components" / "flexmeasures" / "brand"
# The icon suits light and dark backgrounds alike, so it has no dark variant.
NAMES = ("icon", "logo", "dark_logo")
HEIGHT = 256


def main() -> None:
    """Write each image in normal and in double resolution."""
    BRAND.mkdir(exist_ok=True)
    for name in NAMES:
        for suffix, scale in (("", 1), ("@2x", 2)):
            image = resvg_py.svg_to_bytes(
                svg_path=str(SOURCES / f"{name}.svg"),
                height=HEIGHT * scale,
                skip_system_fonts=True,
            )
            (BRAND / f"{name}{suffix}.png").write_bytes(bytes(image))


if __name__ == "__main__":
    main()
