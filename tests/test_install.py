"""`make install` in a fresh checkout, wherever it lies and whoever runs it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="automator install ", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def clone(target: Path) -> Path:
    """The checkout's last commit, as somebody else would get it."""
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", ROOT, target], check=True)
    return target


def run(checkout: Path, *command: str, **environment: str) -> str:
    # What this test runs in must not leak into what it tests.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "VIRTUAL_ENV", "MAKE", "MFLAGS", "AUTOMATOR_"))
    }
    done = subprocess.run(
        command,
        cwd=checkout,
        env=kept | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("name", ["a folder with spaces", "x" * 120])
def test_install_leaves_a_command_that_works_from_anywhere(folder: Path, name: str) -> None:
    checkout = clone(folder / name / "brand automator")
    run(checkout, "make", "install")
    assert "doctor" in run(Path("/"), str(checkout / ".venv/bin/automator"), "--help")
    began = time.monotonic()
    run(checkout, "make", "install")
    assert time.monotonic() - began < 1


def test_a_checkout_that_was_moved_is_installed_again(folder: Path) -> None:
    checkout = clone(folder / "here")
    run(checkout, "make", "install")
    moved = checkout.rename(folder / "there")
    run(moved, "make", "install")
    assert "doctor" in run(Path("/"), str(moved / ".venv/bin/automator"), "--help")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_can_install_it(folder: Path) -> None:
    python = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin")
    if python is None or shutil.which("setpriv") is None:
        pytest.skip("no Python that other users reach")
    checkout = clone(folder / "checkout")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    as_user = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--")
    told = {"PYTHON": python, "HOME": str(folder)}
    run(checkout, *as_user, "make", "install", **told)
    run(checkout, *as_user, ".venv/bin/automator", "--help", **told)
