"""Messages of the collateral service: assets, valuations, allocations and security interests."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from domain.application import AssetKind, Condition, Encumbrance, Provenance, ServerItem
from domain.application.assets import Serial
from domain.application.project import Fraction, Kilowatts, Pue
from domain.application.text import Code, Key, Label, Sha256
from domain.compute_order import OrderFacts, RepaymentCeiling
from domain.data_asset import DataAssetFacts
from domain.decision import DecisionInputs
from domain.figures import Day
from domain.finding import FindingValue, Outcome
from domain.gpu_valuation import (
    FormFactor,
    GpuMemory,
    MarketEvidence,
    RentBasis,
    RentPerGpuHour,
    TariffPerKwh,
    ValuePath,
    WarrantyMonths,
)
from domain.model import Value
from domain.money import Money, NotNegative, Positive, Rate


class RegisteredKind(StrEnum):
    """What the register can hold: every asset of an application, and what secures a facility without being financed."""

    GPU_SERVER = AssetKind.GPU_SERVER.value
    NETWORK_STORAGE = AssetKind.NETWORK_STORAGE.value
    POWER_COOLING = AssetKind.POWER_COOLING.value
    CIVIL_WORKS = AssetKind.CIVIL_WORKS.value
    SOFTWARE = AssetKind.SOFTWARE.value
    RECEIVABLE = AssetKind.RECEIVABLE.value
    COMPUTE_ORDER = AssetKind.COMPUTE_ORDER.value
    DEPOSIT = AssetKind.DEPOSIT.value
    DATA_ASSET = AssetKind.DATA_ASSET.value
    GUARANTEE = "guarantee"
    INTELLECTUAL_PROPERTY = "intellectual_property"


class AssetRegistration(Value):
    """Entry of an asset into the register. Serials are unique over all cases, and a GPU sits in one server."""

    case_id: UUID
    asset_key: Key
    kind: RegisteredKind
    description: Label
    branch: Code
    servers: Annotated[tuple[ServerItem, ...], Field(max_length=5000)] = ()
    case_number: Code | None = None
    """The human number of the case, so that a later case with the same serial can be told which one was first."""
    encumbrances: Annotated[tuple[Encumbrance, ...], Field(max_length=50)] | None = None
    """Rights of others on the asset as declared; None where nobody has said or searched."""


class SerialConflict(Value):
    serial: Serial
    case_number: str
    case_id: UUID


class GpuConflict(Value):
    """A GPU of a server that, by the register, sits in another one."""

    gpu_uuid: str
    serial: str
    """The server it is listed under now, as given."""
    pledged_serial: str
    """The server it was pledged with."""
    case_number: str
    case_id: UUID


class HoldersRequest(Value):
    """``POST /v1/holders``: who holds or claims these servers; as many as one inventory may list."""

    serials: Annotated[tuple[Serial, ...], Field(min_length=1, max_length=5000)]


class SerialHolders(Value):
    """The cases that hold or claim a server, by its serial as it was asked for."""

    serial: str
    case_ids: tuple[UUID, ...]


class Holders(Value):
    """Of the serials asked for, those that a case holds or claims, in the order in which they were asked for."""

    items: tuple[SerialHolders, ...]


class RegisteredAsset(Value):
    asset_id: UUID
    case_id: UUID
    asset_key: Key
    kind: RegisteredKind
    unit_count: int
    conflicts: tuple[SerialConflict, ...] = ()
    """Serials that already secure another case: a second pledge is refused with the first named."""
    gpu_conflicts: tuple[GpuConflict, ...] = ()
    """GPUs that were pledged with another server: one of the two lists is wrong, or a server was relabelled."""


class ServerEconomics(Value):
    """Per server, tax-exclusive, as §3.5 needs them; None is missing and refuses the income approach."""

    rent_per_gpu_hour: RentPerGpuHour | None
    occupancy: Fraction | None
    server_kw: Kilowatts | None
    tariff_per_kwh: TariffPerKwh | None
    pue: Pue | None
    rack_per_month: NotNegative | None
    maintenance_rate: Fraction | None
    sla_per_month: NotNegative | None
    rent_basis: RentBasis | None = None
    """Only ``on_demand`` and ``spot`` are the merchant market; a list price or a contract is another lens."""


class ModernEquivalent(Value):
    """The newest generation that does the same work, for functional obsolescence (§3.5 step 1)."""

    price: Positive
    """Per server of the newest generation, ex VAT."""
    throughput_ratio: Annotated[Rate, Field(ge=Decimal("0.001"), le=1000)]
    """Workload-weighted throughput of the newest server over that of the subject (Q_new / Q_old)."""
    server_kw: Kilowatts


def _not_given(value: object) -> bool:
    """What a message of an earlier version did not have stays out of its bytes."""
    return value is None


class CohortSubject(Value):
    """Servers of one model, age, condition and provenance: valued once, counted many times."""

    kind: Literal["gpu_cohort"] = "gpu_cohort"
    model: Label
    gpu_type: Code
    gpus_per_server: Annotated[int, Field(ge=1, le=16)]
    servers: Annotated[int, Field(ge=1, le=1_000_000)]
    condition: Condition
    provenance: Provenance
    age_months: Annotated[int, Field(ge=0, le=240)] | None
    """None where a used server's date of purchase is not known."""
    replacement_cost_new: Positive
    """Per server, ex VAT."""
    economics: ServerEconomics | None
    historic_utilisation: Fraction | None = None
    """Share of the hours so far under load; not known counts as full load for a server that has an age."""
    unrepaired_fault_cost: NotNegative | None = None
    """Per server; None where no fault is declared."""
    modern_equivalent: ModernEquivalent | None = None
    memory_gb: GpuMemory | None = Field(default=None, exclude_if=_not_given)
    """Per GPU."""
    form_factor: FormFactor | None = Field(default=None, exclude_if=_not_given)
    warranty_months: WarrantyMonths | None = Field(default=None, exclude_if=_not_given)
    """Months of the maker's warranty still to run; not known counts as none."""
    fabric: bool | None = Field(default=None, exclude_if=_not_given)
    """Whether the servers are pledged with the network that links them; not known counts as not."""
    inference_share: Fraction | None = Field(default=None, exclude_if=_not_given)
    """Share of the servers' work that is inference, the rest training; not known counts as the one newer servers do better."""
    decommissioning: bool | None = Field(default=None, exclude_if=_not_given)
    """Whether the servers must be taken out of their room to be sold; not known counts as yes."""


class PhysicalSubject(Value):
    """Civil works, power and cooling, network and storage: cost less straight-line depreciation."""

    kind: Literal["physical"] = "physical"
    asset_kind: AssetKind
    cost: NotNegative | None
    age_months: Annotated[int, Field(ge=0, le=1200)] | None
    useful_life_months: Annotated[int, Field(ge=1, le=1200)] | None


class ReceivableSubject(Value):
    """A compute order or receivable: eligible base after advances, retention and collections."""

    kind: Literal["receivable"] = "receivable"
    asset_kind: Literal[AssetKind.RECEIVABLE, AssetKind.COMPUTE_ORDER] = AssetKind.RECEIVABLE
    amount: NotNegative | None
    advance_received: NotNegative | None
    retention: NotNegative | None
    collected: NotNegative | None
    firm: bool | None
    buyer_tier: str | None
    buyer_related: bool | None
    assignment_allowed: bool | None
    order: OrderFacts | None = Field(default=None, exclude_if=_not_given)
    """What the second model asks of a compute order."""


class DepositSubject(Value):
    kind: Literal["deposit"] = "deposit"
    amount: NotNegative | None


class IntangibleSubject(Value):
    """Software and data assets: reproduction cost, gated by rights."""

    kind: Literal["intangible"] = "intangible"
    asset_kind: AssetKind
    cost: NotNegative | None
    certificate: bool | None
    personal_data: bool | None
    """Personal information without consent or anonymisation."""
    data: DataAssetFacts | None = Field(default=None, exclude_if=_not_given)
    """What the second model asks of a data asset."""


Subject = Annotated[
    CohortSubject | PhysicalSubject | ReceivableSubject | DepositSubject | IntangibleSubject,
    Field(discriminator="kind"),
]


class ValuationRequest(DecisionInputs):
    as_of: Day
    asset_key: Key
    subject: Subject
    encumbered: bool | None
    """Whether another creditor ranks before us on the asset; None where that was not searched."""
    exists: bool
    colocated: bool | None = None
    """Stands in a third party's room, whose possessory lien outranks a mortgage (Civil Code §456)."""
    lien_waiver: bool | None = None
    duplicate_serial: bool | None = None
    """A serial already secures another case; None is looked up in the register before the value is concluded."""
    evidence: MarketEvidence | None = Field(default=None, exclude_if=_not_given)
    """Market prices for a GPU server; None is looked up in the price indices before the value is concluded."""
    moment: Literal["approval", "utilisation"] = "approval"
    """At a drawing more is asked of an asset than at the approval: what is bought with the loan exists by then."""

    @model_validator(mode="after")
    def _evidence_of_the_day(self) -> Self:
        if self.evidence is not None and self.evidence.observed_after(self.as_of):
            raise PydanticCustomError("evidence_of_the_future", "evidence was observed after as_of")
        return self


class Approach(Value):
    """One valuation approach; ``value`` is None where it could not be run, with the code that says why."""

    name: Literal["cost", "income", "royalty", "market"]
    value: Money | None
    weight: Rate
    code: str = ""


class Valuation(FindingValue):
    """A valuation of the whole subject (all servers of a cohort)."""

    asset_key: str
    asset_kind: AssetKind
    units: int
    approaches: tuple[Approach, ...]
    reconciled_value: Money | None
    lending_value: Money
    orderly_liquidation: Money | None
    forced_liquidation: Money | None
    eligible: bool
    ltv: Rate
    tenor_cap_months: int
    valid_until: date
    ceilings: tuple[RepaymentCeiling, ...] = Field(default=(), exclude_if=lambda given: not given)
    """A compute order: what may be owed on it at each month's end, so that the loan is repaid as the buyer pays."""
    path: ValuePath | None = Field(default=None, exclude_if=_not_given)
    """The value over the life of the loan; only of GPU servers, from the second model on."""

    def headline(self) -> str:
        return f"{self.asset_key} · {self.units} · {self.lending_value} × {self.ltv:.2f}"


class SecurityKind(StrEnum):
    FLOATING_MORTGAGE = "floating_mortgage"
    EQUIPMENT_MORTGAGE = "equipment_mortgage"
    LAND_MORTGAGE = "land_mortgage"
    RECEIVABLE_PLEDGE = "receivable_pledge"
    ACCOUNT_PLEDGE = "account_pledge"
    DATA_ASSET_PLEDGE = "data_asset_pledge"
    IP_PLEDGE = "ip_pledge"
    FINANCE_LEASE = "finance_lease"
    REFUND_GUARANTEE = "refund_guarantee"
    THIRD_PARTY_GUARANTEE = "third_party_guarantee"


class AllocationRequest(Value):
    """An asset secures a facility at a rank and share."""

    asset_id: UUID
    facility_id: UUID
    case_id: UUID
    rank: Annotated[int, Field(ge=1, le=20)]
    share: Annotated[Rate, Field(gt=0, le=1)]


class Allocation(AllocationRequest):
    allocation_id: UUID


class RegistrationRequest(Value):
    """A security interest as registered (动产和权利担保统一登记办法) or as perfected otherwise."""

    case_id: UUID
    facility_id: UUID | None = None
    asset_id: UUID | None = None
    kind: SecurityKind
    registry: Label
    number: Label
    registered_on: date
    registered_at: AwareDatetime | None = None
    """The instant by the registry's clock, where it tells one; it ranks registrations of one day (Civil Code §414)."""
    agreed_on: date | None = None
    """The day of the security agreement; a mortgage of movables binds its parties from then on (§403)."""
    delivered_on: date | None = None
    expires: date | None = None
    certificate_sha256: Sha256


class Registration(RegistrationRequest):
    registration_id: UUID
    purchase_money_priority: bool | None
    """Civil Code §416: registered within ten days of delivery; None where delivery is not known."""
    rank: int
    """Among all rights known to rest on the asset; 0 for one that was cancelled."""
    cancelled_on: date | None = None


class AssetView(Value):
    """An asset of the register as a reader sees it."""

    asset_id: UUID
    case_id: UUID
    case_number: str | None
    asset_key: str
    kind: RegisteredKind
    description: str
    branch: str
    unit_count: int
    """Servers held for the case; 1 for an asset that is not counted in units."""
    released: bool
    encumbrances: tuple[Encumbrance, ...] | None
    conflicts: tuple[SerialConflict, ...] = ()
    version: int


class ValuationSummary(Value):
    """A stored valuation by its finding; the whole of it is at ``/v1/findings/{finding_id}``."""

    finding_id: UUID
    case_id: UUID
    asset_key: str
    outcome: Outcome
    lending_value: Money
    ltv: Rate
    eligible: bool
    as_of: date
    valid_until: date


class PerfectionStage(StrEnum):
    """How far a right has come: perfection has two steps, between the parties and against third parties."""

    NOT_CREATED = "not_created"
    """Not even between the parties: a pledge of rights exists only once it is registered (Civil Code §445)."""
    AGREED = "agreed"
    """Binding between the parties, but not against a third party in good faith (§403)."""
    PERFECTED = "perfected"
    LAPSED = "lapsed"
    """The registration has ended: as if it had never been made, though the agreement still binds."""
    CANCELLED = "cancelled"


class RankedInterest(Value):
    """A right in an asset and where it ranks; rights of equal rank share pro rata (Civil Code §414)."""

    registration_id: UUID | None
    holder: Label
    registered_on: date | None
    purchase_money_priority: bool
    rank: int
    stage: PerfectionStage
    effective_from: date | None
    """Between the parties; None where it is not known or not yet so."""
    opposable_from: date | None
    """Against third parties; None where it is not so on the business date."""
    expires: date | None
    article: str
    """What the rank stands on: ``§416`` purchase money, ``§414(1)`` day of registration, ``§414(3)`` not registered."""


class SiteLien(Value):
    """Servers of an asset at one site, and whether its operator has waived the possessory lien (Civil Code §456)."""

    site: str
    """Empty for servers whose site nobody has stated."""
    servers: int
    waived: bool
    operator: str | None = None
    valid_until: date | None = None


class Perfection(Value):
    """When an asset's security must be registered to keep purchase-money priority, and who ranks before whom."""

    asset_id: UUID
    delivered_on: date
    deadline: date
    """The tenth calendar day after delivery (Civil Code §416); holidays do not move it."""
    alert_on: date
    """The last business day on which the registry can still be used."""
    provisional: bool
    """The alert lies beyond the published business calendar."""
    interests: tuple[RankedInterest, ...]
    """Searched on ``searched_on``, and what was declared; first rank first. A possessory lien would rank before all of them."""
    searched_on: date | None = None
    """The last search of the registry up to the business date; None where nobody has searched."""
    sites: tuple[SiteLien, ...] = ()


class CaseRelease(Value):
    """The assets of a case secure nothing any more: declined, withdrawn, repaid."""

    case_id: UUID


class ReleasedAssets(Value):
    case_id: UUID
    assets: int
    servers: int
