"""What a stage is given of the stages before it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from core.storage import Storage
from services.ledger_results import Input


class Files(Mapping[str, Path]):
    """Files by their names, each brought here when it is first asked for.

    A stage that wants a playlist of a package leaves its films in their bucket.
    """

    def __init__(self, storage: Storage, given: Input, stack: ExitStack) -> None:
        """What is brought here lasts as long as `stack`."""
        self._storage, self._stack = storage, stack
        self._keys = {file.path: file.storage_key for file in given.files}
        self._here: dict[str, Path] = {}

    def __getitem__(self, name: str) -> Path:
        if name not in self._here:
            key = self._keys[name]
            self._here[name] = self._stack.enter_context(self._storage.local(key))
        return self._here[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
