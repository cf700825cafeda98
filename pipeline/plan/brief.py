"""What a plan is told beside what is in the file: how the asset is called, and whose it is."""

from pipeline.plan.brand_kit import BrandKit
from pipeline.plan.types import Value


class Brief(Value):
    """An asset's name, and the kit of its brand; of neither need anything be known."""

    name: str = ""
    kit: BrandKit = BrandKit()

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """Names and terms of the brand's, each once: listeners expect them, nobody splits them."""
        return tuple(dict.fromkeys((*self.kit.names, *(one.term for one in self.kit.glossary))))
