"""Stage `audio`: one track on the source's time line, as loud as the networks play."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.errors import Rejected
from core.media import AudioStream, Probe
from core.process import Completed
from pipeline.plan import WORK, ArtifactFile, Attributes, StageResult
from pipeline.plan.video_types import PROBE, AudioOptions, AudioResult
from pipeline.stages.context import StageContext
from transcoders import audio, loudness
from transcoders.containers import recognised
from transcoders.ffmpeg import Bounds, Progress, ToolFailed, execute
from transcoders.loudness import Gain, Loudness, Try

_TARGET: Final = "audio.m4a"
_SPEECH: Final = "speech.flac"
_KEPT: Final = "kept.flac"
# The ledger's deadline ends what makes no progress; this only ends what would never end.
_WALL_SECONDS: Final = 12 * 3600.0
_MEMORY_BYTES: Final = 4 << 30

# The first try is right as a rule; one that is not costs an encoding and a decoding.
_MOST_REHEARSALS, _MOST_TRIES = 4, 4
_REHEARSED_WITHIN: Final = 0.4
# Nobody knows how many commands it will be: each takes this part of what is left of the bar.
_SHARE: Final = 0.4

_NO_FRAMES: Final = "No filtered frames for output stream"
_MOSTLY_BROKEN: Final = "Decode error rate"
_UNKNOWN_LAYOUT: Final = "Rematrix is needed"


def run(context: StageContext, options: AudioOptions) -> StageResult:
    """Files `audio.m4a` and, where asked for, `speech.flac`."""
    probe = context.value(PROBE, Probe)
    work = _Work(context, options, probe.audio)
    original, note = work.read()
    measured_seconds = work.seconds
    tries = work.tries(original)
    made = loudness.best([each for each, _ in tries])
    path = next(path for each, path in tries if each is made)
    path.rename(context.scratch / _TARGET)
    context.progress(1.0)
    short = loudness.shortfall(original, options.seconds, made)
    said = "; ".join(filter(None, (note, short)))
    return work.result(original, made, said or None, measured_seconds)


class _Work:
    """One track's commands: what they have taken, and how far they have come."""

    def __init__(
        self, context: StageContext, options: AudioOptions, tracks: Sequence[AudioStream]
    ) -> None:
        self._context, self._options = context, options
        self._number, self._source = next(
            (number, track)
            for number, track in enumerate(tracks, 1)
            if track.index == options.stream
        )
        self._channels = audio.channels_of(self._source.channels)
        self._kept = context.scratch / _KEPT
        self._reached = 0.0
        self.seconds = 0.0

    def read(self) -> tuple[Loudness, str | None]:
        """Decodes the source once; its loudness, and what people should know of it."""
        try:
            return loudness.read_loudness(self._decode(first_two=False).stderr_tail), None
        except (ToolFailed, Rejected) as error:
            said = error.detail or ""
            if _UNKNOWN_LAYOUT in said:
                done = self._decode(first_two=True)
                note = f"of {self._source.channels} channels in no known order, the first two"
                return loudness.read_loudness(done.stderr_tail), note
            which = f"sound track {self._number}"
            if _MOSTLY_BROKEN in said:
                reason = f"{which} is damaged: most of it cannot be decoded"
                raise Rejected(reason, detail=said) from error
            if _NO_FRAMES in said:
                return self._silence(), "the track is empty"
            if isinstance(error, Rejected):
                raise
            raise Rejected(f"{which} cannot be decoded", detail=said) from error

    def _decode(self, *, first_two: bool) -> Completed:
        context, options = self._context, self._options
        command = audio.read(
            context.tools,
            context.source,
            recognised(context.source),
            options.stream,
            channels=self._channels,
            seconds=options.seconds,
            track=self._kept,
            speech=self._speech,
            first_two=first_two,
            probe=context.value(PROBE, Probe),
        )
        return self._run(command)[0]

    def _silence(self) -> Loudness:
        command = audio.silence(
            self._context.tools,
            channels=self._channels,
            seconds=self._options.seconds,
            track=self._kept,
            speech=self._speech,
        )
        return loudness.read_loudness(self._run(command)[0].stderr_tail)

    @property
    def _speech(self) -> Path | None:
        return self._context.scratch / _SPEECH if self._options.speech else None

    def tries(self, original: Loudness) -> list[tuple[Try, Path]]:
        """Encodes until the output measures as it should, or will not; each with its file."""
        gain, history = self._rehearsed(original)
        made: list[tuple[Try, Path]] = []
        following: Gain | None = gain
        while following is not None and len(made) < _MOST_TRIES:
            path = self._context.scratch / f"try-{len(made)}.m4a"
            made.append((self._encoded(following, path), path))
            history.append(made[-1][0])
            following = loudness.next_gain(original, history)
        return made

    def _rehearsed(self, original: Loudness) -> tuple[Gain, list[Try]]:
        """The gain to encode with first; where much is limited, found without encoding."""
        gain: Gain | None = loudness.first_gain(original)
        assert gain is not None
        if not loudness.needs_rehearsal(original, gain):
            return gain, []
        history: list[Try] = []
        while gain is not None and len(history) < _MOST_REHEARSALS:
            done, _ = self._run(audio.measure(self._context.tools, self._kept, gain))
            history.append(Try(gain, loudness.read_loudness(done.stderr_tail)))
            gain = loudness.next_gain(original, history, _REHEARSED_WITHIN)
        return loudness.best(history).gain, history

    def _encoded(self, gain: Gain, path: Path) -> Try:
        """Encodes, decodes that again, and listens."""
        tools = self._context.tools
        self._run(audio.encode(tools, self._kept, gain, channels=self._channels, target=path))
        done, lasted = self._run(audio.measure(tools, path))
        wanted = audio.samples(self._options.seconds) / audio.RATE
        if abs(lasted - wanted) * audio.RATE >= 1:
            raise ToolFailed(f"the sound that was made lasts {lasted:.6f} s, not {wanted:.6f} s")
        return Try(gain, loudness.read_loudness(done.stderr_tail))

    def _run(self, command: Sequence[str]) -> tuple[Completed, float]:
        """Runs a command; also how many seconds came out of it."""
        begin = self._reached
        end = self._reached = begin + (1 - begin) * _SHARE
        progress = Progress(self._options.seconds, self._context.part(begin, end))
        ends = [0]

        def line(text: str) -> None:
            name, _, value = text.strip().partition("=")
            if name == "out_time_us" and value.lstrip("-").isdigit():
                ends[0] = int(value)
            progress.line(text)

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
        self.seconds += done.seconds
        return done, ends[0] / 1e6

    def result(
        self, original: Loudness, made: Try, note: str | None, measured_seconds: float
    ) -> StageResult:
        """The files, and the facts about them."""
        context, options = self._context, self._options
        target = context.scratch / _TARGET
        value = AudioResult(
            codec=audio.CODEC,
            channels=self._channels,
            sample_rate=audio.RATE,
            bitrate=round(target.stat().st_size * 8 / options.seconds),
            duration_seconds=round(audio.samples(options.seconds) / audio.RATE, 6),
            language=options.language,
            title=options.title,
            default=options.default,
            source_loudness=original.integrated,
            gain_db=made.gain.db,
            loudness=made.heard.integrated if original.audible else None,
            true_peak=made.heard.true_peak,
            note=note,
            measure_seconds=round(measured_seconds, 3),
            encode_seconds=round(self.seconds - measured_seconds, 3),
        )
        facts = Attributes(
            codec=value.codec,
            bitrate=value.bitrate,
            duration=value.duration_seconds,
            language=value.language,
            channels=value.channels,
            loudness=value.loudness,
        )
        files = [ArtifactFile(WORK, _TARGET, target, "audio/mp4", facts)]
        if options.speech:
            words = Attributes(
                role="speech",
                codec="flac",
                duration=value.duration_seconds,
                language=value.language,
                channels=1,
            )
            files.append(
                ArtifactFile("audio", _SPEECH, context.scratch / _SPEECH, "audio/flac", words)
            )
        return StageResult(value, tuple(files), encoder="aac")
