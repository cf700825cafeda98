"""Problems: each code is known, and the page of them is what the code says."""

import ast
import importlib
import json
import pkgutil
import re
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

import services
from api import problems
from api.problem_codes import CODES, render
from core.errors import AutomatorError
from core.ids import new_id
from tests.api.serving import CLIP

ROOT = Path(__file__).parents[2]
KNOWN = {(one.code, one.status) for one in CODES}
# What works on films, and is no part of the API's process.
WORK = ("core/process.py", "transcoders", "pipeline", "workers")


def _classes(base: type[AutomatorError]) -> Iterator[type[AutomatorError]]:
    yield base
    for one in base.__subclasses__():
        yield from _classes(one)


def _calls() -> Iterator[tuple[Path, str, list[ast.expr]]]:
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                name = node.func.id if isinstance(node.func, ast.Name) else name
                yield path, name, node.args


def test_every_error_of_ours_has_a_listed_code() -> None:
    for module in pkgutil.walk_packages(services.__path__, "services."):
        importlib.import_module(module.name)
    ours = [
        one
        for one in _classes(AutomatorError)
        if one.__module__.partition(".")[0] in ("core", "services", "api")
        and one.__module__ != "core.process"
    ]
    assert len(ours) > 15
    assert {(one.code, one.status) for one in ours} - KNOWN == set()


def test_every_code_of_a_stage_is_listed() -> None:
    files = [path for name in WORK for path in [ROOT / name, *(ROOT / name).rglob("*.py")]]
    found = set()
    for path in files:
        if path.is_file():
            found |= set(re.findall(r'^    code = "(\w+)"$', path.read_text(), re.MULTILINE))
    assert len(found) >= 7
    assert found - {one.code for one in CODES} == set()


def test_every_problem_that_a_route_answers_by_itself_has_a_listed_code() -> None:
    found = set()
    for path, name, args in _calls():
        if name == "problem" and len(args) >= 2 and isinstance(args[0], ast.Constant):
            assert isinstance(args[1], ast.Constant), f"{path}: a code must be written out"
            found.add((args[1].value, args[0].value))
        if name == "HTTPException" and args:
            assert isinstance(args[0], ast.Constant), f"{path}: a status must be written out"
            answer = problems._http_error(None, HTTPException(args[0].value))  # type: ignore[arg-type]
            found.add((_code(bytes(answer.body)), args[0].value))
    assert len(found) > 10
    assert found - KNOWN == set()


def _code(body: bytes) -> str:
    return str(json.loads(body)["code"])


def test_what_starlette_answers_by_itself_is_listed(client: TestClient) -> None:
    for method, path, status in (("GET", "/nowhere", 404), ("DELETE", "/v1/runs", 405)):
        problem = client.request(method, path).json()
        assert (problem["code"], problem["status"]) in KNOWN
        assert problem["status"] == status
        assert problem["type"] == f"urn:brand-automator:problem:{problem['code']}"


def test_the_page_is_what_the_list_says_and_codes_are_told_apart() -> None:
    assert (ROOT / "docs" / "problems.md").read_text() == render()
    assert len({one.code for one in CODES}) == len(CODES)
    statuses = [one.status or 999 for one in CODES]
    assert statuses == sorted(statuses)
    for one in CODES:
        assert one.status in (None, 460) or HTTPStatus(one.status)
        assert one.code.isascii()
        assert one.code == one.code.lower()


@pytest.mark.parametrize("source", ["ours", "files"])
def test_ids_sort_by_time(client: TestClient, source: str) -> None:
    def make() -> UUID:
        if source == "ours":
            return new_id()
        made = client.post("/v1/assets?name=a.mp4", content=CLIP.read_bytes()).json()
        return UUID(made["asset"]["id"])

    found = []
    for _ in range(4):
        found.append(make())
        time.sleep(0.002)
    assert found == sorted(found)
    assert {one.version for one in found} == {7}
    now = time.time() * 1000
    assert all(now - 60_000 < one.int >> 80 <= now for one in found)


def test_ids_are_not_guessed() -> None:
    made = {new_id() for _ in range(10_000)}
    assert len(made) == 10_000
    assert all(one.variant == "specified in RFC 4122" for one in made)
