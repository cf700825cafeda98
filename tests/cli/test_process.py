"""`automator process`: files in, artifacts and a manifest out, one clear line where one fails."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from cli.connection import settings_of
from cli.endpoints import read_endpoints, start_installation
from core.embedded.processes import processes_in
from services import runs
from services.installation import DEFAULT_TENANT, Installation
from tests.image_samples import encoded, exif, quarters
from tests.media_samples import Sample

ROOT = Path(__file__).parents[2]
# Whole clips are encoded here, half a minute each where nothing else runs: what hangs is ended.
PATIENCE = 280
pytestmark = pytest.mark.timeout(PATIENCE + 20)

CLIP = ROOT / "docs" / "demo" / "clip.mp4"
SCHEMA = ROOT / "docs" / "manifest.schema.json"


def environment() -> dict[str, str]:
    """Ours without the addresses of anybody's servers."""
    return {name: value for name, value in os.environ.items() if not name.endswith("_URL")}


def process(data: Path, out: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-m", "cli.main", "process", "--data", data, "--out", out]
    return subprocess.run(
        [*map(str, command), *map(str, arguments)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture(scope="module")
def data() -> Iterator[Path]:
    """The data folder of an installation that runs for the whole module.

    Its leases are shorter than in the field, so that nobody waits long for those of the dead.
    """
    folder = Path(tempfile.mkdtemp(prefix="automator-process-", dir="/tmp"))
    folder.chmod(0o711)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEASE_SECONDS", "3")
        patch.setenv("RENEW_SECONDS", "0.75")
        with start_installation(folder / "data", workers=1):
            yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def short(sample: Sample, tmp_path: Path) -> Path:
    """A clip of a few seconds."""
    return Path(shutil.copy(sample("plain.mp4"), tmp_path / "short.mp4"))


def manifest_of(folder: Path) -> dict[str, Any]:
    """A folder's manifest, held to the schema and to the files beside it."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    jsonschema.validate(manifest, json.loads(SCHEMA.read_text()))
    listed = {"manifest.json"}
    for artifact in manifest["artifacts"]:
        content = (folder / artifact["path"]).read_bytes()
        assert len(content) == artifact["bytes"]
        assert hashlib.sha256(content).hexdigest() == artifact["sha256"]
        listed.add(artifact["path"])
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == listed
    return manifest


@pytest.mark.long  # tests/pipeline/test_recipe.py has the recipe, and the tests below the command
def test_a_clip_becomes_all_that_a_recipe_names(data: Path, tmp_path: Path) -> None:
    done = process(data, tmp_path / "out", CLIP)
    assert done.returncode == 0, done.stderr
    manifest = manifest_of(tmp_path / "out" / "clip")
    assert manifest["asset"]["sha256"] == hashlib.sha256(CLIP.read_bytes()).hexdigest()
    assert manifest["asset"]["media"]["duration_seconds"] == pytest.approx(25, abs=0.1)
    assert manifest["run"]["state"] == "done"
    names = [
        "probe", "preview", "analyse", "audio.0", "encode.0", "package", "pictures", "shots",
        "thumbnails", "transcribe", "captions", "captioned.0", "words", "moments",
    ]  # fmt: skip
    assert [(stage["name"], stage["state"]) for stage in manifest["stages"]] == [
        (name, "done") for name in names
    ]
    kinds = {artifact["kind"] for artifact in manifest["artifacts"]}
    assert kinds == {
        "source", "hls", "dash", "audio", "mp4", "poster", "storyboard", "transcript", "shots",
        "thumbnail", "captions", "metadata", "moments",
    }  # fmt: skip
    roles = {(artifact["kind"], artifact.get("role")) for artifact in manifest["artifacts"]}
    assert roles == {
        ("source", None), ("hls", "master"), ("hls", "playlist"), ("hls", "iframes"),
        ("hls", "media"), ("dash", "manifest"), ("audio", "media"), ("audio", "speech"),
        ("mp4", None), ("poster", None), ("storyboard", "sheet"), ("storyboard", "index"),
        ("shots", "list"), ("thumbnail", "plain"), ("thumbnail", "titled"), ("thumbnail", "index"),
        ("transcript", None), ("metadata", None), ("captions", "vtt"), ("captions", "srt"),
        ("captions", "ttml"), ("captions", "ass"), ("captions", "karaoke"),
        ("captions", "playlist"), ("captions", "segment"), ("moments", "list"),
    }  # fmt: skip
    master = (tmp_path / "out" / "clip" / "stream" / "master.m3u8").read_text()
    assert 'TYPE=SUBTITLES,GROUP-ID="captions",NAME="English"' in master
    paths = {artifact["path"] for artifact in manifest["artifacts"]}
    assert {"source/clip.mp4", "stream/master.m3u8", "stream/manifest.mpd"} <= paths
    assert not any(path.startswith("preview/") for path in paths)
    results = {stage["name"]: stage["result"] for stage in manifest["stages"]}
    assert results["analyse"]["decisions"]
    assert {one["rendition"] for one in results["package"]["quality"]} == {
        one["name"] for one in results["package"]["renditions"]
    }
    assert str(tmp_path / "out" / "clip" / "manifest.json") in done.stdout
    for name in names:
        assert f"clip.mp4: {name} done" in done.stderr


def test_one_bad_file_is_named_with_its_reason_and_the_others_go_on(
    data: Path, tmp_path: Path, short: Path
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")
    (tmp_path / "cut.mp4").write_bytes(CLIP.read_bytes()[:300_000])
    bad = [tmp_path / name for name in ("empty.mp4", "text.mp4", "cut.mp4", "missing.mp4")]
    done = process(data, tmp_path / "out", *bad, short, tmp_path)
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("automator: ")]
    assert len(lines) == 5, done.stderr
    for file, line in zip([*bad, tmp_path], lines, strict=True):
        assert line.startswith(f"automator: {file}: ")
        assert len(line) < 300
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["short"]
    assert manifest_of(tmp_path / "out" / "short")["run"]["state"] == "done"


def test_inputs_of_the_same_name_get_folders_of_their_own(
    data: Path, tmp_path: Path, short: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(short, tmp_path / folder / "film.mp4")
    done = process(
        data, tmp_path / "out", "--json", tmp_path / "a" / "film.mp4", tmp_path / "b" / "film.mp4"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [Path(job["manifest"]).parent.name for job in told] == ["film", "film-2"]
    assert [job["error"] for job in told] == [None, None]
    first, second = (manifest_of(tmp_path / "out" / name) for name in ("film", "film-2"))
    assert first["run"]["id"] != second["run"]["id"]
    digests = [
        {artifact["path"]: artifact["sha256"] for artifact in manifest["artifacts"]}
        for manifest in (first, second)
    ]
    assert digests[0] == digests[1], "the same file became different artifacts"


def test_a_folder_that_is_not_ours_is_not_overwritten(data: Path, tmp_path: Path) -> None:
    precious = tmp_path / "out" / "clip" / "precious.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("keep me")
    done = process(data, tmp_path / "out", CLIP)
    assert done.returncode == 1
    assert "in the way" in done.stderr
    assert precious.read_text() == "keep me"


def files_in(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_an_unknown_recipe_is_refused_with_the_ones_there_are(data: Path, tmp_path: Path) -> None:
    done = process(data, tmp_path / "out", "--recipe", "soup", CLIP)
    assert done.returncode == 1
    assert "there is no recipe 'soup'; there is" in done.stderr
    assert "video" in done.stderr
    document = tmp_path / "letter.pdf"
    document.write_bytes(b"%PDF-1.7\n" + bytes(100))
    stored = files_in(data / "storage")
    done = process(data, tmp_path / "out", document)
    assert "no recipe takes a file of the type application/pdf" in done.stderr
    assert files_in(data / "storage") == stored


def test_a_photo_becomes_all_that_the_recipe_image_names(data: Path, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(quarters((700, 500)), "JPEG", exif=exif(Copyright="Ada")))
    done = process(data, tmp_path / "out", photo)
    assert done.returncode == 0, done.stderr
    manifest = manifest_of(tmp_path / "out" / "photo")
    assert (manifest["asset"]["kind"], manifest["run"]["recipe"]) == ("image", "image")
    assert (manifest["asset"]["media"]["width"], manifest["asset"]["media"]["height"]) == (700, 500)
    probed, made = manifest["stages"]
    assert (probed["name"], probed["result"]) == ("probe_image", None)
    assert made["result"]["copyright"] == "Ada"
    assert len(made["result"]["placeholder"]) >= 20
    kinds = {(one["kind"], one.get("role")) for one in manifest["artifacts"]}
    assert {("image", "variant"), ("image", "crop"), ("poster", None)} <= kinds
    crop = next(one for one in manifest["artifacts"] if one.get("rendition") == "4:5")
    assert (crop["width"], crop["height"], crop["codec"]) == (400, 500, "jpeg")


def begin(data: Path, out: Path, *files: Path) -> subprocess.Popen[str]:
    """Run the command, and go on while it works."""
    command = [sys.executable, "-m", "cli.main", "process", "--data", data, "--out", out, *files]
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(running: subprocess.Popen[str], words: str) -> None:
    assert running.stderr is not None
    said = []
    for line in running.stderr:
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("noise") / "big.mkv"
    ffmpeg_noise(target)
    return target


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_what_was_begun(
    data: Path, tmp_path: Path, big: Path, number: signal.Signals
) -> None:
    running = begin(data, tmp_path / "out", big)
    wait_for(running, "encode.0 running")
    running.send_signal(number)
    _, rest = running.communicate(timeout=20)
    assert running.returncode == 128 + number, rest
    endpoints = read_endpoints(data)
    with closing(Installation(settings_of(endpoints, data))) as installation:
        place = installation.place(DEFAULT_TENANT)
        deadline = time.monotonic() + 5
        while True:
            with installation.tenant_scope(place) as session:
                state = runs.latest(session, limit=1)[0].state
            if state == "cancelled":
                break
            assert time.monotonic() < deadline, state
            time.sleep(0.05)
    assert not (tmp_path / "out").exists()


def test_a_database_that_restarts_meanwhile_is_waited_for(
    data: Path, tmp_path: Path, short: Path
) -> None:
    running = begin(data, tmp_path / "out", short)
    wait_for(running, "probe")
    servers = processes_in(data / "postgres", "postgres")
    assert servers
    for pid in servers:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _, rest = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, rest
    manifest_of(tmp_path / "out" / "short")


def ffmpeg_noise(target: Path, size: str = "1280x720", seconds: int = 8) -> None:
    """A video that takes long to encode: moving noise, in a codec that cannot be kept."""
    from transcoders.tools import find_tools

    source = f"testsrc2=s={size}:r=30,noise=alls=50:allf=t"
    encode = ("-t", str(seconds), "-c:v", "mjpeg", "-q:v", "8")
    ffmpeg = str(find_tools().ffmpeg)
    subprocess.run(
        [ffmpeg, "-v", "error", "-f", "lavfi", "-i", source, *encode, str(target)], check=True
    )


def test_two_that_begin_at_once_share_one_installation_to_the_end(
    tmp_path: Path, short: Path
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="automator-both-", dir="/tmp"))
    folder.chmod(0o711)
    big = tmp_path / "big.mkv"
    ffmpeg_noise(big, "640x360", 4)
    try:
        both = [
            begin(folder / "data", tmp_path / name, file)
            for name, file in (("short", short), ("long", big))
        ]
        for running in both:
            _, said = running.communicate(timeout=PATIENCE)
            assert running.returncode == 0, said
        manifest_of(tmp_path / "short" / "short")
        manifest_of(tmp_path / "long" / "big")
        assert read_endpoints(folder / "data") is None
    finally:
        shutil.rmtree(folder)


def test_process_starts_an_installation_for_itself_and_leaves_nothing_running(
    tmp_path: Path, short: Path
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="automator-alone-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        done = process(folder / "data", tmp_path / "out", short)
        assert done.returncode == 0, done.stderr
        manifest_of(tmp_path / "out" / "short")
        left = [
            found.info["cmdline"]
            for found in psutil.process_iter(["cmdline"])
            if any(str(folder) in part for part in found.info["cmdline"] or [])
        ]
        assert left == []
        assert read_endpoints(folder / "data") is None
    finally:
        shutil.rmtree(folder)
