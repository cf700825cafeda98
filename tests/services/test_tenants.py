"""Tenants are made whole or made whole later, in a cell that has room."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from core.database import connect, tenant_role
from core.errors import AutomatorError, Conflict, Misconfigured, NotFound, Rejected, Unavailable
from core.settings import Settings
from services import tenants
from services.migrations import migrate
from tests.installations import as_owner, as_tenant, database, installation, plant
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def settings(
    postgres: PostgresForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with installation(postgres, Path(tmp_path_factory.mktemp("data"))) as made:
        yield made


def _schemas(settings: Settings, cell: str) -> set[str]:
    with as_owner(settings, cell) as (connection, _):
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'")
        return {name for (name,) in rows}


def test_a_tenant_is_found_by_name_and_by_id(settings: Settings) -> None:
    made = tenants.create(settings, "found", name="Found Ltd")
    assert (made.state, made.name, made.cell) == ("active", "Found Ltd", "main")
    assert tenants.get(settings, "found") == tenants.get(settings, str(made.id)) == made
    assert made in tenants.list_all(settings)
    with pytest.raises(NotFound):
        tenants.get(settings, "nobody")


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a b", "a" * 64, "a;drop", "ä", "a\n"])
def test_a_name_that_is_none_is_refused(settings: Settings, slug: str) -> None:
    with pytest.raises(Rejected):
        tenants.create(settings, slug)


def test_a_taken_name_is_refused(settings: Settings) -> None:
    tenants.create(settings, "taken")
    with pytest.raises(Conflict, match="taken"):
        tenants.create(settings, "taken")


def test_a_cell_that_is_not_set_is_refused(settings: Settings) -> None:
    with pytest.raises(NotFound):
        tenants.create(settings, "lost", cell="nowhere")


def test_every_installation_has_a_default_tenant_of_its_own(
    settings: Settings, postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path) as other:
        ours, theirs = (tenants.get(one, "default") for one in (settings, other))
    assert ours.state == theirs.state == "active"
    assert ours.id != theirs.id


def test_two_installations_on_one_server_do_not_meet(
    settings: Settings, postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path) as other:
        assert settings.database_url is not None
        assert other.database_url is not None
        theirs = tenants.get(other, "default")
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
        with connect(settings.database_url) as connection, refused:
            connection.execute(f'SET ROLE "{tenant_role(theirs.id)}"'.encode())
        pool = database(settings)
        with pytest.raises(NotFound), pool.tenant_scope(theirs.id) as session:
            session.connection()
        pool.dispose()
        name = other.database_url.partition("?")[0].rpartition("/")[2]
        mine = settings.database_url.partition("?")[0].rpartition("/")[2]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(settings.database_url.replace(f"/{mine}?", f"/{name}?"))


def test_tenants_spread_over_cells_and_stop_where_they_are_full(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path, further_cells=("second",), cell_tenants=2) as settings:
        made = [tenants.create(settings, name) for name in ("a", "b", "c")]
        assert [one.cell for one in made] == ["second", "main", "second"]
        assert {tenant_role(made[0].id), tenant_role(made[2].id)} == _schemas(settings, "second")
        with pytest.raises(Unavailable, match="every cell holds its 2 tenants: add another"):
            tenants.create(settings, "d")
        with pytest.raises(Unavailable, match="cell 'main' holds its 2 tenants"):
            tenants.create(settings, "d", cell="main")
        assert len(tenants.list_all(settings)) == 4  # the refused left nothing behind


def test_a_tenant_of_another_cell_is_not_in_the_directorys(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path, further_cells=("second",)) as settings:
        planted = plant(settings, "away", cell="second")
        pool = database(settings)
        with pytest.raises(NotFound), pool.tenant_scope(planted.id) as session:
            session.connection()
        pool.dispose()
        with as_tenant(settings, planted) as connection:
            assert connection.execute("SELECT name FROM assets").fetchall() == [("x.mp4",)]


@pytest.mark.parametrize("came_so_far", ["the directory", "the cell"])
@pytest.mark.parametrize("ended_by", ["create", "migrate"])
def test_a_creation_that_was_cut_short_is_ended(
    settings: Settings, came_so_far: str, ended_by: str
) -> None:
    slug = f"cut-{came_so_far[4:7]}-{ended_by}"
    if came_so_far == "the cell":
        tenants.create(settings, slug)
        statement = "UPDATE directory.tenants SET state = 'creating' WHERE slug = %s"
    else:
        statement = "INSERT INTO directory.tenants (slug, name, cell) VALUES (%s, 'Cut', 'main')"
    with as_owner(settings) as (connection, _):
        connection.execute(statement.encode(), [slug])
    begun = tenants.get(settings, slug)
    assert begun.state == "creating"
    if ended_by == "create":
        tenants.create(settings, slug)
    else:
        assert begun.id in migrate(settings).created
    ended = tenants.get(settings, slug)
    assert (ended.id, ended.state) == (begun.id, "active")
    pool = database(settings)
    with pool.tenant_scope(ended.id) as session:
        session.connection()
    pool.dispose()


def test_many_at_once_neither_overfill_a_cell_nor_share_a_name(
    postgres: PostgresForTests, tmp_path: Path
) -> None:
    with installation(postgres, tmp_path, cell_tenants=6) as settings:
        barrier = threading.Barrier(10)

        def attempt(number: int) -> str:
            barrier.wait()
            try:
                return tenants.create(settings, f"racer-{number % 8}").state
            except AutomatorError as error:
                return error.code

        with ThreadPoolExecutor(10) as threads:
            outcomes = list(threads.map(attempt, range(10)))
        made = tenants.list_all(settings)
    assert len(made) == 6, outcomes
    assert len({one.slug for one in made}) == 6
    assert {one.state for one in made} == {"active"}
    assert set(outcomes) <= {"active", "conflict", "unavailable"}


def test_without_the_owners_address_nothing_is_made(settings: Settings) -> None:
    blind = settings.model_copy(update={"database_admin_url": None})
    with pytest.raises(Misconfigured, match="DATABASE_ADMIN_URL is not set"):
        tenants.create(blind, "blind")
