"""How often things may be asked for: every limit of the API, as data, and whose it is.

A person may ask 100 times a minute, and all 100 at once: opening the dashboard's fullest page asks
some twenty times, and changing a hundred assets one by one is done by people. Programs have keys
with more. Whoever has no name yet is known by the network that they come from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from uuid import UUID

from core.errors import Misconfigured
from core.limiter import Limiter, require
from core.rates import Ask, Limit
from core.settings import Settings
from services.installation import shared_name

# The embedded run's own token opens everything, on this machine: there is nobody to be kept apart.
UNLIMITED: Final = "installation"

_MINUTE, _QUARTER, _HOUR = 60, 900, 3600


class Class(StrEnum):
    """What a route is to the limits."""

    API = "api"
    """Any that is nothing else; a write counts as a read does."""
    UPLOAD = "upload"
    """The beginning and the end of a file, so that a folder of them can be sent."""
    SIGN_IN = "sign-in"
    SIGN_UP = "sign-up"
    MAIL = "mail"
    """What sends a mail to an address that the caller names."""
    FREE = "free"
    """Media, streams and pieces of files, which have bounds of their own."""


class Whose(StrEnum):
    """By what a limit counts."""

    USER = "user"
    KEY = "key"
    TENANT = "tenant"
    ADDRESS = "address"
    """An IPv4 address, or a network of IPv6 (/64), which is what one line is given."""
    STRANGER = "stranger"
    """The same, of those who have no name."""
    NETWORK = "network"
    """What a provider hands out together: /24, or /48 of IPv6."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit, and by what it counts."""

    whose: Whose
    limit: Limit


TABLE: Final[Mapping[Class, tuple[Rule, ...]]] = {
    Class.API: (
        Rule(Whose.USER, Limit("user", 100, _MINUTE)),
        Rule(Whose.KEY, Limit("key", 300, _MINUTE)),
        Rule(Whose.TENANT, Limit("tenant", 1000, _MINUTE)),
    ),
    Class.UPLOAD: (
        Rule(Whose.USER, Limit("user-uploads", 300, _MINUTE)),
        Rule(Whose.KEY, Limit("key-uploads", 600, _MINUTE)),
        Rule(Whose.TENANT, Limit("tenant-uploads", 1000, _MINUTE)),
    ),
    Class.SIGN_IN: (
        Rule(Whose.ADDRESS, Limit("sign-in", 30, _MINUTE)),
        Rule(Whose.NETWORK, Limit("sign-in-network", 300, _MINUTE)),
    ),
    Class.SIGN_UP: (
        Rule(Whose.ADDRESS, Limit("sign-up", 10, _HOUR)),
        Rule(Whose.NETWORK, Limit("sign-up-network", 50, _HOUR)),
    ),
    Class.MAIL: (
        Rule(Whose.USER, Limit("user-mail", 30, _HOUR)),
        Rule(Whose.TENANT, Limit("tenant-mail", 200, _HOUR)),
        Rule(Whose.STRANGER, Limit("mail", 30, _HOUR)),
    ),
    Class.FREE: (),
}
# Requests whose credentials were refused.
REFUSED: Final = Rule(Whose.ADDRESS, Limit("anonymous", 300, _MINUTE))

# What services count themselves, of what only they know: `Limits.hit(limit, key)`.
WRONG_PASSWORDS: Final = Limit("wrong-passwords", 5, _QUARTER)
"""Of one account from one `network_of`: nobody elsewhere is kept from their account."""
WRONG_PASSWORDS_OF_ACCOUNT: Final = Limit("wrong-passwords-account", 50, _QUARTER)
"""Of one account from anywhere; the key is the account's."""
WRONG_PASSWORDS_OF_ADDRESS: Final = Limit("wrong-passwords-address", 20, _QUARTER)
"""Of one `network_of`."""
WRONG_CODES: Final = Limit("wrong-codes", 5, _QUARTER)
"""Of a second factor or a recovery code; the key is the account's."""
MAILS_TO_ADDRESS: Final = Limit("mails-to-address", 5, _HOUR)
"""Sent to one address that nobody has confirmed; the key is the address."""
_COUNTED_BY_SERVICES: Final = (
    WRONG_PASSWORDS, WRONG_PASSWORDS_OF_ACCOUNT, WRONG_PASSWORDS_OF_ADDRESS, WRONG_CODES,
    MAILS_TO_ADDRESS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request comes from, as far as that is known."""

    subject: str | None = None
    """`user:<id>`, `key:<id>` or `installation`."""
    tenant_id: UUID | None = None
    address: str | None = None


class Rules:
    """The table, with the quotas that an installation has changed."""

    def __init__(self, quotas: Mapping[str, int]) -> None:
        """`quotas` by names of limits; 0 is none. Raises Misconfigured for a name of no limit."""
        known = {rule.limit.name for rules in TABLE.values() for rule in rules}
        known |= {REFUSED.limit.name, *(limit.name for limit in _COUNTED_BY_SERVICES)}
        for name, quota in quotas.items():
            if name not in known:
                raise Misconfigured(f"RATE_LIMITS: there is no limit {name!r}")
            if quota < 0:
                raise Misconfigured(f"RATE_LIMITS: {name} must be 0 or more")
        self._quotas = dict(quotas)
        self._table = {class_: self._changed(rules) for class_, rules in TABLE.items()}
        self._refused = self._changed((REFUSED,))

    def limit(self, limit: Limit) -> Limit | None:
        """A limit as this installation has it; None where there is none."""
        quota = self._quotas.get(limit.name, limit.quota)
        return replace(limit, quota=quota) if quota else None

    def asks(self, class_: Class, caller: Caller) -> list[Ask]:
        """What a request of a class asks of the limits."""
        return _asks(self._table[class_], caller)

    def asks_of_refused(self, caller: Caller) -> list[Ask]:
        """What a request asks whose credentials were refused."""
        return _asks(self._refused, caller)

    def _changed(self, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        found = ((rule.whose, self.limit(rule.limit)) for rule in rules)
        return tuple(Rule(whose, limit) for whose, limit in found if limit is not None)


class Limits:
    """The limits of an installation for whoever counts; state: the limiter's."""

    def __init__(self, limiter: Limiter, rules: Rules) -> None:
        """Counts with `limiter` after `rules`."""
        self.limiter, self.rules = limiter, rules

    def hit(self, limit: Limit, key: str, cost: int = 1) -> None:
        """Count something, in a thread; raises RateLimited, counting nothing.

        Count before the password is looked at, and give back where it was right: looking first
        and counting later lets many through at once. A cost of 0 only looks.
        """
        found = self.rules.limit(limit)
        if found is not None:
            require(self.limiter.take_now([Ask(found, key, cost)]))

    async def hit_together(self, counted: Sequence[tuple[Limit, str]], cost: int = 1) -> None:
        """Count several things at once, all or none, in the event loop; raises RateLimited.

        With a cost of -1, take them back.
        """
        known = ((self.rules.limit(limit), key) for limit, key in counted)
        asks = [Ask(limit, key, cost) for limit, key in known if limit is not None]
        outcome = await self.limiter.take(asks)
        if cost > 0:
            require(outcome)

    def give_back(self, limit: Limit, key: str, cost: int = 1) -> None:
        """Take back what was counted, in a thread."""
        found = self.rules.limit(limit)
        if found is not None:
            self.limiter.take_now([Ask(found, key, -cost)])


def limits_of(settings: Settings) -> Limits:
    """The limits as settings have them. Raises Misconfigured."""
    limiter = Limiter(settings.redis_url, name=shared_name(settings))
    return Limits(limiter, Rules(settings.rate_limits))


def _asks(rules: tuple[Rule, ...], caller: Caller) -> list[Ask]:
    found = []
    for rule in rules:
        key = _key(rule.whose, caller)
        if key is not None:
            found.append(Ask(rule.limit, key))
    return found


def _key(whose: Whose, caller: Caller) -> str | None:
    """By what a caller is known to a limit; None for one that it does not bind."""
    if whose in (Whose.ADDRESS, Whose.NETWORK):
        return network_of(caller.address, wide=whose is Whose.NETWORK)
    if whose is Whose.STRANGER:
        return network_of(caller.address) if caller.subject is None else None
    if caller.subject in (None, UNLIMITED):
        return None
    if whose is Whose.TENANT:
        return str(caller.tenant_id) if caller.tenant_id is not None else None
    return caller.subject if str(caller.subject).startswith(f"{whose}:") else None


def network_of(address: str | None, *, wide: bool = False) -> str:
    """What counts as one place to come from; all that are no address are one."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    kept = (24 if wide else 32) if isinstance(found, IPv4Address) else (48 if wide else 64)
    bits = found.max_prefixlen
    return f"{int(found) >> (bits - kept):x}/{kept}/{bits}"
