"""Stage `archive`: a tenant becomes one file."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from core.errors import AutomatorError
from core.logging import get_logger
from pipeline.plan.exports import DEADLINE_SECONDS, ArchiveOptions, ArchiveResult
from services import assets, export_runs, quotas
from services.installation import Installation
from services.tenant_export import export
from workers.errands import Done, Errand, Outside

_log = get_logger(__name__)

# Copying and storing say nothing before they are done; so many bytes a second they take at least.
_COPIED_PER_SECOND: Final = 4 << 20


@contextmanager
def archive(outside: Outside, _options: ArchiveOptions) -> Iterator[Done]:
    """Write the archive of the run's tenant, and store it. No transaction is open meanwhile.

    What an attempt leaves that was overtaken is collected a day later.
    """
    settings, claim, storage = outside.settings, outside.claim, outside.storage

    def watch(ahead: int = 0) -> None:
        outside.cancel.check()
        outside.watch(DEADLINE_SECONDS + ahead / _COPIED_PER_SECOND)

    with closing(Installation(settings, pool_size=2)) as installation:
        place = installation.place(str(claim.tenant_id))
        with installation.tenant_scope(place) as session:
            expected = quotas.standing(session, settings).stored_bytes
        assets.admit(storage, expected, reserve=settings.free_space_reserve_bytes)
        file = outside.scratch / export_runs.FILE
        made = export(installation, place, file, watch=watch)
        watch(made.bytes)
        key = export_runs.key_of(claim.tenant_id, claim.run_id, claim.attempt)
        stored = storage.put(key, file, consume=True)
        result = ArchiveResult(
            rows=made.rows,
            files=made.files,
            absent=made.absent,
            bytes=stored.bytes,
            sha256=stored.sha256,
        )
        yield Done(result, lambda _: None)
        # It is there: what goes wrong from here on is no reason to make it again.
        try:
            export_runs.forget_others(storage, claim.tenant_id, claim.run_id)
            export_runs.tell_owners(installation, place, claim.run_id)
        except AutomatorError as error:
            _log.warning("the end of an export could not be told", error=str(error))


ERRAND: Final = Errand(archive, ArchiveOptions, ArchiveResult)
