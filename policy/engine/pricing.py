"""What a price is built of (domain paper §5.5). Rates are fractions per year; spreads are basis points."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from domain.application import AssetKind
from domain.application.text import Code
from domain.model import Value
from domain.money import Money, Rate
from policy.engine.file import PolicyFile
from policy.engine.source import Pointer
from policy.engine.table import HitPolicy, TableBody

Share = Annotated[Rate, Field(ge=0, le=1)]
Bps = Annotated[int, Field(ge=0, le=2000)]


class SecuredLoss(Value):
    """Loss given default on the part a collateral covers, after its haircut (Basel 2017, foundation approach)."""

    lgd: Share
    haircut: Share


class LossGivenDefault(Value):
    """``LGD* = unsecured × E_U / E + Σ secured × E_S / E``; a kind without an entry counts as unsecured."""

    unsecured: Share
    secured: dict[AssetKind, SecuredLoss]


class SizeAdjustment(Value):
    """Firm-size adjustment in the lender's own currency: ``− 0.04 × (1 − (S − smallest) ÷ (largest − smallest))``, S the
    yearly sales clipped to both.
    """

    smallest: Money
    largest: Money


class InternalRatings(Value):
    """How a lender of the foundation approach forms its capital; without this block no collateral counts there."""

    secured: dict[AssetKind, SecuredLoss]
    """Collateral that the capital rules recognise. A kind that only the price counts (GPU servers) has no entry."""
    lgd_floor: Annotated[Rate, Field(gt=0, le=1)]
    """Least LGD that capital stands on: a loan against deposits alone holds some too, and earns on it."""
    size_adjustment: SizeAdjustment | None = None
    maturity: Literal["supervisory", "explicit"] = "supervisory"
    """2.5 years, or that of the loan between one and five (CRE32.44 leaves the choice to the supervisor)."""
    pd_ceiling: Annotated[Rate, Field(gt=0, lt=1)] | None = None
    """Largest PD that capital stands on. Beyond about 27 % the supervisory curve falls, and a price may fall with it; None
    follows the curve.
    """


class FloorWaiverRule(Value):
    """When the pricing body of the authority matrix may be asked to go below the floor."""

    relationships: tuple[Code, ...]


class EsgRatchet(Value):
    per_notch_bps: Bps
    cap_bps: Bps


class Discounts(Value):
    green_bps: Bps
    """At most; none without evidence for the green tag."""
    relationship_bps: dict[Code, Bps]
    esg: EsgRatchet


class Penalty(Value):
    """Share added to the contract rate."""

    late: Share
    misuse: Share


class PricingPolicy(PolicyFile):
    """Parameters of the build-up: FTP + EL + opex + capital charge + optionality − green − relationship.

    The floor is FTP + EL + opex; below it only the pricing body may go.
    """

    unique = True

    kind: Literal["pricing"]
    opex: Share
    optionality: Share
    capital_ratio: Share
    """Capital held per unit of risk-weighted exposure (10.5 %)."""
    cost_of_capital: Share
    """After tax; grossed up by the lender's tax rate."""
    capital_benefit: Share
    """What the capital itself earns."""
    hurdle_raroc: Share
    loss_given_default: LossGivenDefault
    discounts: Discounts
    penalty: Penalty
    quote_step_bps: Annotated[int, Field(ge=1, le=25)]
    """The margin over LPR is quoted in these steps, rounded up."""
    base_rate: TableBody
    """Which LPR tenor a loan prices off: output ``base_rate`` of ``1Y`` or ``5Y``."""
    risk_weight: TableBody
    """Output ``risk_weight`` as a fraction (商业银行资本管理办法)."""
    model: Literal["1", "2"] = "1"
    """Version of the price model that this policy was approved with. From 2 on the waterfall is spelt out."""
    internal_ratings: InternalRatings | None = None
    floor_waiver: FloorWaiverRule | None = None

    def inconsistencies(self) -> list[tuple[Pointer, str]]:
        wrong: list[tuple[Pointer, str]] = []
        for field, table, output in (
            ("base_rate", self.base_rate, "base_rate"),
            ("risk_weight", self.risk_weight, "risk_weight"),
        ):
            if output not in {item.name for item in table.outputs}:
                wrong.append(((field, "outputs"), f"the table gives no {output!r}"))
            if table.hit is HitPolicy.COLLECT:
                wrong.append(((field, "hit"), "the table must decide every case"))
        if self.model == "1" and (self.internal_ratings is not None or self.floor_waiver is not None):
            wrong.append((("model",), "internal_ratings and floor_waiver are parts of model 2"))
        if self.model != "1" and (self.internal_ratings is None or self.floor_waiver is None):
            wrong.append((("model",), "model 2 needs internal_ratings and floor_waiver"))
        size = self.internal_ratings.size_adjustment if self.internal_ratings else None
        if size is not None and not Decimal(0) <= size.smallest.amount < size.largest.amount:
            wrong.append((("internal_ratings", "size_adjustment"), "smallest is not negative and less than largest"))
        if self.floor_waiver is not None:
            classes = self.discounts.relationship_bps
            for index, name in enumerate(self.floor_waiver.relationships):
                if name not in classes:
                    wrong.append((("floor_waiver", "relationships", index), f"{name!r} is no relationship class"))
        return wrong
