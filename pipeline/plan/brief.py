"""What a plan is told beside what is in the file: its name, whose it is, how much is wanted."""

from pydantic import Field

from pipeline.plan.brand_kit import BrandKit
from pipeline.plan.types import Value


class Brief(Value):
    """An asset's name, and the kit of its brand; of neither need anything be known."""

    name: str = ""
    kit: BrandKit = BrandKit()
    clips: int = Field(default=3, ge=0, le=20)
    """How many moments at most are made into clips."""

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Names and terms of the brand's, each once: listeners expect them, nobody splits them."""
        return tuple(dict.fromkeys((*self.kit.names, *(one.term for one in self.kit.glossary))))
