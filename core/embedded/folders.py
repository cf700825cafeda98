"""Where the servers keep their files and their sockets."""

import hashlib
import os
import re
import stat
from pathlib import Path

from core.errors import Misconfigured

# A unix socket's address ends at 107 bytes; the longest name below the folder is
# "postgres/.s.PGSQL.5432.lock" (the lock file is an ordinary file, counted for good measure).
_LONGEST_FOLDER = 107 - len("/postgres/.s.PGSQL.5432.lock")
# Addresses are written into URLs that several clients parse each in their own way.
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


def private_folder(path: Path, *, mode: int = 0o700) -> Path:
    """Makes `path` a folder of ours with `mode`, or raises Misconfigured if it is someone else's.

    A link is refused: another user could point it anywhere between our check and our use.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise Misconfigured(f"{path} must be a folder, and is none") from None
        if found.st_uid != os.geteuid():
            raise Misconfigured(f"{path} belongs to another user") from None
    path.chmod(mode)
    return path


def data_folder(path: Path) -> Path:
    """The data folder of an installation, made if there is none, as closed as it can be.

    Root's lets others through: PostgreSQL runs as a lesser user in a 0700 folder below.
    """
    if not path.exists():
        private_folder(path, mode=0o711 if os.geteuid() == 0 else 0o700)
    return path


def runtime_folder(data_dir: Path) -> Path:
    """The folder for the sockets of `data_dir`, always the same: in it, or short under /tmp.

    0711, so that a server with a lesser user reaches its own 0700 folder below; where the
    sockets are, only their owner (and root) can look.
    """
    inside = data_dir.resolve() / "run"
    if len(os.fsencode(inside)) <= _LONGEST_FOLDER and _PLAIN.fullmatch(str(inside)):
        return private_folder(inside, mode=0o711)
    name = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    ours = private_folder(Path(f"/tmp/automator-{os.geteuid()}"), mode=0o711)
    return private_folder(ours / name, mode=0o711)
