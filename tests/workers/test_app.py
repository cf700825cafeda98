"""What the doorbell is called."""

from core.settings import Settings
from workers.app import key_prefix


def prefix(url: str) -> str:
    return key_prefix(Settings(database_url=url))


def test_two_installations_on_one_broker_do_not_hear_each_other() -> None:
    assert prefix("postgresql://a:b@/automator?host=/run/one") != prefix(
        "postgresql://a:b@/automator?host=/run/two"
    )
    assert prefix("postgresql://a:b@one/automator") != prefix("postgresql://a:b@two/automator")
    assert prefix("postgresql://a:b@one/automator") != prefix("postgresql://a:b@one/other")


def test_all_programs_of_an_installation_hear_each_other_whoever_logs_in() -> None:
    assert prefix("postgresql://a:b@one/automator") == prefix("postgresql://c@one/automator")
    assert prefix("postgresql://one/automator") == prefix("postgres://c:d@one/automator")
