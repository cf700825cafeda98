"""The Celery application: a doorbell and a pool. What is to be done stands in the ledger."""

from typing import Any

from celery import Celery
from celery.worker.consumer import Consumer
from kombu.entity import Exchange, Queue

from core.errors import Misconfigured
from core.settings import Settings
from pipeline.plan.types import Queue as QueueName
from services.installation import shared_name

TASK = "work"
_RECONNECT = {"interval_start": 0.2, "interval_step": 0.3, "interval_max": 2.0}


class PatientConsumer(Consumer):  # type: ignore[misc]
    """Celery's consumer, which comes back to a restarted broker within two seconds."""

    def ensure_connected(self, conn: Any) -> Any:
        """Celery's own pauses grow to half a minute."""
        ensure = conn.ensure_connection

        def quickly(*args: Any, **options: Any) -> Any:
            return ensure(*args, **{**options, **_RECONNECT})

        conn.ensure_connection = quickly
        try:
            return super().ensure_connected(conn)
        finally:
            del conn.ensure_connection


def broker_url(redis_url: str) -> str:
    """A Redis address as Celery takes it; unix:// becomes redis+socket://."""
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://")
    return redis_url


def key_prefix(settings: Settings) -> str:
    """What begins every key of an installation: two may share one broker without meeting."""
    return f"automator:{shared_name(settings)}:"


def create_app(settings: Settings) -> Celery:
    """The application for an installation. Raises Misconfigured without a broker."""
    if settings.redis_url is None:
        raise Misconfigured("REDIS_URL is not set, and no installation runs on this data folder")
    app = Celery("automator", include=["workers.tasks"], set_as_current=True)
    # The anonymous exchange has no bindings that an emptied broker could lose.
    anonymous = Exchange("")  # type: ignore[no-untyped-call]
    app.conf.update(
        broker_url=broker_url(settings.redis_url),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=0,
        broker_pool_limit=1,
        broker_transport_options={
            "global_keyprefix": key_prefix(settings),
            # A ring that was lost is rung again by the relay: nothing needs to be kept for it.
            "ack_emulation": False,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
            "client_name": "automator",
        },
        task_queues=[
            Queue(str(name), anonymous, routing_key=str(name))  # type: ignore[no-untyped-call]
            for name in QueueName
        ],
        task_create_missing_queues=False,
        task_default_queue=str(QueueName.LIGHT),
        task_default_exchange="",
        task_default_delivery_mode="transient",
        task_acks_late=True,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_serializer="json",
        accept_content=["json"],
        task_send_sent_event=False,
        worker_consumer="workers.app:PatientConsumer",
        worker_prefetch_multiplier=1,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_state_db=None,
    )
    return app
