"""Starts one program that dies with the process which started it.

Run as a script by `core.embedded.processes`: it must import nothing but the standard library, since
it starts under `-I -S`. `setpriv --pdeathsig` would do most of this, but it cannot notice that the
parent died before the signal was asked for.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def prctl(option: int, value: int) -> None:
    """Have the kernel treat this process in some way; raises OSError. See the manual, 2."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def die_with(parent: int, number: int = signal.SIGKILL) -> None:
    """Have the kernel signal this process when its parent's thread ends."""
    prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.write(2, b"the process that asked for this one is gone\n")
        os._exit(1)  # nothing of a parent's, in a fork, may be put in order


def main(argv: list[str]) -> None:
    """Becomes the program after `--`; arguments: parent pid, death signal, uid, gid."""
    parent, death_signal, uid, gid = (int(text) for text in argv[:4])
    command = argv[argv.index("--") + 1 :]
    if uid != os.geteuid():
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    # A change of user clears the setting, so it comes after.
    die_with(parent, death_signal)
    os.umask(0o077)  # what it makes is nobody else's to read
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
