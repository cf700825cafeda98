"""Whether a package of HLS and DASH is valid, as programs see it that had no part in making it.

- hls-parser, strict: each playlist against RFC 8216.
- mp4box.js, the parser of GPAC: the structure of each media file (ISO/IEC 14496-12).
- MediaConch, MediaArea's conformance checker: the structure and the bitstreams of what a player is
  given, that is the bytes that a playlist names, put together.
- The cross-check: what those parsers read in playlists, MPD and media must agree. Its rules stand
  in `rules_media`, `rules_hls` and `rules_dash`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.playback import programs, rules_dash, rules_hls, rules_media
from tests.playback.findings import CROSS_CHECK, Finding
from tests.playback.reading import MediaPlaylist, Package, read

__all__ = ["Finding", "check"]


def check(folder: Path, *, conformance: bool = True) -> list[Finding]:
    """Everything that is wrong with the package in `folder`; MediaConch is asked at will."""
    package = read(folder)
    return [
        *_parsed(package),
        *(
            Finding(CROSS_CHECK, where, what)
            for rules in (rules_media, rules_hls, rules_dash)
            for where, what in rules.violations(package)
        ),
        *(_conformance(package) if conformance else ()),
    ]


def _parsed(package: Package) -> Iterator[Finding]:
    for fault in package.faults:
        yield Finding(fault.by, fault.file, fault.words)


def _conformance(package: Package) -> Iterator[Finding]:
    """What MediaConch says of the files that playlists make of byte ranges."""
    programs.mediaconch()
    with TemporaryDirectory(prefix="mediaconch-") as name:
        files = dict(_assembled(package, Path(name)))
        done = subprocess.run(
            [sys.executable, str(programs.HERE / "mediaconch_report.py"), *map(str, files)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=name,
            env={"PATH": os.defpath, "HOME": name, "LANG": "C.UTF-8"},
        )
    assert done.returncode == 0, done.stderr
    for complaint in json.loads(done.stdout):
        playlist, media = files[Path(complaint["file"])]
        if not _of_another_codec(complaint["value"], package.media[media].codec):
            yield Finding("MediaConch", playlist, f"{complaint['context']}: {complaint['value']}")


def _of_another_codec(words: str, codec: str) -> bool:
    """A rule for USAC's configuration, which MediaConch 25.4 holds against any AAC in CMAF."""
    return "UsacConfig" in words and codec != "mp4a.40.42"


def _assembled(package: Package, folder: Path) -> Iterable[tuple[Path, tuple[str, str]]]:
    for name, playlist in package.playlists.items():
        if not isinstance(playlist, MediaPlaylist) or playlist.iframes or not playlist.segments:
            continue
        source = playlist.segments[0].media.uri
        if source not in package.media:
            continue
        whole = (package.folder / source).read_bytes()
        ranges = [playlist.segments[0].init, *(one.media for one in playlist.segments)]
        path = folder / f"{name}.mp4"
        path.write_bytes(b"".join(whole[one.offset : one.end] for one in ranges))
        yield path, (name, source)
