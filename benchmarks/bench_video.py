"""What a ladder costs: against one hand-written command, against the usual way, and its parts.

    python -m benchmarks.bench_video [ROUNDS]

All on a 1080p30 film of 60 s. Floor: ffmpeg alone, with a command written by hand for the same
outputs with the same settings. The usual way: a process for each rendition, and a pass each for
thumbnails, storyboard and sound. Product: the stages `encode` and `audio`, child processes, limits
and all; undivided, and in the plan's chunks on as many slots as an installation has. They take
turns, and ratios are of neighbours. Then the film goes through a running installation.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from benchmarks.films import film
from cli.endpoints import Endpoints, start_installation
from cli.main import automator
from core.media import Probe
from core.renditions import Rendition
from core.settings import MEDIA_SLOTS
from pipeline.plan import kind_of
from pipeline.plan.recipes import plan
from pipeline.plan.video_types import (
    AUDIO,
    ENCODE,
    AnalyseOptions,
    AnalyseResult,
    AudioOptions,
    EncodeOptions,
)
from pipeline.stages import StageContext, StageInput, audio, encode
from transcoders.encoders import X264_THREADS
from transcoders.probe import probe
from transcoders.tools import get_tools

SECONDS, SIZE = 60, (1920, 1080)
_X264 = (
    "-c:v libx264 -preset veryfast -profile:v high -crf {crf:g} -maxrate {peak} -bufsize {buffer}"
    " -threads {threads} -g 60 -keyint_min 60 -sc_threshold 0 -flags:v +cgop -pix_fmt yuv420p"
)
_THUMBNAILS = "select='not(mod(n\\,30))',scale=320:180:out_range=full"
_MJPEG = "-fps_mode passthrough -c:v mjpeg -q:v 4 -color_range pc -threads 1 -f image2pipe"


def run(words: str, folder: Path) -> float:
    """A bare ffmpeg in a folder; the seconds that it took."""
    began = time.monotonic()
    command = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *words.split()]
    subprocess.run(command, check=True, cwd=folder)
    return time.monotonic() - began


def x264(rendition: Rendition, threads: int = X264_THREADS) -> str:
    """The settings of a rendition; 0 threads are as many as the encoder likes."""
    peak = rendition.peak_bitrate
    return _X264.format(crf=rendition.crf, peak=peak, buffer=2 * peak, threads=threads)


def by_hand(
    source: Path, ladder: Sequence[Rendition], folder: Path, threads: int = X264_THREADS
) -> float:
    """One command: one decode, every rung from the one above it, thumbnails, scene scores."""
    graph = ["[0:v]fps=30[a0]"]
    for number, one in enumerate(ladder):
        sides = f"scale={one.width}:{one.height}:flags={'lanczos' if number else 'bicubic'}"
        legs = f"[v{number}]" + (f"[a{number + 1}]" if number + 1 < len(ladder) else "")
        legs += "[t][s]" if one.rung == 360 else ""
        graph.append(f"[a{number}]{sides},split={legs.count('[')}{legs}")
    graph.append(
        f"[t]{_THUMBNAILS},signalstats,blurdetect,entropy,metadata=print:file=thumbnails.txt[th]"
    )
    graph.append("[s]scdet=t=10,metadata=print:key=lavfi.scd.score:file=scenes.txt[sc]")
    words = [f"-threads 4 -i {source} -filter_complex {';'.join(graph)}"]
    words += [f"-map [v{n}] {x264(one, threads)} {one.name}.mp4" for n, one in enumerate(ladder)]
    words += [f"-map [th] {_MJPEG} thumbnails.mjpeg", "-map [sc] -f null -"]
    return run(" ".join(words), folder)


def usual(source: Path, ladder: Sequence[Rendition], folder: Path) -> float:
    """A process for each rendition, and a pass each for the rest."""
    sizes = [f"-vf fps=30,scale={one.width}:{one.height} {x264(one, 0)}" for one in ladder]
    passes = [f"-an {words} {n}.mp4" for n, words in enumerate(sizes)]
    passes += [f"-an -vf {_THUMBNAILS} {_MJPEG} thumbnails.mjpeg"]
    passes += [f"-an -vf fps=1/2,scale=160:90,tile=10x10 {_MJPEG} storyboard.jpg"]
    passes += ["-vn -c:a aac -b:a 128k audio.m4a", "-vn -c:a flac -ar 16000 -ac 1 speech.flac"]
    return sum(run(f"-threads 4 -i {source} {words}", folder) for words in passes)


def product(
    source: Path, found: Probe, ladder: tuple[Rendition, ...], folder: Path, *, whole: bool
) -> float:
    """The stage on the whole grid; or on its chunks, with that of the sound, on some slots."""
    analysis = AnalyseResult(ladder=ladder, encoders={"h264": "libx264"})
    inputs = {"probe": StageInput(found), "analyse": StageInput(analysis)}
    stages = [spec for spec in plan("video", found).stages if kind_of(spec.name) in (AUDIO, ENCODE)]
    options: list[AudioOptions | EncodeOptions] = [
        spec.options for spec in stages if isinstance(spec.options, AudioOptions | EncodeOptions)
    ]
    if whole:
        last = options[-1]
        assert isinstance(last, EncodeOptions)
        options = [last.model_copy(update={"begin": 0, "frames": last.grid.frames, "seek": None})]

    def stage(numbered: tuple[int, AudioOptions | EncodeOptions]) -> None:
        number, option = numbered
        scratch = empty(folder / str(number))
        context = StageContext(source, "", scratch, get_tools(), inputs=inputs)
        if isinstance(option, AudioOptions):
            audio.run(context, option)
        else:
            encode.run(context, option)

    began = time.monotonic()
    with ThreadPoolExecutor(MEDIA_SLOTS) as slots:
        list(slots.map(stage, enumerate(options)))
    return time.monotonic() - began


def empty(folder: Path) -> Path:
    """A folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def compare(folder: Path, rounds: int) -> None:
    """Prints the encode's table."""
    source = film(folder, SECONDS, SIZE)
    found = probe(source, get_tools())
    options = plan("video", found)["analyse"].options
    assert isinstance(options, AnalyseOptions)
    ladder = options.ladder
    ours: list[float] = []
    hand: list[float] = []
    shared: list[float] = []
    many: list[float] = []
    loose: list[float] = []
    for _ in range(rounds):
        ours.append(product(source, found, ladder, folder / "ours", whole=True))
        hand.append(by_hand(source, ladder, empty(folder / "hand")))
        loose.append(by_hand(source, ladder, empty(folder / "hand"), threads=0))
        many.append(usual(source, ladder, empty(folder / "many")))
        shared.append(product(source, found, ladder, folder / "ours", whole=False))
    rungs = "/".join(str(one.rung) for one in ladder)
    print(f"| {SECONDS} s of 1080p30 into {rungs}, medians of {rounds} | s | ratio | bound |")
    print("|---|---|---|---|")
    middle = statistics.median
    print(f"| floor: one command by hand | {middle(hand):.1f} | 1.00 | – |")
    free = "the same, x264 with as many threads as it likes: other bytes in every run"
    print(f"| {free} | {middle(loose):.1f} | {ratio(loose, hand):.3f} | – |")
    print(f"| stage `encode`, undivided | {middle(ours):.1f} | {ratio(ours, hand):.3f} | ≤ 1.05 |")
    print(f"| a process for each rendition and purpose | {middle(many):.1f} | 1.00 | – |")
    chunked = f"stages `encode`, in chunks, and `audio`, on {MEDIA_SLOTS} slots"
    print(f"| {chunked} | {middle(shared):.1f} | {ratio(shared, many):.3f} | ≤ 0.72 |")


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of neighbours."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def parts(folder: Path) -> None:
    """Prints where the time of a whole run goes, on an installation that is warm."""
    source = film(folder, SECONDS, SIZE)
    with start_installation(folder / "data", workers=1):
        process(film(folder, 2, (320, 180)), folder)
        manifest = process(source, folder)
    stages = {stage["name"]: stage for stage in manifest["stages"]}
    run_seconds = manifest["run"]["seconds"]
    encodes = [stage for name, stage in stages.items() if kind_of(name) == ENCODE]
    encoded = sum(stage["result"]["seconds"] for stage in encodes)
    track = stages["audio.0"]["result"]
    package = stages["package"]["result"]
    decisions = stages["analyse"]["result"]["seconds"] + track["measure_seconds"]
    checks = package["verify_seconds"]
    pictures = stages["pictures"]["seconds"]
    around = run_seconds - encoded - decisions - checks - track["encode_seconds"]
    print("\n| a run of the same film, one slot | s | of the encode | bound |")
    print("|---|---|---|---|")
    for name, seconds, bound in (
        ("encode: ffmpeg's own time", encoded, "–"),
        ("sound: encoding", track["encode_seconds"], "–"),
        ("decisions: what the content needs, how loud it is", decisions, "–"),
        ("verification", checks, "–"),
        ("decisions and verification", decisions + checks, "≤ 20 %"),
        ("poster and storyboard: their whole stage", pictures, "–"),
        ("all around: start, probe, preview, hash, packaging, ledger", around - pictures, "≤ 2 s"),
        ("… with poster and storyboard", around, "–"),
        ("the run", run_seconds, "–"),
    ):
        print(f"| {name} | {seconds:.2f} | {seconds / encoded:.1%} | {bound} |")
    print("\n| stage | s from claim to record |\n|---|---|")
    for name, stage in stages.items():
        print(f"| {name} | {stage['seconds']:.2f} |")


def process(source: Path, folder: Path) -> dict[str, Any]:
    """A file through the installation; its manifest."""
    arguments = ["process", str(source), "--out", str(folder / "out")]
    arguments += ["--data", str(folder / "data"), "--json"]
    with redirect_stdout(StringIO()):
        automator.main(arguments, standalone_mode=False)
    found: dict[str, Any] = json.loads((folder / "out" / source.stem / "manifest.json").read_text())
    return found


def playable(folder: Path, rounds: int) -> None:
    """Prints how long after an upload's last byte something can be played."""
    print(f"\n| last byte over HTTP → playable, median of {rounds} | s | bound |\n|---|---|---|")
    with start_installation(folder / "data") as endpoints:
        upload(endpoints, film(folder, 2, (320, 180)))
        for seconds, bound in ((60, 1.0), (300, 1.7)):
            source = film(folder, seconds, SIZE)
            times = [upload(endpoints, source) for _ in range(rounds)]
            middle = statistics.median(times)
            print(f"| {seconds} s of 1080p30, {source.stat().st_size >> 20} MiB | {middle:.2f} |"
                  f" ≤ {bound} |")  # fmt: skip


def upload(endpoints: Endpoints, source: Path) -> float:
    """Send a film, wait for its preview, cancel the rest; the seconds from its last byte."""
    sent = 0.0

    class Body:
        """A file that notes when its end was read."""

        def __init__(self) -> None:
            self.file = source.open("rb")

        def read(self, size: int = -1) -> bytes:
            nonlocal sent
            chunk = self.file.read(size)
            if not chunk:
                sent = time.monotonic()
            return chunk

    def ask(method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {endpoints.token}"}
        if body is not None:
            headers["Content-Length"] = str(source.stat().st_size)
        request = urllib.request.Request(endpoints.api + path, body, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    run_id = ask("POST", f"/v1/assets?name={source.name}", Body())["run"]["id"]
    while True:
        found = ask("GET", f"/v1/runs/{run_id}")
        stages = {stage["name"]: stage["state"] for stage in found["stages"]}
        if stages.get("preview") == "done":
            took = time.monotonic() - sent
            break
        if found["state"] in ("failed", "cancelled"):
            raise SystemExit(f"the run is {found['state']}: {found}")
        time.sleep(0.01)
    ask("POST", f"/v1/runs/{run_id}/cancel")
    while ask("GET", f"/v1/runs/{run_id}")["state"] == "cancelling":
        time.sleep(0.1)
    return took


def main(rounds: int = 3) -> None:
    """Measures, and prints the tables."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        playable(folder, rounds)
        parts(folder)
        compare(folder, rounds)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
