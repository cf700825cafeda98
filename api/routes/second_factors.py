"""The second factor of who has signed in: begun, confirmed, removed."""

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api import problems
from api.access import PERSON
from api.context import InstallationDep, PersonDep, in_turn
from api.idempotency import OncePeopleInAnyTurnDep
from api.proving import prove
from api.routing import Router
from api.schemas.factor import (
    ConfirmIn,
    ProofAndCodeIn,
    ProofIn,
    RecoveryCodesOut,
    SeedOut,
)
from services import second_factors

router = Router(prefix="/me/second-factor", tags=["people"])


@router.post(
    "",
    response_model=SeedOut,
    openapi_extra=PERSON,
    responses=problems.documented(403, 409, 429),
)
async def begin_second_factor(
    request: Request,
    current: InstallationDep,
    asker: PersonDep,
    once: OncePeopleInAnyTurnDep,
    asked: ProofIn,
) -> Response:
    """A seed for an app; until a code of it is confirmed, within an hour, nothing changes."""
    await prove(request, current, asker, asked.password)

    def act(session: Session) -> SeedOut:
        made = second_factors.begin(current, session, asker.user_id)
        return SeedOut(secret=made.secret, uri=made.uri)

    return await in_turn(request, once, act, secret=True)


@router.post(
    "/confirm",
    response_model=RecoveryCodesOut,
    openapi_extra=PERSON,
    responses=problems.documented(403, 409, 429),
)
async def confirm_second_factor(
    request: Request,
    current: InstallationDep,
    asker: PersonDep,
    once: OncePeopleInAnyTurnDep,
    asked: ConfirmIn,
) -> Response:
    """Have codes asked for at every sign-in by password, from now on."""
    code = asked.code.get_secret_value()

    def act(session: Session) -> RecoveryCodesOut:
        codes = second_factors.confirm(current, session, asker.user_id, code)
        return RecoveryCodesOut(recovery_codes=codes)

    return await in_turn(request, once, act, secret=True)


@router.post(
    "/recovery-codes",
    response_model=RecoveryCodesOut,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409, 429),
)
async def renew_recovery_codes(
    request: Request,
    current: InstallationDep,
    asker: PersonDep,
    once: OncePeopleInAnyTurnDep,
    asked: ProofAndCodeIn,
) -> Response:
    """Other recovery codes; the earlier ones end."""
    await prove(request, current, asker, asked.password)
    code = asked.code.get_secret_value()

    def act(session: Session) -> RecoveryCodesOut | Response:
        codes = second_factors.renew_codes(current, session, asker.user_id, code)
        # An answer, and no error: that the code was wrong is to be counted.
        return RecoveryCodesOut(recovery_codes=codes) if codes is not None else _wrong()

    return await in_turn(request, once, act, secret=True)


@router.post(
    "/remove",
    status_code=204,
    openapi_extra=PERSON,
    responses=problems.documented(403, 404, 409, 429),
)
async def remove_second_factor(
    request: Request,
    current: InstallationDep,
    asker: PersonDep,
    once: OncePeopleInAnyTurnDep,
    asked: ProofAndCodeIn,
) -> Response:
    """Ask for no codes any more, for who shows both factors."""
    await prove(request, current, asker, asked.password)
    code = asked.code.get_secret_value()

    def act(session: Session) -> Response | None:
        right = second_factors.remove(current, session, asker.user_id, code)
        return None if right else _wrong()

    return await in_turn(request, once, act)


def _wrong() -> Response:
    return problems.of(second_factors.wrong_code())
