"""Hardware is chosen by trying: what fails, hangs or writes nonsense is passed over, and why."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.process import CancelToken
from core.renditions import Codec
from tests.drivers import NO_SESSION, Driver
from transcoders import hardware, trials
from transcoders.encoders import named, software
from transcoders.tools import get_tools
from transcoders.trials import misplaced, run_trial


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test tries for itself, on a machine without devices but its stand-in."""
    monkeypatch.setattr(hardware, "DEVICES", tmp_path / "dri")
    hardware.forget()
    yield
    hardware.forget()


def test_an_encoder_that_works_is_chosen_and_marked_unverified(tmp_path: Path) -> None:
    choice = hardware.choose(Driver(tmp_path, "works").tools, "h264")
    assert choice.encoder == named("h264_nvenc")
    assert choice.notes == (
        "h264_nvenc works on this machine; unverified: not run on a device by us",
    )


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("says=[h264_nvenc @ 0x1] Cannot load libcuda.so.1", "there is no NVIDIA driver"),
        ("says=[h264_nvenc @ 0x1] The sky fell", "it failed: The sky fell"),
        (f"says={NO_SESSION}", "no encoding session is free on the device"),
        ("crashes", "the driver crashed with signal 6"),
        ("nothing", "it wrote nothing"),
        ("garbage", "what it wrote is no video"),
        ("black", "its picture is not what went in"),
        ("loses", "of 24 frames, it wrote 20"),
        ("keyframes", "its keyframes are at [0], not at every 8th frame"),
        ("opens", "its groups of pictures are not closed"),
        ("differs", "its parameter sets differ from file to file"),
    ],
)
def test_a_driver_that_does_not_do_its_work_is_passed_over(
    tmp_path: Path, behaviour: str, reason: str
) -> None:
    choice = hardware.choose(Driver(tmp_path, behaviour).tools, "h264")
    assert choice.encoder == software("h264")
    assert choice.notes[0].startswith(f"h264_nvenc was passed over: {reason}")
    assert "\n" not in choice.notes[0]
    assert [note.split()[0] for note in choice.notes] == ["h264_nvenc", "h264_qsv", "h264_vaapi"]


def test_a_driver_that_hangs_costs_its_time_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "TRIAL_SECONDS", 1.0)
    driver = Driver(tmp_path, "hangs")
    began = time.monotonic()
    found = list(hardware.survey(driver.tools))
    assert time.monotonic() - began < 10
    nvenc = [trial for trial in found if trial.encoder.hardware == "nvenc"]
    assert len(nvenc) == 3
    assert all("longer than 1 s" in (trial.obstacle or "") for trial in nvenc)
    assert driver.trials == 1
    assert hardware.choose(driver.tools, "h264").encoder == software("h264")
    assert driver.trials == 1


def test_a_trial_is_cancelled_at_once(tmp_path: Path) -> None:
    tools, token = Driver(tmp_path, "hangs").tools, CancelToken()
    timer = threading.Timer(0.5, token.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        hardware.choose(tools, "h264", cancel=token)
    timer.join()
    assert time.monotonic() - began < 5


def test_what_was_found_is_remembered_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(tmp_path, "nothing")
    clock = time.monotonic()
    monkeypatch.setattr("transcoders.hardware.time.monotonic", lambda: clock)
    hardware.choose(driver.tools, "h264")
    hardware.choose(driver.tools, "h264")
    assert driver.trials == 1
    clock += hardware.REMEMBERED_SECONDS + 1
    hardware.choose(driver.tools, "h264")
    assert driver.trials == 2


def test_a_device_whose_sessions_are_taken_is_asked_again_sooner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(tmp_path, "sessions=2")
    clock = time.monotonic()
    monkeypatch.setattr("transcoders.hardware.time.monotonic", lambda: clock)
    assert hardware.choose(driver.tools, "h264", sessions=2).encoder == named("h264_nvenc")
    refused = hardware.choose(driver.tools, "h264", sessions=4)
    assert refused.encoder == software("h264")
    assert "no encoding session is free" in refused.notes[0]
    clock += hardware.BUSY_SECONDS + 1
    hardware.choose(driver.tools, "h264", sessions=4)
    assert driver.trials == 3


def test_what_another_machine_chose_is_used_only_where_it_works(tmp_path: Path) -> None:
    works, fails = tmp_path / "works", tmp_path / "fails"
    for folder in (works, fails):
        folder.mkdir()
    assert hardware.confirmed(Driver(works, "works").tools, "h264_nvenc").notes == ()
    choice = hardware.confirmed(Driver(fails, "nothing").tools, "h264_nvenc")
    assert choice.encoder == software("h264")
    assert choice.notes == ("h264_nvenc does not work on this machine: it wrote nothing",)
    assert hardware.confirmed(get_tools(), "libx265") == hardware.Choice(software("hevc"))


def test_no_device_is_touched_where_hardware_is_not_wanted(tmp_path: Path) -> None:
    driver = Driver(tmp_path, "works")
    assert hardware.choose(driver.tools, "h264", hardware=False) == hardware.Choice(
        software("h264")
    )
    assert driver.trials == 0


def test_pictures_smaller_than_a_trial_s_go_to_the_processor(tmp_path: Path) -> None:
    driver = Driver(tmp_path, "works")
    small = hardware.choose(driver.tools, "h264", smallest_side=180)
    assert small.encoder == software("h264")
    assert small.notes[0] == "h264_nvenc was passed over: 180 pixels may be too few"
    assert hardware.choose(driver.tools, "h264", smallest_side=240).encoder.hardware == "nvenc"


@pytest.mark.parametrize("codec", hardware.CODECS)
def test_the_real_ffmpeg_falls_back_where_there_is_no_device(codec: Codec) -> None:
    choice = hardware.choose(get_tools(), codec)
    if choice.encoder.hardware is not None:
        pytest.skip(f"this machine has {choice.encoder.name}")
    assert choice.encoder == software(codec)
    assert [note.split()[0] for note in choice.notes] == [
        f"{codec}_nvenc",
        f"{codec}_qsv",
        f"{codec}_vaapi",
    ]


@pytest.mark.parametrize("name", ["h264_qsv", "h264_vaapi"])
def test_a_device_node_that_is_no_device_is_named_with_its_fault(name: str) -> None:
    hardware.DEVICES.mkdir()
    node = hardware.DEVICES / "renderD128"
    node.touch()
    trial = hardware.tried(get_tools(), named(name))
    assert trial.obstacle is not None
    assert trial.obstacle.startswith(f"{node}: ")


@pytest.mark.parametrize("codec", hardware.CODECS)
def test_the_software_encoders_pass_the_same_trial(codec: Codec) -> None:
    assert run_trial(get_tools(), software(codec), 2).obstacle is None


def test_a_child_is_told_where_drivers_are_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIBVA_DRIVER_NAME", "iHD")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    assert hardware.environment([software("h264"), software("hevc")]) == {}
    told = hardware.environment([named("h264_vaapi")])
    assert told["LIBVA_DRIVER_NAME"] == "iHD"
    assert "DATABASE_URL" not in told


def test_frames_are_held_against_what_was_asked_for() -> None:
    good = [(number, number % 8 == 0) for number in range(24)]
    assert misplaced(good) is None
    reordered = [*good[:1], good[2], good[1], *good[3:]]
    assert misplaced(reordered) is None
    leading = [*good[:7], good[8], good[7], *good[9:]]
    assert misplaced(leading) == "its groups of pictures are not closed"
    early = [(number, number in (0, 7, 16)) for number in range(24)]
    assert misplaced(early) == "its keyframes are at [0, 7, 16], not at every 8th frame"
    assert misplaced(good[:20]) == "of 24 frames, it wrote 20"
