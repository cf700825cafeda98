"""The passwords of an installation's own servers, and what else a data folder keeps to itself."""

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from core.errors import Misconfigured

SECRETS: Final = "secrets.json"
MASTER: Final = "master"
_NAMES = ("superuser", "owner", "app")


def load_secrets(path: Path) -> dict[str, str]:
    """Reads the passwords from `path` (0600), making those that are missing.

    Raises Misconfigured for a damaged file: others in its place would open nothing.
    """
    try:
        known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        if not isinstance(known, dict):
            raise ValueError
    except ValueError:
        raise Misconfigured(f"{path} is damaged: put back a copy of it") from None
    if not all(known.get(name) for name in _NAMES):
        known = {**{name: secrets.token_hex(24) for name in _NAMES}, **known}
        write_private(path, json.dumps(known, indent=2) + "\n")
    return {str(name): str(value) for name, value in known.items()}


def own_secret(path: Path, name: str) -> str:
    """A secret of the data folder, 32 random bytes, made when it is first asked for."""
    known = load_secrets(path)
    if name not in known:
        known[name] = secrets.token_urlsafe(32)
        write_private(path, json.dumps(known, indent=2) + "\n")
    return known[name]


def known_secret(path: Path, name: str) -> str | None:
    """The same, if it was ever made and we may read it; nothing is written."""
    try:
        found = json.loads(path.read_text()).get(name)
    except (OSError, ValueError, AttributeError):
        return None
    return str(found) if found else None


def write_private(path: Path, text: str) -> None:
    """Replaces the file in one step; only its owner can read it, from the first moment."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
