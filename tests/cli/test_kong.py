"""`automator kong render`: what is asked for is written whole, or not at all."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cli.kong import command
from core.errors import Misconfigured
from core.settings import get_settings
from tests.installations import environment, installation
from tests.servers import PostgresForTests


@pytest.fixture
def key(tmp_path: Path) -> Path:
    found = tmp_path / "key.pem"
    public = generate_private_key(65537, 2048).public_key()
    found.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return found


def render(*arguments: str) -> str:
    """What the command prints; raises what it raises."""
    result = CliRunner().invoke(command, ["render", *arguments])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.output


def test_what_is_asked_for_stands_in_the_file(key: Path, tmp_path: Path) -> None:
    out = tmp_path / "kong.yml"
    out.write_text("what was there before")
    told = render(
        *("--out", str(out), "--key", f"now={key}", "--key", f"next={key}"),
        *("--origin", "https://app.example", "--upstream", "a:1", "--upstream", "b:2"),
        *("--host", "api.example", "--counter", "valkey:6379"),
    )
    assert told == ""
    config = yaml.safe_load(out.read_text())
    assert [one["key"] for one in config["consumers"][0]["jwt_secrets"]] == ["now", "next"]
    assert [one["target"] for one in config["upstreams"][0]["targets"]] == ["a:1", "b:2"]
    assert 'http.host == "api.example"' in out.read_text()
    assert [path.name for path in tmp_path.iterdir() if path != key] == ["kong.yml"]


def test_an_installations_own_keys_are_made_and_rendered(
    postgres: PostgresForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with installation(postgres, tmp_path, redis_url="redis://127.0.0.1:1") as settings:
        for name, value in environment(settings).items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        try:
            first, second = (yaml.safe_load(render("--data", str(tmp_path))) for _ in range(2))
        finally:
            get_settings.cache_clear()
    assert first == second
    (key,) = first["consumers"][0]["jwt_secrets"]
    assert key["algorithm"] == "RS256"
    assert "PUBLIC KEY" in key["rsa_public_key"]


def test_without_a_file_it_is_printed() -> None:
    config = yaml.safe_load(render("--without-keys", "--plain-cookies"))
    assert config["consumers"][0]["jwt_secrets"] == []
    assert "automator_access" in str(config)
    assert "__Host-" not in str(config)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--data", "nowhere"], "no installation runs"),
        (["--key", "now"], "KID=FILE"),
        (["--without-keys", "--origin", "*"], "no origin"),
        (["--without-keys", "--upstream", "api"], "no upstream"),
        (["--without-keys", "--counter", "valkey"], "no counter"),
    ],
)
def test_a_wrong_call_writes_nothing(arguments: list[str], told: str, tmp_path: Path) -> None:
    out = tmp_path / "kong.yml"
    with pytest.raises(Misconfigured, match=told):
        render("--out", str(out), *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_not_there_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"none\.pem"):
        render("--key", f"now={tmp_path / 'none.pem'}", "--out", str(tmp_path / "kong.yml"))
    assert list(tmp_path.iterdir()) == []
