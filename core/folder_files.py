"""What a store in a folder does with files, by descriptors that follow no symbolic link."""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from core.errors import Conflict

if TYPE_CHECKING:
    from hashlib import _Hash

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FILE_MODE: Final = 0o640
_CHUNK: Final = 1 << 20
_FICLONE: Final = 0x40049409  # ioctl_ficlone(2)
# What a file system answers that knows no hard links.
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


def take(source: Path, target: Path, *, link: bool, sha256: str | None) -> tuple[str, int]:
    """Bring a file to `target` durably by the cheapest way; its sha256 and its size."""
    with open(os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as reader:
        if link and _linked(source, target):
            with target.open("rb") as writer:
                os.fchmod(writer.fileno(), _FILE_MODE)
                digest = sha256 or hashlib.file_digest(reader, "sha256").hexdigest()
                os.fsync(writer.fileno())
                return digest, os.fstat(writer.fileno()).st_size
        handle = fresh(target)
        with open(handle, "wb", buffering=0) as writer:
            if _cloned(reader, handle):
                digest = sha256 or hashlib.file_digest(reader, "sha256").hexdigest()
            else:
                copy(reader, handle, copied := hashlib.sha256())
                digest = copied.hexdigest()
            os.fsync(writer.fileno())
            return digest, os.fstat(handle).st_size


def fresh(target: Path) -> int:
    """A descriptor to write a file that was not there."""
    return os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _FILE_MODE)


def named(incoming: Path, name: str, folder: int) -> bool:
    """Give the file its name, unless that is taken; whether it has it."""
    try:
        os.link(incoming, name, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        # Two that come at once with different bytes are not told apart here: the last one stays.
        with suppress(FileNotFoundError):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
            return False
        os.rename(incoming, name, dst_dir_fd=folder)
    return True


def require_same(folder: int, name: str, digest: str, key: str) -> None:
    """Raise Conflict unless the file of this name has this digest."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise Conflict(f"something else is stored under {key}") from None
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode) or _sha256(handle) != digest:
            raise Conflict(f"something else is stored under {key}")
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(handle: int) -> str:
    with open(handle, "rb", closefd=False) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def names(folder: int) -> Iterator[str]:
    """The visible names in a folder; those of folders end as they do in keys."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                yield entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "")


def _linked(source: Path, target: Path) -> bool:
    # A file with other names could be changed through them: only a sole name is taken over.
    if os.lstat(source).st_nlink != 1:
        return False
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        return False
    return True


def _cloned(reader: BinaryIO, handle: int) -> bool:
    """Share the blocks where the file system can (btrfs, XFS, bcachefs)."""
    try:
        fcntl.ioctl(handle, _FICLONE, reader.fileno())
    except OSError:
        return False
    return True


def copy(reader: BinaryIO, handle: int, digest: "_Hash") -> None:
    """Copy and hash in one reading, which copy_file_range would make two."""
    while chunk := reader.read(_CHUNK):
        digest.update(chunk)
        view = memoryview(chunk)
        while view:
            view = view[os.write(handle, view) :]


def empty(folder: int) -> int:
    """Remove everything in a folder, links as links; the number of files removed."""
    removed = 0
    for name in os.listdir(folder):
        try:
            inner = os.open(name, FOLDER, dir_fd=folder)
        except FileNotFoundError:
            continue
        except OSError:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
                removed += 1
            continue
        try:
            removed += empty(inner)
        finally:
            os.close(inner)
        with suppress(OSError):
            os.rmdir(name, dir_fd=folder)
    return removed
