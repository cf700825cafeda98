"""The fonts that come with the product: a bare machine has none, and then nothing is drawn."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

from core.errors import Misconfigured

FAMILY: Final = "Fira Sans"
"""Latin, Cyrillic and Greek, upright and italic in nine weights; SIL Open Font License 1.1."""
_PACKAGE: Final = "fontpkg_fira_sans"


@cache
def folder() -> Path:
    """Where its files are, to be given to libass as `fontsdir`. Raises Misconfigured."""
    spec = importlib.util.find_spec(_PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        files = Path(place) / "files"
        if any(files.glob("*.ttf")):
            return files
    raise Misconfigured(f"the font {FAMILY} is missing: install {_PACKAGE.replace('_', '-')}")
