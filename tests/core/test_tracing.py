"""Places in traces, and what happens where nobody collects them or nobody answers."""

import subprocess
import sys
from pathlib import Path

import pytest

from core import tracing

ROOT = Path(__file__).parents[2]
PLACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "text",
    [
        "",
        PLACE.upper(),
        PLACE + "-x",
        PLACE[:-1],
        PLACE + "\n",
        "01" + PLACE[2:],
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
    ],
)
def test_what_is_no_traceparent_is_no_place(text: str) -> None:
    assert not tracing.is_place(text)


def test_the_place_of_an_identity_is_in_the_same_trace_and_always_the_same() -> None:
    place = tracing.place_of(PLACE, "a stage/1")
    assert tracing.is_place(place)
    assert (place[:35], place[52:]) == (PLACE[:35], "-01")
    assert place == tracing.place_of(PLACE, "a stage/1") != tracing.place_of(PLACE, "a stage/2")


def test_without_a_collector_nothing_is_imported_and_nothing_happens() -> None:
    done = _run(
        "tracing.start('test')\n"
        "with tracing.span('a') as span, tracing.child('b'):\n"
        "    span.set({'a': 1}); span.fail('no')\n"
        "    assert tracing.current() is None\n"
        "tracing.flush(9)\n"
        "assert not any(name.startswith('opentelemetry.trace') for name in sys.modules)\n"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_the_standard_ways_to_turn_it_off_are_heeded(off: dict[str, str]) -> None:
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", **off}
    done = _run("tracing.start('test')\nassert not tracing.is_on()", **environment)
    assert done.returncode == 0, done.stderr


def test_many_spans_for_a_dead_collector_cost_little_and_are_complained_of_once() -> None:
    done = _run(
        "import time\n"
        "from core.logging import configure_logging\n"
        "configure_logging()\n"
        "tracing.start('test')\n"
        "began = time.process_time()\n"
        "for n in range(5000):\n"
        "    with tracing.span('a', attributes={'n': n}):\n"
        "        pass\n"
        "assert time.process_time() - began < 5, time.process_time() - began\n"
        "began = time.monotonic()\n"
        "tracing.flush(0.3)\n"
        "assert time.monotonic() - began < 1\n"
        "time.sleep(1)\n",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("spans cannot be sent") == 1
    assert len(done.stderr.splitlines()) == 1


def _run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"import sys\nfrom core import tracing\n{code}"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
