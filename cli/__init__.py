"""The command line: `automator`."""
