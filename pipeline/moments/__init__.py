"""Moments: the parts of a film that stand for themselves, chosen by rules that are shown. Pure."""

from pipeline.moments.choosing import Choice, choose
from pipeline.moments.material import Curve, Material

__all__ = ["Choice", "Curve", "Material", "choose"]
