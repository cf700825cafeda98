"""Stage `fetch`: a file on the web becomes an asset."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from core.cancellation import CancelReason
from core.errors import AutomatorError, Rejected
from core.fetch import Fetcher, Limits
from pipeline.plan.imports import DEADLINE_SECONDS, FetchOptions, FetchResult
from services import imports
from services.intake import Intake
from workers.errands import Done, Errand, Outside

# Storing says nothing before it is done; so many bytes a second it takes at least.
_STORED_PER_SECOND: Final = 4 << 20


@contextmanager
def fetch(outside: Outside, _options: FetchOptions) -> Iterator[Done]:
    """Fetch the file of the run's import, or go on with it. No transaction is open meanwhile.

    What is cancelled or refused leaves nothing; what fails otherwise is kept for the next attempt.
    """
    settings, claim, token = outside.settings, outside.claim, outside.cancel
    with outside.database.tenant_scope(claim.tenant_id) as session:
        wanted = imports.wanted(session, claim.run_id)

    def report(fraction: float) -> None:
        outside.progress(fraction)
        # Also where all comes again, and is not yet as far as it was.
        outside.watch(DEADLINE_SECONDS)

    def reserve(length: int) -> None:
        with outside.database.tenant_scope(claim.tenant_id) as session:
            imports.reserve(session, settings, claim.run_id, length)

    intake = Intake(
        settings,
        outside.storage,
        claim.tenant_id,
        claim.run_id,
        recipe=wanted.recipe,
        token=token,
        report=report,
        reserve=reserve,
    )
    limits = Limits(bytes=settings.upload_bytes, seconds=settings.import_seconds)
    try:
        try:
            name = Fetcher(token, limits, settings.import_allow_networks).fetch(wanted.url, intake)
            outside.watch(DEADLINE_SECONDS + intake.position / _STORED_PER_SECOND)
            received = intake.finish(wanted.name or name)
        except AutomatorError as error:
            if isinstance(error, Rejected) or token.reason == CancelReason.CANCELLED:
                intake.remove()
            else:
                intake.record()
            raise
        result = FetchResult(
            asset_id=received.asset_id,
            bytes=received.bytes,
            sha256=received.sha256,
            mime=received.type.mime,
        )
        yield Done(result, partial(imports.record, import_id=claim.run_id, received=received))
        intake.remove()
    finally:
        intake.close()


ERRAND: Final = Errand(fetch, FetchOptions, FetchResult)
