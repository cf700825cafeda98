"""What becomes of the ladder, from what samples told: values in, values out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.media import Probe, SeekIndex, SeekPoint, VideoStream
from core.renditions import Rendition, grid_of
from pipeline.plan.ladder import estimated_seconds, full_ladder
from pipeline.plan.rates import LOW_BITRATE, Detail, Seen, decide, held_against_top, needs
from pipeline.plan.samples import LOOK_SHARE, MOST_SAMPLES, places, small_size
from pipeline.plan.video_types import Decision

SHARP = {720: Detail(0.98, 9.0), 480: Detail(0.96, 14.0), 360: Detail(0.94, 20.0)}
ENLARGED = {720: Detail(0.9978, 1.6), 480: Detail(0.9968, 3.1), 360: Detail(0.985, 7.0)}
BLACK = {720: Detail(1.0, 0.0), 480: Detail(1.0, 0.0), 360: Detail(1.0, 0.0)}


def picture(width: int = 1920, height: int = 1080, **more: object) -> VideoStream:
    facts = {"index": 0, "codec": "h264", "width": width, "height": height, "frame_rate": "30/1"}
    return VideoStream.model_validate({**facts, **more})


LADDER = full_ladder(picture())


def seen(kilobits: float, ratio: float | None = 6.0, details: object = SHARP) -> Seen:
    assert isinstance(details, dict)
    return Seen(kilobits * 1000, ratio, details)


def names(ladder: tuple[Rendition, ...]) -> list[str]:
    return [one.name for one in ladder]


def actions(decisions: tuple[Decision, ...]) -> dict[str, str]:
    return {one.rendition: one.action for one in decisions}


def test_ordinary_content_keeps_its_ladder() -> None:
    ladder, decisions = decide(LADDER, [seen(520), seen(640), seen(580)])
    assert ladder == LADDER
    assert set(actions(decisions).values()) == {"keep"}
    assert "it takes about 580 kb/s" in [one.reason for one in decisions]


def test_slides_keep_their_top_and_lose_the_rungs_that_nobody_needs() -> None:
    ladder, decisions = decide(LADDER, [seen(50, 3.6), seen(60, 3.6)])
    assert names(ladder) == ["1080p", "720p"]
    assert actions(decisions) == {
        "1080p": "keep", "720p": "cap", "480p": "drop", "360p": "drop", "240p": "drop",
    }  # fmt: skip
    assert "poor connections" in decisions[-1].reason
    # Who could play the smallest rung of the whole ladder can play what is left, at any moment.
    assert ladder[-1].peak_bitrate == LADDER[-1].peak_bitrate


def test_a_rung_that_stands_in_for_smaller_ones_keeps_room_above_what_was_seen() -> None:
    ladder, _ = decide(LADDER, [seen(180, 4.0), seen(190, 4.0)])
    lowest = ladder[-1]
    most = needs(LADDER, [seen(180, 4.0), seen(190, 4.0)]).busiest[lowest.rung]
    assert lowest.name == "480p"
    assert lowest.peak_bitrate == pytest.approx(2.5 * most, rel=0.001)
    assert lowest.peak_bitrate < LADDER[2].peak_bitrate


def test_the_busiest_sample_decides_what_poor_connections_can_take() -> None:
    calm, busy = seen(80, 3.6), seen(900, 3.6)
    assert names(decide(LADDER, [calm, calm, calm, busy])[0]) == names(LADDER)


def test_an_enlarged_picture_loses_its_top() -> None:
    ladder, decisions = decide(LADDER, [seen(450, 5.2, ENLARGED), seen(500, 5.2, ENLARGED)])
    assert names(ladder) == ["720p", "480p", "360p", "240p"]
    assert decisions[0].action == "drop"
    assert "no detail beyond 720p" in decisions[0].reason


@pytest.mark.parametrize(
    "samples",
    [
        [seen(450, 5.2, ENLARGED)],
        [seen(450, 5.2, ENLARGED), seen(500, 5.2)],
        [seen(450, 5.2, ENLARGED), seen(4, 5.2, BLACK)],
        [seen(450, 5.2, ENLARGED), seen(450, 5.2, {360: ENLARGED[360]})],
    ],
    ids=["one witness", "one is sharp", "one shows nothing", "one cannot tell"],
)
def test_a_top_is_dropped_only_on_the_word_of_all(samples: list[Seen]) -> None:
    assert LADDER[0] in decide(LADDER, samples)[0]


def test_a_black_picture_tells_nothing() -> None:
    ladder, _ = decide(LADDER, [seen(3, 2.0, BLACK), seen(3, 2.0, BLACK)])
    assert ladder == LADDER


def test_content_that_needs_more_than_the_peak_is_held_there_and_says_so() -> None:
    ladder, decisions = decide(LADDER, [seen(600, 40.0), seen(700, 40.0)])
    assert ladder == LADDER
    assert "held at its peak of 5000 kb/s" in decisions[0].reason
    assert decisions[0].bitrate == 5_000_000


def test_noise_at_the_top_does_not_reach_the_rungs_below() -> None:
    needed = needs(LADDER, [seen(500, 40.0)]).mean
    assert needed[1080] == 20_000_000
    assert needed[720] < 500_000 * 4**0.81


def test_a_rung_too_near_the_one_above_is_dropped() -> None:
    ladder = full_ladder(picture(1024, 576))
    assert names(ladder)[:2] == ["576p", "480p"]
    details = {480: Detail(0.98, 9.0), 360: Detail(0.95, 12.0)}
    left, decisions = decide(ladder, [seen(700, 2.0, details), seen(800, 2.0, details)])
    assert names(left) == ["576p", "360p", "240p"]
    assert "576p takes hardly more" in decisions[1].reason


def test_rungs_of_other_codecs_share_the_fate() -> None:
    both = full_ladder(picture(), ("h264", "hevc"))
    ladder, decisions = decide(both, [seen(80, 3.6), seen(95, 3.6)])
    assert names(ladder) == ["1080p", "720p", "1080p-hevc", "720p-hevc"]
    assert len(decisions) == len(both)
    h264, hevc = ladder[1], ladder[3]
    before = {one.name: one.peak_bitrate for one in both}
    assert hevc.peak_bitrate / before["720p-hevc"] == pytest.approx(
        h264.peak_bitrate / before["720p"], rel=0.001
    )


def test_without_a_look_all_is_kept() -> None:
    ladder, decisions = decide(LADDER, [])
    assert ladder == LADDER
    assert {one.reason for one in decisions} == {"the content was not looked at"}


@given(
    st.sampled_from([(3840, 2160), (1920, 1080), (1080, 1920), (1000, 1000), (854, 480)]),
    st.lists(
        st.builds(
            seen,
            st.floats(0.5, 5000),
            st.one_of(st.none(), st.floats(0.5, 200)),
            st.sampled_from([SHARP, ENLARGED, BLACK, {}]),
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_whatever_is_seen_a_ladder_is_left(size: tuple[int, int], samples: list[Seen]) -> None:
    whole = full_ladder(picture(*size))
    ladder, decisions = decide(whole, samples)
    assert len(ladder) >= 2
    assert ladder[0].rung >= 480
    peaks = {one.name: one.peak_bitrate for one in whole}
    assert all(one.peak_bitrate <= peaks[one.name] for one in ladder)
    assert [one.rendition for one in decisions] == names(whole)
    kept = [one.rendition for one in decisions if one.action != "drop"]
    assert kept == names(ladder)
    # A poor connection is left no worse off than by the smallest rung, or by what it can carry.
    lowest = ladder[-1]
    assert lowest == whole[-1] or needs(whole, samples).busiest[lowest.rung] <= LOW_BITRATE


def test_what_is_held_against_the_top_is_not_small_but_for_the_witness() -> None:
    assert [one.rung for one in held_against_top(LADDER)] == [720, 480, 360]
    assert small_size(LADDER).rung == 360


def film(seconds: float, video: VideoStream | None = None, **more: object) -> Probe:
    facts = {"container": "mov,mp4", "mime": "video/mp4", "bytes": 1, "duration_seconds": seconds}
    return Probe.model_validate({**facts, "video": (video or picture(),), **more})


def looked(probe: Probe) -> tuple[float, ...]:
    video = probe.main_video
    assert video is not None
    grid = grid_of(video, probe.duration_seconds)
    return tuple(place.seek for place in places(probe, grid, full_ladder(video)))


def test_samples_are_spread_and_their_number_is_bounded() -> None:
    assert looked(film(60)) == (7.5, 22.5, 37.5, 52.5)
    assert len(looked(film(7200))) == MOST_SAMPLES
    assert looked(film(12)) == (3.0, 9.0)


def test_little_work_is_not_looked_at() -> None:
    assert looked(film(4)) == ()
    assert looked(film(30, picture(426, 240))) == ()


@pytest.mark.parametrize("seconds", [8, 10, 12, 15, 20, 30, 60, 600])
@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (3840, 2160)])
def test_a_look_is_a_small_part_of_the_work(seconds: int, size: tuple[int, int]) -> None:
    probe = film(seconds, picture(*size))
    video = probe.main_video
    assert video is not None
    grid, ladder = grid_of(video, seconds), full_ladder(video)
    cost = 0.0
    for place in places(probe, grid, ladder):
        cost += 0.12 + place.frames * size[0] * size[1] / 300e6
        cost += place.top_frames * ladder[0].width * ladder[0].height / 60e6
    assert cost <= LOOK_SHARE * estimated_seconds(grid, ladder)


def test_the_busiest_part_is_among_the_samples() -> None:
    points, offset = [], 0
    for number in range(300):
        points.append(SeekPoint(seconds=2.0 * number, offset=offset))
        offset += 5_000_000 if number in (201, 202) else 500_000
    index = SeekIndex(points=tuple(points), begin=0, end=offset)
    assert 402.0 in looked(film(600, index=index))
    level = index.model_copy(
        update={"points": tuple(SeekPoint(seconds=2.0 * n, offset=n) for n in range(300))}
    )
    assert 402.0 not in looked(film(600, index=level))
    shuffled = index.model_copy(update={"ordered": False})
    assert looked(film(600, index=shuffled)) == looked(film(600))


def test_samples_are_no_nearer_together_than_keyframes() -> None:
    assert len(looked(film(60, picture(longest_gop_seconds=25.0)))) == 2
    assert looked(film(60, picture(longest_gop_seconds=40.0))) == ()


def test_held_frames_are_not_sampled() -> None:
    video = picture(duration_seconds=60)
    sound = {"index": 1, "codec": "aac", "channels": 2, "sample_rate": 48000,
             "duration_seconds": 600}  # fmt: skip
    probe = film(600, video, audio=(sound,))
    grid = grid_of(video, 600)
    assert all(place.seek < 60 for place in places(probe, grid, full_ladder(video)))


def test_of_hdr_nothing_is_made_at_the_top() -> None:
    probe = film(600, picture(color_transfer="smpte2084"))
    video = probe.main_video
    assert video is not None
    found = places(probe, grid_of(video, 600), full_ladder(video))
    assert found
    assert all(place.top_frames == 0 for place in found)
