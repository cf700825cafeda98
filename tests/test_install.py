"""`make install` in a fresh checkout, wherever it lies and whoever runs it."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from cli.endpoints import Endpoints, read_endpoints

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


def environment(**told: str) -> dict[str, str]:
    # What this test runs in must not leak into what it tests.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "VIRTUAL_ENV", "MAKE", "MFLAGS", "AUTOMATOR_"))
        and name not in ("DATABASE_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "STORAGE_URL")
        and name
        not in (
            "ARGS",
            "ASR_MODEL",
            "CLIPS_PER_FILM",
            "PROCESSES",
        )  # given to make, make hands them on
    }
    return kept | told


def run(checkout: Path, *command: str, **told: str) -> str:
    done = subprocess.run(
        command,
        cwd=checkout,
        env=environment(**told),
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


def test_an_ordinary_user_runs_the_demo_and_two_checkouts_side_by_side(folder: Path) -> None:
    as_user, told = ordinary_user(folder)
    checkouts = [clone(folder / deep(folder)), clone(folder / "other")]
    assert len(str(checkouts[0])) == 150
    assert " " in str(checkouts[0])
    if as_user:
        give_away(folder)
    for checkout in checkouts:
        run(checkout, *as_user, "make", "install", **told)
    said = run(checkouts[0], *as_user, "make", "demo", **told)
    assert "manifest.json" in said
    assert (checkouts[0] / "demo" / "clip" / "manifest.json").is_file()
    began = [
        subprocess.Popen(
            [*as_user, "make", "run"],
            cwd=checkout,
            env=environment(**told),
            stdout=subprocess.DEVNULL,
        )
        for checkout in checkouts
    ]
    try:
        found = [
            wait_ready(checkout, make) for checkout, make in zip(checkouts, began, strict=True)
        ]
        assert found[0].api != found[1].api
        for one, other in (found, found[::-1]):
            assert status(one.api, one.token) == 200
            assert status(one.api, other.token) == 401
        asked = time.monotonic()
        for make in began:
            make.terminate()
        for make in began:
            make.wait(20)
        assert time.monotonic() - asked < 5
    finally:
        for make in began:
            if make.poll() is None:
                make.terminate()
                make.wait(30)


def ordinary_user(folder: Path) -> tuple[tuple[str, ...], dict[str, str]]:
    """What makes a command somebody else's: its prefix and its environment."""
    if os.geteuid() != 0:
        return (), {}
    python = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin")
    if python is None or shutil.which("setpriv") is None:
        pytest.skip("no Python that other users reach")
    # A user with a name, as PostgreSQL wants it.
    prefix = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
    return prefix, {"PYTHON": python, "HOME": str(folder)}


def give_away(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)


def deep(folder: Path) -> Path:
    """A name with a space below `folder`, so long that the path is of 150 characters."""
    return Path("a " + "x" * (147 - len(str(folder))))


def wait_ready(checkout: Path, make: subprocess.Popen[bytes]) -> Endpoints:
    deadline = time.monotonic() + 60
    while (found := read_endpoints(checkout / "data")) is None:
        assert make.poll() is None, "it ended"
        assert time.monotonic() < deadline, "it is not ready"
        time.sleep(0.05)
    return found


def status(api: str, token: str) -> int:
    request = Request(f"{api}/v1/runs", headers={"Authorization": f"Bearer {token}"})
    try:
        with urlopen(request, timeout=10) as response:
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code
