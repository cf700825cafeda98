"""The program in which pictures are decoded: a question as JSON in a file, an answer on stdout.

    python -I -m transcoders.images.child REQUEST

An answer is `{"refused": …}` or has the key that fits the question, `probe` or `made`.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transcoders.images import opening
from transcoders.images.refusal import Refused
from transcoders.images.wanted import Request


def answer(request: Request) -> dict[str, Any]:
    """What is in the picture, or what was made of it; why not, where it is refused."""
    path = Path(request.source)
    try:
        opened = opening.opened(path, request.mime, only_headers=request.work is None)
        if request.work is None:
            return {"probe": _probe(opened, path, request.mime)}
        # Loaded here: for a look at the headers neither numpy nor the codecs are needed.
        from transcoders.images import writing

        detector = Path(request.detector) if request.detector else None
        made = writing.make(opened, request.work, Path(request.folder), detector)
        return {"made": asdict(made)}
    except Refused as error:
        return {"refused": str(error), "detail": repr(error.__cause__) if error.__cause__ else None}


def _probe(opened: opening.Opened, path: Path, mime: str) -> dict[str, Any]:
    image, structure = opened.image, opened.structure
    owner, artist = opening.rights(opened)
    width, height = opened.size
    moving = opened.frames > 1
    return {
        "container": (image.format or "").lower(),
        "mime": mime,
        "bytes": path.stat().st_size,
        "width": width,
        "height": height,
        "orientation": opened.orientation,
        "mode": image.mode,
        "alpha": opening.has_alpha(image),
        "frames": opened.frames,
        "duration_seconds": round(structure.seconds, 3) if moving else None,
        "progressive": structure.progressive,
        "profile": opening.profile_name(image),
        "copyright": owner,
        "artist": artist,
        "content_credentials": structure.content_credentials,
    }


if __name__ == "__main__":
    json.dump(answer(Request.from_json(Path(sys.argv[1]).read_text())), sys.stdout)
