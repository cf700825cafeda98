"""Programs that are begun together are as alone as those that are begun by themselves."""

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from cli.children import Child, Program
from cli.starter import QUICK, Adopted, Starter
from core.embedded.logs import LogPump
from tests.processes import in_memory
from tests.workers.workshop import until

SECRET = "a secret of one program alone"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gates() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


@pytest.fixture
def starter(gates: tuple[int, int]) -> Iterator[Starter]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        output = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, output)
        made = Starter(output=output, env=environment, descriptors=gates[:1], modules=())
        stack.callback(made.close)
        yield made


def begin(starter: Starter, path: Path, gate: int, **env: str) -> Adopted:
    with path.open("wb") as output:
        command = (*QUICK, "tests.cli.told", str(gate))
        return starter.start("told", command, output=output.fileno(), env=env, descriptors=(gate,))


def test_a_program_has_what_it_was_told_and_nothing_else(
    starter: Starter, gates: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "output"
    program = begin(starter, path, gates[0], ONE="1", SECRET=SECRET)
    until(lambda: path.stat().st_size > 0, 30, "it speaks")
    told = json.loads(path.read_text())
    assert told["arguments"] == [str(gates[0])]
    assert told["env"] == {"ONE": "1", "SECRET": SECRET}
    assert told["parent"] == os.getpid()
    assert told["session"]
    assert told["input"] == os.devnull
    assert sorted(told["descriptors"]) == [0, 1, 2, gates[0]]
    assert psutil.Process(program.pid).name() == "told"
    assert program.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.05)
    os.write(gates[1], b"7")
    assert program.wait(10) == 7
    assert program.poll() == 7
    program.send_signal(signal.SIGTERM)


def test_the_secrets_of_one_program_are_nowhere_in_the_memory_of_the_next(
    starter: Starter, gates: tuple[int, int], tmp_path: Path
) -> None:
    first = begin(starter, tmp_path / "first", gates[0], SECRET=SECRET)
    second = begin(starter, tmp_path / "second", gates[0], KNOWN=SECRET[::-1])
    paths = [tmp_path / name for name in ("first", "second")]
    until(lambda: all(path.stat().st_size for path in paths), 30, "both speak")
    assert in_memory(first.pid, SECRET)
    assert in_memory(second.pid, SECRET[::-1])
    assert not in_memory(second.pid, SECRET)
    for program in (first, second):
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == -signal.SIGTERM


@pytest.mark.parametrize("ended", ["before", "meanwhile"])
def test_a_starter_that_is_killed_costs_nothing_but_time(
    starter: Starter, gates: tuple[int, int], tmp_path: Path, ended: str
) -> None:
    process = psutil.Process(starter.pid)
    if ended == "before":
        process.kill()
        process.wait()
    else:
        process.suspend()
        threading.Timer(0.2, process.kill).start()
    pump = LogPump()
    program = Program("told", (*QUICK, "tests.cli.told", str(gates[0])), descriptors=gates[:1])
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    child = Child(program, environment, tmp_path / "log", pump, str, starter)
    os.write(gates[1], b"3")
    assert child.run_to_end() == 3
    pump.close()
