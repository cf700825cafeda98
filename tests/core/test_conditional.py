"""Ranges and conditions, against a model written another way and against the RFC's own cases."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.conditional import Answer, Representation, decide, parse_ranges

WHEN = datetime(2026, 5, 4, 3, 2, 1, 500, tzinfo=UTC)
FOUND = Representation(1000, '"abc"', WHEN)


def model(header: str, length: int) -> set[int] | None:
    """The bytes that one well-formed range asks for, counted one by one."""
    first, last = header.removeprefix("bytes=").split("-")
    if not first:
        return set(range(length)[-int(last) :]) if int(last) else set()
    if last and int(last) < int(first):
        return None
    wanted = range(int(first), int(last) + 1 if last else length)
    return {at for at in range(length) if at in wanted}


@given(
    st.one_of(st.none(), st.integers(0, 60)),
    st.one_of(st.none(), st.integers(0, 60)),
    st.integers(1, 50),
)
def test_one_range_is_the_bytes_that_a_model_counts(
    first: int | None, last: int | None, length: int
) -> None:
    if first is None and last is None:
        return
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    found = Representation(length, '"x"', WHEN)
    answer = decide("GET", {"range": header}, found)
    expected = model(header, length)
    if expected is None:
        assert answer == Answer(200, 0, length)
    elif not expected:
        assert answer == Answer(416)
    else:
        assert answer.status == 206
        assert set(range(answer.begin, answer.end)) == expected


@given(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet="bytes=0123456789-, \t\u0664", max_size=40).map(lambda t: f"bytes={t}"),
    ),
    st.integers(0, 50),
)
def test_no_header_breaks_it_or_leads_out_of_the_file(header: str, length: int) -> None:
    found = Representation(length, '"x"', WHEN)
    answer = decide("GET", {"range": header}, found)
    assert answer.status in (200, 206, 416)
    assert 0 <= answer.begin <= answer.end <= length
    if answer.status == 206:
        assert answer.begin < answer.end


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", [(0, 500)]),
        ("BYTES = 0-0", [(0, 1)]),
        ("bytes=-500", [(500, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=999-", [(999, 1000)]),
        ("bytes=1000-", []),
        ("bytes=-0", []),
        (f"bytes=0-{'9' * 5000}", [(0, 1000)]),
        (f"bytes={'0' * 5000}7-", [(7, 1000)]),
        ("bytes=0-0,2-3", [(0, 1), (2, 4)]),
        ("bytes=0-0,5000-", [(0, 1)]),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=,", None),
        ("bytes=a-b", None),
        ("bytes=+1-2", None),
        ("seconds=0-1", None),
        ("bytes=" + "0-0," * 65, None),
    ],
)
def test_ranges_are_read_as_the_rfc_says(
    header: str, expected: list[tuple[int, int]] | None
) -> None:
    assert parse_ranges(header, 1000) == expected


def test_several_ranges_are_answered_with_the_whole_or_not_at_all() -> None:
    assert decide("GET", {"range": "bytes=0-0,2-3"}, FOUND) == Answer(200, 0, 1000)
    assert decide("GET", {"range": "bytes=2000-,3000-"}, FOUND) == Answer(416)


def test_a_head_is_of_the_whole() -> None:
    assert decide("HEAD", {"range": "bytes=0-0"}, FOUND) == Answer(200, 0, 1000)


def test_of_an_empty_file_there_is_no_part() -> None:
    empty = Representation(0, '"e"', WHEN)
    assert decide("GET", {"range": "bytes=0-"}, empty) == Answer(416)
    assert decide("GET", {"range": "bytes=-5"}, empty) == Answer(200, 0, 0)


def date(shift: float) -> str:
    return format_datetime(WHEN + timedelta(seconds=shift), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": '"abc"'}, 304),
        ({"if-none-match": 'W/"abc"'}, 304),
        ({"if-none-match": '"x", "abc"'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"'}, 200),
        ({"if-none-match": '"x"', "if-modified-since": date(0)}, 200),
        ({"if-modified-since": date(0)}, 304),
        ({"if-modified-since": date(-1)}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Mon, 01 Jan 0001 00:00:00 +2359"}, 200),
        ({"if-match": '"abc"'}, 200),
        ({"if-match": 'W/"abc"'}, 412),
        ({"if-match": "*"}, 200),
        ({"if-match": '"x"'}, 412),
        ({"if-unmodified-since": date(0)}, 200),
        ({"if-unmodified-since": date(-1)}, 412),
        ({"range": "bytes=0-1", "if-range": '"abc"'}, 206),
        ({"range": "bytes=0-1", "if-range": 'W/"abc"'}, 200),
        ({"range": "bytes=0-1", "if-range": '"x"'}, 200),
        ({"range": "bytes=0-1", "if-range": date(0)}, 206),
        ({"range": "bytes=0-1", "if-range": date(1)}, 200),
        ({"range": "bytes=0-1", "if-range": "never"}, 200),
        ({"range": "bytes=9000-", "if-range": '"x"'}, 200),
    ],
)
def test_conditions_are_weighed_in_the_order_of_the_rfc(
    headers: dict[str, str], status: int
) -> None:
    assert decide("GET", headers, FOUND).status == status


@given(st.dictionaries(
    st.sampled_from(["if-match", "if-none-match", "if-modified-since", "if-unmodified-since",
                     "if-range", "range"]),
    st.one_of(st.text(max_size=30), st.datetimes(timezones=st.just(UTC)).map(str),
              st.datetimes().map(format_datetime)),
))  # fmt: skip
def test_no_condition_breaks_it(headers: dict[str, str]) -> None:
    assert decide("GET", headers, FOUND).status in (200, 206, 304, 412, 416)
