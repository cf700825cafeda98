"""One trace from an upload to what can be played, as a collector gets it from real processes."""

import json
import socket
from pathlib import Path
from uuid import UUID

import httpx2 as httpx
import pytest

from models.run import Run
from pipeline.plan.types import Graph
from services import ledger
from services.installation import DEFAULT_TENANT
from tests.api.serving import TOKEN, server
from tests.media_samples import Sample
from tests.workers.collector import Collector, Got, collector
from tests.workers.stages import spec
from tests.workers.workshop import Workshop, until

NAME = "a-secret-name-of-a-film.mp4"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SERVER, PRODUCER, CONSUMER = 2, 4, 5


def uploaded(shop: Workshop, found: Collector, film: Path) -> UUID:
    """A run that an upload over HTTP has begun."""
    with (
        server(shop.settings, OTEL_EXPORTER_OTLP_ENDPOINT=found.url) as api,
        httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as client,
    ):
        answer = client.post(
            f"{api.url}/v1/assets?name={NAME}",
            content=film.read_bytes(),
            headers={"traceparent": PARENT},
        )
        assert answer.status_code == 201, answer.text
        until(lambda: named(found, "POST /v1/assets"), 10, "the request's span comes")
    return UUID(answer.json()["run"]["id"])


def traced(shop: Workshop, graph: Graph) -> UUID:
    """A run that was begun below PARENT."""
    with shop.installation.tenant_scope(shop.places[0]) as session:
        run = Run(tenant_id=shop.places[0].tenant_id, recipe="test", state="running", trace=PARENT)
        session.add(run)
        session.flush()
        ledger.insert_graph(session, run, graph)
        return run.id


def named(found: Collector, name: str) -> list[Got]:
    return [span for span in found.spans if span.name == name]


def below(found: Collector, span: Got) -> list[Got]:
    return [one for one in found.spans if one.parent == span.id]


def test_an_upload_its_stages_and_their_programs_are_one_trace(
    shop: Workshop, sample: Sample
) -> None:
    with collector() as found:
        run = uploaded(shop, found, sample("long-sound.mp4"))
        shop.extra["OTEL_EXPORTER_OTLP_ENDPOINT"] = found.url
        worker = shop.worker("media,gpu,light", slots=2)
        assert shop.ended(run, seconds=90) == ["done"]
        # What has not been sent yet is sent when the worker is told to go.
        worker.stop()
    (request,) = named(found, "POST /v1/assets")
    assert (request.trace, request.parent) == tuple(PARENT.split("-")[1:3])
    assert (request.kind, request.attributes["http.response.status_code"]) == (SERVER, 201)
    (begun,) = below(found, request)
    assert (begun.name, begun.kind) == ("run", PRODUCER)
    assert begun.attributes["automator.run_id"] == str(run)
    assert {span.trace for span in found.spans} == {request.trace}
    stages = below(found, begun)
    rows = shop.rows(
        "SELECT id::text, name, attempt FROM cell.stage_runs WHERE run_id = %(run)s", run=run
    )
    told = {
        (span.attributes["automator.stage_id"], span.attributes["automator.stage"])
        for span in stages
    }
    assert told == {(stage_id, name) for stage_id, name, _ in rows}
    assert {"stage probe", "stage package", "stage preview"} <= {span.name for span in stages}
    for span in stages:
        assert (span.kind, span.service) == (CONSUMER, "automator-worker")
        assert span.attributes["automator.outcome"] == "done"
        assert span.attributes["automator.waited_seconds"] >= 0
        assert not span.failed
    (packed,) = named(found, "stage package")
    joined = {span.id for span in stages if span.id in packed.links}
    assert len(joined) == len(packed.links) >= 2
    programs = [span for stage in stages for span in below(found, stage)]
    assert {"ffmpeg", "ffprobe", "packager"} <= {span.name for span in programs}
    # A trial of an encoder that this machine does not have ends otherwise.
    codes = {(span.name, span.attributes["process.exit.code"]) for span in programs}
    assert ("packager", 0) in codes
    assert ("ffmpeg", 0) in codes
    assert len(found.spans) == 2 + len(stages) + len(programs)
    everything = json.dumps([span.attributes for span in found.spans])
    for secret in (NAME, TOKEN, str(shop.settings.data_dir)):
        assert secret not in everything


def test_a_failed_attempt_and_its_next_are_two_spans_and_a_run_without_a_trace_has_none(
    shop: Workshop,
) -> None:
    with collector() as found:
        shop.extra["OTEL_EXPORTER_OTLP_ENDPOINT"] = found.url
        worker = shop.worker()
        run_id = traced(shop, Graph((spec("burn.a", fail="bug"),)))
        plain = shop.start(Graph((spec("burn.b"),)))
        assert shop.ended(run_id, plain) == ["failed", "done"]
        worker.stop()
    spans = named(found, "stage burn")
    assert [span.attributes["automator.outcome"] for span in spans] == [*["delayed"] * 3, "failed"]
    assert [span.attributes["automator.attempt"] for span in spans] == [1, 2, 3, 4]
    assert all(span.failed and span.parent == PARENT[36:52] for span in spans)
    assert "secret words" not in json.dumps([span.attributes for span in found.spans])
    assert DEFAULT_TENANT not in json.dumps([span.attributes for span in found.spans])


@pytest.mark.parametrize("listening", [True, False], ids=["silent", "refusing"])
def test_a_dead_collector_slows_no_worker(shop: Workshop, listening: bool) -> None:
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        if listening:
            dead.listen()
        url = f"http://127.0.0.1:{dead.getsockname()[1]}"
        shop.extra["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
        worker = shop.worker()
        run_id = traced(shop, Graph(tuple(spec(f"noop.{number}") for number in range(50))))
        assert shop.ended(run_id, seconds=20) == ["done"]
        if not listening:
            until(lambda: "spans cannot be sent" in worker.log.read_text(), 10, "it is told")
        assert worker.stop() < 5
        assert worker.log.read_text().count("spans cannot be sent") <= 1
