"""The program that looks at a clip's frames: a question as JSON in a file, an answer on stdout.

python -I -m transcoders.subjects.child REQUEST
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from transcoders.subjects.following import pieces, shots
from transcoders.subjects.looking import looks
from transcoders.subjects.wanted import Request


def answer(request: Request) -> dict[str, Any]:
    """Where the windows of each shape are."""
    import cv2

    detector = Path(request.detector) if request.detector else None
    seen = list(looks(Path(request.frames_path), detector))
    if not seen:
        return {"refused": "no frame of the clip could be decoded"}
    found = shots(request, seen)
    return {
        "paths": {
            shape.name: [asdict(piece) for piece in pieces(request, shape, found)]
            for shape in request.shapes
        },
        "samples": len(seen),
        "faces": sum(len(one.faces) for one in seen),
        "tools": f"OpenCV {cv2.__version__}, "
        + ("YuNet 2023mar" if detector else "no face detector"),
    }


if __name__ == "__main__":
    json.dump(answer(Request.from_json(Path(sys.argv[1]).read_text())), sys.stdout)
