"""Sockets lie where only we can reach them, at addresses that are short enough."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from core.embedded.folders import data_folder, private_folder, runtime_folder
from core.errors import Misconfigured


@pytest.mark.parametrize("name", ["plain", "with a space", "x" * 150, "it's"])
def test_a_socket_s_address_is_short_and_plain_and_always_the_same(
    tmp_path: Path, name: str
) -> None:
    folder = runtime_folder(tmp_path / name)
    address = f"{folder}/postgres/.s.PGSQL.5432.lock"
    assert len(os.fsencode(address)) <= 107
    assert " " not in address
    assert "'" not in address
    assert runtime_folder(tmp_path / name) == folder
    assert runtime_folder(tmp_path / f"{name[:50]}2") != folder
    shutil.rmtree(folder)


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ours").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match="must be a folder"):
        private_folder(tmp_path / "ours")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 12345, 12345)
    with pytest.raises(Misconfigured, match="belongs to another user"):
        private_folder(tmp_path / "theirs")


def test_a_new_data_folder_is_closed_and_a_known_one_left_as_it_is(tmp_path: Path) -> None:
    mode = stat.S_IMODE(data_folder(tmp_path / "data").stat().st_mode)
    assert mode == (0o711 if os.geteuid() == 0 else 0o700)
    (tmp_path / "data").chmod(0o750)
    assert stat.S_IMODE(data_folder(tmp_path / "data").stat().st_mode) == 0o750


def test_a_folder_that_is_too_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    assert stat.S_IMODE(private_folder(tmp_path / "open").stat().st_mode) == 0o700
