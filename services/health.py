"""Whether the parts that an installation stands on answer."""

from dataclasses import dataclass, field

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.installation import Installation


@dataclass(frozen=True, slots=True)
class Health:
    """What answered; `slots` by queue are those of the live workers."""

    database: bool
    broker: bool
    slots: dict[str, int] = field(default_factory=dict)


def check(installation: Installation) -> Health:
    """Ask the database and the broker."""
    slots: dict[str, int] = {}
    try:
        with installation.cell().transaction() as connection:
            rows = connection.execute(text("SELECT queue, slots FROM cell.backlog(0)")).all()
        slots = {row.queue: row.slots for row in rows}
        database = True
    except SQLAlchemyError:
        database = False
    return Health(database=database, broker=_broker_answers(installation), slots=slots)


def _broker_answers(installation: Installation) -> bool:
    url = installation.settings.redis_url
    if url is None:
        return False
    try:
        with Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2) as client:
            return bool(client.ping())
    except RedisError:
        return False
