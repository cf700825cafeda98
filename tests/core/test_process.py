"""The runner of child processes, on real children."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.cancellation import CancelReason, CancelToken
from core.errors import Cancelled, LeaseLost, Misconfigured, Retryable
from core.process import (
    STDERR_TAIL_BYTES,
    Completed,
    DiskFull,
    Killed,
    LimitReached,
    Limits,
    run,
    sandbox_report,
)

MIB = 1 << 20
ROOT = Path(__file__).parents[2]
needs_network_namespace = pytest.mark.skipif(
    not sandbox_report().own_network, reason="this kernel gives no network namespace"
)


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", code, *arguments]


def run_python(code: str, *arguments: str, **limits: int) -> Completed:
    return run(python(code, *arguments), limits=Limits(wall_seconds=20, **limits))


def eventually(true: Callable[[], bool], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.01)
    return true()


def alive_with(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in command and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


@pytest.fixture
def marker(tmp_path: Path) -> str:
    return f"marker-{os.getpid()}-{tmp_path.name}"


@pytest.fixture
def grandchild_code() -> str:
    # One grandchild in the group, one that leaves group and session.
    return (
        "import subprocess, sys, time\n"
        "sleep = [sys.executable, '-I', '-S', '-c', 'import time; time.sleep(60)', sys.argv[1]]\n"
        "subprocess.Popen(sleep)\n"
        "if sys.argv[2] == 'escape': subprocess.Popen(sleep, start_new_session=True)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_child_says_what_it_said_and_how_it_ended() -> None:
    done = run_python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (done.returncode, done.stdout, done.stderr_tail) == (3, b"out\n", "err\n")
    assert 0 < done.cpu_seconds < 5
    assert done.peak_bytes > MIB


def test_lines_go_to_the_caller_as_they_come() -> None:
    lines: list[str] = []
    done = run(
        python("print('a'); print('b'); print('c', end='')"),
        limits=Limits(wall_seconds=20),
        on_stdout_line=lines.append,
    )
    assert lines == ["a", "b", "c"]
    assert done.stdout == b""


def test_a_failing_listener_kills_the_child(marker: str) -> None:
    def fail(line: str) -> None:
        raise ZeroDivisionError(line)

    with pytest.raises(ZeroDivisionError):
        run(
            python("import time; print('x', flush=True); time.sleep(60)", marker),
            limits=Limits(wall_seconds=30),
            on_stdout_line=fail,
        )
    assert alive_with(marker) == []


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (CancelReason.CANCELLED, Cancelled),
        (CancelReason.LEASE_LOST, LeaseLost),
        (CancelReason.STOPPING, LeaseLost),
    ],
)
def test_a_cancel_kills_the_whole_family_at_once(
    reason: CancelReason, error: type[Exception], marker: str, grandchild_code: str
) -> None:
    token = CancelToken()
    asked = [0.0]

    def cancel() -> None:
        time.sleep(0.2)
        asked[0] = time.monotonic()
        token.cancel(reason)

    canceller = threading.Thread(target=cancel)
    escape = "escape" if sandbox_report().own_processes else "stay"
    with pytest.raises(error):
        run(
            python(grandchild_code, marker, escape),
            limits=Limits(wall_seconds=30),
            cancel=token,
            on_stdout_line=lambda _: canceller.start(),
        )
    assert time.monotonic() - asked[0] < 0.2
    canceller.join()
    assert eventually(lambda: alive_with(marker) == [], 0.5)


def test_nothing_starts_once_cancelled(tmp_path: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run(["touch", str(tmp_path / "x")], limits=Limits(wall_seconds=5), cancel=token)
    assert not (tmp_path / "x").exists()


def test_the_first_reason_stays() -> None:
    token = CancelToken()
    token.cancel(CancelReason.LEASE_LOST)
    token.cancel(CancelReason.CANCELLED)
    assert token.reason == CancelReason.LEASE_LOST
    with pytest.raises(LeaseLost):
        token.check()


def test_a_child_may_be_started_from_any_thread() -> None:
    results: list[Completed] = []

    def work() -> None:
        results.append(run_python("import time; time.sleep(0.2); print('done')"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [done.stdout for done in results] == [b"done\n"] * 4


def test_a_child_that_runs_too_long_is_stopped(marker: str) -> None:
    began = time.monotonic()
    with pytest.raises(LimitReached, match=r"ran longer than 0\.5 s") as caught:
        run(python("import time; time.sleep(60)", marker), limits=Limits(wall_seconds=0.5))
    assert caught.value.limit == "wall"
    assert time.monotonic() - began < 2
    assert alive_with(marker) == []


def test_a_child_that_computes_too_long_is_stopped() -> None:
    with pytest.raises(LimitReached) as caught:
        run_python("while True: pass", cpu_seconds=1)
    assert caught.value.limit == "cpu"


def test_a_child_that_wants_too_much_memory_is_stopped() -> None:
    with pytest.raises(LimitReached) as caught:
        run_python("x = bytearray(400 << 20)", memory_bytes=200 * MIB)
    assert caught.value.limit == "memory"


def test_a_child_that_writes_too_large_a_file_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "large"
    with pytest.raises(LimitReached) as caught:
        run_python(
            "import sys; open(sys.argv[1], 'wb', 0).write(bytes(2 << 20)); "
            "open(sys.argv[1], 'ab', 0).write(b'x')",
            str(file),
            file_bytes=MIB,
        )
    assert caught.value.limit == "file"
    assert file.stat().st_size == MIB


def test_a_child_that_talks_too_much_is_stopped() -> None:
    with pytest.raises(LimitReached) as caught:
        run_python("while True: print('x' * 1000)", output_bytes=MIB)
    assert caught.value.limit == "output"


def test_an_endless_line_is_stopped() -> None:
    with pytest.raises(LimitReached) as caught:
        run(
            python("while True: print('x' * 1000, end='')"),
            limits=Limits(wall_seconds=20),
            on_stdout_line=lambda _: None,
        )
    assert caught.value.limit == "output"


def test_only_the_tail_of_the_errors_is_kept() -> None:
    done = run_python(
        "import sys; [print('e' * 99, file=sys.stderr) for _ in range(5000)]; "
        "print('last words', file=sys.stderr); sys.exit(1)"
    )
    assert len(done.stderr_tail) == STDERR_TAIL_BYTES
    assert done.stderr_tail.endswith("last words\n")


def test_scratch_over_its_budget_stops_the_child(tmp_path: Path) -> None:
    write_many = (
        "import sys, time\n"
        "for n in range(1000):\n"
        "    open(f'part-{n}', 'wb').write(bytes(1 << 20)); time.sleep(0.02)\n"
    )
    with pytest.raises(LimitReached, match="scratch") as caught:
        run(
            python(write_many),
            limits=Limits(wall_seconds=30),
            scratch=tmp_path,
            scratch_bytes=4 * MIB,
        )
    assert caught.value.limit == "scratch"


def test_a_full_disk_may_be_tried_again() -> None:
    with pytest.raises(DiskFull, match="the disk is full") as caught:
        run_python("open('/dev/full', 'wb', 0).write(b'x')")
    assert isinstance(caught.value, Retryable)


@pytest.mark.parametrize("victim", [0, 1, -1])
def test_a_child_killed_from_outside_may_be_tried_again(marker: str, victim: int) -> None:
    """The last of the family is the child; those before it confine it."""

    def kill() -> None:
        family = sorted(alive_with(marker))
        os.kill(family[min(victim, len(family) - 1)], signal.SIGKILL)

    with pytest.raises(Killed, match="killed from outside"):
        run(
            python("import time; print('ready', flush=True); time.sleep(60)", marker),
            limits=Limits(wall_seconds=20),
            on_stdout_line=lambda _: kill(),
        )


def test_a_missing_program_is_named() -> None:
    with pytest.raises(Misconfigured, match="no-such-program"):
        run(["no-such-program"], limits=Limits(wall_seconds=5))


def test_the_environment_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "a-secret")
    done = run(["env"], limits=Limits(wall_seconds=5), env={"EXTRA": "1"})
    names = {line.split(b"=")[0] for line in done.stdout.splitlines()}
    assert names - {b"_", b"PWD", b"OLDPWD", b"SHLVL"} == {
        b"PATH",
        b"LANG",
        b"HOME",
        b"TMPDIR",
        b"EXTRA",
    }


def test_no_file_of_the_parent_is_open_in_the_child(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as secret:
        os.set_inheritable(secret.fileno(), True)
        done = run(["ls", "-l", "/proc/self/fd"], limits=Limits(wall_seconds=5))
    assert "secret" not in done.stdout.decode()
    assert "/dev/null" in done.stdout.decode()


def test_the_child_reads_no_input() -> None:
    assert run(["cat"], limits=Limits(wall_seconds=5)).stdout == b""


def test_the_child_and_what_it_starts_give_way_to_everything_else() -> None:
    grandchild = "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"
    code = f"""
import subprocess, sys, time
time.sleep(0.3)
try:
    print(open("/proc/self/autogroup").read().split()[-1], flush=True)
except OSError:
    print(5, flush=True)
subprocess.run([sys.executable, "-I", "-S", "-c", {grandchild!r}])
"""
    assert run_python(code).stdout == b"5\n5\n"
    assert os.getpriority(os.PRIO_PROCESS, 0) < 5


@needs_network_namespace
def test_the_child_has_no_network(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    connect = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
    assert subprocess.run(python(connect), check=False).returncode == 0
    listener.accept()[0].close()
    done = run_python(connect)
    assert done.returncode != 0
    listener.settimeout(0.2)
    with pytest.raises(TimeoutError):
        listener.accept()


@pytest.mark.skipif(
    not sandbox_report().own_processes, reason="this kernel gives no process namespace"
)
def test_the_child_cannot_signal_other_processes() -> None:
    done = run_python(f"import os; os.kill({os.getpid()}, 0)")
    assert "ProcessLookupError" in done.stderr_tail


@pytest.mark.skipif(not sandbox_report().dies_with_parent, reason="no setpriv on this machine")
def test_a_child_dies_with_its_parent(marker: str, grandchild_code: str) -> None:
    parent_code = (
        "import sys\n"
        "from core.process import Limits, run\n"
        "run([sys.executable, '-I', '-S', '-c', sys.argv[1], sys.argv[2], 'stay'],\n"
        "    limits=Limits(wall_seconds=60), on_stdout_line=lambda line: print(line, flush=True))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent_code, grandchild_code, marker],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        assert len(alive_with(marker)) >= 3
        parent.kill()
        parent.wait()
        # Without a process namespace only the child itself is bound to the parent.
        left = 0 if sandbox_report().own_processes else 1
        assert eventually(lambda: len(alive_with(marker)) <= left)
        for pid in alive_with(marker):
            os.kill(pid, signal.SIGKILL)
