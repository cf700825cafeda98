"""Questions that hang keep one thread, and nobody for long."""

import threading
import time
from itertools import count

import pytest

from core.probes import Probe


def test_a_good_answer_is_not_asked_for_again_until_it_is_old() -> None:
    numbers = count(1)
    probe = Probe("test", lambda: next(numbers), fresh=0.2)
    assert {probe.look() for _ in range(50)} == {1}
    time.sleep(0.25)
    assert probe.look() == 2


def test_a_question_that_hangs_is_asked_once_and_nobody_waits_beyond_the_patience() -> None:
    asked, go_on = [], threading.Event()

    def ask() -> str:
        asked.append(threading.current_thread().name)
        go_on.wait(10)
        return "here"

    probe = Probe("hanging", ask, patience=0.2)
    began = time.monotonic()
    waiting = [threading.Thread(target=probe.look) for _ in range(20)]
    for one in waiting:
        one.start()
    for one in waiting:
        one.join()
    assert probe.look() is None
    assert 0.2 <= time.monotonic() - began < 1
    assert asked == ["hanging"]
    go_on.set()
    for _ in range(100):
        if probe.look() == "here":
            break
        time.sleep(0.01)
    assert probe.look() == "here"
    assert asked == ["hanging"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_question_that_fails_is_no_answer_and_is_asked_again() -> None:
    answers = iter([ValueError("no"), "yes"])

    def ask() -> str:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return str(found)

    probe = Probe("failing", ask, fresh=0.05)
    assert probe.look() is None
    time.sleep(0.1)
    assert probe.look() == "yes"
