"""A hostile file, and what is to become of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.hostile.forging import avi, block, cluster, info, matroska, track, tracks

Sample = Callable[[str], Path]
Make = Callable[[Sample], bytes]

FRAME_MS: Final = 40


@dataclass(frozen=True)
class Case:
    """How it is made; a part of the reason it is refused with, or None where it is played."""

    make: Make
    reason: str | None


def plain(data: bytes, reason: str) -> Case:
    """A file of these bytes, which is refused."""
    return Case(lambda _: data, reason)


def of(name: str, *changes: Callable[[bytes], bytes]) -> Make:
    """A real file after some changes."""

    def make(sample: Sample) -> bytes:
        data = sample(name).read_bytes()
        for change in changes:
            data = change(data)
        return data

    return make


def film(*segment: bytes, entry: bytes | None = None, head: bytes | None = None) -> Make:
    """A second of JPEG pictures in a Matroska; what is given stands behind them."""

    def make(sample: Sample) -> bytes:
        picture = sample("tiny.jpg").read_bytes()
        frames = (block(picture, time=FRAME_MS * place) for place in range(25))
        return matroska(head or info(), tracks(entry or track()), cluster(0, *frames), *segment)

    return make


def pictures(change: Callable[[bytes], bytes], frames: int = 5) -> Make:
    """JPEG pictures in an AVI, all but the first of them changed."""

    def make(sample: Sample) -> bytes:
        first = sample("tiny.jpg").read_bytes()
        return avi([first, *[change(first)] * frames])

    return make
