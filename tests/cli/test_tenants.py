"""The owner's commands on servers of the user's own: migrate, tenants, backup, restore."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from tests.installations import installation
from tests.servers import PostgresForTests


@pytest.fixture
def settings(postgres: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Settings]:
    with installation(postgres, tmp_path / "data", migrated=False, redis_url=valkey) as made:
        yield made


def _automator(settings: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "AUTOMATOR_DATA": str(settings.data_dir),
        "DATABASE_URL": settings.database_url or "",
        "DATABASE_ADMIN_URL": settings.database_admin_url or "",
        "REDIS_URL": settings.redis_url or "",
    }
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )


def test_an_owner_makes_lists_saves_and_removes_tenants(settings: Settings, tmp_path: Path) -> None:
    def say(*words: str) -> str:
        done = _automator(settings, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert say("migrate", "--processes", "2") == "1 tenants made, 0 migrated\n"
    assert say("migrate") == "0 tenants made, 0 migrated\n"
    made = json.loads(say("tenants", "create", "acme", "--name", "Acme Ltd", "--json"))
    assert (made["slug"], made["state"]) == ("acme", "active")
    assert [one["slug"] for one in json.loads(say("tenants", "list", "--json"))] == [
        "default",
        "acme",
    ]
    assert "2 tenants, 0 files" in say("backup", str(tmp_path / "all.backup"))
    receipt = json.loads(say("tenants", "purge", "acme", "--yes"))
    assert receipt["tenant_id"] == made["id"]
    assert "acme" not in say("tenants", "list")
    assert say("restore", str(tmp_path / "all.backup")).startswith("2 tenants as of")
    assert "Acme Ltd" in say("tenants", "list")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["tenants", "create", "No Name"], "'No Name' is no tenant name"),
        (["tenants", "purge", "nobody", "--yes"], "there is no tenant 'nobody'"),
        (["restore", "/dev/null"], "is no backup"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    settings: Settings, words: list[str], complaint: str
) -> None:
    _automator(settings, "migrate")
    done = _automator(settings, *words)
    assert done.returncode == 1
    assert done.stderr.startswith("automator: ")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_before_migrating_the_owner_is_told_to_migrate(settings: Settings) -> None:
    for words in (["tenants", "list"], ["tenants", "create", "early"]):
        done = _automator(settings, *words)
        assert (done.returncode, done.stderr) == (
            1,
            "automator: the database of cell 'main' is not migrated: run `automator migrate`\n",
        )
