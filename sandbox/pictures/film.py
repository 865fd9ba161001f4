"""The first hour as a film, of pictures that are there: no page is shown for it."""

from pathlib import Path

from PIL import Image

from .camera import DARK, FOLDER, Camera

NAME = "first_hour"
# The pictures, and how long each is shown, in seconds.
SCENES = {
    "account": 2.5,
    "first_hour_kind": 3,
    "first_hour_facts": 3,
    "first_hour_prices": 3,
    "first_hour_summary": 3,
    "first_hour_plan": 4.5,
    "card": 6,
}
# Twice what it is shown as.
WIDTH = 800
COLOURS = 128


def make(camera: Camera) -> None:
    """Make the film in both looks."""
    for look in ("", DARK):
        file = FOLDER / f"{NAME}{look}.webp"
        frames = [_fitted(FOLDER / f"{name}{look}.png") for name in SCENES]
        height = max(frame.height for frame in frames)
        first, *others = [_centred(frame, height) for frame in frames]
        first.save(
            file,
            save_all=True,
            append_images=others,
            duration=[round(seconds * 1000) for seconds in SCENES.values()],
            loop=0,
            lossless=True,
            method=6,
        )
        camera.report(file)


def _fitted(file: Path) -> Image.Image:
    with Image.open(file) as image:
        height = round(image.height * WIDTH / image.width)
        return image.convert("RGB").resize((WIDTH, height), Image.Resampling.LANCZOS)


def _centred(frame: Image.Image, height: int) -> Image.Image:
    """Give a frame what is around it, in the colour of its corner."""
    whole = Image.new("RGB", (WIDTH, height), frame.getpixel((0, 0)))
    whole.paste(frame, (0, (height - frame.height) // 2))
    few = whole.quantize(COLOURS, dither=Image.Dither.NONE)
    return few.convert("RGB")
