"""What a client of the event stream sees: live, after an absence, and when it asks for nonsense."""

import json
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from api.app import create_app
from core.settings import Settings
from services import events
from services.installation import Installation
from tests.api.office import Office, heard, office_of, reading
from tests.api.serving import TOKEN, Server, in_a_thread, relay, serve, server
from tests.api.streams import Reader
from tests.servers import PostgresForTests


@pytest.fixture(scope="module")
def office(settings: Settings, postgres: PostgresForTests) -> Iterator[Office]:
    with office_of(settings, postgres) as made, relay(settings):
        yield made


@pytest.fixture(scope="module")
def api(office: Office) -> Iterator[Server]:
    with server(office.settings) as running:
        yield running


def test_what_happens_reaches_the_client_at_once_and_in_order(api: Server, office: Office) -> None:
    run_id = uuid4()
    with reading(api.port) as reader:
        reader.begun()
        heard(reader, office)
        known, delays = len(reader.parser.told), []
        for number in range(1, 31):
            office.emit(kind="run.done", run_id=run_id)
            committed = time.monotonic()
            reader.events(known + number)
            delays.append(time.monotonic() - committed)
    told = reader.parser.told
    assert [one.seq for one in told] == list(range(told[0].seq, told[0].seq + len(told)))
    assert sorted(delays)[len(delays) // 2] < 0.1, delays
    assert told[-1].event == told[-1].data["kind"] == "run.done"
    assert told[-1].data.keys() == {"kind", "at", "run_id", "stage_id", "data"}
    assert told[-1].data["run_id"] == str(run_id)


def test_the_answer_is_a_stream_that_no_proxy_may_hold_back(api: Server) -> None:
    with reading(api.port) as reader:
        parser = reader.begun().parser
    assert parser.status == 200
    assert parser.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert parser.headers["cache-control"] == "no-cache"
    assert parser.headers["x-accel-buffering"] == "no"


def test_a_client_goes_on_exactly_behind_its_last_event(api: Server, office: Office) -> None:
    with reading(api.port) as reader:
        start = reader.begun().parser.last_id
    epoch, _, seq = start.partition(".")
    office.pour(650)
    for behind in (0, 1, 199, 200, 649):
        last = f"{epoch}.{int(seq) + behind}"
        for path, after in (("/v1/events", last), (f"/v1/events?last_event_id={last}", None)):
            with reading(api.port, path, after) as reader:
                reader.events(650 - behind)
                office.emit()
                told = reader.events(650 - behind + 1)
            first = int(seq) + behind + 1
            assert [one.seq for one in told] == list(range(first, first + len(told)))
        office.superuser("DELETE FROM cell.events WHERE seq > %s", int(seq) + 650)
        office.superuser("UPDATE cell.event_heads SET seq = %s", int(seq) + 650)


def test_a_header_goes_before_the_address_which_a_browser_never_changes(
    api: Server, office: Office
) -> None:
    head = office.head()
    office.emit(3)
    old, new = (str(events.Position(head.epoch, head.seq + n)) for n in (0, 2))
    with reading(api.port, f"/v1/events?last_event_id={old}", new) as reader:
        assert [one.seq for one in reader.events(1)] == [head.seq + 3]


@pytest.mark.parametrize(
    "given",
    [
        *(
            "1",
            "x",
            "-1.5",
            "0.0",
            "1.5 ",
            "1.5%7F",
            "99999999999.1",
            "\N{ARABIC-INDIC DIGIT ONE}",
        ),
        *("{epoch}.-1", "{epoch}.99999999", f"{{epoch}}.{(1 << 63) - 1}", "{epoch}." + "9" * 3000),
    ],
)
def test_who_is_nowhere_is_told_to_look_anew_and_goes_on(
    api: Server, office: Office, given: str
) -> None:
    head = office.head()
    asked = given.format(epoch=head.epoch)
    address = asked.encode().decode("latin-1").replace(" ", "%20")
    quoted = "".join(c if c.isascii() else f"%{ord(c):02X}" for c in address)
    tries: list[tuple[str, str | None]] = [(f"/v1/events?last_event_id={quoted}", None)]
    if "%" not in asked:
        tries.append(("/v1/events", address))
    for path, after in tries:
        with reading(api.port, path, after) as reader:
            first = reader.events(1)[0]
            assert (first.event, first.id) == ("resync", first.data["head"])
            office.emit()
            assert reader.events(2)[1].seq == first.seq + 1


def test_who_was_away_for_too_long_is_told_to_look_anew(api: Server, office: Office) -> None:
    head = office.head()
    office.emit(5)
    aged = "UPDATE cell.events SET at = at - interval '25 hours' WHERE seq <= %s"
    office.superuser(aged, head.seq + 2)
    with office.installation.cell().transaction() as connection:
        connection.execute(text("SELECT cell.prune_events('24 hours', 100000)"))
    with reading(api.port, after=str(head)) as reader:
        (told,) = reader.events(1)
    assert told.event == "resync"
    assert told.data == {"head": str(events.Position(head.epoch, head.seq + 5))}
    with reading(api.port, after=str(events.Position(head.epoch, head.seq + 2))) as reader:
        assert [one.seq - head.seq for one in reader.events(3)] == [3, 4, 5]


def test_a_backup_that_is_restored_meanwhile_is_told(api: Server, office: Office) -> None:
    with reading(api.port) as reader:
        reader.begun()
        office.emit(3)
        reader.events(3)
        office.superuser("UPDATE cell.event_heads SET seq = seq - 2, epoch = epoch # 1")
        office.superuser(
            "DELETE FROM cell.events e USING cell.event_heads h"
            " WHERE h.tenant_id = e.tenant_id AND e.seq > h.seq"
        )
        office.emit()
        told = reader.events(4)[3]
        assert (told.event, told.data) == ("resync", {"head": str(office.head())})
        office.emit()
        assert reader.events(5)[4].event == "stage.done"


def test_a_client_can_ask_for_one_run_or_some_kinds(api: Server, office: Office) -> None:
    run_id, head = uuid4(), office.head()
    for kind, run in (("run.running", run_id), ("stage.done", None), ("stage.done", run_id)):
        office.emit(kind=kind, run_id=run)
    for query, expected in (
        (f"run={run_id}", [1, 3]),
        ("kinds=stage.done", [2, 3]),
        ("kinds=run.running&kinds=run.done", [1]),
        (f"run={run_id}&kinds=stage.done", [3]),
    ):
        with reading(api.port, f"/v1/events?{query}", str(head)) as reader:
            told = reader.events(len(expected))
            assert [one.seq - head.seq for one in told] == expected


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("run=1", "/query/run"), ("kinds=run.soup", "/query/kinds/0"), ("kinds=", "/query/kinds/0")],
)
def test_a_filter_that_is_none_is_refused(settings: Settings, query: str, pointer: str) -> None:
    with serve(settings) as client:
        answer = client.get(f"/v1/events?{query}")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_nobody_reads_without_the_token(settings: Settings) -> None:
    with serve(settings) as client:
        answer = client.get("/v1/events", headers={"Authorization": "Bearer wrong"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_the_document_says_what_a_stream_sends(settings: Settings) -> None:
    with serve(settings) as client:
        operation = client.get("/v1/openapi.json").json()["paths"]["/v1/events"]["get"]
    stream = operation["responses"]["200"]["content"]
    assert stream.keys() == {"text/event-stream"}
    schema = stream["text/event-stream"]["schema"]
    assert schema["type"] == "string"
    assert schema["x-data"]["properties"].keys() == {"kind", "at", "run_id", "stage_id", "data"}
    assert {"401", "422", "429", "503"} <= operation["responses"].keys()
    names = {parameter["name"]: parameter["in"] for parameter in operation["parameters"]}
    assert names == {
        "last-event-id": "header",
        "last_event_id": "query",
        "run": "query",
        "kinds": "query",
    }


@pytest.mark.parametrize(
    ("limit", "status", "code"),
    [("event_streams_per_tenant", 429, "rate_limited"), ("event_streams", 503, "unavailable")],
)
def test_streams_beyond_a_limit_are_refused_and_those_that_left_make_room(
    office: Office, limit: str, status: int, code: str
) -> None:
    app = create_app()
    app.state.installation = Installation(office.settings.model_copy(update={limit: 2}))
    app.state.token = TOKEN
    with in_a_thread(app) as port:
        inside = [Reader(port).begun() for _ in range(2)]
        with reading(port) as refused:
            parser = refused.wait(lambda parser: b"}" in parser.body)
            assert parser.status == status
            assert json.loads(parser.body)["code"] == code
            assert int(parser.headers["retry-after"]) > 0
        inside.pop().close()
        deadline = time.monotonic() + 10
        while True:
            with reading(port) as again:
                if again.parser.status == 200:
                    break
            assert time.monotonic() < deadline
        inside.pop().close()
