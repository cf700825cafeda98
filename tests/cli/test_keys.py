"""`automator keys`, as an operator calls it, and where its master keys come from."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.connection import settings_of
from cli.keys import command
from core.embedded.secrets import MASTER, SECRETS, known_secret, own_secret
from core.errors import Misconfigured
from core.master_keys import LocalMasterKey, MasterKeys
from core.settings import Settings, get_settings
from services.installation import Installation
from tests.installations import MASTER_KEY, as_owner, environment, installation
from tests.servers import PostgresForTests

NEW = "0badc0de" * 8
OLD_NAME, NEW_NAME = (LocalMasterKey(bytes.fromhex(key)).name for key in (MASTER_KEY, NEW))


@pytest.fixture
def settings(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """An installation that the environment names, with a key for people's secrets."""
    with installation(postgres, tmp_path / "data", redis_url="redis://nobody") as made:
        for name, value in environment(made).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DATABASE_ADMIN_URL", made.database_admin_url or "")
        with closing(Installation(made)) as house, house.identity_scope() as session:
            house.keyring.people(session).seal(b"x", "y")
        yield made
    get_settings.cache_clear()


def keys(monkeypatch: pytest.MonkeyPatch, known: str, *arguments: str) -> Result:
    monkeypatch.setenv("MASTER_KEYS", known)
    get_settings.cache_clear()
    return CliRunner().invoke(command, list(arguments))


def test_keys_are_listed_and_rotated_from_one_master_key_to_the_next(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = f"{NEW},{MASTER_KEY}"
    listed = json.loads(keys(monkeypatch, both, "list", "--json").stdout)
    assert listed == {"known": [NEW_NAME, OLD_NAME], "wrapped": {OLD_NAME: 1}, "away": []}
    done = keys(monkeypatch, both, "rotate")
    assert done.exit_code == 0
    assert done.stdout == "1 keys wrapped anew, 0 made, 0 secrets sealed anew, 0 left\n"
    again = json.loads(keys(monkeypatch, both, "rotate", "--json").stdout)
    assert again == {"rewrapped": 0, "made": 0, "resealed": 0, "left": []}
    assert keys(monkeypatch, NEW, "list").stdout == f"     1  {NEW_NAME}  wraps\n"
    away = keys(monkeypatch, MASTER_KEY, "list")
    assert away.exit_code == 1
    assert f"{NEW_NAME}  not in MASTER_KEYS" in away.stdout
    stuck = keys(monkeypatch, MASTER_KEY, "rotate")
    assert stuck.exit_code == 1
    assert NEW_NAME in stuck.stderr
    assert NEW not in stuck.output + away.output


def test_data_keys_are_made_anew_when_that_is_asked_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    young = keys(monkeypatch, MASTER_KEY, "rotate", "--data-keys", "--json")
    assert json.loads(young.stdout)["made"] == 0
    with as_owner(settings) as (connection, _):
        connection.execute("UPDATE directory.data_keys SET created_at = now() - interval '1 day'")
    made = keys(monkeypatch, MASTER_KEY, "rotate", "--data-keys", "--json")
    assert json.loads(made.stdout)["made"] == 1


def test_without_a_master_key_the_command_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = keys(monkeypatch, "", "rotate")
    assert isinstance(refused.exception, Misconfigured)
    assert "MASTER_KEYS is not set" in str(refused.exception)


def test_commands_find_the_master_key_that_up_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MASTER_KEYS", "MASTER_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    file = tmp_path / SECRETS
    assert settings_of(None, tmp_path).master_keys is None
    assert known_secret(file, MASTER) is None
    assert not file.exists()
    made = own_secret(file, MASTER)
    assert own_secret(file, MASTER) == made
    assert file.stat().st_mode & 0o777 == 0o600
    found = settings_of(None, tmp_path)
    assert MasterKeys.of(found).first.name.startswith("local:")
    assert made not in repr(found)
    monkeypatch.setenv("MASTER_KEYS", NEW)
    get_settings.cache_clear()
    assert MasterKeys.of(settings_of(None, tmp_path)).first.name == NEW_NAME
    get_settings.cache_clear()
