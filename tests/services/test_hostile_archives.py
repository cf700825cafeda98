"""Archives that somebody made to do harm are refused, and leave nothing behind."""

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from core.errors import Rejected
from core.settings import Settings
from services import tenants
from services.archive import CHUNK
from services.installation import Installation
from services.tenant_archive import LINE_BYTES
from services.tenant_export import export
from services.tenant_import import take_in
from tests.installations import as_owner, installation
from tests.servers import PostgresForTests
from tests.services.moving import Furnished, Parts, furnish, rewritten, rows_of

ASSETS, ARTIFACTS = "rows/tenant/assets.jsonl", "rows/tenant/artifacts.jsonl"
BRANDS = "rows/tenant/brands.jsonl"
RUNS, STAGES, EDGES = (f"rows/cell/{one}.jsonl" for one in ("runs", "stage_runs", "stage_edges"))
IMPORTS, AUDIT = "rows/cell/imports.jsonl", "rows/cell/audit.jsonl"
SLUG = "hostile"
FEW = {"poster.jpg": b"a poster"}


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, valkey_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    folder = Path(tmp_path_factory.mktemp("hostile"))
    with installation(
        postgres, folder, redis_url=valkey_server, free_space_reserve_bytes=0
    ) as made:
        yield made


@pytest.fixture(scope="module")
def victim(settings: Settings) -> Furnished:
    """A tenant of the installation that the archive is put into; it is its origin, too."""
    return furnish(settings, "victim", files=FEW)


@pytest.fixture(scope="module")
def archive(
    settings: Settings, victim: Furnished, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    file = Path(tmp_path_factory.mktemp("archives")) / "honest.tar"
    with closing(Installation(settings)) as house:
        export(house, victim.place, file)
    return file


@pytest.fixture(scope="module")
def neighbour(settings: Settings) -> Furnished:
    return furnish(settings, "neighbour", files=FEW)


def _state(settings: Settings) -> list[Any]:
    """Everything that somebody could have changed."""
    found: list[Any] = [(one.slug, one.state) for one in tenants.list_all(settings)]
    with as_owner(settings) as (connection, _):
        query = (
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'"
            " UNION ALL SELECT tenant_id::text FROM cell.tenants"
            " UNION ALL SELECT id::text FROM cell.runs ORDER BY 1"
        )
        found.append(connection.execute(query).fetchall())
    with closing(Installation(settings)) as house:
        found.append([(one.key, one.bytes) for one in house.storage.list()])
    found.append(sorted(one.name for one in settings.data_dir.iterdir()))
    return found


def _refused(settings: Settings, file: Path, reason: str) -> None:
    before = _state(settings)
    with pytest.raises(Rejected, match=reason) as raised:
        take_in(settings, file, slug=SLUG)
    assert len(str(raised.value)) < 500
    assert _state(settings) == before


def _rows(parts: Parts, name: str) -> list[dict[str, Any]]:
    return [json.loads(one) for one in parts[name].splitlines()]


def _first(table: str, /, **values: object) -> Callable[[Parts], None]:
    """Other values in the first row of a table."""

    def change(parts: Parts) -> None:
        first, *rest = _rows(parts, table)
        rows = [first | values, *rest]
        parts[table] = b"".join(json.dumps(row).encode() + b"\n" for row in rows)

    return change


def _described(**values: object) -> Callable[[Parts], None]:
    """Other values in the description."""

    def change(parts: Parts) -> None:
        said = json.loads(parts["tenant.json"]) | values
        parts["tenant.json"] = json.dumps(said).encode()

    return change


def _text(name: str, text: bytes) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        parts[name] = text

    return change


def _line(name: str, line: bytes) -> Callable[[Parts], None]:
    """Another first line."""

    def change(parts: Parts) -> None:
        _, _, rest = parts[name].partition(b"\n")
        parts[name] = line + b"\n" + rest

    return change


def _table(name: str) -> Callable[[Parts], None]:
    """Rows of a table that is none."""

    def change(parts: Parts) -> None:
        parts[name] = b'{"id": 1}\n'
        said = json.loads(parts["tenant.json"])
        said["rows"][name] = 1
        parts["tenant.json"] = json.dumps(said).encode()

    return change


def _others_key(parts: Parts) -> None:
    """A row that names another tenant's file."""
    _first(ARTIFACTS, storage_key=f"tenants/{uuid4()}/sources/x/original")(parts)


def _drop(name: str) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        del parts[name]

    return change


def _a_file(parts: Parts) -> str:
    return next(one for one in parts if one.startswith("storage/"))


def _other_bytes(parts: Parts) -> None:
    parts[_a_file(parts)] += b"!"


def _lost_file(parts: Parts) -> None:
    del parts[_a_file(parts)]


def _further_file(parts: Parts) -> None:
    home = "/".join(_a_file(parts).split("/")[:3])
    parts[f"{home}/sources/more/original"] = b"x"
    _described(files=json.loads(parts["tenant.json"])["files"] + 1)(parts)


def _deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"in": found}
    return found


DEEP = b"[" * 50_000 + b"]" * 50_000


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        # What it says of itself.
        (_described(format=2), "has the format 2; this release reads 1"),
        (_described(kind="backup"), "is no archive of a tenant"),
        (_described(revision="9999"), "written by a newer release.*update this installation"),
        (_described(revision="1"), "revision: String should match"),
        (_described(files=10**400), "files: Input should be less"),
        (_described(rows={ASSETS: 1}), "strange name 'rows/"),
        (_described(surprise=1), "surprise: Extra inputs"),
        (_described(tenant={"id": "x", "slug": "", "name": "", "created_at": ""}), "tenant.id"),
        (_text("tenant.json", DEEP), "or not all of one"),
        (_text("members.json", b'[{"email": "a@b.c", "name": "x", "role": "god"}]'), "role"),
        (_text("absent.json", b'["../../etc/passwd"]'), "not a storage key"),
        (_drop("members.json"), "or not all of one"),
        # What it holds.
        (_text("storage/tenants/x/y", b"x"), "strange name"),
        (_text("storage/../../x", b"x"), "not a storage key"),
        (_text("/etc/passwd", b"x"), "strange name"),
        (_text("rows/tenant/../x.jsonl", b"x"), "strange name"),
        (_drop(ASSETS), "lacks 'rows/tenant/assets.jsonl'"),
        (_table("rows/tenant/pg_class.jsonl"), "unknown table, 'rows/tenant/pg_class.jsonl'"),
        (_table('rows/tenant/a"; DROP TABLE x.jsonl'), "strange name"),
        (_other_bytes, "its file has other bytes than the row tells"),
        (_lost_file, "holds 2 files, not 3"),
        (_further_file, "a file that no row names"),
        # Rows that are none.
        (_line(ASSETS, b"{"), "assets.jsonl, line 1: it is no JSON"),
        (_line(ASSETS, b'{"media": {"x": 1e999999}}'), "it has a number that is none"),
        (_line(ASSETS, b" " * (LINE_BYTES + 2)), "longer than 16 MiB"),
        (_line(ASSETS, b"{}"), "line 1: it is no object with values"),
        # Rows that lie.
        (_first(ASSETS, surprise=1), "there is no column 'surprise'"),
        (_first(STAGES, attempt=2**31 - 1), "attempt is no integer that it may have"),
        (_first(STAGES, deadline_seconds=1e38), "deadline_seconds is no real that it may have"),
        (_first(STAGES, ready_at="infinity"), "ready_at is no timestamp with time zone that"),
        (_first(STAGES, error=_deep(100)), "error is no jsonb that it may have"),
        (_first(ASSETS, name=7), "name is no text"),
        (_first(ASSETS, bytes=True), "bytes is no bigint"),
        (_first(ASSETS, version=2**31 - 1), "version is no integer that it may have"),
        (_first(ASSETS, name="a\0b"), r"the database refuses a row \(untranslatable"),
        (_first(ASSETS, sha256="0" * 64), "other sha256 than the row tells"),
        (_first(ARTIFACTS, asset_id=str(uuid4())), "foreign key violation"),
        (_others_key, "names no file of the archive"),
        (_first(RUNS, tenant_id=str(uuid4())), "there is no column 'tenant_id'"),
        (_first(RUNS, id=str(uuid4()).upper()), "its id is none, or is there twice"),
        (_first(BRANDS, is_default=False), "none of the archive's brands is the default"),
        (_text(RUNS, b""), "runs.jsonl has 0 rows, and the description tells of another"),
    ],
)
def test_a_hostile_archive_is_refused(
    settings: Settings,
    archive: Path,
    tmp_path: Path,
    change: Callable[[Parts], object],
    reason: str,
) -> None:
    _refused(settings, rewritten(archive, tmp_path / "hostile.tar", change), reason)


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_described(format="1" * 10_000), "has the format 1+;"),
        (_described(files=-1), "files: Input should be greater"),
        (_text("tenant.json", b"[]"), "is no archive of a tenant"),
        (_text("absent.json", b"{}"), "is no list of keys"),
        (_table("rows/cell/data_keys.jsonl"), "unknown table"),
        (_table("rows/tenant/alembic_version.jsonl"), "unknown table"),
        (_line(ASSETS, DEEP), "line 1: it is no JSON"),
        (_line(ASSETS, b"[1]"), "line 1: it is no object with values"),
        (_line(ASSETS, b'{"id": NaN}'), "line 1: it is no JSON"),
        (_line(ASSETS, b'{"id": ' + b"9" * 10_000 + b"}"), "line 1: it is no JSON"),
        (_first(ASSETS, **{'a" = 1; --': 1}), "there is no column"),
        (_first(ASSETS, media_epoch=7), "there is no column 'media_epoch'"),
        (_first(ASSETS, name="\ud800"), "the database refuses a row"),
        (_first(ASSETS, name=""), "the database refuses a row .*assets_name_check"),
        (_first(ASSETS, id="x"), "the database refuses a row"),
        (_first(ASSETS, created_at="the day before"), "created_at is no timestamp"),
        (_first(ASSETS, kind="program"), "assets_kind_check"),
        (_first(ARTIFACTS, storage_key=None), "the database refuses a row"),
        (_first(ARTIFACTS, storage_key=["x"]), "storage_key is no text"),
        (_first(STAGES, queue="root"), "stage_runs_queue_check"),
        (_first(STAGES, holder=str(uuid4())), "there is no column 'holder'"),
        (_first(STAGES, pending=-1), "stage_runs_pending_check"),
        (_first(ASSETS, created_at="0001-01-01T00:00:00+14:00"), "created_at is no timestamp"),
        (_first(ASSETS, media=[1]), "media is no jsonb"),
        (_first(ARTIFACTS, attributes={"duration": "long"}), "attributes is no jsonb"),
        (_first(STAGES, failures=-(10**10)), "failures is no integer"),
        (_first(STAGES, progress="NaN"), "progress is no real"),
        (_first(AUDIT, targets={"x": {}}), "targets is no jsonb"),
        (_first(AUDIT, shown="x" * 300), "audit_shown_check"),
        (_first(IMPORTS, url="http://169.254.169.254/"), "there is no column 'url'"),
    ],
)
def test_so_is_every_other_that_we_could_think_of(
    settings: Settings,
    archive: Path,
    tmp_path: Path,
    change: Callable[[Parts], object],
    reason: str,
) -> None:
    _refused(settings, rewritten(archive, tmp_path / "hostile.tar", change), reason)


@pytest.mark.parametrize(
    ("name", "column"), [(EDGES, "needs_id"), (STAGES, "run_id"), (IMPORTS, "id")]
)
def test_no_row_reaches_into_another_tenant(
    settings: Settings, archive: Path, neighbour: Furnished, tmp_path: Path, name: str, column: str
) -> None:
    theirs = neighbour.run if name != EDGES else neighbour.stages[0]
    change = _first(name, **{column: str(theirs)})
    file = rewritten(archive, tmp_path / "hostile.tar", change)
    before = rows_of(settings, neighbour.tenant)
    _refused(settings, file, f"{column} is no id of a row of the archive")
    assert rows_of(settings, neighbour.tenant) == before


def test_nobody_is_accused_by_an_archive(
    settings: Settings, archive: Path, victim: Furnished, tmp_path: Path
) -> None:
    change = _first(AUDIT, subject="installation", shown="The operator")
    made = take_in(settings, rewritten(archive, tmp_path / "a.tar", change), slug="accusing")
    *said, _ = rows_of(settings, made.tenant)["audit"]
    assert {one["subject"] for one in said} == {"elsewhere"}


@contextmanager
def _copied(archive: Path, target: Path) -> Iterator[tarfile.TarFile]:
    """The honest members but the checksums, in a tar that more can be added to."""
    with (
        tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar,
        tarfile.open(archive) as honest,
    ):
        for one in honest:
            if one.name != "checksums.json":
                tar.addfile(one, honest.extractfile(one))
        yield tar


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE]
)
def test_what_is_no_plain_file_is_refused(
    settings: Settings, archive: Path, tmp_path: Path, kind: bytes
) -> None:
    with _copied(archive, tmp_path / "hostile.tar") as tar:
        member = tarfile.TarInfo("storage/x")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    _refused(settings, tmp_path / "hostile.tar", "'storage/x', which is no plain file")


def test_a_member_that_is_there_twice_is_refused(
    settings: Settings, archive: Path, tmp_path: Path
) -> None:
    with _copied(archive, tmp_path / "hostile.tar") as tar:
        tar.addfile(tarfile.TarInfo("tenant.json"))
    _refused(settings, tmp_path / "hostile.tar", "holds tenant.json twice")


def test_bytes_that_are_not_there_are_not_believed(
    settings: Settings, archive: Path, tmp_path: Path
) -> None:
    file = tmp_path / "sparse.tar"
    with _copied(archive, file) as tar:
        member = tarfile.TarInfo("storage/sparse")
        member.pax_headers = {
            "GNU.sparse.size": str(1 << 60), "GNU.sparse.numblocks": "0",
            "GNU.sparse.map": "0,0",
        }  # fmt: skip
        tar.addfile(member)
    _refused(settings, file, "which is no plain file")
    file = tmp_path / "long.tar"
    with _copied(archive, file) as tar:
        member = tarfile.TarInfo("storage/long")
        member.size = 1 << 50
        tar.fileobj.write(member.tobuf())
    _refused(settings, file, "or not all of one|no plain file")


def test_a_header_is_not_read_however_long_it_says_it_is(
    settings: Settings, archive: Path, tmp_path: Path
) -> None:
    file = tmp_path / "header.tar"
    with _copied(archive, file) as tar:
        for kind in (tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME):
            header = tarfile.TarInfo("x")
            header.type, header.size = kind, CHUNK + 1
            tar.fileobj.write(header.tobuf())
            tar.fileobj.write(b"1" * (CHUNK + 512))
    _refused(settings, file, "a header that is too long")


def test_a_size_below_zero_leads_nowhere(settings: Settings, archive: Path, tmp_path: Path) -> None:
    member = tarfile.TarInfo("storage/back")
    block = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    block[124:136] = (-2048 & ((1 << 96) - 1)).to_bytes(12, "big")
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    content = archive.read_bytes()
    with tarfile.open(archive) as tar:
        first = next(iter(tar)).offset
    file = tmp_path / "back.tar"
    file.write_bytes(content[:first] + bytes(block) + content[first:])
    _refused(settings, file, "no plain file|no archive of a tenant")


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04" + bytes(5000), bytes(10_240), b"\xff" * 5000]
)
def test_what_is_no_archive_is_refused(settings: Settings, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "none.tar"
    file.write_bytes(content)
    _refused(settings, file, "is no archive of a tenant, or not all of one")
    _refused(settings, tmp_path / "nowhere", "No such file")


@pytest.mark.parametrize(
    "place", [0.6, *(pytest.param(one, marks=pytest.mark.long) for one in (0.3, 0.95))]
)
def test_a_harmed_archive_is_refused(
    settings: Settings, archive: Path, tmp_path: Path, place: float
) -> None:
    content = bytearray(archive.read_bytes())
    cut = tmp_path / "cut.tar"
    with tarfile.open(archive) as tar:
        *_, last = tar
    cut.write_bytes(content[: int(last.offset * place)])
    _refused(settings, cut, "or not all of one|twice|damaged")
    with tarfile.open(archive) as tar:
        largest = max(tar, key=lambda one: one.size * place)
    content[largest.offset_data + int(largest.size * place)] ^= 1
    flipped = tmp_path / "flipped.tar"
    flipped.write_bytes(content)
    _refused(settings, flipped, "is damaged: its checksums do not fit")


def test_a_backup_is_no_archive_of_a_tenant(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "other.tar"
    with tarfile.open(file, "w") as tar:
        for name, content in (("backup.json", b"{}"), ("checksums.json", b"{}")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    _refused(settings, file, "damaged|no archive")
