"""Writes the Python client: `python clients/python/generate.py DOCUMENT FOLDER` (`make clients`).

The generator reads one document and knows fewer things than ours says: what it would misread is
told more simply. Nothing is taken away but the stream of events, which does not end.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

HERE: Final = Path(__file__).parent
PACKAGE: Final = "brand_automator_client"
_PROBLEM: Final = "application/problem+json"
_BYTES: Final = "application/octet-stream"
_CONFIG: Final = {
    "package_name_override": PACKAGE,
    "literal_enums": True,
    "content_type_overrides": {"application/offset+octet-stream": _BYTES},
    "post_hooks": [],
}


def simplified(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the generator understands it."""
    shared = document["components"]["responses"]
    for path, operations in list(document["paths"].items()):
        for method, operation in list(operations.items()):
            if _streams(operation):
                del operations[method]
                continue
            answers = {
                status: _answer(shared[one["$ref"].rpartition("/")[2]] if "$ref" in one else one)
                for status, one in operation["responses"].items()
            }
            good = {
                status: one for status, one in answers.items() if _PROBLEM not in one["content"]
            }
            problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
            default = {"description": "Why not.", "content": {_PROBLEM: problem}}
            operation["responses"] = {**good, "default": default}
            if "requestBody" in operation:
                operation["requestBody"] = _body(operation["requestBody"])
        if not operations:
            del document["paths"][path]
    return document


def _streams(operation: dict[str, Any]) -> bool:
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


def _body(body: dict[str, Any]) -> dict[str, Any]:
    """The first of several types, which are one in others' words; null is to send nothing."""
    kind, content = next(iter(body["content"].items()))
    choices = [one for one in content["schema"].get("anyOf", ()) if one.get("type") != "null"]
    told = {"schema": choices[0] if len(choices) == 1 else content["schema"]}
    return {"required": body.get("required", False), "content": {kind: told}}


def _answer(answer: dict[str, Any]) -> dict[str, Any]:
    """What is bytes, whatever they are of, is bytes."""
    content = answer.get("content", {})
    if len(content) > 1 and all(
        one["schema"].get("format") == "binary" for one in content.values()
    ):
        content = {_BYTES: content[_BYTES]}
    return {"description": answer["description"], "content": content}


def generate(document: Path, target: Path) -> None:
    """Write the package into `target`, which is made anew."""
    with TemporaryDirectory() as folder:
        told, config = Path(folder) / "openapi.json", Path(folder) / "config.json"
        told.write_text(json.dumps(simplified(json.loads(document.read_text("utf-8")))))
        config.write_text(json.dumps(_CONFIG))
        made = Path(folder) / PACKAGE
        _run(
            "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning",
            *("--path", told, "--config", config, "--output-path", made),
            *("--custom-template-path", HERE / "templates"),
        )  # fmt: skip
        style = ("--isolated", "--no-cache", "--quiet", "--line-length", "100")
        _run("ruff", "check", "--fix-only", "--select", "I,F401,F811", *style, made)
        _run("ruff", "format", *style, made)
        _replace(made, target)


def _run(module: str, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    # The generator writes sets in their order.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{module}: {done.stdout}{done.stderr}")


def _replace(made: Path, target: Path) -> None:
    """Have `target` hold what was made, and nothing that was made of operations that are gone."""
    wanted = {path.relative_to(made) for path in made.rglob("*.py")}
    for path in target.rglob("*.py"):
        if path.relative_to(target) not in wanted:
            path.unlink()
    for name in sorted(wanted):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes((made / name).read_bytes())
    (target / "py.typed").touch()


if __name__ == "__main__":
    generate(Path(sys.argv[1]), Path(sys.argv[2]))
