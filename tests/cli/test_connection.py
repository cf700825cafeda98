"""What a command knows of the installation that runs."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.connection import settings_of
from cli.endpoints import ENDPOINTS, Endpoints, read_endpoints, write_endpoints

KEY = "projects/p/locations/l/keyRings/r/cryptoKeys/k"


def test_a_command_writes_with_the_key_of_the_running_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STORAGE_KMS_KEY", raising=False)
    made = Endpoints(1, "http://a", "t", "postgresql://d", None, "redis://r", "gs://bucket", KEY)
    write_endpoints(tmp_path, made)
    found = read_endpoints(tmp_path)
    assert found == made
    settings = settings_of(found, tmp_path)
    assert (settings.storage_url, settings.storage_kms_key) == ("gs://bucket", KEY)


def test_links_that_a_command_prints_lead_to_the_running_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOCAL_URL", raising=False)
    made = Endpoints(1, "http://a", "t", "postgresql://d", None, "redis://r", "file:///s")
    assert settings_of(made, tmp_path).local_url == "http://a"
    # One that was started for a command alone is gone when somebody follows a link.
    passing = replace(made, links="http://later")
    assert settings_of(passing, tmp_path).local_url == "http://later"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": 1}'])
def test_a_file_that_was_cut_names_no_installation(tmp_path: Path, text: str) -> None:
    (tmp_path / ENDPOINTS).write_text(text)
    assert read_endpoints(tmp_path) is None
