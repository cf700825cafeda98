"""What of a film's artifacts others than its makers see."""

import pytest

from models.asset import Artifact
from services.packages import is_for_review, is_public


@pytest.mark.parametrize(
    ("kind", "role", "public"),
    [
        ("hls", "master", True),
        ("audio", "media", True),
        ("audio", "speech", False),
        # What was said before it was edited, with what a model only thought it heard.
        ("transcript", None, False),
    ],
)
def test_what_is_said_is_published_as_sound_and_not_as_words(
    kind: str, role: str | None, public: bool
) -> None:
    artifact = Artifact(kind=kind, attributes={"role": role}, stage="package")
    assert is_public(artifact) is public
    assert is_for_review(artifact) is public
