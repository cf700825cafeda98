"""Words by a language model, held to what the film says, its brand and the networks' limits."""

from pipeline.writing.asking import REMEDY, Ask, Unavailable, written
from pipeline.writing.film import Film

__all__ = ["REMEDY", "Ask", "Film", "Unavailable", "written"]
