"""The program that judges frames and makes thumbnails of them: a question as JSON in a file.

    python -I -m transcoders.thumbnails.child REQUEST

It answers on standard output: `seen`, or `files` and `notes`.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from transcoders.thumbnails.seeing import seen
from transcoders.thumbnails.wanted import Frames, Request


def answer(request: Request) -> dict[str, Any]:
    """What is seen in the frames, or what was made of them."""
    detector = Path(request.detector) if request.detector else None
    if request.folder is None:
        found = (seen(frame, request.shapes, detector) for frame in _pictures(request.frames))
        return {"seen": [asdict(one) for one in found]}
    from transcoders.thumbnails import writing

    files, notes = writing.make(list(_pictures(request.frames)), request, detector)
    return {"files": [asdict(one) for one in files], "notes": notes}


def _pictures(frames: Frames) -> Iterator[Image.Image]:
    size = frames.width * frames.height * 3
    with Path(frames.path).open("rb") as file:
        for _ in range(frames.count):
            yield Image.frombytes("RGB", (frames.width, frames.height), file.read(size))


if __name__ == "__main__":
    json.dump(answer(Request.from_json(Path(sys.argv[1]).read_text())), sys.stdout)
