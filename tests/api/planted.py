"""An API with a route that handles a secret, and goes wrong with it in every way: a program.

It reads secret and tenant on its input, prints what is answered, and logs all that it can.
"""

import json
import sys

from fastapi.testclient import TestClient
from sqlalchemy import text

from api.app import create_app
from core import tracing
from core.logging import configure_logging, get_logger
from core.settings import get_settings
from services.installation import Installation

WAYS = ("well", "moved", "changed", "refused by the database", "crashed")


def main() -> None:
    """Asks the route in each of the ways."""
    told = json.loads(sys.stdin.read())
    configure_logging(level="DEBUG", as_json=True)
    log = get_logger("planted")
    tracing.start("api")
    app = create_app()
    app.state.installation = installation = Installation(get_settings())
    place = installation.place(told["tenant"])

    @app.get("/planted/{number}")
    def planted(number: int) -> dict[str, str]:
        way = WAYS[number]
        context = f"cell.idempotency_keys.body:{way}"
        with installation.tenant_scope(place) as session, tracing.span("sealing") as span:
            sealer = installation.keyring.tenant(session, place.tenant_id)
            secret = told["secret"].encode()
            sealed = sealer.seal(secret, context)
            log.info("sealed", sealer=sealer, keyring=installation.keyring, bytes=len(sealed))
            log.info("settings", settings=installation.settings, **vars(installation.keyring))
            span.set({"bytes": len(sealed)})
            row = {"tenant": place.tenant_id, "key": way, "body": sealed}
            insert = text(
                "INSERT INTO cell.idempotency_keys (tenant_id, key, fingerprint, status, body)"
                " VALUES (:tenant, :key, '', 200, :body)"
            )
            session.execute(insert, row)
            if way == "moved":
                sealer.open(sealed, "cell.idempotency_keys.body:elsewhere")
            elif way == "changed":
                sealer.open(sealed[:-1] + b"x", context)
            elif way == "refused by the database":
                session.execute(insert, row)
            elif way == "crashed":
                opened = sealer.open(sealed, context)
                raise RuntimeError(f"{len(opened)} bytes and no way to go on")
            return {"is": "well"}

    client = TestClient(app, raise_server_exceptions=False)
    for number in range(len(WAYS)):
        answer = client.get(f"/planted/{number}")
        print(answer.status_code, answer.headers, answer.text)
    tracing.flush(5)
    installation.close()


if __name__ == "__main__":
    main()
