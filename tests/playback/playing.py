"""A player in a real browser, driven by a test, and what it and the browser complained of."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, Literal

from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Page, Playwright

from tests.playback import programs
from tests.playback.counted import COLOUR, Film
from tests.playback.serving import Served, serve

Engine = Literal["hls", "dash"]

_ARGUMENTS: Final = (
    "--no-sandbox",  # containers rarely allow it, and the pages are our own
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
)
# Decoding differs by a little from what was drawn, and matrices of colour by more.
_COLOUR_SLACK: Final = 24


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame on the screen: its time in seconds, and the number that its picture tells.

    While a film plays the picture may be a later one, because it is looked at a moment later.
    """

    seconds: float
    number: int
    colour: tuple[int, int, int]
    width: int
    height: int

    def ahead(self, fps: int) -> int:
        """By how many frames the picture is later than its time."""
        return self.number - round(self.seconds * fps)

    @property
    def in_colour(self) -> bool:
        """Whether the patch of known colour has it."""
        return all(
            abs(seen - drawn) <= _COLOUR_SLACK
            for seen, drawn in zip(self.colour, COLOUR, strict=True)
        )


def assert_in_time(shown: Sequence[Shown], film: Film) -> None:
    """Each picture is in its colours and none comes too late; what was looked at late is rare."""
    assert {one.in_colour for one in shown} == {True}
    ahead = [one.ahead(film.fps) for one in shown]
    assert min(ahead) >= 0
    assert median(ahead) <= 2


@dataclass(frozen=True, slots=True)
class Offered:
    """What a player found: seconds, sizes from the smallest, languages."""

    seconds: float
    levels: tuple[tuple[int, int], ...]
    languages: tuple[str, ...]


class Player:
    """hls.js or dash.js on a page of its own. `complaints` grows while it plays."""

    def __init__(self, page: Page, served: Served, engine: Engine) -> None:
        """Opens the page, and the package once `open` is called."""
        self._page, self._served, self._engine = page, served, engine
        self._heard: list[str] = []
        page.on("pageerror", lambda error: self._heard.append(f"page: {error}"))
        page.on("console", self._take)
        self._watch_decoders(page.context.new_cdp_session(page))
        page.goto(f"{served.url}/page/player.html")

    def _take(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self._heard.append(f"console: {said.text}")

    def _watch_decoders(self, session: CDPSession) -> None:
        """The browser's own notes on media: what it drops, repairs or cannot decode."""
        session.send("Media.enable")
        session.on("Media.playerErrorsRaised", lambda event: self._heard.append(str(event)))

        def take(event: dict[str, Any]) -> None:
            self._heard.extend(
                f"decoder: {message['message']}"
                for message in event["messages"]
                if message["level"] in ("error", "warning")
            )

        session.on("Media.playerMessagesLogged", take)

    @property
    def complaints(self) -> list[str]:
        """All errors so far, fatal or not: of the player, the page, the decoders, the server."""
        refused = [
            f"server: {request.status} {request.path}"
            for request in self._served.requests
            if request.status >= 400
        ]
        return [*self._page.evaluate("player.errors"), *self._heard, *refused]

    def open(self, name: str) -> Offered:
        """Load a playlist or an MPD until a frame could be shown."""
        url = f"{self._served.url}/package/{name}"
        found = self._page.evaluate("([kind, url]) => player.open(kind, url)", [self._engine, url])
        return Offered(
            found["seconds"],
            tuple((one["width"], one["height"]) for one in found["levels"]),
            tuple(found["tracks"]),
        )

    def play_to_end(self, rate: float) -> tuple[list[Shown], int]:
        """The frames that were shown, and how many were decoded on this page so far."""
        played = self._page.evaluate("rate => player.toEnd(rate)", rate)
        return [_shown(one) for one in played["seen"]], played["decoded"]

    def switch_level(self, index: int) -> list[Shown]:
        """Frames of that size that were shown once it was switched to."""
        return [_shown(one) for one in self._page.evaluate("index => player.level(index)", index)]

    def seek(self, seconds: float) -> Shown:
        """The frame that is shown at that time."""
        return _shown(self._page.evaluate("seconds => player.seek(seconds)", seconds))

    def captions(self, rate: float) -> list[dict[str, Any]]:
        """Every caption that came while the film played: `begin` and `end` in seconds, `text`."""
        return list(self._page.evaluate("rate => player.captions(rate)", rate))

    def listen(self, index: int) -> float:
        """The loudest frequency of a track of sound, in hertz."""
        return float(self._page.evaluate("index => player.tone(index)", index))


def _shown(frame: dict[str, Any]) -> Shown:
    red, green, blue = frame["colour"]
    return Shown(
        seconds=frame["time"],
        number=frame["number"],
        colour=(red, green, blue),
        width=frame["width"],
        height=frame["height"],
    )


def launch(playwright: Playwright) -> Browser:
    """The machine's own Chromium: none is downloaded."""
    return playwright.chromium.launch(executable_path=programs.browser(), args=list(_ARGUMENTS))


@contextmanager
def player(browser: Browser, package: Path, engine: Engine) -> Iterator[tuple[Player, Served]]:
    """A player on a fresh page beside a server that has the package."""
    programs.node()
    mounts = {"package": package, "players": programs.MODULES, "page": programs.HERE / "page"}
    with serve(mounts) as served, browser.new_context() as context:
        yield Player(context.new_page(), served, engine), served
