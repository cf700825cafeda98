"""What `automator doctor` says of the keys that seal secrets."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg

from cli.diagnosis import Check, State
from core.errors import AutomatorError
from core.master_keys import MasterKeys
from core.settings import Settings
from services.data_keys import survey


def look(settings: Settings) -> Iterator[Check]:
    """Whether there is a master key that wraps and unwraps, and none is missing."""
    if settings.master_keys is None and settings.master_key_file is None:
        if settings.database_url is None:
            yield Check("secrets", "master key", State.OK, "made by `automator up`")
            return
        mend = "set MASTER_KEYS (`openssl rand -base64 32` makes one), and keep a copy of it"
        yield Check("secrets", "master key", State.MISSING, "none: no secret can be kept", mend)
        return
    known = MasterKeys.of(settings).all()
    trial = os.urandom(32)
    works = known[0].unwrap(known[0].wrap(trial, "doctor"), "doctor") == trial
    behind = f", and {len(known) - 1} more that unwrap" if len(known) > 1 else ""
    state = State.OK if works else State.MISSING
    yield Check("secrets", "master key", state, f"{known[0].name}{behind}")
    yield from _readable(settings.master_key_file)
    if settings.database_url is None or settings.database_admin_url is None:
        return
    try:
        wrapped = survey(settings)
    except (AutomatorError, psycopg.Error):
        return  # the database's own lines say why it cannot be asked
    names = {one.name for one in known}
    for name, count in wrapped.items():
        if name not in names:
            finding = f"{count} data keys are wrapped by {name}, which is not there"
            mend = "add that master key to MASTER_KEYS, behind the first"
            yield Check("secrets", "data keys", State.MISSING, finding, mend)
    if wrapped.keys() <= names:
        yield Check("secrets", "data keys", State.OK, f"{sum(wrapped.values())} can be unwrapped")


def _readable(file: Path | None) -> Iterator[Check]:
    if file is not None and file.stat().st_mode & 0o077:
        mend = f"chmod 600 {file}, unless whoever mounts it sees to that"
        yield Check("secrets", "MASTER_KEY_FILE", State.NOTE, "others may read it", mend)
