"""What a value of an archive's row may be: of its column's type, and nothing that breaks a reader.

The database takes more than the programs that read it bear: times without end, counters that the
next change takes over the edge, values as deep as one likes.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from pipeline.plan.types import Attributes

# Far from where a counter or an interval ends, for whoever counts on from there.
_MOST: Final = 10**9
_MOST_BIG: Final = 10**15
_YEARS: Final = range(1970, 9000)
_DEPTH: Final = 64
_OBJECT: Final = TypeAdapter(dict[str, Any])
# What those who read these columns rely on.
_SHAPES: Final[Mapping[tuple[str, str], TypeAdapter[Any]]] = {
    ("assets", "media"): _OBJECT,
    ("artifacts", "attributes"): TypeAdapter(Attributes),
    ("stage_runs", "options"): _OBJECT,
    ("stage_runs", "result"): _OBJECT,
    ("stage_runs", "error"): _OBJECT,
    ("audit", "targets"): TypeAdapter(dict[str, str]),
}


def fits(table: str, column: str, kind: str, value: Any) -> bool:
    """Whether a column may have this value, which is none where it is null."""
    if value is None:
        return True
    judge = _JUDGES.get(kind, _is_plain)
    shape = _SHAPES.get((table, column))
    return judge(value) and (shape is None or _has_shape(shape, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and -_MOST <= value <= _MOST


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and _is_number(value)


def _is_big(value: Any) -> bool:
    known = isinstance(value, int) and not isinstance(value, bool)
    return known and -_MOST_BIG <= value <= _MOST_BIG


def _is_time(value: Any) -> bool:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return False
    return found is not None and found.tzinfo is not None and found.year in _YEARS


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_plain(value: Any) -> bool:
    """Not deeper than who writes it out again bears."""
    layer = [value]
    for _ in range(_DEPTH):
        layer = [
            inner
            for one in layer
            if isinstance(one, list | dict)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not layer:
            return True
    return False


def _has_shape(shape: TypeAdapter[Any], value: Any) -> bool:
    try:
        shape.validate_python(value)
    except ValidationError:
        return False
    return True


_JUDGES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "uuid": _is_text,
    "text": _is_text,
    "timestamp with time zone": _is_time,
    "date": _is_text,
    "smallint": _is_whole,
    "integer": _is_whole,
    "bigint": _is_big,
    "boolean": _is_flag,
    "real": _is_number,
    "double precision": _is_number,
    "text[]": _is_list,
    "uuid[]": _is_list,
}
