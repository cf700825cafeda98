"""Models that hear, read and write: one protocol each, one file per provider."""
