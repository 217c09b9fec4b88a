"""Which network addresses may be reached, and what a name stands for.

A registry or a feed may redirect us, and a name may resolve to anything. What the user named may
be on a private network; where others send us may not, unless the user's own server is there too.
Link-local and cloud metadata addresses are never reached.

Source: IANA IPv4 and IPv6 special-purpose address registries (RFC 6890); RFC 6052 (NAT64),
RFC 3056 (6to4), RFC 4380 (Teredo).
"""

import ipaddress
import socket
from enum import IntEnum
from typing import Final

from msgspec import Struct


class Reach(IntEnum):
    """How near an address is; a redirect never leads nearer than the server that sent it."""

    PUBLIC = 0
    PRIVATE = 1
    LOOPBACK = 2
    FORBIDDEN = 3

    @property
    def word(self) -> str:
        """Return the word for messages."""
        return self.name.lower() if self < Reach.FORBIDDEN else "link-local, metadata or reserved"


class Host(Struct, frozen=True, kw_only=True):
    """A name's addresses, forbidden ones left out, and the nearest reach among them.

    `addresses` empty and `reach` FORBIDDEN: the name stands for nothing that may be reached.
    """

    addresses: tuple[str, ...]
    reach: Reach


# Metadata services outside the link-local ranges: AWS (IPv6), Azure wire server, Alibaba, Oracle.
_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in ("fd00:ec2::254", "168.63.129.16", "100.100.100.200", "192.0.0.192")
)
_METADATA_NAMES: Final = frozenset({"metadata.google.internal", "metadata", "instance-data"})
_SHARED: Final = ipaddress.ip_network("100.64.0.0/10")
_NAT64: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_IPV4_COMPATIBLE: Final = ipaddress.ip_network("::/96")


def reach_of(address: str) -> Reach:
    """Return how near `address` (a literal, no zone) is; FORBIDDEN for anything not an address.

    An IPv4 address inside an IPv6 one counts as the IPv4 address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return Reach.FORBIDDEN
    if isinstance(parsed, ipaddress.IPv6Address):
        return max(_reach6(parsed), *map(_reach4, _embedded(parsed)), Reach.PUBLIC)
    return _reach4(parsed)


def literal_reach(host: str) -> Reach | None:
    """Return the reach of a host written as an address in any spelling, None for a real name.

    Also knows the names that mean this machine or a metadata service. Used where the name is
    resolved by somebody else (a proxy).
    """
    name = host.rstrip(".").lower()
    if name in _METADATA_NAMES:
        return Reach.FORBIDDEN
    if name == "localhost" or name.endswith(".localhost"):
        return Reach.LOOPBACK
    if "%" in name or "\0" in name:
        return Reach.FORBIDDEN
    if ":" in name:
        return reach_of(name)
    try:
        # inet_aton understands what browsers and C libraries do: 127.1, 0x7f.1, 2130706433.
        return reach_of(socket.inet_ntoa(socket.inet_aton(name)))
    except (OSError, UnicodeError):
        return None


def resolve(host: str, port: int) -> tuple[str, ...]:
    """Return the addresses of `host` in the system's order of preference.

    Raises OSError (socket.gaierror) when the name has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(info[4][0]) for info in found))


def judge(host: str, addresses: tuple[str, ...]) -> Host:
    """Return what may be reached under `host`; its reach is the nearest of what is left."""
    if literal_reach(host) is Reach.FORBIDDEN:
        return Host(addresses=(), reach=Reach.FORBIDDEN)
    allowed = tuple(each for each in addresses if reach_of(each) is not Reach.FORBIDDEN)
    reach = max((reach_of(each) for each in allowed), default=Reach.FORBIDDEN)
    return Host(addresses=allowed, reach=reach)


def _reach4(address: ipaddress.IPv4Address) -> Reach:
    if address.is_loopback:
        return Reach.LOOPBACK
    if address in _METADATA or address.is_link_local or address.is_multicast:
        return Reach.FORBIDDEN
    if address.is_unspecified or address.is_reserved:
        return Reach.FORBIDDEN
    if address.packed[0] in {0, 255}:
        return Reach.FORBIDDEN
    return Reach.PRIVATE if address.is_private or address in _SHARED else Reach.PUBLIC


def _reach6(address: ipaddress.IPv6Address) -> Reach:
    if address.is_loopback:
        return Reach.LOOPBACK
    if address in _METADATA or address.is_link_local or address.is_multicast:
        return Reach.FORBIDDEN
    if address.is_unspecified or address.scope_id is not None:
        return Reach.FORBIDDEN
    if any(address in network for network in _NAT64) or address.sixtofour or address.teredo:
        return Reach.PUBLIC  # the embedded address decides
    if address.ipv4_mapped is not None or address in _IPV4_COMPATIBLE:
        return Reach.PUBLIC
    return Reach.PRIVATE if address.is_private or address.is_site_local else Reach.PUBLIC


def _embedded(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    if address.is_loopback or address.is_unspecified:
        return ()
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    if address in _IPV4_COMPATIBLE or any(address in network for network in _NAT64):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return ()
