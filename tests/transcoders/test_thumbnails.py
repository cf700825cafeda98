"""Thumbnails of pictures that tests make: what is chosen, and how titles are set over them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from transcoders.thumbnails import asking, choosing
from transcoders.thumbnails.wanted import Brand, File, Fit, Frames, Seen, Shape

WIDE = Shape("16:9", 640, 360, 200_000, (0.05, 0.1, 0.95, 0.85), 3)
TALL = Shape("9:16", 360, 640, 200_000, (0.05, 0.12, 0.85, 0.72), 4)
Make = Callable[..., tuple[dict[str, File], list[str]]]


def noise(seed: int = 1) -> npt.NDArray[np.uint8]:
    """The worst of all grounds: every pixel of any colour."""
    return np.random.default_rng(seed).integers(0, 256, (360, 640, 3), dtype=np.uint8)


def frames(folder: Path, *pictures: npt.NDArray[np.uint8]) -> Frames:
    path = folder / "frames.rgb"
    path.write_bytes(b"".join(one.tobytes() for one in pictures))
    return Frames(str(path), 640, 360, len(pictures))


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes thumbnails of one picture; files by name, and notes."""

    def run(picture: npt.NDArray[np.uint8], brand: Brand, *shapes: Shape) -> object:
        shapes = shapes or (WIDE,)
        taken = frames(tmp_path, picture)
        files, notes, _ = asking.make(taken, shapes, [[0]] * len(shapes), brand, tmp_path)
        return {one.name: one for one in files}, notes

    return run  # type: ignore[return-value]


def luminance(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    part = pixels / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    found: npt.NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return found


@pytest.mark.parametrize(
    ("brand", "over"),
    [
        (Brand("Roasting at home"), {"shade", "plate"}),
        (Brand("Roasting at home", "#fff4d6", "#0b5d3b"), {"plate"}),
        # A brand whose own colours cannot be read on each other.
        (Brand("Roasting at home", "#777777", "#808080"), {"plate"}),
    ],
)
def test_a_title_can_be_read_over_anything(
    make: Make, tmp_path: Path, brand: Brand, over: set[str]
) -> None:
    files, notes = make(noise(), brand, WIDE, TALL)
    assert notes == []
    for shape in (WIDE, TALL):
        stem = f"thumbnail/{shape.name.replace(':', 'x')}-1-title"
        for ending in ("png", "jpg", "webp"):
            assert (tmp_path / f"{stem}.{ending}").stat().st_size <= shape.most_bytes
        file = files[f"{stem}.webp"]
        how = file.titled
        assert how is not None
        assert how.over in over
        assert how.contrast >= 4.5
        assert " ".join(how.lines) == "Roasting at home"
        left, top, right, bottom = how.box
        assert shape.safe[0] <= left < right <= shape.safe[2]
        assert shape.safe[1] <= top < bottom <= shape.safe[3]
        # On what came out: what is within the box and no letter, against the letters' colour.
        image = np.asarray(Image.open(tmp_path / file.name).convert("RGB"))
        height, width = image.shape[:2]
        part = image[
            int(top * height) : int(bottom * height), int(left * width) : int(right * width)
        ]
        letter = luminance(np.array([list(bytes.fromhex(how.colour[1:]))], dtype=np.uint8))[0]
        ground = luminance(part.reshape(-1, 3))
        ratio = (np.maximum(ground, letter) + 0.05) / (np.minimum(ground, letter) + 0.05)
        # Between letters and ground there are edges of both.
        assert np.median(ratio[ratio > 1.5]) >= 4.5
        assert (ratio < 1.5).mean() > 0.1


def test_on_a_calm_dark_picture_a_title_needs_nothing_beneath(make: Make) -> None:
    files, _ = make(np.full((360, 640, 3), 20, dtype=np.uint8), Brand("Night"))
    how = files["thumbnail/16x9-1-title.jpg"].titled
    assert how is not None
    assert (how.over, how.colour) == ("picture", "#ffffff")
    assert how.contrast > 15


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("珈琲の淹れ方", "the font has no '珈'"),
        ("Donaudampfschifffahrtsgesellschaftskapitaen" * 2, "too long"),
    ],
)
def test_a_title_that_cannot_be_set_is_told_and_the_picture_is_there(
    make: Make, title: str, reason: str
) -> None:
    files, notes = make(noise(), Brand(title))
    assert [name for name, one in files.items() if one.role == "plain"] == list(files)
    assert len(notes) == 1
    assert reason in notes[0]


def test_what_is_sharp_and_well_lit_is_preferred(tmp_path: Path) -> None:
    rows, columns = np.mgrid[0:360, 0:640]
    board = ((rows // 12 + columns // 12) % 2 * 120 + 60).astype(np.uint8)
    sharp = np.stack((board, board // 2, 255 - board), axis=2)
    small = Image.fromarray(sharp).resize((40, 23), Image.Resampling.BOX)
    soft = np.asarray(small.resize((640, 360), Image.Resampling.BICUBIC))
    dark = (sharp // 12).astype(np.uint8)
    found, _ = asking.look(frames(tmp_path, soft, sharp, dark), (WIDE,), tmp_path)
    scores = [choosing.judged(at, one, "16:9").score for at, one in enumerate(found)]
    assert max(scores) == scores[1]
    assert "sharp" in choosing.judged(1, found[1], "16:9").reasons
    assert "soft" in choosing.judged(0, found[0], "16:9").reasons
    assert "too dark or too bright" in choosing.judged(2, found[2], "16:9").reasons


def seen(mark: int, *, whole: bool = True, sharpness: float = 1.0) -> Seen:
    fit = Fit("16:9", 1.0, whole)
    return Seen(0.5, 0, 0.5, sharpness, 0.5, 0.1, "saliency", 0.5, f"{mark:016x}", (), (fit,))


def test_near_duplicates_are_left_out_and_cut_faces_cost() -> None:
    frames = {1: seen(0), 2: seen(0b111, sharpness=0.9), 3: seen(2**20 - 1, sharpness=0.5)}
    order = [choosing.judged(frame, one, "16:9") for frame, one in frames.items()]
    marks = {frame: one.mark for frame, one in frames.items()}
    assert [one.frame for one in choosing.best(order, marks, 3)] == [1, 3]
    cut = choosing.judged(4, seen(0, whole=False), "16:9")
    assert cut.score < order[0].score - 0.2
    assert "a face is cut" in cut.reasons
