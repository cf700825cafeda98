"""Where a file lies and what it is called tell nothing of what it is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import Rejected
from tests.hostile.canary import Canary
from tests.hostile.gate import passed
from transcoders.containers import recognised

Sample = Callable[[str], Path]


@pytest.mark.usefixtures("without_namespaces")
@pytest.mark.parametrize(
    "name",
    [
        "-i.mp4",
        "-f lavfi -i testsrc.mp4",
        "concat:a|b.txt",
        "https:x.m3u8",
        "pipe:0",
        "data:text,x",
        "subfile,,start,0,end,64,,:x",
        "%04d.png",
        "*.jpg",
        "a b'c\"d\\e.mp4",
        "line\nbreak.mp4",
        "\x1b[31mred.mp4",
        "film.mp4; rm -rf x",
        "$(touch x).mp4",
        "фильм 🎬.mp4",
        os.fsdecode(b"\xff\xfe.mp4"),
    ],
)
def test_names_do_not_matter(name: str, sample: Sample, tmp_path: Path, canary: Canary) -> None:
    path = tmp_path / name
    path.write_bytes(sample("tiny.mov").read_bytes())
    gone = passed(path)
    assert gone.probe is not None, gone.reason
    assert gone.probe.duration_seconds == 1.0
    canary.assert_untouched(*gone.said)


def test_a_link_is_what_it_leads_to(sample: Sample, tmp_path: Path, canary: Canary) -> None:
    film, words = tmp_path / "film.txt", tmp_path / "words.mp4"
    film.symlink_to(sample("tiny.mov"))
    words.symlink_to(canary.file.with_name("words"))
    words.resolve().write_text(canary.secret)
    assert passed(film).probe is not None
    gone = passed(words)
    assert gone.reason == "this is text, not a video"
    canary.assert_untouched(*gone.said)


@pytest.mark.timeout(10)
def test_what_would_never_end_is_not_even_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "film.mp4"
    os.mkfifo(pipe)
    device = tmp_path / "device.mp4"
    device.symlink_to("/dev/zero")
    for path in (pipe, device, tmp_path):
        with pytest.raises(Rejected, match="this is no file"):
            recognised(path)
