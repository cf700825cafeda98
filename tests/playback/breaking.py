"""Packages broken on purpose, each in one way that a packager could be wrong."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from transcoders.tools import Tools

Break = Callable[[Path], None]


def broken(package: Path, target: Path, how: Break) -> Path:
    """A copy of a package, broken."""
    shutil.copytree(package, target)
    how(target)
    return target


def edit(name: str, pattern: str, replacement: str, *, count: int = 1) -> Break:
    """Replace the first match in a text file, with `count` 0 all; there has to be one."""

    def how(folder: Path) -> None:
        path = folder / name
        text, found = re.subn(pattern, replacement, path.read_text(), count=count)
        assert found, f"{pattern} is not in {name}"
        path.write_text(text)

    return how


def shift_segment(name: str, by: int) -> Break:
    """Put the second segment of a playlist some bytes too far; those behind it stay."""

    def how(folder: Path) -> None:
        path, at, number = folder / name, 0, 0

        def place(tag: re.Match[str]) -> str:
            nonlocal at, number
            begin = int(tag[2]) if tag[2] else at
            at, number = begin + int(tag[1]), number + 1
            return f"#EXT-X-BYTERANGE:{tag[1]}@{begin + (by if number == 2 else 0)}"

        text = re.sub(r"#EXT-X-BYTERANGE:(\d+)(?:@(\d+))?", place, path.read_text())
        assert number >= 2, "there is no second segment"
        path.write_text(text)

    return how


def move_in_time(name: str, fragment: int, ticks: int) -> Break:
    """Let a fragment's decode time (`tfdt`) lie."""

    def how(folder: Path) -> None:
        path = folder / name
        data = bytearray(path.read_bytes())
        at = [found.start() for found in re.finditer(b"tfdt", data)][fragment] + 4
        size = 8 if data[at] else 4
        time = int.from_bytes(data[at + 4 : at + 4 + size], "big") + ticks
        data[at + 4 : at + 4 + size] = time.to_bytes(size, "big")
        path.write_bytes(data)

    return how


def truncate(name: str, count: int) -> Break:
    """Lose the last bytes of a file, as an upload that was cut off does."""

    def how(folder: Path) -> None:
        path = folder / name
        path.write_bytes(path.read_bytes()[:-count])

    return how


def damage(name: str) -> Break:
    """Let the first frame say that it is longer than it is."""

    def how(folder: Path) -> None:
        path = folder / name
        data = bytearray(path.read_bytes())
        at = data.index(b"mdat") + 4
        data[at : at + 4] = b"\0\xff\xff\xff"
        path.write_bytes(data)

    return how


def overwrite(name: str, old: bytes, new: bytes) -> Break:
    """Replace the last place of some bytes by as many others."""

    def how(folder: Path) -> None:
        path = folder / name
        data = path.read_bytes()
        at = data.rindex(old)
        path.write_bytes(data[:at] + new + data[at + len(new) :])

    return how


def remove(name: str) -> Break:
    """Forget a file."""
    return lambda folder: (folder / name).unlink()


def cut_between_keyframes(tools: Tools, name: str) -> Break:
    """Cut a rendition every 1.5 s where its keyframes are 2 s apart."""

    def how(folder: Path) -> None:
        source = folder / f"{name}.mp4"
        whole = folder / "whole.mp4"
        subprocess.run(
            [
                str(tools.ffmpeg), "-nostdin", "-v", "error", "-i", str(source),
                "-c", "copy", str(whole),
            ],
            check=True,
        )  # fmt: skip
        subprocess.run(
            [
                str(tools.packager),
                f"in=whole.mp4,stream=video,out={name}.mp4,playlist_name={name}.m3u8",
                "--segment_duration", "1.5", "--quiet",
                "--nosegment_sap_aligned", "--nofragment_sap_aligned",
                "--hls_master_playlist_output", "other.m3u8",
            ],
            cwd=folder,
            check=True,
        )  # fmt: skip
        whole.unlink()
        (folder / "other.m3u8").unlink()

    return how
