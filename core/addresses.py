"""Addresses on the web: reading them strictly, and telling what lies out on the internet.

Who may have us fetch an address must not reach what only we can reach. A host is judged by the
addresses that it has, never by its name; `core.fetch` connects to just what was judged here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from core.errors import Rejected

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

URL_LENGTH: Final = 8192
# The same words for all that is not ours to tell: a name that is known inside only, and one that
# is not known at all.
REFUSED: Final = "nothing is imported from this address"

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LEAST_PORT: Final = 1024
# What browsers refuse above that, too: other protocols that take a request for words of their own.
_OTHER_PROTOCOLS: Final = frozenset(
    {
        1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6665, 6666, 6667,
        6668, 6669, 6679, 6697, 10080, 11211,
    }
)  # fmt: skip

_UNFIT = re.compile(r"[\x00-\x20\x7f\\]|[\ud800-\udfff]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_BRACKETED = re.compile(r"\[[^\[\]]*\](:[0-9]*)?")
# What the C library, and browsers, read as a number: 2130706433, 0x7f.1, 0177.0.0.1.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# IANA's special-purpose registries. Those which are reachable from everywhere serve protocols of
# their own and no files.
_NOT_PUBLIC_4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
)  # fmt: skip
# Of IPv6 only this is given out: mapped and translated addresses, unique local ones and the like
# lie outside of it.
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
# Prefixes with an IPv4 address behind them, in the last 32 bits.
_CARRIERS: Final = tuple(
    IPv6Network(network) for network in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96")
)
# Where clouds tell a machine its secrets. Open only where an operator names the very address.
METADATA: Final = frozenset(
    ip_address(address)
    for address in (
        "169.254.169.254", "169.254.169.253", "169.254.170.2", "169.254.170.23", "169.254.42.42",
        "169.254.0.23", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254",
        "fd00:ec2::23", "fd00:ec2::253", "fd20:ce::254", "fd00:42::42",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Location:
    """An address as it is asked for; `host` is a name in ASCII or an IP address, unbracketed."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def literal(self) -> Address | None:
        """The host where it is an IP address itself."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """The host as it stands in addresses, with its port where that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address without its query, which may hold a secret; fit to be shown."""
        path, question, _ = self.target.partition("?")
        return f"{self.scheme}://{self.authority}{path}{question and '?…'}"


def read(url: str) -> Location:
    """An address from outside; raises Rejected with a reason that does not repeat it."""
    if len(url) > URL_LENGTH:
        raise Rejected(f"url: an address has at most {URL_LENGTH} characters")
    if not url or _UNFIT.search(url):
        raise Rejected("url: an address has no spaces, backslashes and control characters")
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise Rejected("url: this is no address on the web") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise Rejected("url: an address begins with http:// or https://")
    if "@" in parts.netloc:
        raise Rejected("url: an address with a user's name or password is not taken")
    if port is None:
        port = _DEFAULT_PORTS[parts.scheme]
    if port not in (80, 443) and (port < _LEAST_PORT or port in _OTHER_PROTOCOLS):
        raise Rejected(f"url: port {port} is not one for files on the web")
    bracketed = "[" in parts.netloc
    if bracketed and not _BRACKETED.fullmatch(parts.netloc):
        raise Rejected("url: this is no name of a host")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]|")
    return Location(parts.scheme, _address(host) if bracketed else _name(host), port, target)


def follow(location: Location, reference: str) -> Location:
    """Where a redirect leads; raises Rejected, and never from https to http."""
    base = f"{location.scheme}://{location.authority}{location.target}"
    if len(reference) > URL_LENGTH or _UNFIT.search(reference):
        raise Rejected("the server sends us on to something that is no address")
    try:
        found = read(urljoin(base, reference))
    except (Rejected, ValueError):
        raise Rejected("the server sends us on to an address that is not taken") from None
    if location.scheme == "https" and found.scheme != "https":
        raise Rejected("the server sends us on from https to http")
    return found


def last_part(location: Location) -> str:
    """What a file there may be called: as hostile as the rest of it."""
    return unquote(location.target.partition("?")[0].rstrip("/").rpartition("/")[2])


def _address(host: str) -> str:
    try:
        if "%" in host:
            raise ValueError(host)
        return str(IPv6Address(host))
    except ValueError:
        raise Rejected("url: the host in brackets is no IPv6 address") from None


def _name(host: str) -> str:
    """A host's name in ASCII and without a last dot, or its IPv4 address in the one usual form."""
    if not host.isascii():
        import idna

        try:
            host = idna.encode(host, uts46=True, std3_rules=True).decode()
        except UnicodeError:
            raise Rejected("url: this is no name of a host") from None
    name = host.removesuffix(".").lower()
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(name))
        except ValueError:
            raise Rejected("url: this is no name of a host") from None
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Rejected("url: this is no name of a host")
    return name


def permitted(address: Address, allowed: Sequence[Network] = ()) -> bool:
    """Whether an address is one of the internet's, or of the networks that an operator `allowed`.

    An IPv6 address that stands for an IPv4 one is as good as that. Where clouds tell secrets, only
    a network of that one address opens it.
    """
    inner = None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        inner = _inside(address)
    if inner is not None and not permitted(inner, allowed):
        return False
    if address in METADATA:
        return any(network.num_addresses == 1 and address in network for network in allowed)
    return is_public(address) or any(address in network for network in allowed)


def is_public(address: Address) -> bool:
    """Whether it is an ordinary address of the internet."""
    if address in METADATA:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC_6)


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _CARRIERS):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
