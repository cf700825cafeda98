"""How much sound is turned up or down: the meter's words, and the decision about the gain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcoders.loudness import (
    PEAK_LIMIT,
    SILENCE,
    TARGET,
    TOLERANCE,
    Gain,
    Loudness,
    Try,
    best,
    first_gain,
    needs_rehearsal,
    next_gain,
    read_loudness,
    shortfall,
)

SAID = """
[Parsed_ebur128_8 @ 0x7fe998016700] Summary:

  Integrated loudness:
    I:         -19.4 LUFS
    Threshold: -29.7 LUFS

  Loudness range:
    LRA:         5.8 LU
    Threshold: -39.7 LUFS
    LRA low:   -23.0 LUFS
    LRA high:  -17.2 LUFS

  True peak:
    Peak:       -2.8 dBFS
[out#0/null @ 0x55] video:0KiB audio:4688KiB
"""


def test_the_meter_is_read() -> None:
    assert read_loudness(SAID) == Loudness(-19.4, -2.8)


def test_of_two_summaries_the_last_is_read() -> None:
    later = SAID.replace("-19.4", "-14.1").replace("-2.8", "0.3")
    assert read_loudness(SAID + later) == Loudness(-14.1, 0.3)


def test_the_meter_is_read_among_complaints_of_a_decoder() -> None:
    noise = "[aac @ 0x5597024e5080] Number of bands (31) exceeds limit (4).\n"
    assert read_loudness(SAID.replace("\n    Thr", f"\n{noise}    Thr")) == Loudness(-19.4, -2.8)


@pytest.mark.parametrize("word", ["-70.0", "-inf", "nan"])
def test_what_passed_no_gate_has_no_loudness(word: str) -> None:
    silent = SAID.replace("-19.4", word).replace("-2.8", "-inf")
    assert read_loudness(silent) == Loudness(None, None)


def test_a_meter_that_said_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="said nothing"):
        read_loudness("Conversion failed!")


def test_quiet_sound_with_room_above_it_is_turned_up_without_a_limiter() -> None:
    assert first_gain(Loudness(-24.0, -15.0)) == Gain(10.0)


def test_loud_sound_is_turned_down() -> None:
    assert first_gain(Loudness(-5.5, 1.5)) == Gain(-8.5)


def test_sound_whose_peaks_would_be_too_high_gets_a_limiter_below_the_limit() -> None:
    gain = first_gain(Loudness(-19.4, -2.8))
    # A little more than what is missing, because the limiter takes some of it.
    assert 5.4 < gain.db < 5.8
    assert gain.ceiling is not None
    assert gain.ceiling < PEAK_LIMIT


@pytest.mark.parametrize("silence", [Loudness(None, None), Loudness(SILENCE - 0.1, -40.0)])
def test_silence_is_left_alone(silence: Loudness) -> None:
    assert first_gain(silence) == Gain(0.0)
    assert next_gain(silence, [Try(Gain(0.0), silence)]) is None


def test_a_short_loud_sound_is_turned_down_only_below_the_peak_limit() -> None:
    gain = first_gain(Loudness(None, 2.0))
    assert 2.0 + gain.db < PEAK_LIMIT
    assert gain.ceiling is None
    assert first_gain(Loudness(None, -1.0)) == Gain(0.0)


def test_what_is_right_is_not_done_again() -> None:
    made = Try(Gain(5.4, -1.7), Loudness(-14.3, -1.1))
    assert next_gain(Loudness(-19.4, -2.8), [made]) is None


def test_what_is_right_only_by_rounding_is_done_again() -> None:
    source = Loudness(-19.4, -2.8)
    assert next_gain(source, [Try(Gain(5.4, -1.7), Loudness(-14.5, -1.5))])
    assert next_gain(source, [Try(Gain(5.4, -1.7), Loudness(-14.0, -1.0))])


def test_peaks_that_the_encoder_made_lower_the_ceiling_by_as_much() -> None:
    following = next_gain(Loudness(-19.4, -2.8), [Try(Gain(5.4, -1.7), Loudness(-14.0, -0.5))])
    assert following is not None
    assert following.db == 5.4
    assert following.ceiling is not None
    assert following.ceiling <= -2.2


def test_a_limiter_comes_in_where_the_encoder_alone_made_peaks() -> None:
    following = next_gain(Loudness(-20.0, -8.0), [Try(Gain(6.0), Loudness(-14.0, -0.9))])
    assert following is not None
    assert following.ceiling is not None
    assert following.ceiling < -2.0


def test_more_gain_is_given_up_where_it_makes_nothing_louder() -> None:
    source = Loudness(-28.9, -4.9)
    tried = [
        Try(Gain(14.9, -1.7), Loudness(-25.4, -1.7)),
        Try(Gain(22.9, -1.7), Loudness(-25.4, -1.7)),
    ]
    assert next_gain(source, tried) is None
    assert best(tried).gain.db == 14.9
    assert shortfall(source, 10.0, best(tried)) == "its peaks allow no more than -25.4 LUFS"


def test_the_try_that_is_kept_is_within_the_peaks_before_it_is_near_the_target() -> None:
    high = Try(Gain(5.0, -1.7), Loudness(-14.0, -0.6))
    low = Try(Gain(5.0, -2.3), Loudness(-14.9, -1.3))
    assert best([high, low]) is low
    assert best([high]) is high


def test_people_are_told_why_the_loudness_is_not_the_target() -> None:
    kept = Try(Gain(0.0), Loudness(None, None))
    assert shortfall(kept.heard, 0.04, kept) == "too short to have a loudness: left as it is"
    assert shortfall(kept.heard, 4.0, kept) == "silence: left as it is"
    right = Try(Gain(5.4, -1.7), Loudness(-14.3, -1.1))
    assert shortfall(Loudness(-19.4, -2.8), 4.0, right) is None
    high = Try(Gain(5.4, -1.7), Loudness(-14.3, 0.1))
    assert "true peaks are at 0.1 dBTP" in (shortfall(Loudness(-19.4, -2.8), 4.0, high) or "")


def test_only_much_limiting_is_rehearsed() -> None:
    assert not needs_rehearsal(Loudness(-24.0, -15.0), Gain(10.0))
    assert not needs_rehearsal(Loudness(-16.0, -1.0), Gain(2.0, -1.7))
    assert needs_rehearsal(Loudness(-33.0, -6.5), Gain(19.0, -1.7))


tenths = st.integers  # as the meter rounds; real sound has peaks of up to 20 dB above it
loud = st.builds(
    lambda integrated, crest: Loudness(integrated / 10, (integrated + crest) / 10),
    tenths(round(SILENCE * 10), 0),
    tenths(0, 220),
)


@given(loud)
def test_audible_sound_is_aimed_at_the_target_and_limited_only_where_it_must_be(
    source: Loudness,
) -> None:
    gain = first_gain(source)
    assert source.integrated is not None
    missing = TARGET - source.integrated
    assert missing - 0.01 <= gain.db <= missing + 0.31
    assert (gain.ceiling is None) == (source.peak + missing <= PEAK_LIMIT - 0.5)


@given(
    loud,
    st.floats(0.25, 1.0),
    st.floats(0.0, 1.2),
    st.floats(-0.1, 0.1),
)
def test_any_sound_that_a_limiter_makes_louder_comes_out_right_in_a_few_tries(
    source: Loudness, slope: float, overshoot: float, wrong: float
) -> None:
    """An encoder that overshoots, and a limiter that gives `slope` dB for each dB of limiting."""

    def heard(gain: Gain, overshoot: float, wrong: float) -> Loudness:
        assert source.integrated is not None
        high = source.peak + gain.db
        if gain.ceiling is None:
            return Loudness(
                round(source.integrated + gain.db + wrong, 1), round(high + overshoot, 1)
            )
        limited = max(0.0, high - gain.ceiling)
        integrated = source.integrated + gain.db - (1 - slope) * limited
        return Loudness(round(integrated + wrong, 1), round(high - limited + overshoot, 1))

    gain: Gain | None = first_gain(source)
    assert gain is not None
    history: list[Try] = []
    if needs_rehearsal(source, gain):
        while gain is not None and len(history) < 4:
            history.append(Try(gain, heard(gain, 0.0, 0.0)))
            gain = next_gain(source, history, 0.3)
        gain = best(history).gain
    made: list[Try] = []
    while gain is not None and len(made) < 4:
        made.append(Try(gain, heard(gain, overshoot, wrong)))
        history.append(made[-1])
        gain = next_gain(source, history)
    kept = best(made)
    assert kept.heard.peak <= PEAK_LIMIT
    assert abs(kept.error) <= TOLERANCE
