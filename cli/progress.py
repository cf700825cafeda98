"""What a terminal shows of runs: a progress bar for each stage, then what was made."""

from pathlib import Path
from types import TracebackType
from typing import Self

from rich.box import SIMPLE
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from services.runs import RunReport

_WORDS = {
    "waiting": "waiting",
    "ready": "queued",
    "delayed": "will be tried again",
    "running": "running",
    "done": "done",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "cancelled",
}

_REFERRED_TO = ("playlist", "iframes", "media", "sheet")


class RunBars:
    """Shows runs as they go; state: the bars."""

    def __init__(self, console: Console) -> None:
        """Bars are drawn on `console`; where it is no terminal, each change is a line."""
        self._console = console
        self._bars: dict[tuple[str, str], TaskID] = {}
        self._states: dict[tuple[str, str], str] = {}
        self._progress = Progress(
            TextColumn("{task.fields[file]}", style="bold"),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[state]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the last picture standing."""
        self._progress.stop()

    def show(self, file: str, report: RunReport) -> None:
        """Draw where a file's stages are."""
        for stage in report.stages:
            key = (str(report.run.id), stage.name)
            word = _WORDS[stage.state]
            if self._states.get(key) != word:
                self._states[key] = word
                if not self._console.is_terminal:
                    self._console.print(Text(f"{file}: {stage.name} {word}"))
            if key not in self._bars:
                self._bars[key] = self._progress.add_task(
                    stage.name, total=1.0, start=False, file=Text(file), state=word
                )
            bar = self._bars[key]
            if stage.state == "running" or stage.finished_at is not None:
                self._progress.start_task(bar)
            done = 1.0 if stage.state in ("done", "skipped") else stage.progress
            self._progress.update(bar, completed=done, state=word)
            if stage.finished_at is not None:
                self._progress.stop_task(bar)


def show_artifacts(console: Console, folder: Path, report: RunReport) -> None:
    """A table of what lies in a run's folder; nothing where `console` is no terminal.

    What others refer to, such as a stream's segments, is left to the manifest.
    """
    if not console.is_terminal:
        return
    table = Table(title=str(folder), title_justify="left", box=SIMPLE)
    for heading in ("file", "what", "size", "picture", "seconds"):
        table.add_column(heading, justify="right" if heading in ("size", "seconds") else "left")
    for artifact in report.artifacts:
        facts = artifact.attributes
        if facts.get("role") in _REFERRED_TO:
            continue
        width, height = facts.get("width"), facts.get("height")
        table.add_row(
            Text(artifact.path),
            artifact.kind,
            decimal(artifact.bytes),
            f"{width}×{height}" if width and height else "",
            f"{facts['duration']:.1f}" if facts.get("duration") else "",
        )
    console.print(table)
