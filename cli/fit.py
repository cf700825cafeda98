"""`automator fit`: makes a film into a file that a network takes, without an installation."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import Rejected

if TYPE_CHECKING:
    from core.media import Probe
    from pipeline.plan.fit_types import FitOptions, FitPlan, FitResult
    from transcoders.tools import Tools

_DONE = {
    "keep": "is taken as it is",
    "remux": "was packaged again",
    "sound": "was packaged again, its sound encoded",
    "encode": "was encoded",
}


@click.command("fit")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--network", required=True, help="Such as youtube, instagram, x.")
@click.option("--placement", help="video or reel; the network's first if not told.")
@click.option(
    "--shape",
    type=click.Choice(["pad", "crop"]),
    default="pad",
    show_default=True,
    help="How it gets another shape: bars around it, or what is outside cut off.",
)
@click.option("--trim", is_flag=True, help="Cut off the end of a film that is too long.")
@click.option(
    "--focus",
    type=(click.FloatRange(0, 1), click.FloatRange(0, 1)),
    default=(0.5, 0.5),
    help="Where a crop looks, as parts of width and height.",
)
@click.option("--background", default="#000000", show_default=True, help="The colour of bars.")
@click.option("--dry-run", is_flag=True, help="Only say what would be refused and done.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The file to write.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    file: Path,
    network: str,
    placement: str | None,
    out: Path | None,
    *,
    as_json: bool,
    dry_run: bool,
    **choices: Any,
) -> int:
    """Make FILE into one that a network takes; say what it would refuse, and what was done.

    Exits with 1 where nothing may be done about something, such as a film that is too short.
    """
    from transcoders.probe import probe
    from transcoders.tools import get_tools

    if not dry_run:
        _check(out)
    options = _options(network, placement, choices)
    tools = get_tools()
    found = probe(file, tools)
    plan = _plan(file, found, options)
    made = None
    if not dry_run and not plan.blocked:
        assert out is not None
        made = _make(file, found, options, tools, out)
    if as_json:
        click.echo(json.dumps(_document(plan, made, out), indent=2, ensure_ascii=False))
    else:
        _tell(file, plan, made, out)
    return 1 if plan.blocked else 0


def _check(out: Path | None) -> None:
    if out is None:
        raise click.UsageError("name the file to write with --out, or ask with --dry-run")
    if out.exists():
        raise Rejected(f"{out} is there already")
    if not out.parent.is_dir():
        raise Rejected(f"there is no folder {out.parent}")


def _options(name: str, placement: str | None, choices: dict[str, Any]) -> "FitOptions":
    from pydantic import ValidationError

    from pipeline.plan.fit_run import fit_options
    from pipeline.plan.fit_types import FitChoices

    across, down = choices.pop("focus")
    try:
        chosen = FitChoices(focus_x=across, focus_y=down, **choices)
    except ValidationError as error:
        raise Rejected("a background is a colour such as #1a2b3c") from error
    return fit_options(name, placement, chosen)


def _plan(file: Path, found: "Probe", options: "FitOptions") -> "FitPlan":
    from pipeline.stages.fit import plan_of

    return plan_of(file, found, options)


def _make(
    file: Path, found: "Probe", options: "FitOptions", tools: "Tools", out: Path
) -> "FitResult":
    """Work beside the file that is to be written, so that it appears whole."""
    from pipeline.plan.fit_types import FitResult
    from pipeline.plan.video_types import PROBE
    from pipeline.stages import StageContext, StageInput, fit

    with tempfile.TemporaryDirectory(prefix=".fit-", dir=out.parent) as scratch:
        context = StageContext(
            source=file.absolute(),
            source_sha256="",
            scratch=Path(scratch).absolute(),
            tools=tools,
            inputs={PROBE: StageInput(found)},
        )
        result = fit.run(context, options)
        assert isinstance(result.value, FitResult)
        media = next((one for one in result.artifacts if one.attributes.role == "media"), None)
        if media is not None:
            media.path.rename(out)
        else:
            shutil.copyfile(file, Path(scratch) / out.name)
            (Path(scratch) / out.name).rename(out)
        return result.value


def _document(plan: "FitPlan", made: "FitResult | None", out: Path | None) -> dict[str, Any]:
    done = made.plan if made else plan
    # What a reader does not need: how the encoder is told.
    document = done.model_dump(mode="json", exclude={"picture", "sound"})
    document["file"] = str(out) if made else None
    if made:
        facts = made.facts.model_dump(mode="json")
        document["made"] = {"facts": facts, "tries": made.tries, "notes": list(made.notes)}
        document["cpu_seconds"] = made.cpu_seconds
    return document


def _tell(file: Path, plan: "FitPlan", made: "FitResult | None", out: Path | None) -> None:
    for each in plan.refused:
        click.echo(f"refused  {each.line}")
    for each in plan.blocked:
        click.echo(f"blocked  {each.line}")
    done = made.plan if made else plan
    for step in () if plan.blocked else done.steps:
        click.echo(f"{'done' if made else 'to do':8} {step.line}")
    if made:
        click.echo(f"{file} {_DONE[done.action]} → {out}")
    elif not plan.refused:
        click.echo(f"{file} {_DONE['keep']}")
