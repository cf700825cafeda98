"""The passwords of an installation's own servers."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from core.errors import Misconfigured

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


def write_private(path: Path, text: str) -> None:
    """Replaces the file in one step; only its owner can read it, from the first moment."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
