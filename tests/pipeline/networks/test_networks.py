"""What networks refuse is said before it is sent, and what `fit` makes is taken."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Rejected
from core.media import AudioStream, Probe, VideoStream
from pipeline.plan.networks import (
    NETWORKS,
    Chapter,
    Copy,
    MediaFacts,
    check,
    compose,
    facts_of,
    fit,
    network_named,
    preflight,
    weighted_length,
)
from pipeline.plan.networks.fitting import shorten
from pipeline.plan.networks.types import Basis, Source

YOUTUBE, X, LINKEDIN = NETWORKS["youtube"], NETWORKS["x"], NETWORKS["linkedin"]
INSTAGRAM, FACEBOOK = NETWORKS["instagram"], NETWORKS["facebook"]

WORDS = st.text(
    alphabet=st.sampled_from("abc ABC.,!?<>\n\t\0@#_*[]\\\"'…é日👍🏽\u200d\u0301:/"),
    max_size=300,
)
HASHTAGS = st.sampled_from(["coffee", "a b", "1", "größe", "日本", ""])
COPIES = st.builds(
    Copy,
    title=WORDS,
    text=st.builds(lambda text, times: text * times, WORDS, st.sampled_from([1, 3, 40])),
    tags=st.lists(WORDS.map(lambda text: text[:80]), max_size=40).map(tuple),
    hashtags=st.lists(
        st.sampled_from(["coffee", "a b", "1", "größe", "日本", ""]), max_size=70
    ).map(tuple),
    link=st.sampled_from(["", "https://example.com/a_b", "https://example.com/" + "x" * 1500]),
    chapters=st.lists(st.builds(Chapter, seconds=st.integers(0, 200), title=WORDS), max_size=6).map(
        tuple
    ),
)
NAMES = st.sampled_from(sorted(NETWORKS))


def rules(found: Any) -> list[tuple[str, str]]:
    return [(each.field, each.rule) for each in found]


@settings(max_examples=150, deadline=None)
@given(NAMES, COPIES)
def test_what_fits_is_taken_and_stays_as_it_is(name: str, copy: Copy) -> None:
    network = NETWORKS[name]
    fitted = fit(network, copy)
    assert [rule for _, rule in rules(check(network, fitted.copied)) if rule != "required"] == []
    assert fit(network, fitted.copied).copied == fitted.copied
    assert bool(fitted.cuts) == (fitted.copied != copy)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["Coffee.", "is", "grown", "here!", "why?"]), max_size=60))
def test_words_stay_whole(words: list[str]) -> None:
    text = " ".join(words)
    short = shorten(text, lambda part: len(part) <= 50)
    assert len(short) <= 50
    assert text.startswith(short.removesuffix("…"))
    assert set(short.removesuffix("…").split()) <= set(words)


def test_a_sentence_is_kept_whole_where_that_fills_the_room() -> None:
    text = "We roast on Mondays. We ship on Tuesdays. And on Wednesdays we rest and drink."
    assert shorten(text, lambda part: len(part) <= 50) == text[:41]
    assert shorten(text[21:], lambda part: len(part) <= 15) == "We ship on…"


def test_no_emoji_and_no_accent_is_torn() -> None:
    assert shorten("👍🏽" * 10, lambda part: len(part) <= 6) == "👍🏽👍🏽…"
    assert shorten("e\u0301" * 10, lambda part: len(part) <= 6) == "e\u0301e\u0301…"


def test_youtube_counts_bytes_quotes_and_commas() -> None:
    good = Copy(title="T", text="é" * 2500)
    assert check(YOUTUBE, good) == ()
    assert rules(check(YOUTUBE, Copy(title="T", text="é" * 2500 + "a"))) == [("text", "too-long")]
    # 4 tags of 100 characters with a space each: 400 + 8 quotes + 3 commas = 411.
    tags = ("a" * 50 + " " + "b" * 49,) * 4
    assert check(YOUTUBE, Copy(title="T", tags=(*tags, "c" * 88))) == ()
    (found,) = check(YOUTUBE, Copy(title="T", tags=(*tags, "c" * 89)))
    assert (found.found, found.limit) == (501, 500)
    assert "cut 1" in found.line


def test_youtube_takes_no_angle_brackets_and_needs_a_title() -> None:
    found = check(YOUTUBE, Copy(text="a < b"))
    assert rules(found) == [("title", "required"), ("text", "forbidden-characters")]
    assert fit(YOUTUBE, Copy(title="a<b>", text="<i>")).copied == Copy(title="ab", text="i")


def test_what_nobody_can_see_is_taken_out_and_a_title_is_one_line() -> None:
    copy = Copy(title="Two\nlines\0", text="a\n\0b", tags=("c\td",))
    assert [rule for _, rule in rules(check(YOUTUBE, copy))] == ["forbidden-characters"] * 3
    assert "U+0000" in check(YOUTUBE, copy)[0].line
    assert fit(YOUTUBE, copy).copied == Copy(title="Two lines", text="a\nb", tags=("c d",))


@pytest.mark.parametrize(
    ("times", "said"),
    [((0, 10, 20), None), ((1, 11, 21), "begins at 0:00"), ((0, 10), "at least 3"),
     ((0, 9, 20), "shorter"), ((0, 20, 10), "shorter"), ((0, 10, 25), "shorter")],
)  # fmt: skip
def test_chapters_are_a_list_or_none(times: tuple[int, ...], said: str | None) -> None:
    chapters = tuple(Chapter(seconds=each, title="On") for each in times)
    found = check(YOUTUBE, Copy(title="T", chapters=chapters), seconds=30)
    assert bool(found) == (said is not None)
    if said is not None:
        assert said in found[0].line
        fitted = fit(YOUTUBE, Copy(title="T", chapters=chapters), seconds=30)
        assert fitted.copied.chapters == ()
        assert said in fitted.cuts[0]


def test_a_link_and_hashtags_count_in_a_post_on_x() -> None:
    copy = Copy(text="a" * 240, hashtags=("coffee",), link="https://example.com/" + "x" * 100)
    assert weighted_length(compose(X, copy)) == 240 + 2 + 23 + 2 + 7
    assert check(X, copy) == ()
    longer = copy.model_copy(update={"text": "word " * 60})
    fitted = fit(X, longer)
    assert weighted_length(compose(X, fitted.copied)) <= 280
    assert fitted.copied.link == copy.link
    assert fitted.copied.hashtags == copy.hashtags
    assert "cut after" in fitted.cuts[0]


def test_linkedin_gets_its_backslashes_and_counts_them() -> None:
    copy = Copy(text="50% (off) #1_*", hashtags=("coffee",))
    assert compose(LINKEDIN, copy) == "50% \\(off\\) \\#1\\_\\*\n\n{hashtag|\\#|coffee}"
    (found,) = check(LINKEDIN, Copy(text="(" * 1501))
    assert found.found == 3002


def test_instagram_counts_hashtags_and_names() -> None:
    hashtags = tuple(f"tag{n}" for n in range(31))
    copy = Copy(
        text=" ".join(f"@name{n}" for n in range(21)), hashtags=hashtags, link="https://a.b"
    )
    assert rules(check(INSTAGRAM, copy)) == [
        ("link", "no-place"), ("hashtags", "too-many"), ("text", "too-many"),
    ]  # fmt: skip
    fitted = fit(INSTAGRAM, copy).copied
    assert (len(fitted.hashtags), fitted.text.count("@"), fitted.link) == (30, 20, "")


def test_every_figure_has_a_source_and_a_date() -> None:
    sources: list[Source] = []
    for network in NETWORKS.values():
        sources += [limit.source for limit in network.texts]
        sources += [limit.source for limit in network.counts]
        for media in network.media:
            sources += [limit.source for limit in media.ranges]
            sources += [limit.source for limit in media.choices]
    assert len(sources) > 60
    assert all(source.where and source.date.startswith("2026-") for source in sources)
    assert {source.basis for source in sources} == set(Basis)


REEL = MediaFacts(
    bytes=50_000_000, duration_seconds=60, width=1080, height=1920, frame_rate=30,
    bitrate=8_000_000, mime="video/mp4", video_codec="h264", audio_codec="aac", audio_rate=48_000,
    index_first=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("network", "kind", "changes", "fact"),
    [
        ("instagram", "reel", {"duration_seconds": 2.9}, "duration_seconds"),
        ("instagram", "reel", {"bytes": 300_000_001}, "bytes"),
        ("instagram", "reel", {"bitrate": 25_000_001}, "bitrate"),
        ("instagram", "reel", {"frame_rate": 61}, "frame_rate"),
        ("instagram", "reel", {"video_codec": "vp9"}, "video_codec"),
        ("instagram", "reel", {"audio_rate": 96_000}, "audio_rate"),
        ("instagram", "reel", {"index_first": False}, "index_first"),
        ("instagram", "reel", {"mime": "video/webm"}, "mime"),
        ("facebook", "reel", {"duration_seconds": 91}, "duration_seconds"),
        ("facebook", "reel", {"width": 1920, "height": 1920}, "aspect"),
        ("x", "video", {"duration_seconds": 141}, "duration_seconds"),
        ("x", "video", {"height": 4000}, "aspect"),
        ("linkedin", "video", {"bytes": 70_000}, "bytes"),
        ("youtube", "video", {"bytes": (256 << 30) + 1}, "bytes"),
        ("google_business", "video", {"duration_seconds": 29.0, "width": 700}, "short_side"),
    ],
)
def test_a_file_that_breaks_one_rule_is_told_of_that_one(
    network: str, kind: str, changes: dict[str, Any], fact: str
) -> None:
    limits = network_named(network)
    found = preflight(limits, kind, REEL.model_copy(update=changes))
    assert [each.field for each in found] == [fact]
    assert limits.title in found[0].line
    if network != "google_business":
        assert preflight(limits, kind, REEL) == ()


def test_nothing_is_said_of_what_is_not_known() -> None:
    for network in NETWORKS.values():
        for limit in network.media:
            assert preflight(network, limit.kind, MediaFacts()) == ()


def test_a_kind_that_a_network_does_not_take_is_refused() -> None:
    with pytest.raises(Rejected, match="LinkedIn takes no reel"):
        preflight(LINKEDIN, "reel", REEL)
    with pytest.raises(Rejected, match="no network 'myspace'"):
        network_named("myspace")


def test_facts_come_from_a_probe_as_seen() -> None:
    video = VideoStream(
        index=0, codec="h264", width=1920, height=1080, rotation=90, frame_rate="24000/1001"
    )
    audio = AudioStream(index=1, codec="aac", channels=2, sample_rate=44_100)
    probe = Probe(
        container="mov", mime="video/mp4", bytes=5_000_000, duration_seconds=30.0,
        bitrate=1_000_000, video=(video,), audio=(audio,),
    )  # fmt: skip
    facts = facts_of(probe, index_first=True)
    assert (facts.width, facts.height, facts.frame_rate) == (1080, 1920, 24.0)
    assert preflight(FACEBOOK, "reel", facts) == ()
    assert preflight(INSTAGRAM, "reel", facts) == ()
