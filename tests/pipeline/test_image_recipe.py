"""The recipe `image`: what is planned, and its stages run as workers would run them."""

import subprocess
from pathlib import Path

import pytest
from PIL import Image

from core.errors import Rejected
from core.images import ImageProbe
from pipeline.plan import STAGE_TYPES, Attributes, StageResult, plan
from pipeline.plan.brief import Brief
from pipeline.plan.image import SHAPES, WIDTHS, plan_image
from pipeline.plan.image_networks import PLACES, fits
from pipeline.plan.image_types import FocalPoint, ImageOptions, ImageResult
from pipeline.stages import STAGE_FUNCTIONS, StageContext, StageInput
from tests.image_samples import encoded
from tests.media_samples import CLIP
from transcoders.tools import get_tools

PROBE = ImageProbe(
    container="jpeg", mime="image/jpeg", bytes=1, width=4000, height=3000, mode="RGB"
)


def run(source: Path, folder: Path, focal_point: FocalPoint | None = None) -> list[StageResult]:
    """The results of both stages; values go through JSON, as they do in the ledger."""
    done: dict[str, StageResult] = {}
    for name in ("probe_image", "image"):
        found = done["probe_image"].value if done else None
        assert found is None or isinstance(found, ImageProbe)
        spec = plan_image(found, Brief(), focal_point)[name]
        inputs = {
            one: StageInput(type(result.value).model_validate_json(result.value.model_dump_json()))
            for one, result in done.items()
            if result.value is not None
        }
        scratch = folder / name
        scratch.mkdir(parents=True)
        context = StageContext(source, "", scratch, get_tools(), inputs)
        done[name] = STAGE_FUNCTIONS[name](context, spec.options)
    return list(done.values())


def test_the_plan_begins_as_it_began_and_its_options_survive_json() -> None:
    graph = plan("image", PROBE)
    assert [stage.name for stage in graph.stages] == ["probe_image", "image"]
    assert graph.stages[:1] == plan("image", None).stages
    assert graph["image"].needs == ("probe_image",)
    for stage in graph.stages:
        model = STAGE_TYPES[stage.name].options
        assert model.model_validate_json(stage.options.model_dump_json()) == stage.options


def test_a_focal_point_of_people_is_an_option_and_lies_in_the_picture() -> None:
    options = plan_image(PROBE, Brief(), FocalPoint(x=0.2, y=0.9))["image"].options
    assert isinstance(options, ImageOptions)
    assert options.focal_point == FocalPoint(x=0.2, y=0.9)
    with pytest.raises(ValueError, match="less than or equal to 1"):
        FocalPoint(x=1.2, y=0)


def test_a_frame_of_a_film_becomes_everything_that_the_table_names(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    command = [str(get_tools().ffmpeg), "-v", "error", "-ss", "9", "-i", str(CLIP)]
    subprocess.run([*command, "-frames:v", "1", "-q:v", "2", str(photo)], check=True)
    probed, made = run(photo, tmp_path)
    found = probed.value
    assert isinstance(found, ImageProbe)
    assert (found.width, found.height, found.mime) == (1280, 720, "image/jpeg")
    value = made.value
    assert isinstance(value, ImageResult)
    names = {one.name for one in made.artifacts}
    sizes = [width for width in WIDTHS if width <= 1280]
    assert names == {
        "poster.jpg",
        *(f"image/{width}.{kind}" for width in sizes for kind in ("avif", "webp", "jpg")),
        *(f"crop/{one.name.replace(':', 'x').replace('.', '-')}.jpg" for one in SHAPES),
    }
    for one in made.artifacts:
        with Image.open(one.path) as image:
            assert image.size == (one.attributes.width, one.attributes.height)
        assert one.kind == ("poster" if one.name == "poster.jpg" else "image")
    for shape in SHAPES:
        (crop,) = (one for one in made.artifacts if one.attributes.rendition == shape.name)
        width, height = crop.attributes.width or 0, crop.attributes.height or 1
        assert width / height == pytest.approx(shape.width / shape.height, rel=0.01)
        assert width <= shape.width
    assert value.focal_point_by == "saliency"
    assert value.placeholder
    assert sum(one.share for one in value.palette) <= 1
    assert {one.network for one in value.networks} == {place.network for place in PLACES}
    assert all((one.path in names) != bool(one.reason) for one in value.networks)
    assert "pillow" in made.encoder
    assert "YuNet" in made.encoder


def test_what_moves_becomes_a_film_too(tmp_path: Path) -> None:
    frames = [Image.new("RGBA", (61, 41), (255, 0, 0, 255 * (n % 2))) for n in range(10)]
    source = tmp_path / "moving.webp"
    source.write_bytes(
        encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100)
    )
    _, made = run(source, tmp_path)
    films = [one for one in made.artifacts if one.attributes.role == "animation"]
    assert {one.mime for one in films} == {"image/webp", "video/mp4"}
    (film,) = (one for one in films if one.mime == "video/mp4")
    command = [
        str(get_tools().ffprobe), "-v", "error", "-count_frames", "-of", "csv=p=0",
        "-show_entries", "stream=codec_name,width,height,pix_fmt,nb_read_frames", str(film.path),
    ]  # fmt: skip
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.strip().startswith("h264,60,40,yuv420p,")
    assert abs(int(said.strip().rsplit(",", 1)[1]) - 30) <= 3


def test_a_film_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="this is not a picture but video/mp4"):
        run(CLIP, tmp_path)


def test_networks_are_told_why_a_crop_does_not_fit() -> None:
    crop = Attributes(width=300, height=300, role="crop", rendition="1:1")
    by_place = {(one.network, one.place): one for one in fits([("crop/1x1.jpg", 5_000, crop)])}
    assert by_place["shopify", "product"].path == "crop/1x1.jpg"
    assert "320 are the least" in (by_place["instagram", "square"].reason or "")
    assert by_place["x", "post"].reason == "no crop of 16:9 was made"
    large = crop.model_copy(update={"width": 1080, "height": 1080})
    heavy = {(one.network, one.place): one for one in fits([("a", 9_000_000, large)])}
    assert heavy["instagram", "square"].reason == "9000000 bytes, and 8000000 are the most"
