"""What the tenant uses of what it may have."""

from api.access import needs
from api.context import InstallationDep, SessionDep
from api.routing import Router
from api.schemas.usage import DollarsOut, LanguageModelsOut, OpenOut, StoredOut, TokensOut, UsageOut
from services import quotas, text_spending, usage
from services.permissions import Action

router = Router(prefix="/usage", tags=["usage"])


@router.get("", openapi_extra=needs(Action.ASSETS_READ))
def get_usage(current: InstallationDep, session: SessionDep) -> UsageOut:
    """What is stored and open, and how much of either may be."""
    has = quotas.standing(session, current.settings)
    used = usage.total(session)
    month = text_spending.month(session, current.settings)
    return UsageOut(
        stored_bytes=StoredOut(
            limit=has.quotas.stored_bytes,
            used=has.stored_bytes,
            reserved=has.reserved_bytes,
            free=has.free_bytes,
        ),
        open_uploads=OpenOut(limit=has.quotas.open_uploads, used=has.open_uploads),
        language_models=LanguageModelsOut(
            month=month.month,
            tokens=TokensOut(
                limit=month.most_tokens, used=month.tokens, reserved=month.reserved_tokens
            ),
            dollars=DollarsOut(
                limit=None if month.most_dollars is None else float(month.most_dollars),
                used=float(month.dollars),
                reserved=float(month.reserved_dollars),
            ),
        ),
        uploaded_bytes=used.uploaded_bytes,
        media_seconds=used.media_seconds,
    )
