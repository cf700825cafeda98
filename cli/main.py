"""The `automator` command: finds the subcommand and says errors in one line."""

import importlib
import sys
from typing import NoReturn

import click

from core.errors import AutomatorError

# Each is a module of this package with a click command named `command`. It is imported when it is
# run and not before: `automator up` must not carry SQLAlchemy or Celery around.
COMMANDS = {
    "up": "Start everything: database, broker, API, workers.",
    "process": "Send files through and collect what comes out.",
    "fit": "Make a film into a file that a network takes.",
    "worker": "Run workers for the given queues.",
    "migrate": "Bring the databases to this release's schema.",
    "doctor": "Say what this machine has, lacks, and how to mend it.",
    "runs": "List, show, retry and cancel runs.",
    "queues": "Show, pause and drain the queues.",
    "tenants": "Create, list, bound and purge tenants.",
    "people": "Help people who cannot sign in any more.",
    "keys": "List and rotate the keys that seal secrets.",
    "storage": "Hold what is stored against the rows, both ways.",
    "kong": "Render the gateway's configuration.",
    "backup": "Write everything into one file.",
    "restore": "Read back what `backup` wrote.",
}
_ELSEWHERE = {"restore": ("backup", "restore")}
_SERVERS_ERRORS = (
    ("sqlalchemy.exc", "DBAPIError"),
    ("sqlalchemy.exc", "ArgumentError"),  # an address that is none
    ("psycopg", "Error"),
    ("redis.exceptions", "RedisError"),
)


class LazyGroup(click.Group):
    """A group whose subcommands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table above."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = _ELSEWHERE.get(cmd_name, (cmd_name, "command"))
        command = getattr(importlib.import_module(f"cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the table of subcommands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
def automator() -> None:
    """Turns what a brand uploads once into everything that it publishes."""


def main() -> None:
    """The entry point: exits with 0, with 1 after an error of ours, with 2 after a wrong call."""
    try:
        code = automator.main(prog_name="automator", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except AutomatorError as error:
        _complain(str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        _complain(f"{error.filename}: {reason}" if error.filename is not None else reason)
    except Exception as error:
        if not _is_a_servers(error):
            raise
        _complain(str(getattr(error, "orig", None) or error))
    sys.exit(code if isinstance(code, int) else 0)


def _complain(reason: str) -> NoReturn:
    line = next(iter(reason.strip().splitlines()), "it failed without a reason")
    print(f"automator: {line}", file=sys.stderr)
    sys.exit(1)


def _is_a_servers(error: Exception) -> bool:
    """Whether the database or the broker failed, asked without importing their libraries."""
    return any(
        module in sys.modules and isinstance(error, getattr(sys.modules[module], name))
        for module, name in _SERVERS_ERRORS
    )


if __name__ == "__main__":
    main()
