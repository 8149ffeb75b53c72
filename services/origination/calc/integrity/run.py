"""All checks of a moment, each concluded by itself."""

from collections.abc import Callable
from typing import Final

from domain.application import ApplicationContent
from domain.finding import Outcome
from domain.integrity import CheckId
from policy.engine import Bundle
from policy.engine.integrity import IntegrityPolicy
from services.origination.calc.conclusion import Check
from services.origination.calc.integrity import (
    counterparts,
    existence,
    funds,
    invoices,
    orders,
    ownership,
    pledges,
    prices,
    trades,
)
from services.origination.calc.integrity.examination import Examination, IntegrityInputs

_Run = Callable[[Examination, IntegrityInputs, ApplicationContent, IntegrityPolicy], None]
_RunByBook = Callable[[Examination, IntegrityInputs, ApplicationContent, IntegrityPolicy, Bundle], None]

_CHECKS: Final[dict[CheckId, _Run]] = {
    CheckId.DUPLICATE_COLLATERAL: pledges.duplicate_collateral,
    CheckId.DUPLICATE_DATA: pledges.duplicate_data,
    CheckId.RELABELLED_HARDWARE: pledges.relabelled_hardware,
    CheckId.INVOICE_REUSED: invoices.invoice_reused,
    CheckId.INVOICE_VOID: invoices.invoice_void,
    CheckId.CIRCULAR_TRADE: trades.circular_trade,
    CheckId.LOOK_ALIKE: counterparts.look_alike,
    CheckId.REGISTRY_RECORD: counterparts.registry_record,
    CheckId.COURT_RECORD: counterparts.court_record,
    CheckId.BUREAU_RECORD: counterparts.bureau_record,
    CheckId.RELATED_COUNTERPARTY: ownership.related_counterparty,
    CheckId.SUSPECTED_LINK: ownership.suspected_link,
    CheckId.BORROWED_CAPITAL: funds.borrowed_capital,
    CheckId.SHORT_LOANS_FOR_ASSETS: funds.short_loans_for_assets,
    CheckId.SPLIT_PAYMENT: funds.split_payment,
    CheckId.PHANTOM_SERVERS: existence.phantom_servers,
    CheckId.SHOWN_TWICE: existence.shown_twice,
    CheckId.UTILISATION_THEATRE: existence.utilisation_theatre,
    CheckId.TELEMETRY_TAMPERED: existence.telemetry_tampered,
    CheckId.OWNER_IMPERSONATION: existence.owner_impersonation,
}
_BY_OTHER_POLICY: Final[dict[CheckId, _RunByBook]] = {
    CheckId.SOFT_ORDER: orders.soft_order,
    CheckId.PRICE_OUTLIER: prices.price_outlier,
}
"""Checks whose measures stand in another policy of the book: orders and price floors are valued by it too."""


def examine(inputs: IntegrityInputs, content: ApplicationContent, pinned: Bundle) -> tuple[Examination, ...]:
    """Run the checks of a moment by the pinned policy. What a check does not speak of is left out; without a policy there is
    none."""
    policy = pinned.integrity(inputs.pinned_on)
    if policy is None:
        return ()
    made = []
    for check in policy.run_at(inputs.moment):
        seen = Examination(check, inputs.moment)
        if check.id in _CHECKS:
            _CHECKS[check.id](seen, inputs, content, policy)
        else:
            _BY_OTHER_POLICY[check.id](seen, inputs, content, policy, pinned)
        if seen.concluded:
            made.append(seen)
    return tuple(made)


def take_over(check: Check, seen: tuple[Examination, ...]) -> None:
    """Let the check of a stage stand on them: what failed or refers is an item of it, with its reasons. A check that was not
    run counts as its policy says: listed by itself, or put before an analyst with the rest."""
    if not seen:
        return
    for item in seen:
        outcome = item.outcome()
        if outcome is Outcome.NOT_RUN and item.check.not_run == "refer":
            outcome = Outcome.REFER
        if outcome in (Outcome.REFER, Outcome.FAIL):
            check.note(item.id.value, outcome, detail=item.value().headline())
            check.reasons.extend(item.reasons)
    counted = {outcome: sum(item.outcome() is outcome for item in seen) for outcome in Outcome}
    detail = " · ".join(f"{count} {outcome.value}" for outcome, count in counted.items() if count)
    check.note("INTEGRITY", Outcome.PASS, detail=detail)
