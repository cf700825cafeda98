"""Who may read events, when that ends, and that no tenant reads another's."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from fastapi import FastAPI, Request
from sqlalchemy import text

from api.app import create_app
from api.context import place
from api.event_hub import EventHub
from core.settings import Settings
from services import tenants
from services.installation import Installation, Place
from tests.api.office import Office, office_of, reading
from tests.api.serving import TOKEN, in_a_thread
from tests.api.streams import Reader
from tests.servers import PostgresForTests

_CHECK_SECONDS = 0.4


@pytest.fixture(scope="module")
def office(settings: Settings, postgres: PostgresForTests) -> Iterator[Office]:
    with office_of(settings, postgres) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Api:
    """An application of this process, and where it is served."""

    app: FastAPI
    port: int


@pytest.fixture
def api(office: Office) -> Iterator[Api]:
    app = create_app()
    app.state.installation = Installation(office.settings)
    app.state.events = EventHub(check_seconds=_CHECK_SECONDS, beat_seconds=0.2)
    app.state.token = TOKEN
    with in_a_thread(app) as port:
        yield Api(app, port)


def last_word(reader: Reader, seconds: float = 10 * _CHECK_SECONDS) -> str:
    """How a stream ends; the reason it gives."""
    reader.wait(lambda parser: parser.complete, seconds)
    told = reader.parser.told[-1]
    assert told.event == "unauthorised"
    return str(told.data["reason"])


def test_a_stream_goes_on_while_its_reader_may_read(api: Api, office: Office) -> None:
    with reading(api.port) as reader:
        reader.begun()
        time.sleep(4 * _CHECK_SECONDS)
        office.emit()
        assert [one.event for one in reader.events(1)] == ["stage.done"]
        assert not reader.ended.is_set()


def test_a_token_that_is_taken_back_ends_its_streams(api: Api) -> None:
    with reading(api.port) as reader:
        reader.begun()
        api.app.state.token = "another"
        assert (
            last_word(reader)
            == "the access token is not valid, or no longer: get another or sign in"
        )
    with reading(api.port) as reader:
        assert reader.parser.status == 401


def test_a_tenant_that_is_suspended_or_purged_is_told_and_reads_no_more(
    api: Api, office: Office
) -> None:
    for state, why in (("suspended", "is suspended"), ("purging", "there is no tenant")):
        with reading(api.port) as reader:
            reader.begun()
            office.superuser("UPDATE directory.tenants SET state = %s", state)
            try:
                assert why in last_word(reader)
                assert [one.event for one in reader.parser.told] == ["unauthorised"]
            finally:
                office.superuser("UPDATE directory.tenants SET state = 'active'")


def test_a_tenant_that_has_become_another_reads_no_more(
    api: Api, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tenants.create(office.settings, "usurper")
    with reading(api.port) as reader:
        reader.begun()
        stranger = Place(other.id, other.slug, other.name, other.cell)
        monkeypatch.setattr(api.app.state.installation, "place", lambda _: stranger)
        assert "another tenant" in last_word(reader)


def test_a_database_that_is_away_for_a_moment_ends_no_stream(
    api: Api, office: Office, postgres: PostgresForTests
) -> None:
    with reading(api.port) as reader:
        reader.begun()
        for _ in range(3):
            office.superuser(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(_CHECK_SECONDS)
        office.emit()
        assert [one.event for one in reader.events(1)] == ["stage.done"]


def test_an_idle_stream_beats(api: Api) -> None:
    with reading(api.port) as reader:
        reader.begun()
        parser = reader.wait(lambda parser: parser.blocks >= 5, 5)
        assert parser.told == []


def test_two_tenants_never_see_each_other(api: Api, office: Office) -> None:
    """Their events come at the same time, over the same hub."""
    with closing(Installation(office.settings)) as installation:
        names = ("left", "right")
        places = {}
        for name in names:
            made = tenants.create(office.settings, name)
            places[name] = Place(made.id, made.slug, made.name, made.cell)

        def choose(request: Request) -> Place:
            return places[request.query_params["as"]]

        api.app.dependency_overrides[place] = choose
        api.app.state.events.check_seconds = 60.0
        readers = {
            name: [Reader(api.port, f"/v1/events?as={name}").begun() for _ in range(3)]
            for name in names
        }
        for _ in range(20):
            for name in names:
                with installation.tenant_scope(places[name]) as session:
                    session.execute(
                        text(
                            "SELECT cell.emit(:tenant, 'stage.done', NULL, NULL,"
                            " jsonb_build_object('of', CAST(:name AS text)))"
                        ),
                        {"tenant": places[name].tenant_id, "name": name},
                    )
        for name in names:
            for reader in readers[name]:
                told = reader.events(20)
                assert [one.data["data"] for one in told] == [{"of": name}] * 20
                assert [one.seq for one in told] == list(range(1, 21))
        # A position of the other's, or a run of the other's, opens nothing either.
        foreign = readers["left"][0].parser.told[0].id
        with reading(api.port, "/v1/events?as=right", foreign) as reader:
            (first,) = reader.events(1)
            assert (first.event, first.seq) == ("resync", 20)
        for reader in (*readers["left"], *readers["right"]):
            reader.close()
