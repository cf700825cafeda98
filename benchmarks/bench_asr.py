"""Speech: what hearing costs beside bare faster-whisper, and how right it is.

    python -m benchmarks.bench_asr [ROUNDS]

Floor: faster-whisper's batched pipeline in a process of its own, with the same weights, precision,
thread, beam and batch. Product: `Whisper.transcribe` with its child, guard and transcript. In turn,
in one run; processor time is compared, since others may use the machine. Word errors are counted
on recorded speech with its text. A clean recording says by its loudness when it begins and ends.
"""

import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ai.speech.listening import THREADS
from ai.speech.transcriber import SpeechOptions, Surroundings
from ai.speech.weights import Weights, find_weights
from ai.speech.whisper import Whisper
from pipeline.plan.transcript import Transcript
from transcoders.tools import get_tools

ROOT = Path(__file__).parents[1]
CLIP = ROOT / "docs" / "demo" / "clip.mp4"
RECORDINGS = ROOT.parent / "shared" / "media" / "librivox"
MOST_TIMES, MOST_ERRORS, MOST_OFF_SECONDS = 1.05, 0.05, 0.2

_RATE = 16000
_REPEATED = 12
_SILENCE_SECONDS = 1.5
# 10 dB above these recordings' noise.
_LOUD = 0.1
_FRAME = 160
_TOKEN = re.compile(r"[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, and of the processor."""

    wall: float
    cpu: float


def main(rounds: int = 3) -> int:
    """Measures and prints; 1 where a bound is not kept."""
    folder = Path(tempfile.mkdtemp(prefix="automator-bench-", dir="/tmp"))
    try:
        weights = find_weights("base", None, folder)
        kept = [_costs(weights, folder, rounds), _starts(weights, folder)]
        if RECORDINGS.is_dir():
            kept.append(_rightness(weights, folder))
        else:
            print(f"\nno recordings in {RECORDINGS}: word errors are not counted")
    finally:
        shutil.rmtree(folder)
    return 0 if all(kept) else 1


def _costs(weights: Weights, folder: Path, rounds: int) -> bool:
    sound = _sound(folder / "film.wav", "-stream_loop", str(_REPEATED - 1), "-i", CLIP)
    seconds = _seconds(sound)
    bare, ours = [], []
    for _ in range(rounds):
        bare.append(_bare(sound, weights, folder)[1])
        ours.append(_ours(sound, weights, folder)[1])
    floor, product = _median(bare), _median(ours)
    times = product.cpu / floor.cpu
    print(f"| {seconds:.0f} s of speech, base, one thread | clock | processor | real-time factor |")
    print("|---|---|---|---|")
    for name, cost in (("bare faster-whisper", floor), ("the transcriber", product)):
        print(f"| {name} | {cost.wall:.1f} s | {cost.cpu:.1f} s | {cost.cpu / seconds:.4f} |")
    print(f"| times the floor (bound {MOST_TIMES}) | {product.wall / floor.wall:.3f} |"
          f" {times:.3f} | |")  # fmt: skip
    return times <= MOST_TIMES


def _starts(weights: Weights, folder: Path) -> bool:
    """What it costs to begin each time."""
    print("\n| from nothing to an answer | clock | processor |")
    print("|---|---|---|")
    short = _sound(folder / "short.wav", "-t", "2", "-i", CLIP)
    silence = _sound(folder / "silence.wav", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=2")
    for name, sound in (("2 s of speech", short), ("2 s of silence: no weights", silence)):
        cost = _median([_ours(sound, weights, folder)[1] for _ in range(3)])
        print(f"| {name} | {cost.wall:.2f} s | {cost.cpu:.2f} s |")
    return True


def _rightness(weights: Weights, folder: Path) -> bool:
    errors = [0, 0]
    count = 0
    off: list[float] = []
    for name, text in _recordings():
        speech = _sound(folder / "plain.wav", "-i", RECORDINGS / f"{name}.flac")
        padded = _padded(speech, folder / "padded.wav")
        reference = _tokens(text)
        count += len(reference)
        bare, _ = _bare(padded, weights, folder)
        ours = _ours(padded, weights, folder)[0]
        errors[0] += _distance(_tokens(" ".join(word for word, _, _ in bare)), reference)
        errors[1] += _distance(_tokens(" ".join(word.text for word in ours.words)), reference)
        begin, end = _loud(speech)
        first, last = ours.words[0], ours.words[-1]
        off += [abs(first.begin - _SILENCE_SECONDS - begin), abs(last.end - _SILENCE_SECONDS - end)]
    rate = errors[1] / count
    print("\n| recorded speech, five clips of one reader | bare | the transcriber | bound |")
    print("|---|---|---|---|")
    told = f"{errors[0]} | {errors[1]} ({rate:.1%})"
    print(f"| word errors of {count} | {told} | {MOST_ERRORS:.0%} |")
    print(f"| first and last words off, median | | {1000 * statistics.median(off):.0f} ms | |")
    print(f"| … at most | | {1000 * max(off):.0f} ms | {1000 * MOST_OFF_SECONDS:.0f} ms |")
    return rate <= MOST_ERRORS and max(off) <= MOST_OFF_SECONDS


def _bare(sound: Path, weights: Weights, folder: Path) -> tuple[list[list[str]], Cost]:
    answer = folder / "bare.json"
    command = [sys.executable, "-m", "benchmarks.asr_floor", sound, weights.folder, answer]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    told = {"OMP_NUM_THREADS": str(THREADS), "HF_HUB_OFFLINE": "1", "ORT_DISABLE_TELEMETRY": "1"}
    subprocess.run(list(map(str, command)), check=True, env=os.environ | told, cwd=ROOT)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(answer.read_text()), Cost(wall, cpu)


def _ours(sound: Path, weights: Weights, folder: Path) -> tuple[Transcript, Cost]:
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    heard = Whisper(weights).transcribe(sound, SpeechOptions(), Surroundings(folder))
    after, wall = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - began
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return heard.transcript, Cost(wall, heard.cpu_seconds + own)


def _median(costs: Sequence[Cost]) -> Cost:
    walls, cpus = zip(*((cost.wall, cost.cpu) for cost in costs), strict=True)
    return Cost(statistics.median(walls), statistics.median(cpus))


def _sound(target: Path, *source: str | Path) -> Path:
    command = [
        str(get_tools().ffmpeg), "-v", "error", "-y", *map(str, source),
        "-map", "0:a:0", "-ac", "1", "-ar", str(_RATE), "-c:a", "pcm_s16le", str(target),
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return target


def _samples(sound: Path) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    with wave.open(str(sound)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")


def _seconds(sound: Path) -> float:
    return len(_samples(sound)) / _RATE


def _padded(speech: Path, target: Path) -> Path:
    silence = np.zeros(round(_SILENCE_SECONDS * _RATE), dtype="<i2")
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, _RATE, 0, "NONE", "not compressed"))
        file.writeframes(np.concatenate([silence, _samples(speech), silence]).tobytes())
    return target


def _loud(speech: Path) -> tuple[float, float]:
    """When the first and the last 10 ms are that have a tenth of the speech's level."""
    samples = _samples(speech).astype(np.float64)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    level = np.sqrt(np.square(frames).mean(axis=1))
    loud = np.flatnonzero(level > _LOUD * np.quantile(level, 0.9))
    return float(loud[0]) * _FRAME / _RATE, float(loud[-1] + 1) * _FRAME / _RATE


def _recordings() -> list[tuple[str, str]]:
    lines = (RECORDINGS / "transcription.txt").read_text().splitlines()
    found = (re.fullmatch(r"<s> (.*) </s> \((.*)\)", line) for line in lines)
    return [(match[2], match[1]) for match in found if match]


def _tokens(text: str) -> list[str]:
    plain = text.lower().replace("mr.", "mister").replace("'", "")
    return _TOKEN.findall(plain)


def _distance(heard: Sequence[str], said: Sequence[str]) -> int:
    """Words to insert, delete and change (Levenshtein)."""
    row = list(range(len(said) + 1))
    for number, word in enumerate(heard, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(said, 1):
            cost = min(row[at] + 1, row[at - 1] + 1, before + (word != other))
            before, row[at] = row[at], cost
    return row[-1]


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in sys.argv[1:])))
