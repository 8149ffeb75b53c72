"""What a guarantor can stand for."""

from decimal import Decimal


def guarantor_capacity(net_assets: Decimal, share: Decimal, given: Decimal) -> Decimal:
    """Most that further guarantees of a guarantor count, in yuan: ``share × net assets − guarantees given``, not below 0."""
    return max(net_assets * share - given, Decimal(0))
