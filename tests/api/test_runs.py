"""Runs and stages over the API."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from core.settings import Settings
from tests.api.library import ended_run, planted, uploaded


def test_runs_are_listed_newest_first_by_state_asset_and_recipe(
    client: TestClient, settings: Settings
) -> None:
    (asset,) = planted(settings, 1)
    made = [str(ended_run(settings, asset, state)) for state in ("done", "failed", "done")]
    found, cursor = [], None
    while True:
        params: dict[str, Any] = {"asset": str(asset), "limit": 2, "state": "done"}
        page = client.get("/v1/runs", params=params | ({"cursor": cursor} if cursor else {})).json()
        found += [run["id"] for run in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == [made[2], made[0]]
    of = {"asset": str(asset)}
    assert len(client.get("/v1/runs", params={**of, "recipe": "video"}).json()["items"]) == 3
    assert client.get("/v1/runs", params={**of, "recipe": "video-av1"}).json()["items"] == []


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"state": "soup"}, "/query/state"),
        ({"asset": "x"}, "/query/asset"),
        ({"recipe": "a\0"}, "/query/recipe"),
        ({"cursor": "!"}, "/query/cursor"),
        ({"limit": "x"}, "/query/limit"),
    ],
)
def test_a_wrong_question_is_told_which_part_of_it(
    client: TestClient, params: dict[str, str], pointer: str
) -> None:
    answer = client.get("/v1/runs", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_one_stage_is_looked_at_stopped_and_tried_again(client: TestClient) -> None:
    run = uploaded(client)["run"]
    stages = f"/v1/runs/{run['id']}/stages"
    (probe,) = client.get(stages).json()["items"]
    assert client.get(f"{stages}/probe").json() == probe
    assert client.post(f"{stages}/probe/retry").status_code == 409
    assert client.post(f"{stages}/probe/cancel").json()["state"] == "cancelled"
    assert client.get(f"/v1/runs/{run['id']}").json()["state"] == "cancelled"
    assert client.post(f"{stages}/probe/cancel").status_code == 409
    assert client.post(f"{stages}/probe/retry").json()["state"] == "ready"
    assert client.get(f"/v1/runs/{run['id']}").json()["state"] == "running"
    for path in (
        f"{stages}/soup",
        f"/v1/runs/{uuid4()}/stages/probe",
        f"/v1/runs/{uuid4()}/stages",
    ):
        assert client.get(path).status_code == 404
    assert client.post(f"{stages}/soup/retry").status_code == 404
    assert client.post(f"{stages}/soup/cancel").status_code == 404
    assert client.get(f"{stages}/%00").status_code == 422


def test_a_runs_priority_is_changed(client: TestClient) -> None:
    run = uploaded(client)["run"]
    assert run["priority"] == "interactive"
    place = f"/v1/runs/{run['id']}"
    assert client.patch(place, json={"priority": "batch"}).json()["priority"] == "batch"
    assert client.patch(place, json={"priority": "batch"}).status_code == 200
    for body in ({}, {"priority": None}, {"priority": "high"}, {"priority": "batch", "x": 1}):
        assert client.patch(place, json=body).status_code == 422
    assert client.get(place).json()["priority"] == "batch"
    assert client.patch(f"/v1/runs/{uuid4()}", json={"priority": "batch"}).status_code == 404
