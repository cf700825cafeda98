"""Which of an asset's artifacts make the package that is shown, and what is in it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from models.asset import Artifact
from pipeline.plan.image_types import IMAGE
from pipeline.plan.stage_types import kind_of
from pipeline.plan.video_types import PREVIEW

# What a published asset shows to everybody; whatever else is made of it stays private.
_PUBLIC: Final = frozenset(
    {"hls", "dash", "audio", "mp4", "poster", "storyboard", "captions", "image"}
)
# What is sent for review is looked at: a whole film in one file is to be taken away.
_FOR_REVIEW: Final = _PUBLIC - {"mp4"}
_PRIVATE_ROLES: Final = frozenset({"speech"})


@dataclass(frozen=True, slots=True)
class Package:
    """Where its parts begin, by their paths; those that there are not are None."""

    hls: str | None = None
    dash: str | None = None
    mp4: tuple[Artifact, ...] = ()
    poster: str | None = None
    storyboard: str | None = None
    images: tuple[Artifact, ...] = ()


def current(artifacts: Iterable[Artifact]) -> Artifact | None:
    """The master of the package that is shown: the newest whole one, else the newest preview.

    A picture has none, and is led by its poster.
    """
    masters = [one for one in artifacts if _is_master(one) and one.superseded_at is None]
    return max(masters, key=lambda one: (one.stage != PREVIEW, one.created_at), default=None)


def package(results: Sequence[Artifact], master: Artifact) -> Package:
    """What belongs to a master among an asset's results."""
    of_run = [one for one in results if one.run_id == master.run_id and one.superseded_at is None]
    return Package(
        hls=master.path if master.kind == "hls" else None,
        dash=_path(of_run, "dash", "manifest"),
        mp4=tuple(one for one in of_run if one.kind == "mp4"),
        poster=_path(of_run, "poster", None),
        storyboard=_path(of_run, "storyboard", "index"),
        images=tuple(one for one in of_run if one.kind == "image"),
    )


def is_public(artifact: Artifact) -> bool:
    """Whether it is for everybody once its asset is published: nothing of a preview is."""
    public = artifact.kind in _PUBLIC and _role(artifact) not in _PRIVATE_ROLES
    return public and kind_of(artifact.stage) != PREVIEW


def is_for_review(artifact: Artifact) -> bool:
    """Whether those see it to whom its asset is sent for review; a preview of it, too."""
    return artifact.kind in _FOR_REVIEW and _role(artifact) not in _PRIVATE_ROLES


def leads(one: Artifact) -> bool:
    """Whether players are led by it to the rest: what is made later may give it another text."""
    return one.kind in ("hls", "dash") and _role(one) in ("master", "manifest")


def _is_master(one: Artifact) -> bool:
    if one.kind == "hls":
        return _role(one) == "master"
    return one.kind == "poster" and one.stage == IMAGE


def _path(artifacts: Iterable[Artifact], kind: str, role: str | None) -> str | None:
    return next((one.path for one in artifacts if one.kind == kind and _role(one) == role), None)


def _role(artifact: Artifact) -> object:
    return artifact.attributes.get("role")
