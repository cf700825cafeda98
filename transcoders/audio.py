"""What ffmpeg is told about sound, as values: one track onto the time line, measured, encoded.

The time line is the source's own from its beginning (`-copyts -start_at_zero`), the one that the
frames of the picture lie on. Bytes are the same on every run: see `transcoders.commands`.
"""

from pathlib import Path
from typing import Final

from core.media import Probe
from transcoders.commands import begin_arguments
from transcoders.containers import Container
from transcoders.ffmpeg import input_arguments
from transcoders.loudness import Gain
from transcoders.tools import Tools

RATE: Final = 48000
SPEECH_RATE: Final = 16000
BITRATES: Final = {1: 80_000, 2: 128_000}
CODEC: Final = "mp4a.40.2"

_EXACT: Final = ("-fflags", "+bitexact", "-flags", "+bitexact")
_NO_METADATA: Final = ("-map_metadata", "-1", "-map_chapters", "-1")
_LAYOUTS: Final = {1: "mono", 2: "stereo"}

# Where sound and its time stamps differ by more, silence is put in or sound is taken out. Stamps
# in milliseconds, or of whole packets, are off by less and mean no gap.
_GAP_SECONDS: Final = 0.03
# A gap is held in memory until it is filled. So that a long one is many short ones, a few silent
# samples stand in it now and then, and are dropped wherever there is sound.
_BEAT_SAMPLES, _BEAT_EVERY, _BEAT_FIRST = 479, 10 * RATE, 5 * RATE // 2
_BEAT_ALONE_SECONDS: Final = 9
# The kept track has 24 bits, of which two are above full scale: decoders and mixes go there. What
# is higher still, or no number at all, comes from damage, and must not outweigh all the rest.
_HEADROOM: Final = 4
# A peak between two samples is seen at four times the rate (ITU-R BS.1770-5, annex 2).
_OVERSAMPLED: Final = 4 * RATE
_BLOCK: Final = 4096


def channels_of(channels: int) -> int:
    """How many channels are made of a track's: one stays one, all others become two."""
    return 1 if channels == 1 else 2


def samples(seconds: float) -> int:
    """How many samples a track has that lasts so long."""
    return max(1, round(seconds * RATE))


def read(
    tools: Tools,
    source: Path,
    container: Container,
    stream: int,
    *,
    channels: int,
    seconds: float,
    track: Path,
    speech: Path | None,
    first_two: bool = False,
    probe: Probe | None = None,
) -> tuple[str, ...]:
    """One decode: the track as it lies on the time line, losslessly; its loudness; its words.

    With `probe` only the file's own decoders may run. `channels` is what is made. `first_two` takes
    the first channels of a layout that nobody knows.
    Frames go through an encoder that changes nothing and back, because ffmpeg builds a graph anew
    where a broadcast changes its channels or its rate, and the time line would begin again.
    """
    layout = _LAYOUTS[channels]
    taken = "|".join(f"c{number}=c{number}" for number in range(channels))
    mix = f"pan={layout}|{taken},aresample={RATE}" if first_two else _mix(layout)
    graph = (
        f"anullsrc=r={RATE}:cl={layout}:n={_BEAT_SAMPLES},"
        f"asetpts=N/{_BEAT_SAMPLES}*{_BEAT_EVERY}+{_BEAT_FIRST},"
        f"atrim=end={seconds:.6f},aformat=sample_fmts=fltp[beats];"
        "[dec:0]aformat=sample_fmts=fltp[sound];"
        # The filter stamps in microseconds, whatever its time base says.
        "[sound][beats]ainterleave,asetpts=round(PTS/1000000/TB),"
        f"atrim=end={seconds:.6f},aselect={_SOUND_OR_ALONE},"
        f"aresample=async=1:first_pts=0:min_hard_comp={_GAP_SECONDS},"
        f"{_outputs(channels, seconds, words=speech is not None)}"
    )
    return (
        *_begin(tools),
        "-threads", "1", "-copyts", "-start_at_zero",
        *input_arguments(source, container, probe=probe),
        "-map", f"0:{stream}", "-af", mix, "-c:a", "pcm_f32le", "-f", "null", "-",
        "-dec", "0:0", "-filter_complex", graph,
        *_written(track, speech),
    )  # fmt: skip


def silence(
    tools: Tools, *, channels: int, seconds: float, track: Path, speech: Path | None
) -> tuple[str, ...]:
    """The same files of a track in which there is nothing."""
    graph = f"[0:a]{_outputs(channels, seconds, words=speech is not None)}"
    return (
        *_begin(tools),
        "-f", "lavfi", "-t", f"{seconds:.6f}", "-i", f"anullsrc=r={RATE}:cl={_LAYOUTS[channels]}",
        "-filter_complex", graph,
        *_written(track, speech),
    )  # fmt: skip


def measure(tools: Tools, track: Path, gain: Gain | None = None) -> tuple[str, ...]:
    """The loudness of a file of ours; with a gain, of a kept track as it would be with it."""
    filters = f"{_louder(gain)}," if gain else ""
    return (
        *_begin(tools),
        *input_arguments(track), "-map", "0:a:0", "-af", f"{filters}{_METER}", "-f", "null", "-",
    )  # fmt: skip


def encode(
    tools: Tools, track: Path, gain: Gain, *, channels: int, target: Path
) -> tuple[str, ...]:
    """AAC-LC in an MP4. Its edit list takes off what the encoder puts in front, to the sample."""
    return (
        *_begin(tools),
        *input_arguments(track), "-map", "0:a:0", *_NO_METADATA,
        "-af", _louder(gain),
        # The default coder, `twoloop`, costs twice as much, leaves more noise in most bands at the
        # same bits, and in single frames of speech overshoots by as much as 4 dB.
        "-c:a", "aac", "-aac_coder", "fast", "-profile:a", "aac_low",
        "-b:a", str(BITRATES[channels]), *_EXACT,
        # The edit list counts in the movie's time scale: in milliseconds, by default.
        "-movie_timescale", str(RATE), "-movflags", "+faststart", "-f", "mp4", str(target),
    )  # fmt: skip


def samples_of_speech(tools: Tools, speech: Path, target: Path) -> tuple[str, ...]:
    """A file of ours that is to be listened to, as a WAV of 16 bits."""
    return (
        *begin_arguments(tools),
        *input_arguments(speech), "-map", "0:a:0", *_NO_METADATA, *_EXACT,
        "-ac", "1", "-ar", str(SPEECH_RATE), "-c:a", "pcm_s16le", "-f", "wav", str(target),
    )  # fmt: skip


def loudness_curve(tools: Tools, speech: Path, target: Path) -> tuple[str, ...]:
    """The momentary loudness (0.4 s, LUFS) of a file of ours, twice a second, printed to a file."""
    graph = (
        "ebur128=metadata=1:framelog=quiet,aselect=not(mod(n\\,5)),"
        f"ametadata=mode=print:key=lavfi.r128.M:file={target.name}"
    )
    return (
        *begin_arguments(tools),
        *input_arguments(speech), "-map", "0:a:0", "-af", graph, "-f", "null", "-",
    )  # fmt: skip


_METER: Final = "ebur128=framelog=quiet:peak=true"
_SOUND_OR_ALONE: Final = (
    rf"1-eq(samples_n\,{_BEAT_SAMPLES})*eq(mod(pts\,{_BEAT_EVERY})\,{_BEAT_FIRST})"
    rf"+isnan(prev_selected_t)+gt(t-prev_selected_t\,{_BEAT_ALONE_SECONDS})"
)


def _mix(layout: str) -> str:
    """To two channels as ITU-R BS.775-4 has it: centre and surrounds at -3 dB, no effects."""
    return (
        f"aresample={RATE}:osf=fltp:ochl={layout}"
        ":clev=0.707107:slev=0.707107:lfe_mix_level=0:rematrix_maxval=0"
    )


def _outputs(channels: int, seconds: float, *, words: bool) -> str:
    """The end of the graph: exactly so many samples, once to be kept, metered and listened to."""
    count = samples(seconds)
    branches = "[keep][meter][words]" if words else "[keep][meter]"
    # Both channels at half: their sum is no louder than the louder one.
    mono = "+".join(f"{_HEADROOM / channels:g}*c{number}" for number in range(channels))
    listened = (
        f";[words]aformat=sample_fmts=fltp,pan=mono|c0={mono},aresample={SPEECH_RATE},"
        "aformat=sample_fmts=s16[speech]"
    )
    return (
        f"apad=whole_len={count},atrim=end_sample={count},asetnsamples=n={_BLOCK}:p=0,"
        f"volume={1 / _HEADROOM:g}:precision=float,aformat=sample_fmts=s32,"
        f"asplit={3 if words else 2}{branches};"
        f"[meter]aformat=sample_fmts=fltp,volume={_HEADROOM}:precision=float,{_METER}[heard]"
        f"{listened if words else ''}"
    )


def _written(track: Path, speech: Path | None) -> tuple[str, ...]:
    words = (
        "-map", "[speech]", "-c:a", "flac", *_NO_METADATA, *_EXACT, "-f", "flac", str(speech),
    )  # fmt: skip
    return (
        "-map", "[keep]", "-c:a", "flac", "-compression_level", "0",
        *_NO_METADATA, *_EXACT, "-f", "flac", str(track),
        "-map", "[heard]", "-f", "null", "-",
        *(words if speech else ()),
    )  # fmt: skip


def _louder(gain: Gain) -> str:
    """From a kept track to what is heard."""
    return f"aformat=sample_fmts=fltp,volume={_HEADROOM},{louder(gain)}"


def louder(gain: Gain) -> str:
    """From a track in floats to what is heard."""
    volume = f"volume={gain.db:.2f}dB:precision=float"
    if gain.ceiling is None:
        return volume
    limit = 10 ** (gain.ceiling / 20)
    return (
        f"{volume},aresample={_OVERSAMPLED},"
        # Without `latency` all would come later by the time that the limiter looks ahead.
        f"alimiter=level=0:limit={limit:.6f}:attack=5:release=50:latency=1,aresample={RATE}"
    )


def _begin(tools: Tools) -> tuple[str, ...]:
    # The meter reports at level info.
    return begin_arguments(tools, level="info")
