"""What `automator doctor` looks at in a bucket of Google Cloud Storage."""

from collections.abc import Iterator, Sequence

from cli.diagnosis import Check, State
from core.errors import AutomatorError, Misconfigured
from core.gcs_bucket import Facts
from core.gcs_storage import GcsStorage
from core.settings import Settings

NEEDED = tuple(f"storage.objects.{what}" for what in ("create", "delete", "get", "list"))
_AREA = "storage"


def look(store: GcsStorage, url: str, settings: Settings) -> Iterator[Check]:
    """A line for the bucket, what may be done in it, its encryption, its walls, and browsers."""
    try:
        facts: Facts | None = store.facts()
    except Misconfigured as error:
        # Whoever may write objects need not be allowed to read how the bucket is set up.
        next(iter(store.list()), None)
        facts, reason = None, str(error)
    lacking = sorted(set(NEEDED) - store.allowed(NEEDED))
    yield Check(
        _AREA,
        "bucket",
        State.MISSING if lacking else State.OK,
        f"no {', '.join(lacking)}" if lacking else f"{url}{', ' + facts.location if facts else ''}",
        "give the service account the role Storage Object Admin on it" if lacking else None,
    )
    yield _signing(store)
    if facts is None:
        mend = "to have it checked, give the service account Storage Legacy Bucket Reader on it"
        yield Check(_AREA, "set-up", State.NOTE, f"cannot be looked at: {reason}", mend)
        return
    yield _encryption(facts, settings)
    yield _access(facts)
    yield _browsers(facts)


def _signing(store: GcsStorage) -> Check:
    try:
        store.signed_url("doctor", seconds=1)
    except AutomatorError as error:
        finding = "players get media through the API, not from the bucket"
        return Check(_AREA, "signed addresses", State.NOTE, finding, str(error))
    return Check(_AREA, "signed addresses", State.OK, "can be made")


def _encryption(facts: Facts, settings: Settings) -> Check:
    name = "encryption"
    if settings.storage_kms_key is not None:
        return Check(_AREA, name, State.OK, f"by STORAGE_KMS_KEY, {settings.storage_kms_key}")
    if facts.kms_key is not None:
        return Check(_AREA, name, State.OK, f"by the bucket's key, {facts.kms_key}")
    mend = "for a key of your own, set STORAGE_KMS_KEY or the bucket's default key"
    return Check(_AREA, name, State.NOTE, "by keys that Google manages", mend)


def _access(facts: Facts) -> Check:
    options = {
        "--uniform-bucket-level-access": facts.uniform_access,
        "--public-access-prevention": facts.public_access_prevented,
    }
    off = [option for option, on in options.items() if not on]
    if not off:
        return Check(_AREA, "access", State.OK, "uniform, and never public")
    finding = "single objects may be shared by lists of their own, or made public"
    mend = f"gcloud storage buckets update gs://{facts.name} {' '.join(off)}"
    return Check(_AREA, "access", State.NOTE, finding, mend)


def _browsers(facts: Facts) -> Check:
    methods = {method for rule in facts.cors for method in _list(rule.get("method"))}
    lacking = [method for method in ("GET", "PUT") if not methods & {method, "*"}]
    if not lacking:
        origins = {origin for rule in facts.cors for origin in _list(rule.get("origin"))}
        return Check(_AREA, "browsers", State.OK, f"may come from {', '.join(sorted(origins))}")
    finding = f"pages of other origins may not {' or '.join(lacking)}"
    mend = "for direct uploads and signed media, set CORS: docs/storage.md has the file"
    return Check(_AREA, "browsers", State.NOTE, finding, mend)


def _list(value: object) -> Sequence[str]:
    return [str(one) for one in value] if isinstance(value, list) else []
