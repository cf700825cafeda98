"""Faces of one shot, put together over time into people. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import numpy as np

from transcoders.subjects.looking import Face

# A face moves by less than its own width from one sample to the next, and does not change size.
_FAR: Final = 1.2
_SIZES: Final = 2.0
_MISSED: Final = 5
# What is seen in less than this part of a shot, or in one sample of many, is no subject.
_LEAST_PART: Final = 0.15
# Who stands further back is scenery.
_LEAST_AREA: Final = 0.35


@dataclass(slots=True)
class Track:
    """One person's face by the sample in which it was seen."""

    faces: dict[int, Face] = field(default_factory=dict)

    @property
    def area(self) -> float:
        """The usual one."""
        return median(face.area for face in self.faces.values())

    @property
    def x(self) -> float:
        """The usual one."""
        return median(face.x for face in self.faces.values())

    def talking(self) -> dict[int, float]:
        """How much the mouth changed from the sample before, where both were seen."""
        found = {}
        for at, face in self.faces.items():
            before = self.faces.get(at - 1)
            if before and before.mouth is not None and face.mouth is not None:
                found[at] = float(np.abs(face.mouth - before.mouth).mean())
        return found


def tracks(samples: Sequence[tuple[Face, ...]]) -> list[Track]:
    """The people that matter in a shot, the most seen first."""
    found: list[Track] = []
    for number, faces in enumerate(samples):
        free = [one for one in found if number - max(one.faces) <= _MISSED]
        pairs = sorted(
            (
                (_distance(one.faces[max(one.faces)], face), place, index)
                for place, one in enumerate(free)
                for index, face in enumerate(faces)
            ),
        )
        used: set[int] = set()
        taken: set[int] = set()
        for distance, place, index in pairs:
            if distance > _FAR or place in taken or index in used:
                continue
            free[place].faces[number] = faces[index]
            taken.add(place)
            used.add(index)
        found += [Track({number: face}) for index, face in enumerate(faces) if index not in used]
    least = max(2 if len(samples) > 4 else 1, len(samples) * _LEAST_PART)
    seen = [one for one in found if len(one.faces) >= least]
    largest = max((one.area for one in seen), default=0.0)
    main = [one for one in seen if one.area >= largest * _LEAST_AREA]
    return sorted(main, key=lambda one: -len(one.faces) * one.area**0.5)


def _distance(one: Face, other: Face) -> float:
    ratio = max(one.width, 1e-6) / max(other.width, 1e-6)
    if not 1 / _SIZES <= ratio <= _SIZES:
        return float("inf")
    across = max(one.width, other.width, 1e-6)
    down = max(one.height, other.height, 1e-6)
    return float(np.hypot((one.x - other.x) / across, (one.y - other.y) / down))
