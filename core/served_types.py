"""What files from outside are served as: types that cannot run, and names that promise no more."""

from typing import Final
from urllib.parse import quote

PLAIN: Final = "application/octet-stream"
# Types that a browser plays, shows or hands to a script, and never runs, with their extensions,
# the usual one first.
_INERT: Final[dict[str, tuple[str, ...]]] = {
    "video/mp4": ("mp4", "m4v"),
    "video/webm": ("webm",),
    "video/ogg": ("ogv", "ogg"),
    "video/quicktime": ("mov", "qt"),
    "video/x-matroska": ("mkv",),
    "video/mp2t": ("ts", "mts", "m2ts"),
    "video/mpeg": ("mpg", "mpeg", "vob", "m2v"),
    "video/x-msvideo": ("avi",),
    "video/x-ms-asf": ("wmv", "asf"),
    "video/x-flv": ("flv",),
    "video/x-dv": ("dv", "dif"),
    "audio/mp4": ("m4a", "mp4"),
    "audio/mpeg": ("mp3",),
    "audio/ogg": ("ogg", "opus"),
    "audio/wav": ("wav",),
    "audio/flac": ("flac",),
    "image/png": ("png",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/webp": ("webp",),
    "image/avif": ("avif",),
    "image/gif": ("gif",),
    "application/vnd.apple.mpegurl": ("m3u8",),
    "application/dash+xml": ("mpd",),
    "text/vtt": ("vtt",),
    "text/plain": ("txt",),
    "application/json": ("json",),
}
# What is only ever saved, under a name that fits it.
_SAVED: Final[dict[str, tuple[str, ...]]] = {
    "application/mxf": ("mxf",),
    "application/pdf": ("pdf",),
    "application/ttml+xml": ("ttml",),
    "application/x-subrip": ("srt",),
    "text/x-ssa": ("ass",),
    "application/x-tar": ("tar",),
    "image/tiff": ("tif", "tiff"),
    "image/heic": ("heic",),
    "image/heif": ("heif", "heic"),
}
SERVED_TYPES: Final = (*_INERT, PLAIN)
# For types with text in them: without it, browsers would guess.
_TEXT: Final = frozenset({"text/vtt", "text/plain"})


def served_type(mime: str) -> str:
    """The Content-Type for a file of that type: its own where nothing of it can run."""
    if mime not in _INERT:
        return PLAIN
    return f"{mime}; charset=utf-8" if mime in _TEXT else mime


def attachment(name: str, mime: str) -> str:
    """The Content-Disposition that saves a file under a name (RFC 6266).

    The name's extension decides what opens it later, so it becomes one of the type's own.
    """
    fitting = _INERT.get(mime) or _SAVED.get(mime) or ("bin",)
    if name.rpartition(".")[2].lower() not in fitting:
        name = f"{name}.{fitting[0]}"
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_. ") else "_"
                    for one in name)  # fmt: skip
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
