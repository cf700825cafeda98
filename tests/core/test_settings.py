"""What can be set is documented, and a wrong value is named without being shown."""

import re
from pathlib import Path

import pytest

from core.errors import Misconfigured
from core.settings import Settings, get_settings

TABLE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_table_names_every_setting_and_no_other() -> None:
    listed = re.findall(r"^\| `([A-Z_]+)` \|", TABLE.read_text(), re.MULTILINE)
    known = [
        str(field.validation_alias or name.upper()) for name, field in Settings.model_fields.items()
    ]
    assert listed == known


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "hunter2"),
        ("CELLS", "{hunter2"),
        ("CELLS", '{"a": "hunter2"}'),
        ("STORAGE_KMS_KEY", "hunter2"),
        ("IMPORT_ALLOW_NETWORKS", "10.0.0.0/8,hunter2"),
        ("IMPORT_ALLOW_NETWORKS", "10.0.0.1/8"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    with pytest.raises(Misconfigured, match=name) as caught:
        get_settings()
    assert "hunter2" not in str(caught.value)


KEY = "projects/example.com:p/locations/europe-west1/keyRings/r/cryptoKeys/k"


def test_a_key_is_named_without_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(storage_kms_key=KEY).storage_kms_key == KEY
    assert Settings(storage_kms_key="").storage_kms_key is None
    for wrong in (f"{KEY}/cryptoKeyVersions/1", f"{KEY} ", f"/{KEY}", KEY.replace("/keyRings", "")):
        monkeypatch.setenv("STORAGE_KMS_KEY", wrong)
        get_settings.cache_clear()
        with pytest.raises(Misconfigured, match="STORAGE_KMS_KEY"):
            get_settings()
