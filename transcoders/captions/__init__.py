"""Captions: from words with their times to cues by rule, and to files of every usual format."""

from transcoders.captions.checks import violations
from transcoders.captions.cues import Cue, Line, captioned
from transcoders.captions.profile import Profile, profile_for
from transcoders.captions.words import Word

__all__ = ["Cue", "Line", "Profile", "Word", "captioned", "profile_for", "violations"]
