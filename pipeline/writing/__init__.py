"""Words by a language model, held to what the film says, its brand and the networks' limits."""

from pipeline.writing.asking import Ask, Unavailable, written
from pipeline.writing.film import Film

__all__ = ["Ask", "Film", "Unavailable", "written"]
