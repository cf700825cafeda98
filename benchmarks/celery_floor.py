"""Celery alone, with nothing to do: the floor under the ledger's figures. Used by bench_ledger."""

import os

from celery import Celery

app = Celery("floor", broker=os.environ.get("FLOOR_BROKER"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    task_default_queue="floor",
    broker_transport_options={"ack_emulation": True},
)


@app.task  # type: ignore[untyped-decorator]
def noop() -> None:
    """Nothing."""
