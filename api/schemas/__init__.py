"""What the API sends, a file a noun; field names are part of its contract."""
