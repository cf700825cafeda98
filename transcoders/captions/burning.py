"""Burning in: the filter by which ffmpeg has libass draw a script onto a picture."""

from pathlib import Path

from transcoders import fonts


def burn_in(script: Path, folder: Path | None = None) -> str:
    """A filter for a graph of ffmpeg's. `folder` holds fonts, those of the product by default.

    Without that folder a bare machine has no fonts, and libass draws nothing and only warns.
    """
    return f"ass=filename={quoted(script)}:fontsdir={quoted(folder or fonts.folder())}"


def quoted(path: Path) -> str:
    """A path as a filter's option: escaped for the option, then for the graph (ffmpeg-utils)."""
    option = _escaped(str(path.absolute()), "\\':")
    return _escaped(option, "\\'[],;")


def _escaped(text: str, special: str) -> str:
    return "".join(f"\\{char}" if char in special else char for char in text)
