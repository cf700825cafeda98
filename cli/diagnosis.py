"""What `automator doctor` looks at, and what it makes of it."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from core.embedded.processes import unprivileged_identity
from core.embedded.wheels import postgres_program, valkey_program
from core.errors import AutomatorError
from core.process import Limits, run
from core.sandbox import sandbox_report
from core.settings import GIB, Settings
from core.storage import open_storage
from transcoders import hardware
from transcoders.encoders import Hardware
from transcoders.tools import Tools, find_tools

NEEDED_ENCODERS = ("libx264", "aac", "mjpeg")
WISHED_ENCODERS = ("libx265", "libsvtav1", "libvpx-vp9", "libopus", "libwebp")
_LIMITS = Limits(wall_seconds=15)


class State(StrEnum):
    """`note` works, with something to know; `missing` must be mended."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table; `mend` says what to do about it."""

    area: str
    name: str
    state: State
    finding: str
    mend: str | None = None


def diagnose(settings: Settings, *, running: bool) -> list[Check]:
    """Looks at everything; `running` says whether the addresses are those of our own servers."""
    groups: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("python", _python),
        ("media", lambda: _media(settings)),
        ("hardware", lambda: _hardware(settings)),
        ("database", lambda: _database(settings, running=running)),
        ("broker", lambda: _broker(settings, running=running)),
        ("secrets", lambda: _secrets(settings)),
        ("storage", lambda: _storage(settings)),
        ("mail", lambda: _mail(settings)),
        ("sandbox", _sandbox),
        ("disk", lambda: _disk(settings)),
        ("fonts", _fonts),
    )
    checks: list[Check] = []
    for area, look in groups:
        try:
            checks.extend(look())
        except AutomatorError as error:
            checks.append(Check(area, area, State.MISSING, "does not work", str(error)))
        except Exception as error:  # noqa: BLE001 - what is broken must not hide the rest
            # Only what the system says is safe to show: other errors may quote a password.
            reason = (isinstance(error, OSError) and error.strerror) or "the check failed"
            finding = f"{reason} ({type(error).__name__})"
            checks.append(Check(area, area, State.MISSING, "does not work", finding))
    return checks


def _python() -> Iterator[Check]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("python", "Python", State.OK, f"{version} at {sys.executable}")


def _media(settings: Settings) -> Iterator[Check]:
    tools = find_tools(settings.ffmpeg, settings.ffprobe, settings.packager)
    yield Check("media", "ffmpeg", State.OK, f"{tools.ffmpeg_version}, {_whence(tools.ffmpeg)}")
    yield Check("media", "ffprobe", State.OK, f"{tools.ffprobe_version}, {_whence(tools.ffprobe)}")
    packager = f"{tools.packager_version}, {_whence(tools.packager)}"
    yield Check("media", "packager", State.OK, packager)
    known = _encoders(tools)
    lacking = [name for name in NEEDED_ENCODERS if name not in known]
    if lacking:
        mend = "set FFMPEG to a build that has them, or unset it to use the one that is installed"
        yield Check("media", "encoders", State.MISSING, f"no {', '.join(lacking)}", mend)
    else:
        yield Check("media", "encoders", State.OK, ", ".join(NEEDED_ENCODERS))
    wished = [name for name in WISHED_ENCODERS if name in known]
    if wished:
        yield Check("media", "further encoders", State.OK, ", ".join(wished))


_HARDWARE: Final[dict[Hardware, str]] = {"nvenc": "NVENC", "qsv": "Quick Sync", "vaapi": "VAAPI"}


def _hardware(settings: Settings) -> Iterator[Check]:
    """A line for each kind, of what encoded here; the processor does what no device does."""
    tools = find_tools(settings.ffmpeg, settings.ffprobe, settings.packager)
    trials = list(hardware.survey(tools))
    for kind, name in _HARDWARE.items():
        own = [trial for trial in trials if trial.encoder.hardware == kind]
        works = [trial.encoder.codec for trial in own if trial.obstacle is None]
        passed_over: dict[str, list[str]] = {}
        for trial in own:
            if trial.obstacle is not None:
                passed_over.setdefault(trial.obstacle, []).append(trial.encoder.codec)
        parts = [f"encodes {', '.join(works)}"] if works else []
        for reason, codecs in passed_over.items():
            whole = len(codecs) == len(hardware.CODECS)
            parts.append(f"not used: {reason}" if whole else f"not {', '.join(codecs)}: {reason}")
        verified = kind not in hardware.UNVERIFIED
        if not verified:
            parts.append("unverified: not run on a device by us")
        state = State.OK if works and verified else State.NOTE
        yield Check("hardware", name, state, "; ".join(parts))
    chosen = [hardware.choose(tools, codec).encoder for codec in hardware.CODECS]
    said = ", ".join(f"{encoder.codec} by {encoder.name}" for encoder in chosen)
    yield Check("hardware", "chosen", State.OK, said)


def _whence(program: Path) -> str:
    return "installed with us" if program.is_relative_to(sys.prefix) else str(program)


def _encoders(tools: Tools) -> set[str]:
    listing = run([str(tools.ffmpeg), "-hide_banner", "-encoders"], limits=_LIMITS).stdout.decode()
    rows = (line.split() for line in listing.splitlines())
    return {row[1] for row in rows if len(row) > 2 and len(row[0]) == 6}


def _database(settings: Settings, *, running: bool) -> Iterator[Check]:
    if settings.database_url is None:
        version = run([str(postgres_program()), "--version"], limits=_LIMITS).stdout.decode()
        unprivileged_identity(postgres_program(), _nearest(settings.data_dir))
        finding = f"{version.split()[-1]}, starts with `automator up`"
        yield Check("database", "PostgreSQL", State.OK, finding)
        return
    import psycopg
    from sqlalchemy.exc import ArgumentError

    from core.database import connect, sqlalchemy_url

    whose = "our own" if running else "of DATABASE_URL"
    try:
        sqlalchemy_url(settings.database_url)
    except (ArgumentError, ValueError):
        mend = "correct DATABASE_URL: postgresql://login:password@host:port/database"
        yield Check("database", "PostgreSQL", State.MISSING, f"{whose}: no address", mend)
        return
    try:
        with connect(settings.database_url) as connection:
            version = connection.info.parameter_status("server_version") or "?"
            login = connection.execute(
                "SELECT rolsuper, rolinherit, rolbypassrls FROM pg_roles"
                " WHERE rolname = current_user"
            ).fetchone()
            schema = connection.execute("SELECT to_regnamespace('directory')").fetchone()
    except psycopg.Error as error:
        reason = next(reversed(str(error).strip().splitlines()), type(error).__name__)
        mend = f"start it, or correct DATABASE_URL: {reason}"
        yield Check("database", "PostgreSQL", State.MISSING, f"{whose}: no answer", mend)
        return
    new_enough = int(version.split(".")[0]) >= 16
    yield Check(
        "database",
        "PostgreSQL",
        State.OK if new_enough else State.MISSING,
        f"{version}, {whose}",
        None if new_enough else "use PostgreSQL 16 or newer",
    )
    if login is not None and any(login):
        mend = "give DATABASE_URL a login with NOINHERIT, NOSUPERUSER and NOBYPASSRLS"
        finding = "the application's login can see across tenants"
        yield Check("database", "login", State.MISSING, finding, mend)
    migrated = schema is not None and schema[0] is not None
    yield Check(
        "database",
        "schema",
        State.OK if migrated else State.MISSING,
        "there" if migrated else "not there",
        None if migrated else "run `automator migrate`",
    )


def _broker(settings: Settings, *, running: bool) -> Iterator[Check]:
    if settings.redis_url is None:
        version = run([str(valkey_program()), "--version"], limits=_LIMITS).stdout.decode()
        found = next((word[2:] for word in version.split() if word.startswith("v=")), "?")
        yield Check("broker", "Valkey", State.OK, f"{found}, starts with `automator up`")
        return
    from redis import Redis
    from redis.exceptions import RedisError

    whose = "our own" if running else "of REDIS_URL"
    try:
        client = Redis.from_url(settings.redis_url, socket_connect_timeout=3, socket_timeout=3)
    except ValueError:
        mend = "correct REDIS_URL: redis://host:port/number"
        yield Check("broker", "Valkey", State.MISSING, f"{whose}: no address", mend)
        return
    try:
        with client:
            about = client.info("server")
    except RedisError as error:
        mend = f"start it, or correct REDIS_URL: {error}"
        yield Check("broker", "Valkey", State.MISSING, f"{whose}: no answer", mend)
        return
    name = about.get("server_name", "redis")
    number = about.get("valkey_version") or about.get("redis_version")
    yield Check("broker", str(name).capitalize(), State.OK, f"{number}, {whose}")


def _secrets(settings: Settings) -> Iterator[Check]:
    from cli import sealing

    yield from sealing.look(settings)


def _storage(settings: Settings) -> Iterator[Check]:
    url = settings.storage_url or (settings.data_dir / "storage").as_uri()
    parts = urlsplit(url)
    folder = Path(unquote(parts.path))
    if parts.scheme != "file" or not folder.is_absolute() or folder == Path("/"):
        store = open_storage(url, kms_key=settings.storage_kms_key)  # says what is wrong with it
        from cli import bucket
        from core.gcs_storage import GcsStorage

        if isinstance(store, GcsStorage):
            yield from bucket.look(store, url, settings)
        return
    if settings.storage_kms_key is not None:
        mend = "unset STORAGE_KMS_KEY, or keep files in gs://"
        yield Check("storage", "encryption", State.MISSING, "a folder has no such key", mend)
    # A store is not opened: that would make its folder.
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        mend = f"let this user write to {there}: {error.strerror}"
        yield Check("storage", "storage", State.MISSING, f"{url}: cannot be written to", mend)
        return
    finding = f"{free / GIB:.0f} GiB free" if there == folder else "made by `automator up`"
    yield Check("storage", "storage", State.OK, f"{url}, {finding}")
    if settings.storage_kms_key is None:
        yield Check("storage", "encryption", State.OK, "a folder's is that of its disk")


def _mail(settings: Settings) -> Iterator[Check]:
    """Where mail goes; no server is asked."""
    from core.mailing import sender_of
    from core.smtp import place_of

    url = settings.mail_url.get_secret_value() if settings.mail_url else None
    place = place_of(url, settings.mail_folder)
    sender = sender_of(settings.mail_from)
    if isinstance(place, Path):
        mend = "set MAIL_URL to a mail server, and MAIL_FROM, when others are to get mail"
        yield Check("mail", "mail", State.NOTE, f"is written into {place}, not sent", mend)
        return
    yield Check("mail", "mail", State.OK, f"to {place.shown}, from {sender.addr_spec}")
    if settings.public_url is None:
        mend = "set PUBLIC_URL: links in mails begin with it"
        yield Check("mail", "links", State.MISSING, "lead to this machine alone", mend)


def _sandbox() -> Iterator[Check]:
    report = sandbox_report()
    held = {
        "limits": report.limits,
        "dies with its parent": report.dies_with_parent,
        "own network": report.own_network,
        "own processes": report.own_processes,
        "no capabilities": report.drops_capabilities,
    }
    whole = all(held.values())
    finding = ", ".join(name if has else f"NO {name}" for name, has in held.items())
    needed = report.limits and report.dies_with_parent
    state = State.OK if whole else State.NOTE if needed else State.MISSING
    yield Check("sandbox", "child processes", state, finding, "; ".join(report.notes) or None)


def _disk(settings: Settings) -> Iterator[Check]:
    places = {"data": settings.data_dir}
    if settings.scratch_dir is not None:
        places["scratch"] = settings.scratch_dir
    reserve = settings.free_space_reserve_bytes
    for name, place in places.items():
        there = _nearest(place)
        free = shutil.disk_usage(there).free
        enough = free > reserve
        yield Check(
            "disk",
            name,
            State.OK if enough else State.MISSING,
            f"{free / GIB:.1f} GiB free at {there}; {reserve / GIB:.1f} GiB are kept in reserve",
            None if enough else "make room: uploads are refused and work waits",
        )


def _nearest(place: Path) -> Path:
    """The first folder on the way up from `place` that exists."""
    return next(folder for folder in (place, *place.parents) if folder.exists())


def _fonts() -> Iterator[Check]:
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    found = any(
        path.suffix.lower() in (".ttf", ".otf", ".ttc")
        for folder in folders
        if folder.is_dir()
        for path in folder.rglob("*")
    )
    yield Check(
        "fonts",
        "system fonts",
        State.OK if found else State.NOTE,
        "there" if found else "none; nothing that is made today needs one",
    )
