"""A folder as a store.

Objects are ordinary files below the root, so that an operator can copy, back up and look at them.
Every path is walked from the root with descriptors that do not follow symbolic links.
"""

import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import InsufficientStorage, NotFound, Rejected
from core.folder_files import FOLDER, NO_ROOM, copy, empty, fresh, named, names, require_same, take
from core.keys import checked_key
from core.storage import Stored, StoredObject

# No key begins with a dot.
_INCOMING: Final = ".incoming"
_SPOOL: Final = ".spool"
_FOLDER_MODE: Final = 0o750


class FolderStorage:
    """`core.storage.Storage` in a folder, which is made where it is missing."""

    def __init__(self, root: Path) -> None:
        """`root` is absolute."""
        self.root = root
        (root / _INCOMING).mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    @property
    def spool(self) -> Path:
        """See `Storage.spool`."""
        return self.root / _SPOOL

    def ask(self) -> None:
        """Raise OSError where the folder takes no files; leaves nothing behind."""
        path = self.root / _INCOMING / secrets.token_hex(16)
        try:
            with path.open("xb", buffering=0) as stream:
                stream.write(b"?")
        except OSError as error:
            if error.errno not in NO_ROOM:  # that is told by `free_bytes`, and by `put`
                raise
        finally:
            path.unlink(missing_ok=True)

    def put(
        self, key: str, path: Path, *, consume: bool = False, sha256: str | None = None
    ) -> Stored:
        """See `Storage.put`. On one file system a consumed file is linked, not copied."""
        incoming = self._incoming(key)
        with self._coming(incoming):
            digest, size = take(path, incoming, link=consume, sha256=sha256)
            self._place(incoming, key, digest)
        if consume:
            path.unlink()
        return Stored(key, size, digest)

    def compose(self, key: str, parts: Sequence[str]) -> Stored:
        """See `Storage.compose`. The parts are copied."""
        incoming = self._incoming(key)
        if not parts:
            raise Rejected("there are no parts to join")
        with self._coming(incoming):
            digest, size = self._join(incoming, parts)
            self._place(incoming, key, digest)
        return Stored(key, size, digest)

    def _incoming(self, key: str) -> Path:
        checked_key(key)
        return self.root / _INCOMING / secrets.token_hex(16)

    @contextmanager
    def _coming(self, incoming: Path) -> Iterator[None]:
        """Leaves no other name of what came, however it ends."""
        try:
            yield
        except OSError as error:
            if error.errno in NO_ROOM:
                raise InsufficientStorage("the storage folder has no room left") from error
            raise
        finally:
            incoming.unlink(missing_ok=True)

    def _join(self, target: Path, parts: Sequence[str]) -> tuple[str, int]:
        digest = hashlib.sha256()
        with open(fresh(target), "wb", buffering=0) as writer:
            for part in parts:
                with self.open(part) as reader:
                    copy(reader, writer.fileno(), digest)
            os.fsync(writer.fileno())
            return digest.hexdigest(), os.fstat(writer.fileno()).st_size

    def _place(self, incoming: Path, key: str, digest: str) -> None:
        *folders, name = key.split("/")
        while True:
            try:
                with self._folder(folders, make=True) as folder:
                    if not named(incoming, name, folder):
                        require_same(folder, name, digest, key)
                    os.fsync(folder)
                    return
            except (FileNotFoundError, NotFound):
                # Someone pruned the folder while it was still empty: make it again. A link in
                # its place stays, and is not ours to replace.
                if not incoming.exists() or self._through_link(folders):
                    raise

    def _through_link(self, folders: Sequence[str]) -> bool:
        path = self.root
        for part in folders:
            path /= part
            if path.is_symlink() or path.is_file():
                return True
        return False

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The file itself: read it, do not write it."""
        self.stat(key)
        yield self.root / key

    def open(self, key: str) -> BinaryIO:
        """See `Storage.open`."""
        *folders, name = checked_key(key).split("/")
        with self._folder(folders) as folder, _missing(key):
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(name, flags, dir_fd=folder)
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise NotFound(f"nothing is stored under {key}")
            return os.fdopen(handle, "rb")

    def signed_url(
        self, key: str, *, seconds: float, mime: str | None = None, disposition: str | None = None
    ) -> None:
        """None: a folder has no addresses."""
        checked_key(key)

    def begin_session(self, key: str, size: int, *, origin: str | None = None) -> None:
        """None: nobody writes to a folder from outside."""
        checked_key(key)

    def end_session(self, address: str) -> None:
        """There is none to end."""

    def stat(self, key: str) -> StoredObject:
        """See `Storage.stat`."""
        *folders, name = checked_key(key).split("/")
        with self._folder(folders) as folder, _missing(key):
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            raise NotFound(f"nothing is stored under {key}")
        return StoredObject(key, found.st_size, found.st_mtime)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """See `Storage.list`; files that vanish meanwhile are left out."""
        if prefix:
            checked_key(prefix)
        yield from self._below(prefix)

    def delete(self, key: str) -> None:
        """See `Storage.delete`; folders left empty go too."""
        *folders, name = checked_key(key).split("/")
        with (
            suppress(NotFound, FileNotFoundError, IsADirectoryError),
            self._folder(folders) as folder,
        ):
            os.unlink(name, dir_fd=folder)
        self._prune(folders)

    def delete_prefix(self, prefix: str) -> int:
        """See `Storage.delete_prefix`. An empty prefix is refused."""
        folders = checked_key(prefix).split("/")
        removed = 0
        with suppress(NotFound):
            with self._folder(folders) as folder:
                removed = empty(folder)
            self._prune(folders)
        return removed

    def free_bytes(self) -> int:
        """What the file system still gives to an ordinary user."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    def sweep_incoming(self, older_than_seconds: float) -> int:
        """Remove what killed writers left behind; the number of files removed."""
        before, removed = time.time() - older_than_seconds, 0
        for left in (self.root / _INCOMING).iterdir():
            with suppress(FileNotFoundError):
                if left.stat().st_ctime < before:
                    left.unlink()
                    removed += 1
        return removed

    @contextmanager
    def _folder(self, parts: Sequence[str], *, make: bool = False) -> Iterator[int]:
        """A descriptor of the folder; NotFound where it is missing or reached through a link."""
        handle = os.open(self.root, FOLDER & ~os.O_NOFOLLOW)
        try:
            for part in parts:
                if make:
                    with suppress(FileExistsError):
                        os.mkdir(part, _FOLDER_MODE, dir_fd=handle)
                        os.fsync(handle)
                with _missing("/".join(parts)):
                    inner = os.open(part, FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    def _below(self, prefix: str) -> Iterator[StoredObject]:
        try:
            with self._folder(prefix.split("/") if prefix else []) as folder:
                found = sorted(names(folder))
        except NotFound:
            return
        for name in (name.removesuffix("/") for name in found):
            key = f"{prefix}/{name}" if prefix else name
            try:
                yield self.stat(key)
            except NotFound:
                yield from self._below(key)

    def _prune(self, parts: Sequence[str]) -> None:
        """Remove folders that are empty, from the inside out."""
        while parts:
            *outer, name = parts
            try:
                with self._folder(outer) as folder:
                    os.rmdir(name, dir_fd=folder)
            except (OSError, NotFound):
                return
            parts = outer


@contextmanager
def _missing(key: str) -> Iterator[None]:
    """NotFound for what is absent, or present as a link where no link may be."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise NotFound(f"nothing is stored under {key}") from None
        raise
