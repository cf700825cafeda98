"""What a check has to say."""

from dataclasses import dataclass
from typing import Final

CROSS_CHECK: Final = "cross-check"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, in which file, and who says so."""

    by: str
    where: str
    what: str

    def __str__(self) -> str:
        """As one line."""
        return f"{self.by}: {self.where}: {self.what}"
