"""The stage `package` on chunks as encoders make them: what players find in its files."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest

from core.errors import Cancelled, Retryable
from core.process import CancelReason, CancelToken, DiskFull, LimitReached
from core.renditions import Codec, Grid, Rendition
from pipeline.plan.types import StageResult
from pipeline.plan.video_types import (
    AnalyseResult,
    AudioResult,
    EncodeOptions,
    PackageOptions,
    PackageResult,
)
from pipeline.stages import encode, package
from pipeline.stages.context import StageContext, StageInput
from transcoders.joining import NotOnGrid, PartsDiffer
from transcoders.probe import probe as measure
from transcoders.tools import get_tools
from transcoders.verification import OutputWrong

DASH: Final = {"": "urn:mpeg:dash:schema:mpd:2011"}
WIDTH, HEIGHT = 320, 180
# A strip at the left edge, as light as the frame's number modulo 14.
STRIP: Final = "geq=lum='30+mod(N,14)*14':cb=128:cr=128"


def rendition(name: str, height: int, codec: Codec = "h264", *, mp4: bool = False) -> Rendition:
    width = round(height * WIDTH / HEIGHT / 2) * 2
    return Rendition(
        name=name,
        rung=height,
        width=width,
        height=height,
        crf=21,
        peak_bitrate=900_000,
        codec=codec,
        progressive=mp4,
    )


TWO: Final = (rendition("180p", 180, mp4=True), rendition("120p", 120))


@dataclass(frozen=True)
class Film:
    """A source, its grid, and what stages before this one made of it."""

    source: Path
    grid: Grid
    inputs: dict[str, StageInput]
    chunks: tuple[str, ...]
    tracks: tuple[str, ...] = ()


def ffmpeg(*arguments: str | Path) -> bytes:
    argv = [str(get_tools().ffmpeg), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(argv, check=True, capture_output=True).stdout


def film(
    folder: Path,
    rate: str,
    lengths: Sequence[int],
    ladder: Sequence[Rendition] = TWO,
    tracks: Sequence[AudioResult] = (),
    gop: int = 0,
) -> Film:
    """A film of numbered frames, encoded in chunks, with a click in its sound at each second."""
    frames = sum(lengths)
    grid = Grid(rate=rate, frames=frames, gop_frames=gop or round(2 * Fraction(rate)))
    source = folder / "source.mp4"
    picture = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={rate}"
    strip = f"color=black:size=32x{HEIGHT}:rate={rate},{STRIP}"
    ffmpeg("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", strip, "-filter_complex",
           "[0][1]overlay,format=yuv420p", "-frames:v", str(frames), "-c:v", "libx264",
           "-preset", "ultrafast", "-crf", "8", "-g", "24", source)  # fmt: skip
    probe = measure(source, get_tools())
    codecs = {one.codec for one in ladder}
    encoders: dict[Codec, str] = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
    analysis = AnalyseResult(
        ladder=tuple(ladder), encoders={c: name for c, name in encoders.items() if c in codecs}
    )
    inputs = {"probe": StageInput(probe), "analyse": StageInput(analysis)}
    for number, length in enumerate(lengths):
        begin = sum(lengths[:number])
        options = EncodeOptions(
            grid=grid,
            begin=begin,
            frames=length,
            thumbnail_every=4,
            last=begin + length == frames,
        )
        inputs[f"encode.{number}"] = encoded(source, folder / f"encode.{number}", inputs, options)
    for number, track in enumerate(tracks):
        path = folder / f"audio{number}.m4a"
        click = f"aevalsrc='if(lt(mod(t,1),0.001),0.8,0)':s=48000:d={grid.seconds}"
        ffmpeg("-f", "lavfi", "-i", click, "-c:a", "aac", "-ac", str(track.channels), path)
        inputs[f"audio.{number}"] = StageInput(track, {"audio.m4a": path})
    chunks = tuple(f"encode.{number}" for number in range(len(lengths)))
    heard = tuple(f"audio.{number}" for number in range(len(tracks)))
    return Film(source, grid, inputs, chunks, heard)


def encoded(
    source: Path, scratch: Path, inputs: Mapping[str, StageInput], options: EncodeOptions
) -> StageInput:
    scratch.mkdir()
    context = StageContext(source, "", scratch, get_tools(), inputs)
    result = encode.run(context, options)
    return StageInput(result.value, {file.name: file.path for file in result.artifacts})


def track(**facts: Any) -> AudioResult:
    made = {"codec": "aac", "channels": 2, "sample_rate": 48000, "bitrate": 128_000}
    return AudioResult(**(made | {"duration_seconds": 1.0} | facts))


def packaged(given: Film, scratch: Path, **changes: Any) -> StageResult:
    scratch.mkdir(exist_ok=True)
    context = StageContext(given.source, "", scratch, get_tools(), given.inputs)
    options = PackageOptions(grid=given.grid, chunks=given.chunks, tracks=given.tracks)
    return package.run(replace(context, **changes), options)


def value(result: StageResult) -> PackageResult:
    assert isinstance(result.value, PackageResult)
    return result.value


@dataclass
class Package:
    """A result with its files."""

    film: Film
    result: StageResult
    folder: Path
    heard: list[float] = field(default_factory=list)

    def text(self, name: str) -> str:
        return (self.folder / "stream" / name).read_text()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Three chunks at a fractional rate, the last of half a second, with two tracks of sound."""
    folder = tmp_path_factory.mktemp("three")
    tracks = [
        track(language="fre", channels=1, loudness=-14.1),
        track(language="eng", title='The "real" one, 5 & <more>', default=True, loudness=-13.9),
    ]
    given = film(folder, "24000/1001", [144, 144, 12], tracks=tracks)
    heard: list[float] = []
    result = packaged(given, folder / "scratch", progress=heard.append)
    return Package(given, result, folder / "scratch", heard)


def lightness(path: Path, *seek: str) -> list[int]:
    """Numbers of the frames as they are seen, modulo 14."""
    # Limited range to full: 16 is 0, 235 is 255.
    strip = "crop=iw/20:ih:0:0,scale=1:1"
    seen = ffmpeg(*seek, "-i", path, "-map", "0:v:0", "-vf", strip, "-fps_mode", "passthrough",
                  "-pix_fmt", "gray", "-f", "rawvideo", "-")  # fmt: skip
    return [round(((level * 219 / 255 + 16) - 30) / 14) for level in seen]


def packets(path: Path, kind: str) -> list[tuple[float, bool]]:
    """Times in seconds of a file's packets, as ffprobe reads them, and which are keyframes."""
    argv = [str(get_tools().ffprobe), "-v", "error", "-select_streams", kind, "-show_entries",
            "packet=pts_time,flags", "-of", "csv=p=0", str(path)]  # fmt: skip
    told = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
    return [(float(row.split(",")[0]), "K" in row.split(",")[1]) for row in told]


def clicks(path: Path) -> list[float]:
    """When the first sound of a file clicks, in seconds."""
    heard = ffmpeg("-i", path, "-map", "0:a:0", "-ac", "1", "-f", "s16le", "-")
    loud, at = [], 0
    while at < len(heard) // 2:
        if abs(int.from_bytes(heard[2 * at : 2 * at + 2], "little", signed=True)) > 8000:
            loud.append(at / 48000)
            at += 24000
        at += 1
    return loud


RANGE: Final = re.compile(r"#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)\n")


def ranges(playlist: str) -> list[tuple[float, int, int, str]]:
    """Seconds, bytes, place and file of each segment; every line of the playlist is known."""
    found = RANGE.findall(playlist)
    rest = RANGE.sub("", playlist).splitlines()
    assert rest[0] == "#EXTM3U"
    assert rest[-1] == "#EXT-X-ENDLIST"
    assert all(line.startswith("#EXT-X-") for line in rest[1:])
    return [(float(length), int(size), int(at), name) for length, size, at, name in found]


def boxes(data: bytes) -> list[tuple[str, int]]:
    """Kinds and places of the outermost boxes."""
    at, found = 0, []
    while at < len(data):
        found.append((data[at + 4 : at + 8].decode(), at))
        at += int.from_bytes(data[at : at + 4], "big")
    assert at == len(data)
    return found


def test_every_frame_is_shown_once_and_sound_clicks_on_the_second(three: Package) -> None:
    expected = [number % 14 for number in range(300)]
    playlists = ("stream/master.m3u8", "stream/180p.m3u8", "stream/120p.m3u8")
    for name in (*playlists, "stream/180p.mp4", "stream/manifest.mpd", "mp4/180p.mp4"):
        assert lightness(three.folder / name) == expected, name
    for name in ("stream/master.m3u8", "stream/audio-1-en.mp4", "mp4/180p.mp4"):
        heard = clicks(three.folder / name)
        assert heard == pytest.approx(range(13), abs=0.002), name
    # Decoding begins at the same moment for both.
    assert packets(three.folder / "stream/master.m3u8", "v")[0][0] == 0.0


def test_frames_are_at_their_exact_times_in_every_file(three: Package) -> None:
    for name in ("stream/180p.mp4", "stream/120p.mp4", "mp4/180p.mp4"):
        found = packets(three.folder / name, "v")
        exact = [float(number * Fraction(1001, 24000)) for number in range(300)]
        assert sorted(time for time, _ in found) == pytest.approx(exact, abs=1e-6)
        assert [time for time, key in found if key] == pytest.approx(exact[::48], abs=1e-6)


@pytest.mark.parametrize("seconds", [0, 1.9, 2.1, 5, 6.1, 12.2])
def test_seeking_leads_to_the_keyframe_before_and_skips_nothing(
    three: Package, seconds: float
) -> None:
    keyframe = int(seconds / 2.002) * 48
    expected = [number % 14 for number in range(keyframe, 300)]
    for name in ("stream/180p.mp4", "mp4/180p.mp4"):
        seek = ("-noaccurate_seek", "-ss", str(seconds))
        assert lightness(three.folder / name, *seek) == expected, name


def test_segments_of_all_renditions_are_the_same_frames_and_begin_with_a_keyframe(
    three: Package,
) -> None:
    for name in ("180p", "120p"):
        data = (three.folder / f"stream/{name}.mp4").read_bytes()
        kinds = {at: kind for kind, at in boxes(data)}
        found = ranges(three.text(f"{name}.m3u8"))
        assert [length for length, *_ in found] == [6.006, 6.006, 0.5005]
        assert all(kinds[at] == "moof" and file == f"{name}.mp4" for _, _, at, file in found)
        # Segments lie side by side up to the end.
        ends = [at + size for _, size, at, _ in found]
        assert ends == [at for _, _, at, _ in found[1:]] + [len(data)]
        header = re.search(r'#EXT-X-MAP:URI="(.*)",BYTERANGE="(\d+)@0"', three.text(f"{name}.m3u8"))
        assert header is not None
        assert header[1] == f"{name}.mp4"
        assert [kind for kind, _ in boxes(data[: int(header[2])])] == ["ftyp", "moov"]
        assert "#EXT-X-TARGETDURATION:6\n" in three.text(f"{name}.m3u8")


def test_every_keyframe_can_be_shown_alone(three: Package) -> None:
    data = (three.folder / "stream/180p.mp4").read_bytes()
    text = three.text("180p-iframes.m3u8")
    assert "#EXT-X-I-FRAMES-ONLY\n" in text
    header = data[: int(re.search(r'BYTERANGE="(\d+)@0"', text)[1])]  # type: ignore[index]
    found = ranges(text)
    assert [length for length, *_ in found] == [2.002] * 6 + [0.5005]
    for number, (_, size, at, _) in enumerate(found):
        alone = three.folder / "alone.mp4"
        alone.write_bytes(header + data[at : at + size])
        assert lightness(alone)[:1] == [number * 48 % 14]
        alone.unlink()


def attributes(line: str) -> dict[str, str]:
    """The attribute list of a tag."""
    found = re.findall(r'([A-Z-]+)=("[^"]*"|[^,]*)', line.partition(":")[2])
    return {name: text.strip('"') for name, text in found}


def test_the_master_playlist_tells_the_truth(three: Package) -> None:
    lines = three.text("master.m3u8").splitlines()
    assert lines[:3] == ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    offered = {
        lines[at + 1]: attributes(line)
        for at, line in enumerate(lines)
        if line.startswith("#EXT-X-STREAM-INF")
    }
    sound = max(
        (three.folder / f"stream/{name}.mp4").stat().st_size
        for name in ("audio-0-fr", "audio-1-en")
    )
    for uri, size in (("180p.m3u8", "320x180"), ("120p.m3u8", "214x120")):
        told = offered[uri]
        assert (told["RESOLUTION"], told["FRAME-RATE"], told["AUDIO"]) == (size, "23.976", "audio")
        assert re.fullmatch(r"avc1\.6400[0-9a-f]{2},mp4a\.40\.2", told["CODECS"])
        parts = ranges(three.text(uri))
        peak = max(size * 8 / length for length, size, *_ in parts if length > 3)
        assert int(told["BANDWIDTH"]) > peak
        total = (three.folder / f"stream/{uri[:-5]}.mp4").stat().st_size + sound
        assert int(told["AVERAGE-BANDWIDTH"]) == pytest.approx(total * 8 / 12.5125, rel=0.02)
        assert int(told["AVERAGE-BANDWIDTH"]) <= int(told["BANDWIDTH"])
        name = uri.removesuffix(".m3u8")
        result = value(three.result)
        assert result.bandwidths[name] == int(told["BANDWIDTH"])
        assert result.codecs[name] == told["CODECS"]
    looks = [attributes(line) for line in lines if line.startswith("#EXT-X-I-FRAME")]
    assert [one["URI"] for one in looks] == ["180p-iframes.m3u8", "120p-iframes.m3u8"]


def test_tracks_are_offered_by_language_with_one_default(three: Package) -> None:
    lines = three.text("master.m3u8").splitlines()
    tracks = [attributes(line) for line in lines if line.startswith("#EXT-X-MEDIA")]
    assert [(one["LANGUAGE"], one["NAME"], one["DEFAULT"], one["CHANNELS"]) for one in tracks] == [
        ("fr", "French", "NO", "1"),
        ("en", "The 'real' one, 5 & <more>", "YES", "2"),
    ]
    assert {one["AUTOSELECT"] for one in tracks} == {"YES"}
    for one in tracks:
        parts = ranges(three.text(one["URI"]))
        assert sum(length for length, *_ in parts) == pytest.approx(12.5125, abs=0.022)
        assert parts[0][0] == pytest.approx(6.006, abs=0.022)


def test_the_manifest_leads_to_the_same_media(three: Package) -> None:
    root = ET.fromstring(three.text("manifest.mpd"))
    assert root.get("mediaPresentationDuration") == "PT12.5125S"
    assert "urn:mpeg:dash:profile:isoff-on-demand:2011" in root.get("profiles", "")
    sets = root.findall("Period/AdaptationSet", DASH)
    assert [one.get("contentType") for one in sets] == ["video", "audio", "audio"]
    assert [one.get("lang") for one in sets] == [None, "fr", "en"]
    assert sets[0].get("frameRate") == "24000/1001"
    assert {one.get("subsegmentAlignment") for one in sets} == {"true"}
    names = []
    for one in root.iter(f"{{{DASH['']}}}Representation"):
        name = one.findtext("BaseURL", "", DASH)
        names.append(name)
        data = (three.folder / "stream" / name).read_bytes()
        kinds = boxes(data)
        base = one.find("SegmentBase", DASH)
        assert base is not None
        begin, end = map(int, base.get("indexRange", "").split("-"))
        assert ("sidx", begin) in kinds
        assert ("moof", end + 1) in kinds
        first = base.find("Initialization", DASH)
        assert first is not None
        assert first.get("range") == f"0-{begin - 1}"
        assert int(one.get("bandwidth", "0")) > 0
    assert names == ["180p.mp4", "120p.mp4", "audio-0-fr.mp4", "audio-1-en.mp4"]


def test_files_say_what_they_are(three: Package) -> None:
    files = {one.name: one for one in three.result.artifacts}
    assert all(one.path == three.folder / name for name, one in files.items())
    told = {name: (one.kind, one.attributes.role) for name, one in files.items()}
    assert told == {
        "stream/master.m3u8": ("hls", "master"),
        "stream/manifest.mpd": ("dash", "manifest"),
        "stream/180p.m3u8": ("hls", "playlist"),
        "stream/180p-iframes.m3u8": ("hls", "iframes"),
        "stream/180p.mp4": ("hls", "media"),
        "stream/120p.m3u8": ("hls", "playlist"),
        "stream/120p-iframes.m3u8": ("hls", "iframes"),
        "stream/120p.mp4": ("hls", "media"),
        "mp4/180p.mp4": ("mp4", None),
        "stream/audio-0-fr.m3u8": ("hls", "playlist"),
        "stream/audio-0-fr.mp4": ("audio", "media"),
        "stream/audio-1-en.m3u8": ("hls", "playlist"),
        "stream/audio-1-en.mp4": ("audio", "media"),
    }
    media = files["stream/120p.mp4"].attributes
    size = files["stream/120p.mp4"].path.stat().st_size
    assert (media.width, media.height, media.rendition) == (214, 120, "120p")
    assert (media.frame_rate, media.duration) == (23.976, 12.512)
    assert media.bitrate == pytest.approx(size * 8 / 12.5125, rel=0.01)
    assert media.ssim is not None
    assert media.ssim > 0.9
    sound = files["stream/audio-1-en.mp4"].attributes
    assert (sound.language, sound.channels, sound.loudness) == ("en", 2, -13.9)
    assert sound.duration == pytest.approx(12.5125, abs=0.022)
    whole = files["mp4/180p.mp4"]
    assert whole.attributes.codec == value(three.result).codecs["180p"]
    top = [kind for kind, _ in boxes(whole.path.read_bytes())]
    assert top.index("moov") < top.index("mdat")
    # Nothing else is left where the worker looks for files, but what verifying wrote.
    left = {path.name for path in three.folder.iterdir()} - {"verification"}
    assert left == {"stream", "mp4"}
    assert {f"stream/{path.name}" for path in (three.folder / "stream").iterdir()} < set(files)


def test_the_result_says_what_was_made_and_what_it_cost(three: Package) -> None:
    result = value(three.result)
    assert (result.duration_seconds, result.frame_rate) == (12.512, "24000/1001")
    assert [one.name for one in result.renditions] == ["180p", "120p"]
    assert [one.rendition for one in result.quality] == ["180p", "120p"]
    assert len(result.checks) > 4
    assert min(result.join_seconds, result.package_seconds, result.verify_seconds) > 0
    assert result == PackageResult.model_validate_json(result.model_dump_json())
    assert three.heard == sorted(three.heard)
    assert three.heard[-1] == 1.0


def test_the_same_chunks_give_the_same_bytes(three: Package, tmp_path: Path) -> None:
    again = packaged(three.film, tmp_path / "again")
    for first, second in zip(three.result.artifacts, again.artifacts, strict=True):
        assert first.name == second.name
        assert first.path.read_bytes() == second.path.read_bytes(), first.name
        assert first.attributes == second.attributes


def test_one_chunk_that_no_mp4_is_wanted_of_is_not_copied(tmp_path: Path) -> None:
    given = film(tmp_path, "25/1", [1], [rendition("180p", 180)])
    # No ffmpeg runs before the package is there, which is what a copy would take.
    scratch = tmp_path / "scratch"
    with pytest.raises(Retryable):
        packaged(given, scratch, tools=replace(get_tools(), ffmpeg=Path("/bin/false")))
    assert (scratch / "stream/master.m3u8").exists()


def test_a_film_of_one_frame_without_sound_is_packaged(tmp_path: Path) -> None:
    given = film(tmp_path, "25/1", [1], [rendition("180p", 180, mp4=True)])
    result = packaged(given, tmp_path / "scratch")
    text = (tmp_path / "scratch/stream/master.m3u8").read_text()
    assert "#EXT-X-MEDIA" not in text
    assert "AUDIO=" not in text
    assert value(result).codecs["180p"].startswith("avc1.")
    for name in ("stream/master.m3u8", "mp4/180p.mp4"):
        assert lightness(tmp_path / "scratch" / name) == [0]
    assert ranges((tmp_path / "scratch/stream/180p-iframes.m3u8").read_text())[0][0] == 0.04
    root = ET.parse(tmp_path / "scratch/stream/manifest.mpd").getroot()
    assert len(root.findall("Period/AdaptationSet", DASH)) == 1


def test_other_codecs_stand_beside_h264(tmp_path: Path) -> None:
    ladder = [
        rendition("180p", 180),
        rendition("180p-hevc", 180, "hevc"),
        rendition("180p-av1", 180, "av1"),
    ]
    given = film(tmp_path, "1199/40", [180, 20], ladder)
    result = packaged(given, tmp_path / "scratch")
    codecs = value(result).codecs
    assert re.fullmatch(r"hvc1\.1\.\d+\.L\d+\.\w+", codecs["180p-hevc"])
    assert re.fullmatch(r"av01\.0\.\d\dM\.08(\.[\d.]+)?", codecs["180p-av1"])
    for one in ladder:
        path = tmp_path / f"scratch/stream/{one.name}.mp4"
        assert lightness(path) == [number % 14 for number in range(200)]
        exact = [float(number * Fraction(40, 1199)) for number in range(200)]
        assert sorted(time for time, _ in packets(path, "v")) == pytest.approx(exact, abs=1e-6)
    text = (tmp_path / "scratch/stream/master.m3u8").read_text()
    assert re.findall(r"^(\S+)\.m3u8$", text, re.MULTILINE)[0] == "180p"
    root = ET.parse(tmp_path / "scratch/stream/manifest.mpd").getroot()
    assert len(root.findall("Period/AdaptationSet", DASH)) == 3


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Film:
    """Two short chunks, one small rendition wanted as an MP4, one track."""
    folder = tmp_path_factory.mktemp("two")
    return film(folder, "10/1", [60, 5], [rendition("120p", 120, mp4=True)], [track()])


def test_a_chunk_of_another_encoder_is_named(two: Film, tmp_path: Path) -> None:
    other = tmp_path / "120p.mp4"
    old = two.inputs["encode.1"]
    ffmpeg("-i", old.paths["120p.mp4"], "-c:v", "libx264", "-preset", "ultrafast", other)
    inputs = two.inputs | {"encode.1": replace(old, paths={"120p.mp4": other})}
    with pytest.raises(PartsDiffer) as caught:
        packaged(replace(two, inputs=inputs), tmp_path / "scratch")
    assert (caught.value.rendition, len(caught.value.parts)) == ("120p", 1)


def test_a_chunk_in_the_wrong_place_is_told(two: Film, tmp_path: Path) -> None:
    chunks = two.chunks[::-1]
    with pytest.raises(Retryable) as caught:
        packaged(replace(two, chunks=chunks), tmp_path / "scratch")
    assert "120p" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_chunk_that_lacks_frames_is_told(two: Film, tmp_path: Path) -> None:
    with pytest.raises(NotOnGrid, match="120p has 60 frames, not 65"):
        packaged(replace(two, chunks=two.chunks[:1]), tmp_path / "scratch")


def test_a_picture_that_is_not_the_sources_is_no_success(two: Film, tmp_path: Path) -> None:
    source = tmp_path / "other.mp4"
    ffmpeg("-i", two.source, "-vf", "vflip,negate", "-c:v", "libx264", "-preset", "ultrafast",
           source)  # fmt: skip
    with pytest.raises(OutputWrong, match="120p"):
        packaged(replace(two, source=source), tmp_path / "scratch")


@pytest.mark.parametrize("name", ["mp4/120p.mp4", "stream/120p.mp4"])
def test_a_full_disk_is_told_as_such(
    two: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    # /dev/full takes the place of a file as soon as there is a folder for it.
    made = Path.mkdir

    def mkdir(self: Path, *rest: Any, **more: Any) -> None:
        made(self, *rest, **more)
        if self.name == name.split("/", maxsplit=1)[0]:
            (self / "120p.mp4").symlink_to("/dev/full")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(DiskFull):
        packaged(two, tmp_path / "scratch")


def test_scratch_space_is_bounded(two: Film, tmp_path: Path) -> None:
    with pytest.raises(LimitReached):
        packaged(two, tmp_path / "scratch", scratch_bytes=10_000)


def test_a_cancelled_stage_stops(two: Film, tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel(CancelReason.CANCELLED)
    with pytest.raises(Cancelled):
        packaged(two, tmp_path / "scratch", cancel=token)
