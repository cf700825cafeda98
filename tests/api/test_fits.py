"""Fits over HTTP: a run where a file can come of it, and else the reasons at once."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from core.media import Probe, VideoStream
from core.settings import Settings
from pipeline.plan import plan
from pipeline.plan.networks import NETWORKS
from tests.api.library import planted, uploaded
from tests.api.serving import serve


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with serve(settings) as found:
        yield found


def probed(seconds: float) -> dict[str, Any]:
    """What an asset's row says of a film that was probed."""
    video = VideoStream(index=0, codec="h264", width=1080, height=1920, frame_rate="25/1")
    probe = Probe(
        container="mov", mime="video/mp4", bytes=9_000_000, duration_seconds=seconds, video=(video,)
    )
    return probe.model_dump(mode="json", exclude={"index"})


def test_a_fit_is_a_run_of_a_probe_and_a_stage_for_its_placement(client: TestClient) -> None:
    place = f"/v1/assets/{uploaded(client)['asset']['id']}/fits"
    key = {"Idempotency-Key": uuid4().hex}
    wanted = {"network": "facebook", "placement": "reel", "shape": "crop", "focus_x": 0.25}
    answer = client.post(place, json=wanted, headers=key)
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert (run["recipe"], run["priority"], run["state"]) == ("fit", "interactive", "running")
    assert client.post(place, json=wanted, headers=key).json()["id"] == run["id"]
    stages = client.get(f"/v1/runs/{run['id']}/stages").json()["items"]
    assert [stage["name"] for stage in stages] == ["probe", "fit.facebook-reel"]
    # What is probed adds no further stages.
    assert [stage.name for stage in plan("fit", Probe.model_validate(probed(5))).stages] == [
        "probe"
    ]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"network": "facebook", "placement": "reel"}, "the length is 91 s, at most 90 s: cut it"),
        ({"network": "myspace"}, "there is no network 'myspace'"),
        ({"network": "x", "placement": "reel"}, "X takes no reel"),
    ],
)
def test_what_nothing_may_mend_is_refused_before_a_run_is_begun(
    client: TestClient, settings: Settings, wanted: dict[str, Any], reason: str
) -> None:
    (asset,) = planted(settings, 1, media=probed(91))
    place = f"/v1/assets/{asset}"
    refused = client.post(f"{place}/fits", json=wanted)
    assert refused.status_code == 422
    assert reason in refused.text
    assert client.get(f"{place}/runs").json()["items"] == []


def test_trimming_and_every_network_are_asked_for_by_name(
    client: TestClient, settings: Settings
) -> None:
    (asset,) = planted(settings, 1, media=probed(91))
    place = f"/v1/assets/{asset}/fits"
    for network in NETWORKS:
        answer = client.post(place, json={"network": network, "trim": True})
        assert answer.status_code == 201, answer.text
    # It is what it was; a fit makes one file more.
    assert client.get(f"/v1/assets/{asset}").json()["state"] == "uploaded"
    shown = {
        state: [one["id"] for one in client.get(f"/v1/assets?state={state}").json()["items"]]
        for state in ("uploaded", "processing")
    }
    assert str(asset) in shown["uploaded"]
    assert str(asset) not in shown["processing"]
    assert client.post(place, json={"network": "x", "focus_x": 2}).status_code == 422
    assert client.post(place, json={"network": "x", "colour": 2}).status_code == 422
    assert client.post(f"/v1/assets/{uuid4()}/fits", json={"network": "x"}).status_code == 404
