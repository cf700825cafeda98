"""The stages on real files, with no database, queue or network."""

import hashlib
import re
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import BaseModel

from core.errors import Cancelled, Rejected
from core.media import Probe
from core.process import CancelToken, DiskFull, Killed, LimitReached
from pipeline.plan import STAGE_TYPES, StageResult, plan
from pipeline.plan.video import Mode, PackageOptions, PackageResult, PosterResult
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from tests.media_samples import CLIP, Sample
from transcoders.probe import probe as measure
from transcoders.tools import get_tools

Run = Callable[..., StageResult]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a stage of the recipe on a file, as a worker would."""
    count = iter(range(100))

    def run(stage: str, source: Path, options: BaseModel | None = None, **more: Any) -> StageResult:
        scratch = tmp_path / f"scratch {next(count)}"
        scratch.mkdir()
        probe = None if stage == "probe" else measure(source, get_tools())
        context = StageContext(
            source=source,
            source_sha256=sha256(source),
            scratch=scratch,
            tools=get_tools(),
            inputs={"probe": StageInput(probe)} if probe else {},
            **more,
        )
        return STAGE_FUNCTIONS[stage](context, options or plan("video", probe)[stage].options)

    return run


def packaged(result: StageResult) -> PackageResult:
    assert isinstance(result.value, PackageResult)
    return result.value


def decoded(path: Path) -> tuple[int, float]:
    """Frames that ffmpeg decodes from a file or playlist without any complaint, and seconds."""
    command = [
        str(get_tools().ffmpeg), "-nostdin", "-v", "warning", "-stats", "-xerror",
        "-i", str(path), "-map", "0:v", "-map", "0:a?", "-f", "null", "-",
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    *complaints, stats = re.split(r"[\r\n]+", done.stderr.strip())
    assert [line for line in complaints if not line.startswith("frame=")] == []
    frames, time = (
        re.search(r"frame=\s*(\d+)", stats),
        re.search(r"time=0?(\S+):(\S+):(\S+)", stats),
    )
    assert frames
    assert time
    return int(frames[1]), int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3])


def boxes(path: Path) -> list[str]:
    """The outermost boxes of an MP4."""
    data, at, found = path.read_bytes(), 0, []
    while at < len(data):
        found.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4], "big")
    return found


def brightness(path: Path) -> float:
    """Mean luma of a picture, 0 to 255."""
    command = [str(get_tools().ffmpeg), "-v", "error", "-i", str(path), "-vf", "scale=1:1",
               "-pix_fmt", "gray", "-f", "rawvideo", "-"]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True).stdout[0]


def test_every_stage_has_a_function_and_types() -> None:
    assert set(STAGE_FUNCTIONS) == set(STAGE_TYPES)


def test_the_probe_hands_back_its_facts(run: Run) -> None:
    result = run("probe", CLIP)
    assert isinstance(result.value, Probe)
    assert result.value.duration_seconds == 25.0
    assert result.artifacts == ()


def test_the_demo_clip_is_kept_as_it_is_and_plays(run: Run) -> None:
    heard: list[float] = []
    result = run("package", CLIP, progress=heard.append)
    value = packaged(result)
    assert (value.mode, value.width, value.height) == (Mode.REMUX, 1280, 720)
    assert value.codecs == "avc1.64001f,mp4a.40.2"
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    files = {artifact.name: artifact for artifact in result.artifacts}
    assert set(files) == {"video.mp4", "hls/master.m3u8", "hls/stream.m3u8", "hls/stream.mp4"}
    for name in ("video.mp4", "hls/master.m3u8", "hls/stream.m3u8"):
        frames, seconds = decoded(files[name].path)
        assert frames == 600
        assert seconds == pytest.approx(25, abs=0.05)
    top = boxes(files["video.mp4"].path)
    assert top.index("moov") < top.index("mdat")
    assert files["video.mp4"].attributes.duration == 25.0


def test_a_master_playlist_tells_the_truth(run: Run) -> None:
    result = run("package", CLIP)
    files = {artifact.name: artifact.path for artifact in result.artifacts}
    text = files["hls/master.m3u8"].read_text()
    average = int(re.search(r"AVERAGE-BANDWIDTH=(\d+)", text)[1])  # type: ignore[index]
    assert average == pytest.approx(files["hls/stream.mp4"].stat().st_size * 8 / 25, rel=0.01)
    assert int(re.search(r"[:,]BANDWIDTH=(\d+)", text)[1]) >= average  # type: ignore[index]
    assert 'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=24.000' in text
    assert text.splitlines()[-1] == "stream.m3u8"
    assert "/" not in files["hls/stream.m3u8"].read_text()


@pytest.mark.parametrize(
    ("name", "mode", "size", "codecs"),
    [
        ("plain.mp4", Mode.REMUX, (640, 360), "avc1.42c01e,mp4a.40.2"),
        ("silent.mp4", Mode.REMUX, (640, 360), "avc1.42c01e"),
        ("mp3-sound.mp4", Mode.REMUX, (640, 360), "avc1.42c01e,mp4a.40.2"),
        ("rotated.mov", Mode.TRANSCODE, (360, 640), "avc1.64001e,mp4a.40.2"),
        ("wide-pixels.mp4", Mode.TRANSCODE, (852, 360), "avc1.64001e,mp4a.40.2"),
        ("ten-bit.mkv", Mode.TRANSCODE, (640, 360), "avc1.64001e,mp4a.40.2"),
        ("recording.webm", Mode.TRANSCODE, (640, 360), "avc1.64001e,mp4a.40.2"),
        ("interlaced.ts", Mode.TRANSCODE, (640, 360), None),
        ("uneven.mp4", Mode.TRANSCODE, (640, 360), "avc1.64001e,mp4a.40.2"),
        ("old.avi", Mode.TRANSCODE, (640, 360), "avc1.64001e,mp4a.40.2"),
        ("odd.mp4", Mode.TRANSCODE, (640, 360), "avc1.64001e,mp4a.40.2"),
        ("one-frame.mp4", Mode.REMUX, (64, 64), None),
        ("far-keys.mp4", Mode.TRANSCODE, (64, 64), None),
    ],
)
def test_all_kinds_of_sources_become_what_every_player_takes(
    run: Run, sample: Sample, name: str, mode: Mode, size: tuple[int, int], codecs: str | None
) -> None:
    result = run("package", sample(name))
    value = packaged(result)
    assert (value.mode, (value.width, value.height)) == (mode, size), value.reason
    assert codecs is None or value.codecs == codecs
    files = {artifact.name: artifact.path for artifact in result.artifacts}
    made = measure(files["video.mp4"], get_tools()).main_video
    assert made is not None
    assert (made.codec, made.pix_fmt, made.display_size) == ("h264", "yuv420p", size)
    assert (made.rotation, made.sar, made.interlaced) == (0, "1/1", False)
    assert decoded(files["hls/master.m3u8"])[0] == decoded(files["video.mp4"])[0]


def test_segments_begin_every_six_seconds_with_a_keyframe(run: Run) -> None:
    options = PackageOptions(mode=Mode.TRANSCODE, reason="a test")
    result = run("package", CLIP, options)
    files = {artifact.name: artifact.path for artifact in result.artifacts}
    lengths = re.findall(r"#EXTINF:([\d.]+)", files["hls/stream.m3u8"].read_text())
    assert [float(length) for length in lengths] == [6.0, 6.0, 6.0, 6.0, 1.0]
    made = measure(files["video.mp4"], get_tools()).main_video
    assert made is not None
    assert made.longest_gop_seconds == 2.0


@pytest.mark.parametrize("mode", Mode)
def test_the_same_work_gives_the_same_bytes(run: Run, sample: Sample, mode: Mode) -> None:
    source = sample("plain.mp4")
    options = PackageOptions(mode=mode, reason="a test")
    first, second = (run("package", source, options) for _ in range(2))
    assert [sha256(file.path) for file in first.artifacts] == [
        sha256(file.path) for file in second.artifacts
    ]


def test_two_posters_of_a_film_are_the_same_bytes(run: Run, sample: Sample) -> None:
    posters = [run("poster", sample("plain.mp4")).artifacts[0].path for _ in range(2)]
    assert sha256(posters[0]) == sha256(posters[1])


def test_sound_may_be_longer_than_the_picture(run: Run, sample: Sample) -> None:
    assert packaged(run("package", sample("long-sound.mp4"))).mode is Mode.REMUX


def test_a_remux_that_proves_unfit_is_encoded_and_says_so(run: Run, sample: Sample) -> None:
    options = PackageOptions(mode=Mode.REMUX, reason="wrongly planned")
    value = packaged(run("package", sample("far-keys.mp4"), options))
    assert (value.mode, value.reason) == (Mode.TRANSCODE, "keyframes are up to 20.0 s apart")


def test_a_film_that_was_cut_short_is_refused(run: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(CLIP.read_bytes()[:1_800_000])
    with pytest.raises(Rejected, match=r"cut short: it says 25\.0 s, and 12\.0 s could be read"):
        run("package", cut)


def test_a_poster_shows_something(run: Run) -> None:
    result = run("poster", CLIP)
    (artifact,) = result.artifacts
    assert result.value == PosterResult(width=1280, height=720)
    assert artifact.path.read_bytes()[:3] == b"\xff\xd8\xff"
    assert brightness(artifact.path) > 40


def test_a_poster_stands_upright(run: Run, sample: Sample) -> None:
    result = run("poster", sample("rotated.mov"))
    assert (result.artifacts[0].attributes.width, result.artifacts[0].attributes.height) == (
        360,
        640,
    )


def test_a_dark_film_still_has_a_poster(run: Run, sample: Sample) -> None:
    assert run("poster", sample("black.mp4")).value == PosterResult(
        width=320, height=240, dark=True
    )


def test_a_film_of_one_frame_has_a_poster(run: Run, sample: Sample) -> None:
    assert run("poster", sample("one-frame.mp4")).artifacts[0].path.stat().st_size > 0


def test_a_cancel_in_the_middle_stops_the_encoder(run: Run) -> None:
    token = CancelToken()
    timer = threading.Timer(0.4, token.cancel)
    timer.start()
    options = PackageOptions(mode=Mode.TRANSCODE, reason="a test")
    with pytest.raises(Cancelled):
        run("package", CLIP, options, cancel=token)
    timer.join()


@pytest.mark.parametrize("mode", Mode)
def test_a_killed_encoder_is_tried_again_and_nothing_else_instead(run: Run, mode: Mode) -> None:
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.001):
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if child.name().startswith("ffmpeg"):
                        child.kill()
                        stop.set()

    killer = threading.Thread(target=kill)
    options = PackageOptions(mode=mode, reason="a test")
    killer.start()
    try:
        with pytest.raises(Killed):
            run("package", CLIP, options)
    finally:
        stop.set()
        killer.join()


def test_scratch_space_is_bounded(run: Run) -> None:
    with pytest.raises(LimitReached):
        run("package", CLIP, scratch_bytes=1_000_000)


def test_a_full_disk_is_tried_again_and_not_encoded_instead(run: Run, tmp_path: Path) -> None:
    # /dev/full takes the place of the first file that the stage writes.
    scratch = tmp_path / "scratch 0"
    scratch.mkdir()
    (scratch / "video.mp4").symlink_to("/dev/full")
    probe = measure(CLIP, get_tools())
    context = StageContext(
        source=CLIP,
        source_sha256="",
        scratch=scratch,
        tools=get_tools(),
        inputs={"probe": StageInput(probe)},
    )
    with pytest.raises(DiskFull):
        STAGE_FUNCTIONS["package"](context, plan("video", probe)["package"].options)
