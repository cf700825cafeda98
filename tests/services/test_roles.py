"""Who may change whom: the rules, held against every case and against a model of their own."""

import itertools
import random
from dataclasses import replace

import pytest

from core.errors import AutomatorError, Conflict, Forbidden
from services.permissions import PERMISSIONS, Action, Role
from services.roles import Held, OrganisationRole, check_change, effective

_HIGH_TO_LOW = ["owner", "admin", "editor", "viewer", "client-reviewer"]


def _outcome(
    actor: Role, target: Held, becomes: Held | None, oneself: bool, others: int
) -> type[AutomatorError] | None:
    try:
        check_change(actor, target, becomes, oneself=oneself, other_owners=others)
    except AutomatorError as error:
        return type(error)
    return None


def _model(
    actor: Role, target: Held, becomes: Held | None, oneself: bool, others: int
) -> type[AutomatorError] | None:
    """The rules once more, as a list of what is forbidden, with numbers in the place of roles."""
    height = {name: -index for index, name in enumerate(_HIGH_TO_LOW)}
    mine, was = height[actor], height[target.role]
    forbidden = []
    if oneself:
        if becomes is not None:
            forbidden += [height[becomes.role] > was, becomes.suspended is not target.suspended]
    else:
        forbidden += [mine < height["admin"], was > mine]
        if becomes is not None:
            forbidden += [height[becomes.role] > mine]
    if any(forbidden):
        return Forbidden
    active = {True: 1, False: 0}
    before = active[target.role == "owner" and not target.suspended]
    after = active[becomes is not None and becomes.role == "owner" and not becomes.suspended]
    return Conflict if before == 1 and after + others == 0 else None


def test_every_change_is_judged_as_the_model_does() -> None:
    held = [Held(role, suspended) for role in Role for suspended in (False, True)]
    cases = itertools.product(Role, held, [None, *held], (False, True), (0, 1, 2))
    seen = set()
    for actor, target, becomes, oneself, others in cases:
        if oneself and actor is not target.role:
            continue
        case = (actor, target, becomes, oneself, others)
        assert _outcome(*case) == _model(*case), case
        seen.add(_outcome(*case))
    assert seen == {None, Forbidden, Conflict}


@pytest.mark.parametrize("seed", range(20))
def test_whatever_members_do_a_tenant_keeps_an_owner_and_nobody_rises_alone(seed: int) -> None:
    """Two hundred random attempts, of which those that are allowed are done."""
    draw = random.Random(seed)
    members: dict[int, Held] = {0: Held(Role.OWNER, suspended=False)}
    members |= {n: Held(draw.choice(list(Role)), draw.random() < 0.2) for n in range(1, 6)}
    done = 0
    for _ in range(200):
        if len(members) == 1:
            members[max(members) + 1] = Held(Role.VIEWER, suspended=False)
        who, whom = (draw.choice(sorted(members)) for _ in range(2))
        becomes = draw.choice(
            [
                None,
                replace(members[whom], role=draw.choice(list(Role))),
                replace(members[whom], suspended=not members[whom].suspended),
            ]
        )
        actor = members[who]
        if actor.suspended and not (who == whom and becomes is None):
            continue  # nobody hears them
        others = sum(one.owns for number, one in members.items() if number != whom)
        outcome = _outcome(actor.role, members[whom], becomes, who == whom, others)
        if outcome is not None:
            continue
        done += 1
        if becomes is None:
            del members[whom]
        else:
            rises = _HIGH_TO_LOW.index(becomes.role) < _HIGH_TO_LOW.index(members[whom].role)
            assert not (who == whom and rises)
            assert not rises or _HIGH_TO_LOW.index(actor.role) <= _HIGH_TO_LOW.index(becomes.role)
            members[whom] = becomes
        assert any(one.owns for one in members.values())
    assert done > 20


def test_an_organisation_makes_admins_and_a_suspension_beats_it() -> None:
    leads = (OrganisationRole.OWNER, OrganisationRole.ADMIN)
    for role in (None, *Role):
        for organisation in (None, *OrganisationRole):
            found = effective(role, organisation=organisation)
            weak = role in (None, Role.EDITOR, Role.VIEWER, Role.REVIEWER)
            assert found is (Role.ADMIN if weak and organisation in leads else role)
            assert effective(role, suspended=True, organisation=organisation) is None


def test_who_may_change_members_by_the_table_may_by_the_rules() -> None:
    for role in Role:
        outcome = _outcome(role, Held(Role.VIEWER, suspended=False), None, False, 1)
        assert (outcome is None) == (Action.MEMBERS_WRITE in PERMISSIONS[role])
