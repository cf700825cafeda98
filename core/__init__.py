"""The foundation: settings, errors, storage, database, child processes. Knows no domain nouns."""
