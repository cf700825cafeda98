"""The servers that tests share."""

import psycopg
import pytest
import redis

from tests.servers import PostgresForTests


@pytest.mark.parametrize("round_", range(3))
def test_an_installation_has_its_own_database_and_two_modest_logins(
    postgres: PostgresForTests, round_: int
) -> None:
    made = postgres.create_installation()
    with psycopg.connect(made.database_admin_url) as owner:
        owner.execute("CREATE ROLE " + made.database + "_role NOLOGIN")
        owner.execute("CREATE SCHEMA other CREATE TABLE other.secret (id int)")
    with psycopg.connect(made.database_url) as app:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("SELECT * FROM other.secret")
        app.rollback()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TEMPORARY TABLE shadow (id int)")
    postgres.drop_installation(made)
    with psycopg.connect(postgres.url) as superuser:
        left = superuser.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE %s", [made.database + "%"]
        )
        assert left.fetchall() == []


@pytest.mark.parametrize("round_", range(3))
def test_valkey_is_empty_at_the_start_of_every_test(valkey: str, round_: int) -> None:
    client = redis.Redis.from_url(valkey)
    assert client.dbsize() == 0
    client.set("left", "over")
    client.close()
