"""A program that prints what it was given, and waits to be told how to end."""

import json
import os
import sys


def is_open(number: int) -> bool:
    """Whether there is a descriptor of that number."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def main() -> None:
    """Ends with the status that comes on the descriptor that the first argument names."""
    print(
        json.dumps(
            {
                "arguments": sys.argv[1:],
                "env": dict(os.environ),
                "parent": os.getppid(),
                "session": os.getsid(0) == os.getpid(),
                "input": os.readlink("/proc/self/fd/0"),
                "descriptors": [number for number in range(1000) if is_open(number)],
            }
        ),
        flush=True,
    )
    sys.exit(int(os.read(int(sys.argv[1]), 10)))


if __name__ == "__main__":
    main()
