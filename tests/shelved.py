"""Assets with packages for tests: rows and stored files, as stages leave them."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

from core.keys import artifact_prefix, source_key
from models.asset import Artifact, Asset
from pipeline.plan.stage_types import WORK
from services.installation import DEFAULT_TENANT, Installation, Place

HLS = "application/vnd.apple.mpegurl"
MASTER = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x,URI=",URI="audio.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS="avc1.64001e",AUDIO="a"
360p.m3u8
"""
MEDIA = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MAP:URI="360p.mp4",BYTERANGE="100@0"
#EXTINF:6.0,
#EXT-X-BYTERANGE:500@100
360p.mp4
#EXTINF:6.0,
#EXT-X-BYTERANGE:400@600
360p.mp4
#EXT-X-ENDLIST
"""
MPD = """<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>
<Representation id="0"><BaseURL>360p.mp4</BaseURL><SegmentBase indexRange="50-99"/></Representation>
</AdaptationSet></Period></MPD>
"""
FILM = hashlib.shake_256(b"film").digest(1000)
PACKAGE: Mapping[str, bytes] = {
    "stream/master.m3u8": MASTER.encode(),
    "stream/360p.m3u8": MEDIA.encode(),
    "stream/audio.m3u8": MEDIA.replace("360p", "audio").encode(),
    "stream/360p.mp4": FILM,
    "stream/audio.mp4": FILM[::-1],
    "stream/manifest.mpd": MPD.encode(),
    "mp4/360p.mp4": FILM * 2,
    "poster.jpg": b"\xff\xd8\xff poster",
    "storyboard/index.vtt": b"WEBVTT\n",
    "notes.html": b"<script>parent.ran = true</script>",
    "notes.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "speech/speech.wav": b"RIFF",
}
_KINDS = {  # by path: kind, role, media type
    "stream/master.m3u8": ("hls", "master", HLS),
    "stream/manifest.mpd": ("dash", "manifest", "application/dash+xml"),
    "poster.jpg": ("poster", None, "image/jpeg"),
    "storyboard/index.vtt": ("storyboard", "index", "text/vtt"),
    "notes.html": ("notes", None, "text/html"),
    "notes.svg": ("image", None, "image/svg+xml"),
    "speech/speech.wav": ("audio", "speech", "audio/wav"),
    "image/640.avif": ("image", "variant", "image/avif"),
    "crop/4x5.jpg": ("image", "crop", "image/jpeg"),
}


PICTURES: Mapping[str, bytes] = {
    "poster.jpg": b"\xff\xd8\xff poster",
    "image/640.avif": b"\0\0\0\x1cftypavif",
    "crop/4x5.jpg": b"\xff\xd8\xff crop",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """An asset and the runs that made packages of it."""

    installation: Installation
    place: Place
    asset_id: UUID

    def add(
        self,
        files: Mapping[str, bytes] = PACKAGE,
        *,
        stage: str = "package",
        seconds: float = 12.0,
        run_id: UUID | None = None,
    ) -> UUID:
        """Make a package of a run's, in place of the stage's earlier one; the run."""
        run_id = run_id or uuid4()
        prefix = artifact_prefix(self.place.tenant_id, stage, "0" * 64, 1, run_id)
        with self.installation.tenant_scope(self.place) as session:
            for earlier in session.query(Artifact).filter_by(asset_id=self.asset_id, stage=stage):
                earlier.superseded_at = earlier.superseded_at or earlier.created_at
            for path, data in files.items():
                stored = put(self.installation, f"{prefix}/{path}", data)
                kind, role, mime = _kind(path)
                attributes = {"role": role, "duration": seconds, "width": 640, "height": 360}
                session.add(
                    Artifact(
                        asset_id=self.asset_id,
                        run_id=run_id,
                        stage_id=run_id,
                        stage=stage,
                        attempt=1,
                        kind=WORK if path.startswith("work/") else kind,
                        path=path,
                        storage_key=stored,
                        mime=mime,
                        bytes=len(data),
                        sha256=hashlib.sha256(data).hexdigest(),
                        attributes=attributes,
                    )
                )
        return run_id

    def change(self, **values: object) -> None:
        """Change columns of the asset."""
        with self.installation.tenant_scope(self.place) as session:
            session.query(Asset).filter_by(id=self.asset_id).update(values)  # type: ignore[arg-type]


def shelve(
    installation: Installation,
    tenant: str = DEFAULT_TENANT,
    *,
    name: str = "film.mp4",
    mime: str = "video/mp4",
    source: bytes = b"a source",
) -> Shown:
    """An asset with a source and no package yet."""
    place = installation.place(tenant)
    asset_id = uuid4()
    key = put(installation, source_key(place.tenant_id, asset_id), source)
    with installation.tenant_scope(place) as session:
        session.add(
            Asset(
                id=asset_id,
                name=name,
                kind="video",
                mime=mime,
                bytes=len(source),
                sha256=hashlib.sha256(source).hexdigest(),
                storage_key=key,
                media={"duration_seconds": 12.0},
            )
        )
    return Shown(installation, place, asset_id)


def put(installation: Installation, key: str, data: bytes) -> str:
    """Store bytes; their key."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        return installation.storage.put(key, path).key


def _kind(path: str) -> tuple[str, str | None, str]:
    if path in _KINDS:
        return _KINDS[path]
    if path.endswith("master.m3u8"):
        return "hls", "master", HLS
    if path.endswith(".m3u8"):
        return "hls", "playlist", HLS
    if path.startswith("mp4/"):
        return "mp4", None, "video/mp4"
    return "hls", "media", "video/mp4"
