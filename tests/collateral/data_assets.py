"""A data asset and an order as a valuer would describe them, to be varied by a test; and the policies that value them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from domain.collateral import ValuationRequest
from services.collateral.calc.conclusion import Conclusion
from services.collateral.calc.valuation import RightsPolicies, conclude
from tests.collateral.conftest import book
from tests.collateral.requests import valuation

ON = date(2026, 11, 2)
RIGHTS = RightsPolicies(book().data_assets(ON), book().compute_orders(ON))


def money(amount: int | str) -> dict[str, str]:
    return {"amount": str(amount)}


def year(**changes: Any) -> dict[str, Any]:
    body = {
        "revenue": money(8_000_000),
        "ebit": money(3_000_000),
        "working_capital": money(1_000_000),
        "fixed_assets": money(2_000_000),
        "workforce": money(1_500_000),
        "other_rights": money(0),
    }
    return body | changes


def trade(**changes: Any) -> dict[str, Any]:
    factors = dict.fromkeys(("quality", "volume", "timeliness", "rights", "exclusivity", "period"), "1")
    return {"exchange": "上海数据交易所", "traded_on": "2026-08-03", "price": money(3_200_000)} | factors | changes


FACTS: dict[str, Any] = {
    "rights": {
        "right": "operating",
        "transferable": True,
        "exclusive": True,
        "sublicensing": "allowed",
        "public_authorisation": "not_applicable",
        "important_data": "none",
        "escrowed": True,
        "personal_share": "0",
    },
    "quality": {
        "conformity": "85",
        "completeness": "85",
        "accuracy": "85",
        "consistency": "85",
        "timeliness": "85",
        "accessibility": "85",
        "tested_on": "2026-10-20",
    },
    "costs": {
        "acquisition": money(2_500_000),
        "processing": money(2_000_000),
        "storage": money(500_000),
        "governance": money(1_000_000),
    },
    "utility": {"circulation": "0.70", "scarcity": "0.05", "realisation_risk": "0.15"},
    "life": {"legal_months": 36, "refresh_months": 30, "contract_months": None, "not_limited_by": ["contract"]},
    "forecast": [year(), year(), year()],
    "royalty_rate": "0.20",
    "trades": [trade(), trade(price=money(3_600_000)), trade(price=money(3_400_000))],
    "top_buyer_share": "0.30",
}


def facts(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The facts with some of them changed; a map changes the entries of a part, anything else replaces it."""
    merged = dict(FACTS)
    for name, change in (changes or {}).items():
        merged[name] = {**FACTS[name], **change} if isinstance(change, Mapping) else change
    return merged


def data_asset(changes: Mapping[str, Any] | None = None, **subject: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "kind": "intangible",
        "asset_kind": "data_asset",
        "cost": None,
        "certificate": True,
        "personal_data": False,
        "data": facts(changes),
    }
    return body | subject


ORDER_FACTS: dict[str, Any] = {
    "take_or_pay": False,
    "model_stated": True,
    "quantity_stated": True,
    "price_stated": True,
    "start_stated": True,
    "ends": "2027-10-31",
    "buyer_confirmed": True,
    "announcement": "not_applicable",
    "buyer_compute_capex": money(400_000_000),
    "ready_to_start": True,
    "cost_to_complete": money(9_500_000),
    "collectible_within_tenor": money(10_000_000),
    "revenue_share": "0.42",
    "collections": [
        {"due": "2027-02-01", "amount": money(3_000_000)},
        {"due": "2027-05-01", "amount": money(3_000_000)},
        {"due": "2027-08-01", "amount": money(3_500_000)},
    ],
}


def order(changes: Mapping[str, Any] | None = None, **subject: Any) -> dict[str, Any]:
    """A contract of 10.00m with 5 % paid in advance: 9.50m are still to come in."""
    body: dict[str, Any] = {
        "kind": "receivable",
        "asset_kind": "compute_order",
        "amount": money(10_000_000),
        "advance_received": money(500_000),
        "retention": money(0),
        "collected": money(0),
        "firm": True,
        "buyer_tier": "tier_1",
        "buyer_related": False,
        "assignment_allowed": True,
        "order": ORDER_FACTS | dict(changes or {}),
    }
    return body | subject


def valued(subject: dict[str, Any], rights: RightsPolicies = RIGHTS, **changes: Any) -> Conclusion:
    """Concluded under the shipped policies of the day."""
    body = valuation(subject, as_of=ON.isoformat(), asset_key="right", **changes)
    return conclude(ValuationRequest.model_validate(body), book().collateral(ON), 90, rights)


def codes(conclusion: Conclusion) -> list[str]:
    return [item.code for item in conclusion.reasons]


def named(conclusion: Conclusion) -> set[tuple[str, str]]:
    return {(item.code, item.subject) for item in conclusion.reasons}


def step(conclusion: Conclusion, name: str) -> Any:
    return next(item for item in conclusion.trace if item.step == name)
