"""No address that is not the internet's is ever connected to, however it is written."""

import struct
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.addresses import METADATA, Network, follow, is_public, permitted, read
from core.errors import Rejected


def _words(text: str) -> list[str]:
    return text.split()


# IANA's special-purpose registries as they are published, multicast beside them; read anew here
# and not from the code.
SPECIAL_4 = _words("""0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16
172.16.0.0/12 192.0.0.0/24 192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32
192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.88.99.2/32
192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
255.255.255.255/32 224.0.0.0/4""")
SPECIAL_6 = _words("""::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64
100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32
2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48
3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 ::/96""")
PUBLIC = _words("""1.1.1.1 8.8.8.8 9.9.9.9 93.184.216.34 100.63.255.255 100.128.0.1 172.15.0.1
172.32.0.1 192.0.1.1 192.169.0.1 198.17.0.1 198.20.0.1 223.255.255.255 2606:4700:4700::1111
2a00:1450:4001:80b::200e 2001:4860:4860::8888""")


def addresses(networks: list[str]) -> st.SearchStrategy[IPv4Address | IPv6Address]:
    """Any address of any of the networks, their first and last more often."""
    known = [ip_network(network) for network in networks]

    def within(network: IPv4Network | IPv6Network) -> st.SearchStrategy[int]:
        first, last = int(network[0]), int(network[-1])
        return st.sampled_from([first, last]) | st.integers(first, last)

    return st.one_of(*(within(network).map(type(network.network_address)) for network in known))


def forms(address: IPv4Address) -> list[str]:
    """Everything that a C library or a browser reads as this IPv4 address."""
    whole = int(address)
    a, b, c, d = struct.pack(">I", whole)
    dotted = [
        ".".join(one)
        for one in product(*([str(n), hex(n), f"0{n:o}", f"0{n:o}".zfill(6)] for n in (a, b, c, d)))
    ][1:]  # the first is the one usual form
    return [
        *dotted,
        *(str(whole), hex(whole), f"0{whole:o}", f"{a}.{whole & 0xFFFFFF}"),
        f"{a}.{b}.{whole & 0xFFFF}",
        f"{address}".translate({ord(n): 0xFF10 + int(n) for n in "0123456789"}),
        f"{address}".replace(".", "。"),
    ]


def wrapped(address: IPv4Address) -> list[IPv6Address]:
    """The IPv6 addresses that stand for an IPv4 one, or carry it."""
    inner = int(address)
    return [
        IPv6Address(inner),
        IPv6Address(int(IPv6Address("::ffff:0:0")) | inner),
        IPv6Address(int(IPv6Address("::ffff:0:0:0")) | inner),
        IPv6Address(int(IPv6Address("64:ff9b::")) | inner),
        IPv6Address(int(IPv6Address("64:ff9b:1::")) | inner),
        IPv6Address(int(IPv6Address("2002::")) | inner << 80),
        IPv6Address(int(IPv6Address("2001::")) | (inner ^ 0xFFFFFFFF)),
    ]


@given(addresses(SPECIAL_4 + SPECIAL_6))
def test_no_address_of_a_special_registry_is_permitted(address: IPv4Address | IPv6Address) -> None:
    assert not permitted(address)


@given(addresses(SPECIAL_4) | st.integers(0, (1 << 32) - 1).map(IPv4Address))
def test_no_address_that_stands_for_another_is_permitted(address: IPv4Address) -> None:
    assert not any(permitted(one) for one in wrapped(address))


@given(addresses(SPECIAL_4))
def test_however_a_special_address_is_written_it_is_not_reached(address: IPv4Address) -> None:
    for form in [str(address), *forms(address)]:
        try:
            found = read(f"http://{form}/").literal
        except Rejected:
            continue
        # Whatever is read is read as the address that it is, and judged as that.
        assert found == address
        assert not permitted(found)


@given(addresses(SPECIAL_6))
def test_the_same_of_ipv6(address: IPv6Address) -> None:
    for form in (str(address), address.exploded, address.exploded.upper()):
        found = read(f"http://[{form}]/").literal
        assert found == address
        assert not permitted(found)


@pytest.mark.parametrize("address", PUBLIC)
def test_ordinary_addresses_are_permitted(address: str) -> None:
    assert permitted(ip_address(address))


@pytest.mark.parametrize("address", sorted(map(str, METADATA)))
def test_where_clouds_tell_secrets_is_open_only_by_its_own_name(address: str) -> None:
    found = ip_address(address)
    everything: list[Network] = [IPv4Network("0.0.0.0/0"), IPv6Network("::/0")]
    assert not is_public(found)
    assert not permitted(found, everything)
    assert not permitted(found, [IPv4Network("169.254.0.0/16"), IPv6Network("fd00::/8")])
    assert permitted(found, [ip_network(address)])


def test_an_operator_opens_a_network_and_nothing_beside_it() -> None:
    lan: list[Network] = [IPv4Network("192.168.7.0/24")]
    assert permitted(ip_address("192.168.7.9"), lan)
    assert not permitted(ip_address("192.168.8.9"), lan)
    assert not permitted(ip_address("::ffff:192.168.7.9"), lan)
    # Both the way and what lies behind it must be open.
    translated: list[Network] = [IPv6Network("64:ff9b::/96")]
    assert permitted(ip_address("64:ff9b::808:808"), translated)
    assert not permitted(ip_address("64:ff9b::a00:1"), translated)
    assert not permitted(ip_address("fe80::1%eth0"), [IPv6Network("fe80::/10")])


EVIL = [
    "", "film.mp4", "//host/film", "/etc/passwd", "file:///etc/passwd", "ftp://host/film",
    "gopher://host/", "data:video/mp4;base64,AAAA", "javascript:alert(1)", "dict://host:11211/",
    "http:/host/", "http:host", "http://", "https:///film", "http://:80/", "http://?x", "http://#x",
    "http://user@host/", "http://user:word@host/", "http://@host/", "http://host@127.0.0.1/",
    "http://host /", "http://host/a b", "http://host/\r\nX: y", "http://host\t/", "http://host\\@x/",
    "http://host/\0", "\nhttp://host/", "http://host/\ud800", "http://ho%73t/", "http://host%00/",
    "http://host:0/", "http://host:22/", "http://host:25/", "http://host:6379/", "http://host:65536/",
    "http://host:-1/", "http://host:8o80/", "http://host:６３/", "http://[::1/", "http://::1/",
    "http://[fe80::1%25eth0]/", "http://[::1]x/", "http://[127.0.0.1]/", "http://[v1.x]/",
    "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/", "http://0/",
    "http://0x/", "http://127.0.0.1.1/", "http://1.2.3.256/", "http://a..b/", "http://.host/",
    "http://host../", "http://-host/", "http://host-/", "http://ho*st/", "http://ho,st/",
    "http://" + "a" * 64 + ".com/", "http://" + "a." * 130 + "com/", "http://xn--/\u202e",
    "http://\u2024/", "http://host/" + "x" * 9000, "http://a\u200db.com/",
]  # fmt: skip


@pytest.mark.parametrize("url", EVIL)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(Rejected, match=r"^url: ") as caught:
        print(read(url))
    assert len(str(caught.value)) < 100


@given(st.text(max_size=60) | st.text("0123456789abcdefx.:[]%@/\\?# ", max_size=40))
def test_whatever_is_read_goes_into_a_request_as_it_is(text: str) -> None:
    try:
        found = read(f"http://{text}")
    except Rejected:
        return
    line = f"{found.authority} {found.target}"
    assert line.isascii()
    assert line.isprintable()
    assert line.count(" ") == 1
    assert found.port in (80, 443) or found.port >= 1024
    assert read(f"http://{found.authority}{found.target}") == found


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://Example.COM.", "example.com", "/"),
        ("https://example.com:443/a?b=c#d", "example.com", "/a?b=c"),
        ("https://example.com:8443/a%20b/ä?ü", "example.com:8443", "/a%20b/%C3%A4?%C3%BC"),
        ("http://bücher.example/", "xn--bcher-kva.example", "/"),
        ("http://[2606:4700::1]:8080/", "[2606:4700::1]:8080", "/"),
        ("http://8.8.8.8/?X-Amz=a%2Fb&c=d/e==", "8.8.8.8", "/?X-Amz=a%2Fb&c=d/e=="),
    ],
)
def test_plain_addresses_are_read(url: str, authority: str, target: str) -> None:
    found = read(url)
    assert (found.authority, found.target) == (authority, target)


def test_what_is_shown_has_no_query() -> None:
    assert read("https://h.example/a/b.mp4?sig=s3cret#x").shown == "https://h.example/a/b.mp4?…"


@pytest.mark.parametrize(
    "reference",
    [
        "http://example.com/", "file:///etc/passwd", "ftp://example.com/", "//user@example.com/",
        "https://example.com:22/", "https://2130706433/", "https://exa mple.com/", "\\\\host\\x",
        "https://[::1", "javascript:x", "https://example.com/\r\nX: y",
    ],
)  # fmt: skip
def test_a_redirect_to_anything_else_is_refused(reference: str) -> None:
    with pytest.raises(Rejected, match="the server sends us on"):
        follow(read("https://example.com/a/b"), reference)


def test_a_redirect_may_be_relative() -> None:
    start = read("http://example.com/a/b?c")
    assert follow(start, "d?e").target == "/a/d?e"
    assert follow(start, "//other.example/x").host == "other.example"
    assert follow(start, "https://example.com/").scheme == "https"
