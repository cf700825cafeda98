"""The programs that packages are held against: where they are, which versions, what is missing.

Where one is missing a test is skipped and says how to get it; on CI (`CI` is set) it fails.
"""

import importlib.metadata
import importlib.util
import json
import os
import shutil
from pathlib import Path
from typing import Final, NoReturn

import pytest

HERE: Final = Path(__file__).parent
MODULES: Final = HERE / "node_modules"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def browser() -> str:
    """A Chromium, or one of its relatives."""
    return _program(_BROWSERS, "a browser (Debian: apt install chromium)")


def node() -> str:
    """Node.js, with the players and parsers of package.json beside this file."""
    program = _program(("node", "nodejs"), "Node.js 20 or newer with npm")
    if not (MODULES / ".package-lock.json").exists():
        missing("what tests/playback/package.json names", "npm ci --prefix tests/playback")
    return program


def mediaconch() -> None:
    """MediaConch, which comes as a wheel for some machines only."""
    if importlib.util.find_spec("mediaconch") is None:
        missing("MediaConch", "a wheel of it exists for Linux on x86-64")


def missing(what: str, how: str) -> NoReturn:
    """Skip the test for want of a program; on CI nothing may be wanting."""
    reason = f"{what} is missing: {how}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def versions() -> dict[str, str]:
    """The versions of the parsers, validators and players, by name."""
    lock = json.loads((HERE / "package-lock.json").read_text())["packages"]
    names = {"hls-parser": "hls-parser", "mp4box": "mp4box.js", "hls.js": "hls.js"}
    names["dashjs"] = "dash.js"
    found = {name: lock[f"node_modules/{module}"]["version"] for module, name in names.items()}
    if importlib.util.find_spec("mediaconch"):
        found["MediaConch"] = importlib.metadata.version("mediaconch")
    return found


def _program(names: tuple[str, ...], what: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    missing(what, "it is not on PATH")
