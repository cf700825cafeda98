"""The owner's commands on servers of the user's own: migrate, tenants, backup, restore."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from core.settings import Settings, get_settings
from services import invitations, tenants
from services.installation import Installation
from services.people import Origin
from tests.installations import MASTER_KEY, installation
from tests.servers import PostgresForTests


@pytest.fixture
def settings(postgres: PostgresForTests, valkey: str, tmp_path: Path) -> Iterator[Settings]:
    with installation(postgres, tmp_path / "data", migrated=False, redis_url=valkey) as made:
        yield made


@dataclass(frozen=True, slots=True)
class _Done:
    returncode: object
    stdout: str
    stderr: str


def _automator(settings: Settings, *words: str) -> _Done:
    """In this process, since a new one loads for half a second before it does anything."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        patch.setenv("AUTOMATOR_DATA", str(settings.data_dir))
        patch.setenv("DATABASE_URL", settings.database_url or "")
        patch.setenv("DATABASE_ADMIN_URL", settings.database_admin_url or "")
        patch.setenv("REDIS_URL", settings.redis_url or "")
        patch.setenv("MASTER_KEYS", MASTER_KEY)
        patch.setenv("PUBLIC_URL", "https://media.example")
        patch.setattr(sys, "argv", ["automator", *words])
        get_settings.cache_clear()
        with pytest.raises(SystemExit) as ended:
            main()
    get_settings.cache_clear()
    return _Done(ended.value.code, out.getvalue(), err.getvalue())


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
    assert "from now on" in say(
        "tenants", "quota", "acme", "--stored-bytes", "5000", "--brands", "3"
    )
    archive = tmp_path / "acme.tar"
    assert say("tenants", "export", "acme", "--out", str(archive)).startswith(f"{archive}: 1 rows")
    moved = ["--slug", "moved", "--name", "Moved Ltd", "--owner", "Ada@example.com", "--invite"]
    told = say("tenants", "import", str(archive), *moved)
    assert told.startswith("moved is ")
    assert "Ada@example.com  https://media.example/invitation#" in told
    again = _automator(settings, "tenants", "import", str(archive))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "automator: there is a tenant 'acme' already\n"
    say("tenants", "purge", "moved", "--yes")
    assert "2 tenants, 0 files" in say("backup", str(tmp_path / "all.backup"))
    receipt = json.loads(say("tenants", "purge", "acme", "--yes"))
    assert receipt["tenant_id"] == made["id"]
    assert "acme" not in say("tenants", "list")
    assert say("restore", str(tmp_path / "all.backup")).startswith("2 tenants as of")
    assert "Acme Ltd" in say("tenants", "list")


def test_an_operator_makes_a_first_owner_and_closes_and_opens_a_tenant(settings: Settings) -> None:
    def say(*words: str) -> str:
        done = _automator(settings, "tenants", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    _automator(settings, "migrate")
    link = say("invite", "default", "Ada@example.com", "--role", "owner").strip()
    origin, _, secret = link.partition("#")
    assert origin == "https://media.example/invitation"
    with closing(Installation(settings)) as opened, opened.identity_scope() as session:
        assert invitations.read(session, secret).role == "owner"
        signed_in = invitations.sign_up(session, secret, name="Ada", digest="none", origin=Origin())
    assert signed_in.tenant_id == tenants.get(settings, "default").id
    (member,) = json.loads(say("members", "default", "--json"))
    assert (member["email"], member["role"]) == ("Ada@example.com", "owner")
    last = _automator(
        settings, "tenants", "set-role", "default", "ada@example.com", "--role", "viewer"
    )
    assert (last.returncode, "last active owner" in last.stderr) == (1, True)
    nobody = _automator(settings, "tenants", "set-role", "default", "x@example.com", "--role",
                        "admin")  # fmt: skip
    assert (nobody.returncode, "invite them" in nobody.stderr) == (1, True)
    assert say("suspend", "default") == "suspended\n"
    assert json.loads(say("list", "--json"))[0]["state"] == "suspended"
    assert say("resume", "default") == "active\n"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["tenants", "create", "No Name"], "'No Name' is no tenant name"),
        (["tenants", "quota", "nobody"], "there is no tenant 'nobody'"),
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
