"""What is financed and pledged (application fields 48-54, 65)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from domain.application.data_assets import DataEvaluation
from domain.application.serials import folded_width
from domain.application.text import Code, Key, Label, Months, Sha256
from domain.facts import Fact
from domain.model import Value
from domain.money import Money, NotNegative, Positive, Rate


def _plain(value: object) -> object:
    return folded_width(value) if isinstance(value, str) and len(value) <= 256 else value


Serial = Annotated[
    str,
    BeforeValidator(_plain),
    StringConstraints(min_length=4, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/-]*$"),
]
"""As it was typed, full-width forms in their plain form. Two are the same by ``serials.serial_identity``."""


PciDeviceId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]


def _not_given(value: object) -> bool:
    return value is None


class AssetKind(StrEnum):
    GPU_SERVER = "gpu_server"
    NETWORK_STORAGE = "network_storage"
    POWER_COOLING = "power_cooling"
    CIVIL_WORKS = "civil_works"
    SOFTWARE = "software"
    RECEIVABLE = "receivable"
    COMPUTE_ORDER = "compute_order"
    DEPOSIT = "deposit"
    DATA_ASSET = "data_asset"


class Condition(StrEnum):
    NEW = "new"
    USED = "used"
    REFURBISHED = "refurbished"


class Provenance(StrEnum):
    """How the hardware came into the country; grey or unknown goods carry no collateral value."""

    OFFICIAL_CN = "official_cn"
    LICENSED = "licensed"
    GREY = "grey"
    UNKNOWN = "unknown"


class Encumbrance(Value):
    holder: Label
    kind: Literal["mortgage", "floating_charge", "lease", "retention_of_title", "seizure", "other"]
    registered: date | None = None


class ServerItem(Value):
    """One server of an inventory: a row of ``servers.xlsx``."""

    serial: Serial
    model: Label
    gpu_type: Code
    gpu_count: Annotated[int, Field(ge=1, le=16)]
    gpu_memory_gb: Annotated[int, Field(ge=1, le=1024)]
    gpu_uuids: Annotated[tuple[Annotated[str, StringConstraints(max_length=64)], ...], Field(max_length=16)] = ()
    condition: Condition
    purchased: date | None = None
    delivered: date | None = None
    invoice_number: Label | None = None
    price_ex_vat: Positive
    vat_rate: Annotated[Rate, Field(ge=0, le=1)]
    provenance: Provenance
    customs_document: Label | None = None
    site: Label | None = None
    rack: Label | None = None
    warranty_until: date | None = None
    pci_device_id: PciDeviceId | None = Field(default=None, exclude_if=_not_given)
    """Of its accelerators, vendor and device as the bus tells them."""


class DataAssetTerms(Value):
    certificate: Fact[Label] | None = None
    right: Fact[Literal["holding", "processing", "operating"]] | None = None
    right_expires: Fact[date] | None = None
    personal_data: Fact[bool] | None = None
    top_buyer_share: Fact[Rate] | None = None
    reproduction_cost: Fact[NotNegative] | None = None
    evaluation: DataEvaluation | None = Field(default=None, exclude_if=_not_given)
    content_sha256: Fact[Sha256] | None = Field(default=None, exclude_if=_not_given)
    """Digest of the data as they were handed to escrow: by it the same data are known under another name."""


class AssetLine(Value):
    """An asset or a homogeneous group of assets. GPU servers are listed one by one in ``servers``."""

    key: Key
    kind: AssetKind
    description: Label
    existing: bool
    """False for purchase-financed equipment that does not exist before the first drawing."""
    cost: NotNegative | None = None
    acquired: Fact[date] | None = None
    useful_life_months: Months | None = None
    servers: Annotated[tuple[ServerItem, ...], Field(max_length=5000)] = ()
    stock_in_trade: Fact[bool] | None = Field(default=None, exclude_if=lambda given: given is None)
    """Whether the owner sells such things in the ordinary course of its business (民法典 §404)."""
    encumbrances: Annotated[tuple[Encumbrance, ...], Field(max_length=50)] | None = None
    colocation_operator: Fact[Label] | None = None
    lien_waiver: Fact[bool] | None = None
    insured_sum: Fact[Money] | None = None
    insurance_expires: Fact[date] | None = None
    insurance_payee: Fact[Label] | None = None
    contract_key: Key | None = None
    """For receivables and compute orders: the contract they arise from."""
    data_terms: DataAssetTerms | None = None
