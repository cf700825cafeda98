"""Stage `clips`: the best moments as upright, square and 4:5 videos, captioned and levelled."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from core import languages
from core.errors import Rejected, Retryable
from core.media import Probe
from core.process import Completed
from core.renditions import Rendition
from pipeline.plan import ArtifactFile, Attributes, StageResult, moment_types, safe_areas
from pipeline.plan.caption_types import CaptionLook
from pipeline.plan.chunks import RUN_IN_SECONDS, seek_before
from pipeline.plan.clip_types import (
    CLIP,
    LEAST_SECONDS,
    Clip,
    ClipFile,
    ClipShape,
    ClipsOptions,
    ClipsResult,
    Costs,
    PathPiece,
)
from pipeline.plan.moment_types import MOMENTS, MOMENTS_FILE, Moment
from pipeline.plan.transcript import Transcript
from pipeline.plan.video_types import PROBE
from pipeline.stages.context import StageContext
from transcoders import clips, loudness
from transcoders.captions import Cue, Word, ass, captioned, profile_for, violations
from transcoders.captions.ass import Look
from transcoders.clips import Cut, Sound, Source
from transcoders.containers import recognised
from transcoders.encode import count_frames
from transcoders.ffmpeg import Bounds, Progress, execute
from transcoders.images.asking import detector
from transcoders.loudness import Gain, Loudness, Try
from transcoders.subjects.asking import follow
from transcoders.subjects.wanted import Answer, Piece, Request, Shape

_FOLDER: Final = "clips"
_TRACK: Final = "audio.m4a"
_WALL_SECONDS: Final = 3600.0
_MEMORY_BYTES: Final = 6 << 30
_CRF: Final = 21.0
_MOST_TRIES: Final = 4
# Of one clip's bar.
_LOOKED, _FOLLOWED = 0.15, 0.35
# What captions of each shape are as high as, of the shorter side.
_LETTERS: Final = {"9:16": 0.072, "4:5": 0.062, "1:1": 0.058}
_UNKNOWN: Final = "und"


def run(context: StageContext, options: ClipsOptions) -> StageResult:
    """Files `clips/<number>-<shape>.mp4` and `clips/<number>.json`; none where it is skipped."""
    began = time.monotonic()
    if not options.shapes:
        return _skipped("the picture is too small for any shape", options)
    if options.grid.seconds < LEAST_SECONDS:
        return _skipped(f"the film is shorter than {LEAST_SECONDS:.0f} s", options)
    found = moment_types.read(context.path(MOMENTS, MOMENTS_FILE)).moments[: options.most]
    work = _Work(context, options)
    (context.scratch / _FOLDER).mkdir()
    files: list[ArtifactFile] = []
    for number, moment in enumerate(found, 1):
        part = context.part((number - 1) / len(found), number / len(found))
        files += work.clip(number, moment, part)
    context.progress(1.0)
    value = ClipsResult(
        clips=len(found),
        files=sum(one.mime == "video/mp4" for one in files),
        left_out=options.left_out,
        captions=work.captions,
        tools=work.tools,
        costs=Costs(**{name: round(spent, 3) for name, spent in work.spent.items()}),
        seconds=round(time.monotonic() - began, 3),
        peak_bytes=work.peak_bytes,
    )
    return StageResult(value, tuple(files), encoder=f"libx264,{work.tools}")


def _skipped(reason: str, options: ClipsOptions) -> StageResult:
    return StageResult(ClipsResult(skipped=reason, left_out=options.left_out), skipped=True)


@dataclass(frozen=True, slots=True)
class _Captions:
    """A script to be burned in, None where nothing is said; how many cues, and their flaws."""

    script: Path | None = None
    cues: int = 0
    violations: dict[str, int] = field(default_factory=dict)


class _Work:
    """All clips of one film: what they have cost, and what looked at them."""

    def __init__(self, context: StageContext, options: ClipsOptions) -> None:
        self._context, self._options = context, options
        self._probe = context.value(PROBE, Probe)
        self._cuts = context.cuts()
        self._transcript = context.transcript()
        self.spent = dict.fromkeys(Costs.model_fields, 0.0)
        self.peak_bytes = 0
        self.tools = ""
        self.captions = _captions_line(self._transcript)

    def clip(
        self, number: int, moment: Moment, progress: Callable[[float], None]
    ) -> list[ArtifactFile]:
        """One moment in every shape; last the JSON that tells of it."""
        source = self._source(moment)
        self._run(clips.looked_at(self._context.tools, source), "looking")
        progress(_LOOKED)
        answer = self._followed(source)
        progress(_FOLLOWED)
        sound, heard = self._sound(source)
        captions = [
            self._captioned(number, shape, source, answer.paths[shape.name])
            for shape in self._options.shapes
        ]
        cuts = [
            self._cut(number, shape, answer, told)
            for shape, told in zip(self._options.shapes, captions, strict=True)
        ]
        self._render(source, cuts, sound, lambda part: progress(_FOLLOWED + 0.64 * part))
        made = [
            self._checked(shape, cut, told, source, heard)
            for shape, cut, told in zip(self._options.shapes, cuts, captions, strict=True)
        ]
        told = Clip(
            number=number,
            begin=round(source.begin_seconds, 3),
            end=round(source.begin_seconds + source.seconds, 3),
            points=moment.score.points,
            text=moment.text,
            picture=source.size,
            step=clips.look_step(source.grid),
            faces=answer.faces,
            files=tuple(made),
        )
        for script in (one.script for one in captions if one.script):
            script.unlink()
        return self._files(told, source)

    def _source(self, moment: Moment) -> Source:
        options, index = self._options, self._probe.index
        grid = options.grid
        begin = min(round(moment.begin * grid.fps), grid.frames - 1)
        end = max(begin + 1, min(grid.frames, round(moment.end * grid.fps)))
        points = index.points if index else ()
        seek = seek_before(points, float(begin / grid.fps) - RUN_IN_SECONDS)
        return Source(
            path=self._context.source,
            container=recognised(self._context.source),
            probe=self._probe,
            grid=grid,
            begin=begin,
            end=end,
            size=(options.width, options.height),
            seek=seek.seconds if seek else None,
            hold_frames=options.hold_frames,
        )

    def _followed(self, source: Source) -> Answer:
        scratch, frames = self._context.scratch, self._context.scratch / clips.FRAMES
        found = detector()
        first = (round(cut * source.grid.fps) - source.begin for cut in self._cuts)
        request = Request(
            frames_path=str(frames),
            step=clips.look_step(source.grid),
            frames=source.frames,
            fps=float(source.grid.fps),
            width=source.size[0],
            height=source.size[1],
            cuts=tuple(frame for frame in first if 0 < frame < source.frames),
            shapes=tuple(
                Shape(shape.name, shape.size.width, shape.size.height)
                for shape in self._options.shapes
            ),
            detector=str(found) if found else None,
        )
        answer, done = follow(request, scratch, cancel=self._context.cancel)
        frames.unlink()
        self._count("following", done)
        self.tools = answer.tools
        return answer

    # --- Sound

    def _sound(self, source: Source) -> tuple[Sound | None, Loudness | None]:
        """How much louder the part is made; and how loud it was."""
        if self._options.audio is None:
            return None, None
        track = self._context.path(self._options.audio, _TRACK)
        heard = self._measured(source, track, None)
        gain: Gain | None = loudness.first_gain(heard)
        assert gain is not None
        tries: list[Try] = []
        while gain is not None and len(tries) < _MOST_TRIES:
            tries.append(Try(gain, self._measured(source, track, gain)))
            gain = loudness.next_gain(heard, tries, loudness.TOLERANCE / 2)
        return Sound(track, loudness.best(tries).gain), heard

    def _measured(self, source: Source, track: Path, gain: Gain | None) -> Loudness:
        command = clips.loudness(
            self._context.tools, track, source.begin_seconds, source.seconds, gain
        )
        return loudness.read_loudness(self._run(command, "sound").stderr_tail)

    # --- Words

    def _captioned(
        self, number: int, shape: ClipShape, source: Source, pieces: Sequence[Piece]
    ) -> _Captions:
        words = _words(self._transcript, source)
        if self._transcript is None or not words:
            return _Captions()
        language = languages.tag(self._transcript.language) or _UNKNOWN
        look = caption_style(shape, self._options.look)
        usual = profile_for(language, source.grid.fps)
        profile = replace(usual, columns=max(8, min(usual.columns, look.columns)))
        cuts = [cut - source.begin_seconds for cut in self._cuts]
        shots = [cut for cut in cuts if 0 < cut < source.seconds]
        glossary = self._options.glossary
        cues = captioned(
            words, language, profile, glossary=glossary, shots=shots, seconds=source.seconds
        )
        if not cues:
            return _Captions()
        seam = _over_the_seam(pieces, source) if _tall(shape) else _nowhere
        script = self._context.scratch / f"captions-{number}-{_file_name(shape.name)}.ass"
        script.write_text(ass.karaoke(cues, look, seam), encoding="utf-8", newline="")
        broken = violations(cues, words, language, profile, glossary=glossary, shots=shots)
        return _Captions(script, len(cues), dict(broken))

    # --- Picture

    def _cut(self, number: int, shape: ClipShape, answer: Answer, told: _Captions) -> Cut:
        size, name = shape.size, _file_name(shape.name)
        return Cut(
            rendition=Rendition(
                name=shape.name,
                rung=min(size.width, size.height),
                width=size.width,
                height=size.height,
                crf=_CRF,
                peak_bitrate=size.peak_bitrate,
            ),
            pieces=answer.paths[shape.name],
            captions=told.script,
            target=self._context.scratch / _FOLDER / f"{number}-{name}.mp4",
        )

    def _render(
        self,
        source: Source,
        cuts: Sequence[Cut],
        sound: Sound | None,
        report: Callable[[float], None],
    ) -> None:
        tools, step = self._context.tools, clips.look_step(source.grid)
        command, graph = clips.render(tools, source, cuts, sound, step)
        written = self._context.scratch / clips.GRAPH
        written.write_text(graph)
        self._run(command, "rendering", Progress(source.seconds, report).line)
        written.unlink()

    def _checked(
        self, shape: ClipShape, cut: Cut, told: _Captions, source: Source, heard: Loudness | None
    ) -> ClipFile:
        """What a file became; it has every frame, and its loudness is measured on itself."""
        context = self._context
        frames = count_frames(context.tools, cut.target, cancel=context.cancel)
        if frames < source.frames:
            last = source.begin_seconds + float(frames / source.grid.fps)
            raise Rejected(
                f"the file is damaged or was cut short: nothing could be read behind {last:.1f} s"
            )
        if frames > source.frames:
            raise Retryable(f"a clip has {frames} frames, not {source.frames}")
        made, note = None, "the film has no sound"
        if heard is not None:
            done = self._run(clips.heard(context.tools, cut.target), "sound")
            made = loudness.read_loudness(done.stderr_tail)
            short = loudness.shortfall(heard, source.seconds, Try(Gain(0.0), made))
            note = short or ""
        return ClipFile(
            shape=shape.name,
            file=f"{_FOLDER}/{cut.target.name}",
            width=shape.size.width,
            height=shape.size.height,
            enlarged=shape.enlarged,
            bytes=cut.target.stat().st_size,
            frames=frames,
            cues=told.cues,
            violations=told.violations,
            loudness=made.integrated if made else None,
            true_peak=made.true_peak if made else None,
            note=note or None,
            path=tuple(map(_piece, cut.pieces)),
        )

    def _files(self, clip: Clip, source: Source) -> list[ArtifactFile]:
        scratch = self._context.scratch
        files = []
        for one in clip.files:
            facts = Attributes(
                role="clip",
                rendition=one.shape,
                width=one.width,
                height=one.height,
                codec="avc1,mp4a.40.2" if self._options.audio else "avc1",
                bitrate=round(one.bytes * 8 / source.seconds),
                duration=round(source.seconds, 3),
                frame_rate=round(float(source.grid.fps), 3),
                loudness=one.loudness,
                begin=clip.begin,
                points=clip.points,
            )
            files.append(ArtifactFile(CLIP, one.file, scratch / one.file, "video/mp4", facts))
        name = f"{_FOLDER}/{clip.number}.json"
        (scratch / name).write_text(clip.model_dump_json(), "utf-8")
        facts = Attributes(
            role="path", duration=round(source.seconds, 3), begin=clip.begin, points=clip.points
        )
        files.append(ArtifactFile(CLIP, name, scratch / name, "application/json", facts))
        return files

    # --- Children

    def _run(
        self, command: Sequence[str], part: str, line: Callable[[str], None] | None = None
    ) -> Completed:
        done = execute(
            command,
            bounds=Bounds(
                wall_seconds=_WALL_SECONDS,
                memory_bytes=_MEMORY_BYTES,
                scratch_bytes=self._context.scratch_bytes,
            ),
            scratch=self._context.scratch,
            cancel=self._context.cancel,
            on_stdout_line=line,
        )
        self._count(part, done)
        return done

    def _count(self, part: str, done: Completed) -> None:
        self.spent[part] += done.cpu_seconds
        self.peak_bytes = max(self.peak_bytes, done.peak_bytes)


def caption_style(shape: ClipShape, look: CaptionLook) -> Look:
    """Letters within what is free on every network."""
    width, height = shape.size.width, shape.size.height
    free = safe_areas.for_all(tall=_tall(shape))
    short = min(width, height)
    return replace(
        ass.look_for(width, height),
        **look.model_dump(),
        size_part=_LETTERS.get(shape.name, 0.06),
        outline_part=0.006,
        bottom_part=free.bottom * height / short,
        side_part=max(free.left, free.right) * width / short,
    )


def _captions_line(transcript: Transcript | None) -> str:
    if transcript is None:
        return "none: there is no transcript"
    if not transcript.words:
        return "none: nothing is said"
    return "burned in, word by word"


def _words(transcript: Transcript | None, source: Source) -> list[Word]:
    """What is said in the clip, on its own clock."""
    begin, seconds = source.begin_seconds, source.seconds
    return [
        Word(
            word.text,
            max(0.0, word.begin - begin),
            min(seconds, word.end - begin),
            segment.speaker,
        )
        for segment in (transcript.segments if transcript else ())
        for word in segment.words
        if begin <= (word.begin + word.end) / 2 < begin + seconds
    ]


def _tall(shape: ClipShape) -> bool:
    """Whether it fills a phone's screen, and buttons lie upon it."""
    return shape.size.height * 3 > shape.size.width * 4


def _nowhere(_: Cue) -> bool:
    return False


def _over_the_seam(pieces: Sequence[Piece], source: Source) -> Callable[[Cue], bool]:
    """Cues that begin while two windows are shown: below the middle is somebody's face."""
    fps = float(source.grid.fps)
    pairs = [(one.begin / fps, one.end / fps) for one in pieces if len(one.windows) == 2]
    return lambda cue: any(begin <= (cue.begin + cue.end) / 2 < end for begin, end in pairs)


def _piece(piece: Piece) -> PathPiece:
    return PathPiece.model_validate(asdict(piece))


def _file_name(shape: str) -> str:
    return shape.replace(":", "x")
