"""Pictures: what is read from them, what is made of them, and that it looks as it should."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.errors import Rejected
from tests import image_samples as samples
from transcoders.images import asking
from transcoders.images.vectors import sanitised
from transcoders.images.wanted import Crop, Encoding, Made, Work

FORMATS = (Encoding("avif", 60, 10), Encoding("webp", 80, 0), Encoding("jpeg", 82))
WORK = Work(
    widths=(100, 200, 1280),
    encodings=FORMATS,
    crops=(Crop("1:1", 200, 200), Crop("9:16", 90, 160)),
    crop_encodings=(Encoding("jpeg", 88),),
    poster_width=200,
    animation_width=200,
)
Make = Callable[..., tuple[Made, Path]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes everything of a picture's bytes, and returns what was said and where it lies."""

    def made(data: bytes, work: Work = WORK) -> tuple[Made, Path]:
        source, folder = tmp_path / "source", tmp_path / "made"
        source.write_bytes(data)
        folder.mkdir(exist_ok=True)
        return asking.make(source, folder, work)[0], folder

    return made


def look(folder: Path, name: str) -> Image.Image:
    """A picture that was made."""
    image = Image.open(folder / name)
    image.load()
    return image


def near(found: object, wanted: tuple[int, ...], by: int = 24) -> bool:
    """Whether a pixel has about that colour: formats are lossy."""
    assert isinstance(found, tuple)
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=True))


def corners(image: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the four quarters, clockwise from the top left."""
    width, height = image.size
    places = [(1, 1), (3, 1), (3, 3), (1, 3)]
    plain = image.convert("RGB")
    found = [plain.getpixel((width * x // 4, height * y // 4)) for x, y in places]
    return [one for one in found if isinstance(one, tuple)]


RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def test_each_width_comes_in_each_format_and_nothing_is_enlarged(make: Make) -> None:
    made, folder = make(samples.encoded(samples.quarters(), "JPEG", quality=95))
    names = {one.name for one in made.files if one.role == "variant"}
    assert names == {f"image/{w}.{e}" for w in (100, 200, 400) for e in ("avif", "webp", "jpg")}
    for one in made.files:
        image = look(folder, one.name)
        assert image.size == (one.width, one.height)
        assert image.format == one.codec.upper()
        assert max(image.size) <= 400
        if one.role == "variant":
            assert image.size == (int(one.rendition[:-1]), int(one.rendition[:-1]) * 3 // 4)
            for found, wanted in zip(corners(image), (RED, GREEN, BLUE, WHITE), strict=True):
                assert near(found, wanted), one.name
    assert look(folder, "poster.jpg").size == (200, 150)


@pytest.mark.parametrize(
    "orientation",
    [3, 6, 7, *(pytest.param(one, marks=pytest.mark.long) for one in (1, 2, 4, 5, 8))],
)
def test_what_is_stored_turned_is_made_upright(make: Make, orientation: int) -> None:
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    image = samples.quarters()
    if orientation > 1:
        image = image.transpose(Image.Transpose(back[orientation]))
    data = samples.encoded(image, "JPEG", exif=samples.exif(Orientation=orientation))
    few = Work((200,), (Encoding("jpeg", 90),), (), (), 200, 200)
    made, folder = make(data, few)
    upright = look(folder, "image/200.jpg")
    assert upright.size == (200, 150)
    for found, wanted in zip(corners(upright), (RED, GREEN, BLUE, WHITE), strict=True):
        assert near(found, wanted)
    assert made.focus is not None


def test_colours_are_those_that_the_profile_means(make: Make) -> None:
    data = samples.encoded(samples.quarters(), "PNG", icc_profile=samples.swapped_profile())
    made, folder = make(data)
    for name in ("image/200.jpg", "image/200.webp", "image/200.avif"):
        image = look(folder, name)
        assert near(corners(image)[0], GREEN), name
        assert near(corners(image)[1], RED), name
        assert "icc_profile" not in image.info
    assert any("sRGB" in note for note in made.notes)


def test_a_damaged_profile_is_ignored_and_told(make: Make) -> None:
    data = samples.encoded(samples.quarters(), "PNG", icc_profile=b"no profile at all" * 20)
    made, folder = make(data)
    assert near(corners(look(folder, "image/200.jpg"))[0], RED)
    assert any("damaged" in note for note in made.notes)


def test_metadata_goes_and_the_copyright_stays(make: Make) -> None:
    told = samples.exif(Copyright="© North Light".encode(), Artist=b"Ada", Make=b"SecretCam")
    made, folder = make(samples.encoded(samples.quarters(), "JPEG", exif=told, comment=b"hidden"))
    for one in made.files:
        data = (folder / one.name).read_bytes()
        assert "© North Light".encode() in data, one.name
        assert b"SecretCam" not in data
        assert b"hidden" not in data
        assert set(look(folder, one.name).getexif()) == {0x8298, 0x013B}


def test_content_credentials_are_found_and_it_is_told_that_they_went(
    make: Make, tmp_path: Path
) -> None:
    body = b"\xebJP\0\1\0\0\0\1" + b"\0\0\0\x20jumb\0\0\0\x18jumdc2pa" + bytes(40)
    data = samples.with_segments(samples.encoded(samples.quarters(), "JPEG"), [body])
    source = tmp_path / "signed.jpg"
    source.write_bytes(data)
    assert asking.probe(source, tmp_path).content_credentials
    made, _ = make(data)
    assert any("C2PA" in note for note in made.notes)


@pytest.mark.parametrize("format_", ["PNG", "WEBP"])
def test_transparency_is_kept_where_a_format_has_it_and_lies_on_a_colour_elsewhere(
    make: Make, format_: str
) -> None:
    image = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (200, 0, 400, 300))
    made, folder = make(
        samples.encoded(image, format_, lossless=True),
        Work((200,), FORMATS, (), (), 200, 200, background=(0, 0, 255)),
    )
    assert {one.codec for one in made.files} == {"avif", "webp", "png", "jpeg"}
    for name in ("image/200.avif", "image/200.webp", "image/200.png"):
        found = look(folder, name).convert("RGBA")
        assert near(found.getpixel((150, 75)), (255, 0, 0, 255)), name
        clear = found.getpixel((50, 75))
        assert isinstance(clear, tuple)
        assert clear[3] == 0, name
    assert near(look(folder, "image/200.jpg").getpixel((50, 75)), BLUE)
    # No dark fringe where the transparent half was black.
    edge = look(folder, "image/200.jpg").getpixel((110, 75))
    assert near(edge, RED)


@pytest.mark.parametrize(
    "mode",
    ["P", "CMYK", "I;16", *(pytest.param(one, marks=pytest.mark.long) for one in ("L", "1", "LA"))],
)
def test_every_way_to_store_pixels_becomes_what_browsers_show(make: Make, mode: str) -> None:
    grey = Image.new("L", (60, 40), 200)
    if mode == "I;16":
        image = Image.new("I;16", (60, 40), 200 * 257)
    else:
        image = grey.convert("RGB").convert(mode) if mode != "1" else Image.new("1", (60, 40), 1)
    wanted = 255 if mode == "1" else 200
    _, folder = make(samples.encoded(image, "TIFF" if mode == "CMYK" else "PNG"))
    assert near(look(folder, "image/60.jpg").getpixel((30, 20)), (wanted,) * 3, 8)


@pytest.mark.parametrize(
    "format_", ["GIF", *(pytest.param(one, marks=pytest.mark.long) for one in ("WEBP", "PNG"))]
)
def test_what_moves_stays_moving_and_has_a_still(make: Make, format_: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (300, 200), colour) for colour in ("red", "lime", "blue")]
    data = samples.encoded(
        frames[0], format_, save_all=True, append_images=frames[1:], duration=[100, 200, 300],
        loop=0,
    )  # fmt: skip
    (tmp_path / "moving").write_bytes(data)
    found = asking.probe(tmp_path / "moving", tmp_path)
    assert found.frames == 3
    assert found.duration_seconds == pytest.approx(0.6)
    made, folder = make(data)
    (film,) = (one for one in made.files if one.role == "animation")
    image = Image.open(folder / film.name)
    assert (image.format, getattr(image, "n_frames", 0), image.size) == ("WEBP", 3, (200, 133))
    assert film.duration == pytest.approx(0.6)
    for number, wanted in enumerate((RED, GREEN, BLUE)):
        image.seek(number)
        assert near(image.convert("RGB").getpixel((100, 60)), wanted)
    assert near(look(folder, "poster.jpg").getpixel((50, 50)), RED)


def test_the_placeholder_is_the_thumbhash_that_the_reference_makes(make: Make) -> None:
    # From thumbhash 0.1.1 of the algorithm's author, given the same pixels.
    image = Image.new("RGB", (4, 3), (200, 30, 60))
    image.putpixel((3, 2), (0, 80, 255))
    made, _ = make(samples.encoded(image, "PNG"))
    assert made.placeholder == REFERENCE


REFERENCE = "GCkDLYrQdCvgo1hMaoeHsy8f8/Ix"


def test_the_palette_has_the_colours_with_their_shares(make: Make) -> None:
    image = Image.new("RGB", (100, 100), (10, 20, 200))
    image.paste((240, 200, 10), (0, 0, 100, 25))
    made, _ = make(samples.encoded(image, "PNG"))
    shares = dict(made.palette)
    assert list(shares.values()) == pytest.approx([0.75, 0.25], abs=0.03)
    assert [near(_rgb(one), wanted) for one, wanted in
            zip(shares, ((10, 20, 200), (240, 200, 10)), strict=True)] == [True, True]  # fmt: skip


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def test_one_focal_point_holds_for_every_crop(make: Make) -> None:
    image = Image.new("RGB", (800, 600), (90, 90, 90))
    image.paste((255, 0, 0), (600, 40, 700, 130))
    data = samples.encoded(image, "PNG")
    crops = (Crop("1:1", 300, 300), Crop("9:16", 90, 160), Crop("16:9", 320, 180))
    work = Work((400,), (Encoding("jpeg", 90),), crops, (Encoding("jpeg", 90),), 400, 400)
    made, folder = make(data, work)
    assert made.focus is not None
    assert made.focus.x == pytest.approx(650 / 800, abs=0.06)
    assert made.focus.y == pytest.approx(85 / 600, abs=0.06)
    for name in ("crop/1x1.jpg", "crop/9x16.jpg", "crop/16x9.jpg"):
        assert _has_red(look(folder, name)), name
    elsewhere = Work(
        (400,), (Encoding("jpeg", 90),), crops, (Encoding("jpeg", 90),), 400, 400, focal=(0.1, 0.9)
    )
    made, folder = make(data, elsewhere)
    assert made.focus is not None
    assert (made.focus.found_by, made.focus.x, made.focus.y) == ("given", 0.1, 0.9)
    for name in ("crop/1x1.jpg", "crop/9x16.jpg", "crop/16x9.jpg"):
        assert not _has_red(look(folder, name)), name


def _has_red(image: Image.Image) -> bool:
    plain = image.convert("RGB")
    return any(near(pixel, RED, 60) for _, pixel in plain.getcolors(1 << 24) or ())


def test_a_heic_of_a_phone_is_taken(make: Make, tmp_path: Path) -> None:
    _, folder = make(samples.heic(tmp_path))
    assert near(look(folder, "image/128.jpg").getpixel((64, 48)), RED)


def test_the_raw_values_of_a_sensor_are_developed(make: Make, tmp_path: Path) -> None:
    (tmp_path / "raw").write_bytes(samples.dng())
    found = asking.probe(tmp_path / "raw", tmp_path)
    assert (found.container, found.width, found.height) == ("raw", 64, 48)
    _, folder = make(samples.dng())
    red, green, blue = look(folder, "image/64.jpg").getpixel((32, 24))  # type: ignore[misc]
    assert red > 200
    assert max(green, blue) < 60


DRAWING = b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
  viewBox="0 0 200 100" onload="alert(1)">
  <script>alert(1)</script><style>.b { fill: #00f } </style>
  <style>@import url(https://far.example/x.css);</style>
  <rect width="100" height="100" fill="#f00"/><rect class="b" x="100" width="50" height="100"/>
  <image href="file:///etc/passwd" width="50" height="50"/>
  <use xlink:href="https://far.example/a.svg#b"/><text x="10" y="20">words</text>
  <foreignObject><body xmlns="http://www.w3.org/1999/xhtml">x</body></foreignObject>
</svg>"""


def test_a_drawing_is_drawn_without_what_reaches_out_or_runs(make: Make) -> None:
    made, folder = make(DRAWING)
    image = look(folder, "image/1280.png").convert("RGBA")
    assert image.size == (1280, 640)
    assert near(image.getpixel((300, 300)), (255, 0, 0, 255))
    assert near(image.getpixel((800, 300)), (0, 0, 255, 255))
    clear = image.getpixel((1200, 300))
    assert isinstance(clear, tuple)
    assert clear[3] == 0
    (note,) = made.notes
    assert note == "not drawn: foreignObject, image, script, text"


def test_what_is_left_of_a_drawing_refers_to_nothing_outside() -> None:
    clean, size, _ = sanitised(DRAWING)
    assert size == (200, 100)
    for gone in ("script", "alert", "far.example", "passwd", "onload", "text", "import"):
        assert gone not in clean, gone


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"just words", "no picture in any known format"),
        ((Path(__file__).parents[2] / "docs/demo/clip.mp4").read_bytes()[:5000], "not a picture"),
        (samples.encoded(samples.quarters(), "PNG")[:300], "damaged or was cut short"),
        (samples.encoded(samples.quarters(), "JPEG")[:900], "damaged or was cut short"),
        (b"GIF89a" + bytes(20), "the picture has no pixels|damaged"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(24), "damaged"),
        (b"II*\0" + b"\xff" * 40, "damaged"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "damaged"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>", "well-formed"),
        (b"<svg width='9' height='9'/>", "no SVG drawing"),
    ],
)  # fmt: skip
def test_what_is_no_whole_picture_is_refused_with_its_reason(
    make: Make, data: bytes, reason: str
) -> None:
    with pytest.raises(Rejected, match=reason):
        make(data)
