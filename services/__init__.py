"""Use cases. They take a session and typed values, and never commit."""
