"""Who a drawing pays, held against the application: parties, declared payees and their accounts (收款人核对)."""

from domain.application import ApplicationContent, AssetKind, PartyRole, Payee
from services.origination.calc.payment_mode import PayeeAsked

_FIXED = frozenset({AssetKind.GPU_SERVER, AssetKind.NETWORK_STORAGE, AssetKind.POWER_COOLING, AssetKind.CIVIL_WORKS})


def asked_payee(payee: Payee, content: ApplicationContent, one_with: tuple[str, ...] = ()) -> PayeeAsked:
    """A payee of a drawing as the gate sees it. ``one_with`` are other payees who are one interest with it."""
    return PayeeAsked(
        key=payee.key,
        uscc=payee.uscc,
        amount=payee.amount,
        related=_related(payee, content),
        on_contract=on_contract(payee, content),
        fixed_asset_vendor=_sells_fixed_assets(payee, content),
        ringfenced=_ringfenced(payee, content),
        one_with=one_with,
    )


def on_contract(payee: Payee, content: ApplicationContent) -> bool:
    """Whether the payee is a party of the financed transaction.

    A payee that the application declared must have the account that was declared there: a changed account under a
    known name is how payments are diverted.
    """
    declared = [item for item in content.payees if item.uscc == payee.uscc]
    if declared:
        return any((item.account, item.name) == (payee.account, payee.name) for item in declared)
    return any(
        (party.uscc, party.name) == (payee.uscc, payee.name)
        for party in content.parties
        if party.role is PartyRole.SUPPLIER
    )


def _related(payee: Payee, content: ApplicationContent) -> bool:
    """Related as the drawing or the application declares it, or because it is the borrower or one of its owners."""
    declared = any(item.related for item in content.payees if item.uscc == payee.uscc)
    owners = {owner.entity_uscc for owner in content.borrower.owners or ()}
    return payee.related or declared or payee.uscc in owners


def _sells_fixed_assets(payee: Payee, content: ApplicationContent) -> bool:
    """A supplier in a case that acquires equipment or works."""
    suppliers = {party.uscc for party in content.parties if party.role is PartyRole.SUPPLIER}
    acquires = any(asset.kind in _FIXED and not asset.existing for asset in content.assets)
    return acquires and payee.uscc in suppliers


def _ringfenced(payee: Payee, content: ApplicationContent) -> bool | None:
    """Whether the money stays in the account kept for a buyback; not known while the file names none."""
    account = content.buyback.account if content.buyback is not None else None
    return None if account is None else payee.account == account
