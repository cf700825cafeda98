"""A film, its package, and a browser: once for all tests of this folder."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.playback import counted, packages, playing, programs
from tests.playback.counted import Film
from tests.playback.playing import Engine, Player
from tests.playback.serving import Served
from transcoders.tools import get_tools

Open = Callable[[Engine, Path], tuple[Player, Served]]


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """The counted film."""
    return counted.make(get_tools(), tmp_path_factory.mktemp("film") / "counted.mp4")


@pytest.fixture(scope="session")
def package(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its package. Not to be changed."""
    return packages.make(get_tools(), film, tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium, started once."""
    programs.node()
    programs.browser()
    with sync_playwright() as playwright:
        chromium = playing.launch(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def open_player(browser: Browser) -> Iterator[Open]:
    """Opens a player on a fresh page, and a server of the package beside it."""
    with ExitStack() as stack:
        yield lambda engine, folder: stack.enter_context(playing.player(browser, folder, engine))
