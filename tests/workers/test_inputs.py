"""Stages are brought the files that they ask for, and no others."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

import pytest

from core.storage import Storage
from services.ledger_results import Input, InputFile
from workers.inputs import Files


class Bucket:
    """Counts what is brought here, and what is still here."""

    def __init__(self) -> None:
        self.brought: list[str] = []
        self.here: list[str] = []

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        self.brought.append(key)
        self.here.append(key)
        yield Path("/here", key)
        self.here.remove(key)


def test_a_file_is_brought_when_it_is_asked_for_and_once() -> None:
    bucket = Bucket()
    given = Input(None, [InputFile("master.m3u8", "a", ""), InputFile("2160p.mp4", "b", "")])
    with ExitStack() as stack:
        files = Files(cast(Storage, bucket), given, stack)
        assert set(files) == {"master.m3u8", "2160p.mp4"}
        assert len(files) == 2
        assert bucket.brought == []
        assert files["master.m3u8"] == files["master.m3u8"] == Path("/here/a")
        assert bucket.brought == bucket.here == ["a"]
        assert files.get("nothing") is None
        with pytest.raises(KeyError):
            files["nothing"]
    assert bucket.here == []
