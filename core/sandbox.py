"""The chain of small programs that confines a child before it becomes what was asked for.

Python's `preexec_fn` is not safe where threads exist, so util-linux does the work: each program
sets one thing and executes the next. The whole chain costs about 6 ms. Niceness is set there too:
from outside, a process that is being forked would be missed.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import Final

NICENESS: Final = 5
_DROP_CAPABILITIES = ("--bounding-set=-all", "--inh-caps=-all")
_LEADING_NAMESPACES = ("--net", "--ipc", "--pid", "--fork", "--kill-child=KILL")

# The parent may have died before the death signal was armed; then nobody would ever send it.
# unshare(1) loses the signal that ended its child, and the first process of a namespace ignores
# most signals: a shell takes that place and reports a signal n as 128 + n.
_FIRST_PROCESS = '"$@"; exit $?'
_SIGNALS = range(129, 160)

_PARENT_STILL_THERE = '[ "$PPID" = "$0" ] || exit 125; exec "$@"'


@dataclass(frozen=True, slots=True)
class SandboxReport:
    """What this machine lets us do to a child; `notes` says what is missing and how to mend it."""

    dies_with_parent: bool
    limits: bool
    own_network: bool
    own_processes: bool
    drops_capabilities: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Chain:
    """The argv prefixes in the order in which they run."""

    nice: str | None
    setpriv: str | None
    shell: str | None
    unshare: tuple[str, ...]
    privileges: tuple[str, ...]
    prlimit: str | None

    @property
    def own_processes(self) -> bool:
        return "--pid" in self.unshare


def _works(argv: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False, env={}
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _namespaces(unshare: str | None, true: str) -> tuple[str, ...]:
    """The strongest `unshare` that this kernel allows this user, or nothing."""
    if unshare is None:
        return ()
    # Root needs no user namespace; everyone else gets the right to the others only with one.
    user = () if os.geteuid() == 0 else ("--user", "--map-current-user")
    for wanted in (
        (*user, *_LEADING_NAMESPACES),
        ("--user", "--map-current-user", *_LEADING_NAMESPACES),
        (*user, "--net"),
        ("--user", "--map-current-user", "--net"),
    ):
        if _works((unshare, *wanted, true)):
            return (unshare, *wanted)
    return ()


@cache
def _chain() -> _Chain:
    true = shutil.which("true") or "/bin/true"
    setpriv, prlimit = shutil.which("setpriv"), shutil.which("prlimit")
    unshare = _namespaces(shutil.which("unshare"), true)
    privileges: tuple[str, ...] = ()
    if setpriv:
        for wanted in (("--no-new-privs", *_DROP_CAPABILITIES), ("--no-new-privs",)):
            if _works((*unshare, setpriv, *wanted, true)):
                privileges = (setpriv, *wanted)
                break
    return _Chain(
        shutil.which("nice"),
        setpriv if setpriv and _works((setpriv, "--pdeathsig", "KILL", true)) else None,
        shutil.which("sh"),
        unshare,
        privileges,
        prlimit if prlimit and _works((prlimit, "--core=0", true)) else None,
    )


def confine(argv: tuple[str, ...], rlimits: tuple[str, ...]) -> tuple[str, ...]:
    """`argv` behind everything that this machine allows; `rlimits` are options of prlimit(1)."""
    chain = _chain()
    confined: list[str] = []
    if chain.nice:
        confined += [chain.nice, "-n", str(NICENESS)]
    if chain.setpriv and chain.shell:
        confined += [chain.setpriv, "--pdeathsig", "KILL"]
        confined += [chain.shell, "-c", _PARENT_STILL_THERE, str(os.getpid())]
    confined += chain.unshare
    if chain.own_processes and chain.shell:
        confined += [chain.shell, "-c", _FIRST_PROCESS, "sh"]
    confined += chain.privileges
    if chain.prlimit:
        # Last, so that the limits bind the program and not the chain before it.
        confined += [chain.prlimit, *rlimits]
    return (*confined, *argv)


def real_exit_code(code: int) -> int:
    """A confined child's return code, with a signal as a negative number as `subprocess` has it."""
    return 128 - code if _chain().own_processes and code in _SIGNALS else code


def sandbox_report() -> SandboxReport:
    """What `doctor` prints about the confinement of child processes on this machine."""
    chain = _chain()
    notes = []
    if not chain.setpriv or not chain.prlimit:
        notes.append("install util-linux (setpriv, prlimit, unshare) for limits on child processes")
    if "--net" not in chain.unshare:
        notes.append(
            "the kernel gives no network namespace: allow unprivileged user namespaces "
            "(sysctl user.max_user_namespaces, kernel.apparmor_restrict_unprivileged_userns; in a "
            "container, a seccomp profile that permits unshare)"
        )
    elif not chain.own_processes:
        notes.append("the kernel gives no process namespace: children end by process group only")
    dropped = _DROP_CAPABILITIES[0] in chain.privileges
    return SandboxReport(
        dies_with_parent=chain.setpriv is not None and chain.shell is not None,
        limits=chain.prlimit is not None,
        own_network="--net" in chain.unshare,
        own_processes=chain.own_processes,
        # Without privileges there is nothing to drop.
        drops_capabilities=dropped or (os.geteuid() != 0 and bool(chain.privileges)),
        notes=tuple(notes),
    )
