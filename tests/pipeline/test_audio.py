"""The stage `audio` on real sound: in time, as loud as it should be, and never fooled."""

import array
import hashlib
import math
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, Rejected
from core.process import CancelToken, LimitReached
from core.renditions import Grid
from pipeline.plan import WORK, StageResult
from pipeline.plan.video_types import AudioOptions, AudioResult
from pipeline.stages import StageContext, StageInput
from pipeline.stages import audio as stage
from tests.media_samples import CLIP, Sample
from transcoders import packaging
from transcoders.probe import probe as measure
from transcoders.tools import get_tools

RATE = 48000
Run = Callable[..., StageResult]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the stage on a track of a file (the first, if not told) for so many seconds."""
    count = iter(range(100))

    def run(
        source: Path, *, track: int = 0, seconds: float = 4.0, speech: bool = False, **more: Any
    ) -> StageResult:
        scratch = tmp_path / f"scratch {next(count)}"
        scratch.mkdir()
        probe = measure(source, get_tools())
        context = StageContext(
            source=source,
            source_sha256="",
            scratch=scratch,
            tools=get_tools(),
            inputs={"probe": StageInput(probe)},
            **more,
        )
        stream = probe.audio[track]
        options = AudioOptions(
            stream=stream.index,
            seconds=seconds,
            language=stream.language,
            title=stream.title,
            default=track == 0,
            speech=speech,
        )
        return stage.run(context, options)

    return run


def value(result: StageResult) -> AudioResult:
    assert isinstance(result.value, AudioResult)
    return result.value


def made(result: StageResult, name: str = "audio.m4a") -> Path:
    return next(artifact.path for artifact in result.artifacts if artifact.name == name)


def ffmpeg(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [str(get_tools().ffmpeg), "-nostdin", "-hide_banner", "-nostats", *arguments]
    return subprocess.run(command, check=True, capture_output=True)


def heard(path: Path) -> tuple[float, float]:
    """Integrated loudness and true peak of a file, by a meter of its own run."""
    done = ffmpeg("-i", str(path), "-af", "ebur128=framelog=quiet:peak=true", "-f", "null", "-")
    said = done.stderr.decode()
    integrated, peak = re.search(r"I: +(\S+) LUFS", said), re.search(r"Peak: +(\S+) dBFS", said)
    assert integrated
    assert peak
    return float(integrated[1]), float(peak[1])


def samples(path: Path, channel: int = 0) -> Sequence[float]:
    """One channel of a file's sound as a player hears it, at 48 kHz."""
    done = ffmpeg(
        "-loglevel", "error", "-i", str(path), "-map", "0:a:0", "-ar", str(RATE),
        "-af", f"pan=mono|c0=c{channel}", "-c:a", "pcm_f32le", "-f", "f32le", "-",
    )  # fmt: skip
    return array.array("f", done.stdout)


def clicks(path: Path) -> list[float]:
    """When each click of a file begins, in seconds."""
    sound = samples(path)
    threshold = 0.3 * max(sound)
    begins, last = [], -RATE
    for at, level in enumerate(sound):
        if level > threshold:
            if at - last > RATE // 10:
                begins.append(at / RATE)
            last = at
    return begins


def tone(sound: Sequence[float], hertz: float) -> float:
    """How strong a pure tone is in one second of sound (Goertzel)."""
    part = sound[RATE : 2 * RATE]
    turn = 2 * math.pi * hertz / RATE
    real = sum(level * math.cos(turn * at) for at, level in enumerate(part))
    imaginary = sum(level * math.sin(turn * at) for at, level in enumerate(part))
    return 2 * math.hypot(real, imaginary) / len(part)


def every_half_second(until: float, offset: float = 0.0) -> list[float]:
    return [offset + 0.5 * number for number in range(1, math.ceil(until * 2))]


def exactly(times: list[float], within: float = 0.002) -> Any:
    return pytest.approx(times, abs=within)


def make(path: Path, *arguments: str) -> Path:
    ffmpeg("-loglevel", "error", "-y", *arguments, str(path))
    return path


def beside_a_picture(path: Path, *sound: str) -> Path:
    return make(
        path, "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=4", *sound,
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
    )  # fmt: skip


@pytest.fixture(scope="module")
def narrated(tmp_path_factory: pytest.TempPathFactory) -> StageResult:
    """The demo clip's sound, which is speech, with all that can be asked for."""
    scratch = tmp_path_factory.mktemp("narrated")
    context = StageContext(
        source=CLIP,
        source_sha256="",
        scratch=scratch,
        tools=get_tools(),
        inputs={"probe": StageInput(measure(CLIP, get_tools()))},
    )
    options = AudioOptions(stream=1, seconds=25.0, language="eng", default=True, speech=True)
    return stage.run(context, options)


def test_speech_is_as_loud_as_the_networks_play(narrated: StageResult) -> None:
    loud, peak = heard(made(narrated))
    assert loud == pytest.approx(-14.0, abs=0.5)
    assert peak <= -1.0
    said = value(narrated)
    assert (said.loudness, said.true_peak) == (loud, peak)
    assert (said.codec, said.channels, said.sample_rate) == ("mp4a.40.2", 2, RATE)
    assert said.source_loudness == pytest.approx(-19.4, abs=0.2)
    assert said.note is None
    assert said.language == "eng"


def test_the_words_are_kept_as_they_were_spoken(narrated: StageResult) -> None:
    words = made(narrated, "speech.flac")
    (artifact,) = [one for one in narrated.artifacts if one.name == "speech.flac"]
    assert (artifact.kind, artifact.attributes.role) == ("audio", "speech")
    said = ffmpeg("-i", str(words), "-f", "null", "-").stderr.decode()
    assert "16000 Hz, mono, s16" in said
    assert len(samples(words)) == 25 * RATE
    # Not turned up: about as loud as the source.
    assert heard(words)[0] == pytest.approx(-22.5, abs=1.0)


def test_the_track_itself_is_for_later_stages(narrated: StageResult) -> None:
    (artifact,) = [one for one in narrated.artifacts if one.name == "audio.m4a"]
    assert (artifact.kind, artifact.mime) == (WORK, "audio/mp4")
    assert artifact.attributes.loudness == value(narrated).loudness


@pytest.mark.parametrize("decibels", [-42.0, -20.0, -0.5])
def test_any_level_comes_out_at_the_target(run: Run, tmp_path: Path, decibels: float) -> None:
    source = beside_a_picture(
        tmp_path / "tone.mp4",
        "-f", "lavfi", "-i", f"aevalsrc=0.99*sin(2*PI*997*t):d=4,volume={decibels}dB",
        "-c:a", "aac", "-ac", "2",
    )  # fmt: skip
    result = run(source)
    loud, peak = heard(made(result))
    assert loud == pytest.approx(-14.0, abs=0.5)
    assert peak <= -1.0
    assert value(result).note is None


def test_much_is_limited_where_peaks_stand_far_above_the_rest(run: Run, tmp_path: Path) -> None:
    source = beside_a_picture(
        tmp_path / "peaky.mov",
        "-f", "lavfi", "-i",
        "aevalsrc=(0.02+0.85*lt(mod(t\\,0.9)\\,0.01))*sin(2*PI*300*t)*(1+sin(2*PI*1999*t))/2:d=4",
        "-c:a", "pcm_s16le",
    )  # fmt: skip
    result = run(source)
    loud, peak = heard(made(result))
    assert peak <= -1.0
    assert loud == pytest.approx(-14.0, abs=0.5)
    assert value(result).gain_db > 8


def test_where_peaks_allow_no_more_the_limit_is_kept_and_said(run: Run, sample: Sample) -> None:
    result = run(sample("clicks.mp4"))
    loud, peak = heard(made(result))
    assert peak <= -1.0
    assert loud < -15
    assert value(result).note == f"its peaks allow no more than {loud} LUFS"


@pytest.mark.parametrize("name", ["digital-silence.mp4", "noise.mp4"])
def test_silence_is_left_alone(run: Run, sample: Sample, name: str) -> None:
    said = value(run(sample(name)))
    assert (said.gain_db, said.loudness) == (0.0, None)
    assert said.note == "silence: left as it is"


def test_one_frame_of_sound_is_left_alone(run: Run, sample: Sample) -> None:
    result = run(sample("blip.mp4"), seconds=0.04)
    said = value(result)
    assert (said.gain_db, said.loudness) == (0.0, None)
    assert said.note == "too short to have a loudness: left as it is"
    assert len(samples(made(result))) == 1920
    assert max(samples(made(result))) == pytest.approx(0.125, abs=0.03)


def test_an_empty_track_is_silence(run: Run, sample: Sample) -> None:
    result = run(sample("empty-sound.mkv"), speech=True)
    assert value(result).note == "the track is empty; silence: left as it is"
    assert len(samples(made(result))) == 4 * RATE
    assert len(samples(made(result, "speech.flac"))) == 4 * RATE


@pytest.mark.parametrize(
    "name",
    [
        "clicks.mp4",
        "clicks.mkv",
        "clicks-44k.mp4",
        "clicks-mp3.mkv",
        "clicks-opus.webm",
        "clicks-vorbis.webm",
        "clicks-8k.mov",
    ],
)
def test_every_format_keeps_its_time(run: Run, sample: Sample, name: str) -> None:
    result = run(sample(name))
    assert clicks(made(result)) == exactly(every_half_second(4))
    assert len(samples(made(result))) == 4 * RATE
    assert value(result).channels == (1 if name in ("clicks-mp3.mkv", "clicks-8k.mov",
                                                    "clicks-opus.webm") else 2)  # fmt: skip


def test_a_broadcast_keeps_its_time_as_its_own_clock_has_it(run: Run, sample: Sample) -> None:
    # AC-3's encoder delays by 256 samples, of which a transport stream says nothing.
    result = run(sample("clicks-ac3.ts"))
    assert clicks(made(result)) == exactly(every_half_second(4, 256 / RATE))


def test_sound_that_begins_late_has_silence_before_it(run: Run, sample: Sample) -> None:
    result = run(sample("clicks-late.mp4"), seconds=5.5)
    assert clicks(made(result)) == exactly(every_half_second(4, 1.5))
    assert max(map(abs, samples(made(result))[: int(1.9 * RATE)])) < 0.001


def test_sound_that_begins_before_the_picture_is_not_moved_to_it(run: Run, sample: Sample) -> None:
    result = run(sample("clicks-early.mkv"))
    assert clicks(made(result)) == exactly(every_half_second(4))


def test_what_an_edit_list_takes_off_is_not_heard(run: Run, sample: Sample) -> None:
    result = run(sample("clicks-cut.mp4"), seconds=3.3)
    assert clicks(made(result)) == exactly([0.3, 0.8, 1.3, 1.8, 2.3, 2.8])


def test_a_gap_is_silence_and_what_follows_is_in_time(run: Run, sample: Sample) -> None:
    result = run(sample("clicks-gap.mkv"))
    assert clicks(made(result)) == exactly([0.5, 1.0, 2.5, 3.0, 3.5])


def test_a_track_may_change_its_channels_and_rate_on_the_way(
    run: Run, sample: Sample, tmp_path: Path
) -> None:
    source = tmp_path / "changing.ts"
    source.write_bytes(sample("first-half.ts").read_bytes() + sample("second-half.ts").read_bytes())
    found = clicks(made(run(source)))
    # Each half begins with what its encoder puts in front, as a transport stream keeps it.
    assert found == exactly([0.5, 1.0, 1.5, 2.5, 3.0, 3.5], within=0.05)


def test_a_track_is_as_long_as_the_picture_whether_it_was_shorter_or_longer(
    run: Run, sample: Sample
) -> None:
    for seconds in (2.035, 6.0):
        result = run(sample("clicks.mp4"), seconds=seconds)
        assert len(samples(made(result))) == round(seconds * RATE)
        assert clicks(made(result)) == exactly(every_half_second(min(4, seconds)))
        assert value(result).duration_seconds == seconds


def test_five_channels_and_effects_become_two_as_the_standard_says(
    run: Run, sample: Sample
) -> None:
    result = run(sample("six.mov"))
    assert value(result).channels == 2
    left, right = samples(made(result), 0), samples(made(result), 1)
    front, centre, surround = tone(left, 400), tone(left, 1000), tone(left, 2000)
    assert 20 * math.log10(centre / front) == pytest.approx(-3.0, abs=0.2)
    assert 20 * math.log10(surround / front) == pytest.approx(-3.0, abs=0.2)
    assert tone(right, 1000) == pytest.approx(centre, rel=0.02)
    assert tone(right, 400) < front / 100
    assert tone(left, 60) < front / 100


def test_of_channels_in_no_known_order_the_first_two_are_taken(run: Run, tmp_path: Path) -> None:
    tones = [440, 880, *[1500] * 7]
    raw = tmp_path / "raw"
    raw.write_bytes(
        array.array(
            "h",
            (
                round(4000 * math.sin(2 * math.pi * hertz * at / RATE))
                for at in range(2 * RATE)
                for hertz in tones
            ),
        ).tobytes()
    )
    source = beside_a_picture(
        tmp_path / "nine.mov", "-f", "s16le", "-ar", str(RATE), "-ch_layout", "9 channels",
        "-i", str(raw), "-c:a", "pcm_s16le",
    )  # fmt: skip
    result = run(source, seconds=2.0)
    assert value(result).note == "of 9 channels in no known order, the first two"
    left, right = samples(made(result), 0), samples(made(result), 1)
    assert tone(left, 440) > 100 * tone(left, 1500)
    assert tone(right, 880) > 100 * tone(right, 1500)


def test_each_of_many_tracks_is_itself(run: Run, sample: Sample) -> None:
    results = [run(sample("languages.mkv"), track=track) for track in range(2)]
    assert [value(result).language for result in results] == ["eng", "fra"]
    assert [value(result).default for result in results] == [True, False]
    for result, own, other in zip(results, (440, 880), (880, 440), strict=True):
        assert tone(samples(made(result)), own) > 20 * tone(samples(made(result)), other)


def audio_packets(path: Path) -> list[tuple[int, int]]:
    """Where the packets of the first track lie in a file: begin and size."""
    command = [
        str(get_tools().ffprobe), "-v", "error", "-select_streams", "a:0",
        "-show_entries", "packet=size,pos", "-of", "csv=p=0", str(path),
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    places = (line.split(",")[:2] for line in said.split())
    return [(int(begin), int(size)) for size, begin in places]


def damaged(source: Path, target: Path, begin: float, end: float) -> Path:
    """A copy whose sound is overwritten from one part of the file to another."""
    data = bytearray(source.read_bytes())
    packets = audio_packets(source)
    for at, size in packets[int(begin * len(packets)) : int(end * len(packets))]:
        # Not a constant, which might be a silent frame.
        noise = hashlib.sha256(str(at).encode()).digest() * (size // 32 + 1)
        data[at : at + size] = noise[:size]
    target.write_bytes(data)
    return target


def test_damage_in_the_middle_costs_only_what_was_damaged(
    run: Run, sample: Sample, tmp_path: Path
) -> None:
    source = damaged(sample("clicks.mp4"), tmp_path / "damaged.mp4", 0.45, 0.55)
    result = run(source)
    found = clicks(made(result))
    assert len(samples(made(result))) == 4 * RATE
    for click in (0.5, 1.0, 1.5, 2.5, 3.0, 3.5):
        assert any(abs(one - click) < 0.002 for one in found), found


def test_a_track_of_which_nothing_can_be_decoded_is_refused_in_one_line(
    run: Run, sample: Sample, tmp_path: Path
) -> None:
    source = damaged(sample("clicks.mp4"), tmp_path / "broken.mp4", 0, 1)
    with pytest.raises(Rejected) as refused:
        run(source)
    assert str(refused.value) == "sound track 1 is damaged: most of it cannot be decoded"


def test_samples_that_are_no_numbers_do_no_harm(run: Run, tmp_path: Path) -> None:
    sound = array.array("f", (0.2 * math.sin(at * 0.1) for at in range(4 * RATE)))
    for at, wrong in ((50_000, math.nan), (90_000, math.inf), (120_000, -1e30)):
        sound[at] = wrong
    raw = tmp_path / "raw"
    raw.write_bytes(sound.tobytes())
    source = beside_a_picture(
        tmp_path / "wrong.mov", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", str(raw),
        "-c:a", "pcm_f32le",
    )  # fmt: skip
    loud, peak = heard(made(run(source)))
    assert loud == pytest.approx(-14.0, abs=0.5)
    assert peak <= -1.0


def test_packaged_sound_is_in_time_to_the_sample(run: Run, sample: Sample, tmp_path: Path) -> None:
    track = made(run(sample("clicks.mp4")))
    before = clicks(track)
    grid = Grid(rate="25/1", frames=100, gop_frames=50)
    sound = packaging.Sound(str(track), "sound.mp4", "Sound")
    (tmp_path / "package").mkdir()
    packaging.execute(
        packaging.package(get_tools(), [], [sound], grid, "manifest.mpd"),
        folder=tmp_path / "package",
    )
    packaged = tmp_path / "package/sound.mp4"
    joined = make(
        tmp_path / "joined.mp4", "-i", str(sample("clicks.mp4")), "-i", str(track),
        "-map", "0:v", "-map", "1:a", "-c", "copy", "-movflags", "+faststart",
    )  # fmt: skip
    assert before == exactly(every_half_second(4))
    assert clicks(packaged) == before
    assert clicks(tmp_path / "package/manifest.mpd") == before
    assert clicks(joined) == before
    first = samples(track)[:RATE]
    assert samples(packaged)[:RATE] == first
    assert samples(joined)[:RATE] == first


def test_the_same_sound_gives_the_same_bytes(run: Run, sample: Sample) -> None:
    digests = [
        [hashlib.sha256(one.path.read_bytes()).hexdigest() for one in result.artifacts]
        for result in (run(sample("plain.mp4"), speech=True) for _ in range(2))
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 2


def test_progress_rises_to_the_end(run: Run, sample: Sample) -> None:
    told: list[float] = []
    run(sample("plain.mp4"), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 3


def test_a_cancel_between_two_commands_stops_the_work(run: Run, sample: Sample) -> None:
    token = CancelToken()
    told: list[float] = []

    def cancel(fraction: float) -> None:
        told.append(fraction)
        token.cancel()

    with pytest.raises(Cancelled):
        run(sample("plain.mp4"), progress=cancel, cancel=token)
    assert max(told) < 0.9


def test_scratch_space_is_bounded(run: Run, sample: Sample) -> None:
    with pytest.raises(LimitReached):
        run(sample("plain.mp4"), scratch_bytes=20_000)
