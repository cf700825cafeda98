"""Samples for the tests of this folder."""

from tests.media_samples import sample

__all__ = ["sample"]
