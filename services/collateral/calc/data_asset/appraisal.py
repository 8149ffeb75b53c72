"""The value of a data asset and what may be lent on it, every term in the trace (domain paper §4)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from domain.collateral import Approach, IntangibleSubject
from domain.data_asset import DataAssetFacts, DataCosts, DataLife, DataUtility
from domain.finding import Reason, TraceStep
from domain.money import RATE_SCALE, ZERO, Money, Rounding, rounded
from policy.engine.collateral import CollateralKind
from policy.engine.data_asset import DataAssetPolicy
from services.collateral.calc.conclusion import plain, reason
from services.collateral.calc.data_asset import cost, income, market
from services.collateral.calc.data_asset.gate import gate
from services.collateral.calc.data_asset.quality import quality

# What a money column holds, rounded up; a figure beyond it is a slip of the keyboard.
_LARGEST = Decimal(10) ** 18 - 1
_APPROACHES = ("cost", "income", "royalty", "market")


@dataclass(frozen=True)
class Appraisal:
    """``reconciled`` is None where no value could be formed, zero where the gate is shut. ``ltv``: the ceiling that
    holds for this asset, never above that of its kind."""

    approaches: tuple[Approach, ...]
    reconciled: Money | None
    lending: Money
    ltv: Decimal
    remaining_months: int | None
    referred: bool
    reasons: tuple[Reason, ...]
    trace: tuple[TraceStep, ...]


@dataclass(frozen=True)
class _Found:
    """What the approaches gave, None where one could not run; ``codes`` says why."""

    values: dict[str, Decimal | None]
    codes: dict[str, str]
    trace: list[TraceStep]


def appraise(
    subject: IntangibleSubject, encumbered: bool | None, as_of: date, kind: CollateralKind, policy: DataAssetPolicy
) -> Appraisal:
    """Value a data asset on the business date ``as_of``.

    Behind a shut gate the value is nought whatever else is known. What has to be known and is not is named, all of it,
    and leaves no value. ``kind`` is the entry of the collateral policy.
    """
    facts = subject.data
    passed = gate(subject.certificate, subject.personal_data, facts.rights if facts else None, encumbered)
    if passed.shut:
        reasons = (*passed.shut, *passed.unknown)
        return _unvalued(reasons, (passed.trace,), kind, value=ZERO, code=passed.shut[0].code)
    lacking = list(passed.unknown)
    if facts is None:
        lacking.append(reason("DATA_FACTS_NOT_GIVEN"))
        return _unvalued(tuple(lacking), (passed.trace,), kind)
    tested = quality(facts.quality, policy.quality)
    life, life_step, life_lacking = _life(facts.life, policy.income.longest_life_months)
    lacking += [reason("QUALITY_UNKNOWN", f"quality/{name}") for name in tested.missing]
    lacking += [reason("COST_LINE_UNKNOWN", f"costs/{name}") for name in _missing(facts.costs)]
    lacking += [reason("UTILITY_UNKNOWN", f"utility/{name}") for name in _missing(facts.utility)]
    lacking += life_lacking
    if facts.rights.personal_share is None:
        lacking.append(reason("DATA_FACT_UNKNOWN", "rights/personal_share"))
    seen = (passed.trace, tested.trace, life_step)
    if lacking or tested.alpha is None:
        return _unvalued(tuple(lacking), seen, kind)
    return _valued(facts, tested.alpha, life, as_of, kind, policy, seen)


def _valued(
    facts: DataAssetFacts,
    alpha: Decimal,
    life: int,
    as_of: date,
    kind: CollateralKind,
    policy: DataAssetPolicy,
    seen: tuple[TraceStep, ...],
) -> Appraisal:
    found = _approaches(facts, alpha, life, as_of, policy)
    ran = {name: value for name, value in found.values.items() if value is not None}
    if max(ran.values()) >= _LARGEST:
        return _unvalued((reason("VALUE_OUT_OF_RANGE"),), (*seen, *found.trace), kind)
    weights = _weights(ran, policy)
    spread = _spread(ran)
    value = sum((weights[name] * ran[name] for name in ran), Decimal(0))
    lending, lending_step = _lending(ran, alpha, facts.rights.exclusive is True, policy)
    ltv, ltv_step = _ceiling(ran, facts.top_buyer_share, kind, policy)
    remarks = _remarks(facts, spread, as_of, policy)
    reconciliation = TraceStep(
        step="data_asset/reconciliation",
        rule="Σ w·V, w renormalised over the approaches that ran",
        inputs={f"weight.{name}": plain(weights.get(name, Decimal(0))) for name in _APPROACHES}
        | {"spread": plain(spread), "refer_above": plain(policy.reconciliation.refer_above_spread)},
        result=plain(value, 2),
    )
    return Appraisal(
        approaches=tuple(_approach(name, found, weights) for name in _APPROACHES),
        reconciled=Money(amount=rounded(value, 2)),
        lending=Money(amount=rounded(lending, 2, Rounding.DOWN)),
        ltv=ltv,
        remaining_months=life,
        referred=bool(remarks),
        reasons=tuple(remarks),
        trace=(
            *seen,
            *found.trace,
            reconciliation,
            lending_step,
            ltv_step,
            _ticket_step(rounded(lending, 2, Rounding.DOWN) * ltv, kind),
        ),
    )


# --- the approaches ---------------------------------------------------------------------------------------------------


def _approaches(facts: DataAssetFacts, alpha: Decimal, life: int, as_of: date, policy: DataAssetPolicy) -> _Found:
    by_cost, cost_step = _cost(facts, alpha, policy)
    found = _Found({"cost": by_cost, "income": None, "royalty": None, "market": None}, {}, [cost_step])
    if not facts.forecast:
        # A forecast of no years is none: it does not say that the data earn nothing.
        found.codes.update(income="FORECAST_NOT_GIVEN", royalty="FORECAST_NOT_GIVEN")
    else:
        _income(facts, life, policy, found)
    trades = [market.compared(trade, as_of, policy.market) for trade in facts.trades]
    found.values["market"] = market.market_value(trades, policy.market)
    if found.values["market"] is None:
        found.codes["market"] = "TRADES_TOO_FEW"
    found.trace.append(_market_step(trades, found.values["market"], policy))
    return found


def _cost(facts: DataAssetFacts, alpha: Decimal, policy: DataAssetPolicy) -> tuple[Decimal, TraceStep]:
    lines = {name: line.amount for name, line in facts.costs if line is not None}
    beta, scarcity, risk = facts.utility.circulation, facts.utility.scarcity, facts.utility.realisation_risk
    assert beta is not None
    assert scarcity is not None
    assert risk is not None
    allowed = min(scarcity, policy.cost.most_scarcity)
    factor = cost.utility(alpha, beta, allowed, risk)
    total = sum(lines.values(), Decimal(0))
    value = cost.cost_value(total, policy.cost.profit_rate, factor)
    step = TraceStep(
        step="data_asset/cost",
        rule="P = TC·(1 + R)·U, U = α·β·(1 + l)·(1 − r), l not above the policy's",
        inputs={f"cost.{name}": plain(amount, 2) for name, amount in lines.items()}
        | {
            "total": plain(total, 2),
            "profit_rate": plain(policy.cost.profit_rate),
            "alpha": plain(alpha),
            "beta": plain(beta),
            "scarcity": plain(allowed),
            "realisation_risk": plain(risk),
            "utility": plain(factor),
        },
        result=plain(value, 2),
    )
    return value, step


def _income(facts: DataAssetFacts, life: int, policy: DataAssetPolicy, found: _Found) -> None:
    forecast, terms = facts.forecast or (), policy.income
    rate = income.discount_rate(facts.rights.personal_share or Decimal(0), terms.discount)
    over = income.years(life, len(forecast), rate)
    found.trace.append(
        TraceStep(
            step="data_asset/discount",
            rule="risk-free + market + technology + compliance + personal share × premium",
            inputs={
                "risk_free": plain(terms.discount.risk_free),
                "market": plain(terms.discount.market),
                "technology": plain(terms.discount.technology),
                "compliance": plain(terms.discount.compliance),
                "personal_data": plain(terms.discount.personal_data),
                "personal_share": plain(facts.rights.personal_share or Decimal(0)),
            },
            result=plain(rate),
        )
    )
    earned, flows = income.multi_period_excess_earnings(forecast, over, terms.returns, terms.tax_rate)
    found.values["income"] = earned
    found.trace.extend(_year_steps("income", "EBIT·(1 − τ) − Σ contributory charges, × part of the year × DF", flows))
    found.trace.append(
        TraceStep(
            step="data_asset/income",
            rule="multi-period excess earnings: Σ over the years until the rest would only cost",
            inputs={"life_months": str(life), "forecast_years": str(len(forecast)), "tax_rate": plain(terms.tax_rate)}
            | {f"return.{name}": plain(value) for name, value in terms.returns},
            result=plain(earned, 2),
        )
    )
    if facts.royalty_rate is None:
        found.codes["royalty"] = "ROYALTY_NOT_GIVEN"
        return
    royalty = min(facts.royalty_rate, terms.most_royalty)
    relieved, flows = income.relief_from_royalty(forecast, over, royalty, terms.tax_rate)
    found.values["royalty"] = relieved
    found.trace.extend(_year_steps("royalty", "revenue·ρ·(1 − τ), × part of the year × DF", flows))
    found.trace.append(
        TraceStep(
            step="data_asset/royalty",
            rule="relief from royalty: Σ of the years; ρ not above the policy's",
            inputs={"royalty_rate": plain(royalty), "most_royalty": plain(terms.most_royalty)},
            result=plain(relieved, 2),
        )
    )


def _year_steps(approach: str, rule: str, flows: tuple[income.Discounted, ...]) -> list[TraceStep]:
    return [
        TraceStep(
            step=f"data_asset/{approach}/{item.year.number}",
            rule=rule,
            inputs={
                "flow": plain(item.flow, 2),
                "share": plain(item.year.share),
                "discount": plain(item.year.discount),
            },
            result=plain(item.present, 2),
        )
        for item in flows
    ]


def _market_step(trades: list[market.Compared], value: Decimal | None, policy: DataAssetPolicy) -> TraceStep:
    return TraceStep(
        step="data_asset/market",
        rule="median of price·Π factors over the trades that count; too few, no weight",
        inputs={
            f"trade.{index}": (
                f"{plain(item.trade.price.amount, 2)} × {plain(item.adjustment)}"
                + (f", left out: {item.left_out}" if item.left_out else "")
            )
            for index, item in enumerate(trades)
        }
        | {"minimum": str(policy.market.minimum_trades)},
        result="no value" if value is None else plain(value, 2),
    )


# --- life, reconciliation, lending ------------------------------------------------------------------------------------


def _life(life: DataLife, longest: int) -> tuple[int, TraceStep, list[Reason]]:
    """Months that the data earn: the shortest of right, freshness, contract and the policy's longest."""
    bounds = {"legal": life.legal_months, "refresh": life.refresh_months, "contract": life.contract_months}
    binding = {name: months for name, months in bounds.items() if name not in life.not_limited_by}
    lacking = [
        reason("LIFE_BOUND_UNKNOWN", f"life/{name}_months") for name, months in binding.items() if months is None
    ]
    months = min([longest, *(value for value in binding.values() if value is not None)])
    step = TraceStep(
        step="data_asset/life",
        rule="min(right, half-life of the data, contract, policy's longest), months",
        inputs={
            name: "no bound" if name in life.not_limited_by else "not known" if value is None else str(value)
            for name, value in bounds.items()
        }
        | {"longest": str(longest)},
        result="unknown" if lacking else str(months),
    )
    return months, step, lacking


def _weights(ran: dict[str, Decimal], policy: DataAssetPolicy) -> dict[str, Decimal]:
    given = {name: getattr(policy.reconciliation, name) for name in ran}
    total = sum(given.values(), Decimal(0))
    return {name: weight / total for name, weight in given.items()}


def _spread(ran: dict[str, Decimal]) -> Decimal:
    """(max − min) / median; of the mean where half of the approaches give nothing."""
    difference = max(ran.values()) - min(ran.values())
    if not difference:
        return Decimal(0)
    return difference / (median(ran.values()) or sum(ran.values(), Decimal(0)) / len(ran))


def _lending(
    ran: dict[str, Decimal], alpha: Decimal, exclusive: bool, policy: DataAssetPolicy
) -> tuple[Decimal, TraceStep]:
    """``min(earnings, 1.2 × cost) × rights × quality``; on cost alone, cost takes the place of the minimum."""
    terms = policy.lending
    earning = next((name for name in ("income", "royalty", "market") if name in ran), None)
    base = ran["cost"] if earning is None else min(ran[earning], terms.cost_multiple * ran["cost"])
    rights = terms.exclusive_factor if exclusive else terms.shared_factor
    value = base * rights * alpha
    return value, TraceStep(
        step="data_asset/lending",
        rule="min(earnings, multiple × cost) × rights factor × quality factor; cost itself where nothing else ran",
        inputs={
            "earnings": "none" if earning is None else f"{earning} {plain(ran[earning], 2)}",
            "cost": plain(ran["cost"], 2),
            "cost_multiple": plain(terms.cost_multiple),
            "rights_factor": plain(rights),
            "quality_factor": plain(alpha),
        },
        result=plain(value, 2),
    )


def _ceiling(
    ran: dict[str, Decimal], top_buyer: Decimal | None, kind: CollateralKind, policy: DataAssetPolicy
) -> tuple[Decimal, TraceStep]:
    """The LTV of this asset: the kind's, less where one buyer carries the earnings, least where cost alone speaks."""
    terms = policy.lending
    ltv, why = kind.ltv, "kind"
    if top_buyer is None or top_buyer > terms.concentrated_above:
        ltv, why = min((ltv, why), (terms.concentrated_ltv, "one buyer"))
    if set(ran) == {"cost"}:
        ltv, why = min((ltv, why), (terms.cost_only_ltv, "cost alone"))
    return ltv, TraceStep(
        step="data_asset/ltv",
        rule="ceiling of the kind; one buyer above the mark (or not known); cost alone",
        inputs={
            "kind": plain(kind.ltv),
            "top_buyer_share": "not known" if top_buyer is None else plain(top_buyer),
            "concentrated_above": plain(terms.concentrated_above),
            "concentrated": plain(terms.concentrated_ltv),
            "cost_only": plain(terms.cost_only_ltv),
            "binding": why,
        },
        result=plain(ltv),
    )


def _ticket_step(credit: Decimal, kind: CollateralKind) -> TraceStep:
    """What the case may count of it: the limit engine holds all assets of the kind to one ticket."""
    ticket = kind.ticket_cap
    counted = credit if ticket is None else min(credit, ticket.amount)
    return TraceStep(
        step="data_asset/ticket",
        rule="min(lending value × LTV, ticket of the kind); beyond it only a guarantee, counted by itself",
        inputs={"credit": plain(credit, 2), "ticket": "none" if ticket is None else plain(ticket.amount, 2)},
        result=plain(counted, 2),
    )


def _remarks(facts: DataAssetFacts, spread: Decimal, as_of: date, policy: DataAssetPolicy) -> list[Reason]:
    """What does not keep the asset from having a value, and still is for a valuer to look at."""
    found = []
    tested_on = facts.quality.tested_on
    if tested_on is None or policy.stale(tested_on, as_of):
        found.append(reason("QUALITY_STALE", "" if tested_on is None else tested_on.isoformat()))
    if facts.rights.exclusive is None:
        found.append(reason("EXCLUSIVITY_UNKNOWN"))
    if facts.top_buyer_share is None:
        found.append(reason("TOP_BUYER_UNKNOWN"))
    if spread > policy.reconciliation.refer_above_spread:
        found.append(reason("APPROACHES_DISAGREE", f"{spread * 100:.1f} %"))
    return found


def _approach(name: str, found: _Found, weights: dict[str, Decimal]) -> Approach:
    value = found.values[name]
    return Approach.model_validate(
        {
            "name": name,
            "value": None if value is None else Money(amount=rounded(value, 2)),
            "weight": rounded(weights.get(name, Decimal(0)), RATE_SCALE),
            "code": found.codes.get(name, ""),
        }
    )


def _unvalued(
    reasons: tuple[Reason, ...],
    trace: tuple[TraceStep, ...],
    kind: CollateralKind,
    *,
    value: Money | None = None,
    code: str = "",
) -> Appraisal:
    why = code or reasons[0].code
    return Appraisal(
        approaches=tuple(
            Approach.model_validate({"name": name, "value": None, "weight": Decimal(0), "code": why})
            for name in _APPROACHES
        ),
        reconciled=value,
        lending=ZERO,
        ltv=kind.ltv,
        remaining_months=None,
        referred=True,
        reasons=reasons,
        trace=trace,
    )


def _missing(part: DataCosts | DataUtility) -> list[str]:
    return [name for name, given in part if given is None]
