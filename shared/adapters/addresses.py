"""Which internet addresses are public: a node goes nowhere else on the word of what strangers write."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# `is_global` follows IANA's special-purpose registries as they were when this Python was made; these are the
# ones it takes for public although nobody's public site is there.
_NOT_PUBLIC_V4 = (
    IPv4Network("168.63.129.16/32"),  # a public number at which one cloud answers only its own machines
    IPv4Network("192.0.0.0/24"),  # IETF protocol assignments (RFC 6890)
    IPv4Network("192.88.99.0/24"),  # 6to4 relays, deprecated (RFC 7526)
    IPv4Network("224.0.0.0/4"),  # multicast
)
_GLOBAL_UNICAST_V6 = IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = (
    IPv6Network("2001::/23"),  # IETF protocol assignments, Teredo among them
    IPv6Network("2002::/16"),  # 6to4, which leads to any IPv4 address (RFC 7526)
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether `address` (as getaddrinfo gives it) is an ordinary public unicast address.

    An IPv4 address inside an IPv6 one (mapped, or translated by NAT64, RFC 6052) is judged as where it leads.

    Raises:
        ValueError: `address` is no IP address.
    """
    found = ip_address(address)
    if isinstance(found, IPv4Address):
        return _is_public_v4(found)
    if found.ipv4_mapped is not None:
        return _is_public_v4(found.ipv4_mapped)
    if found in _NAT64:
        return _is_public_v4(IPv4Address(int(found) & 0xFFFF_FFFF))
    return _is_public_v6(found)


def _is_public_v4(address: IPv4Address) -> bool:
    return address.is_global and not any(address in network for network in _NOT_PUBLIC_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address not in _GLOBAL_UNICAST_V6 or any(address in network for network in _NOT_PUBLIC_V6):
        return False
    return address.is_global and address.scope_id is None
