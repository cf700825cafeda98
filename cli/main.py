"""The `automator` command: finds the subcommand and says errors in one line."""

import importlib
import sys

import click

from core.errors import AutomatorError

# Each is a module of this package with a click command named `command`. It is imported when it is
# run and not before: `automator up` must not carry SQLAlchemy or Celery around.
COMMANDS = {
    "up": "Start everything: database, broker, API, workers.",
    "process": "Send files through and collect what comes out.",
    "worker": "Run workers for the given queues.",
    "migrate": "Bring the databases to this release's schema.",
    "doctor": "Say what this machine has, lacks, and how to mend it.",
    "runs": "List, show, retry and cancel runs.",
    "queues": "Show, pause and drain the queues.",
    "tenants": "Create, list and purge tenants.",
    "backup": "Write everything into one file.",
    "restore": "Read back what `backup` wrote.",
}
_ELSEWHERE = {"restore": ("backup", "restore")}


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
        print(f"automator: {error}", file=sys.stderr)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
