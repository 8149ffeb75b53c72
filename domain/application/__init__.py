"""The application: a header with parties, lines, assets, contracts, sources, uses and documents.

A draft may hold as little as the relationship manager knows; what is still missing is reported by the completeness check
of origination, all at once. Exposures and the lender's capital come from the bank's books and have no field here.
"""

from domain.application.accounts import Accounts, LenderDebt
from domain.application.assets import (
    AssetKind,
    AssetLine,
    Condition,
    DataAssetTerms,
    Encumbrance,
    Provenance,
    ServerItem,
)
from domain.application.borrower import (
    BorrowerProfile,
    BuilderType,
    CompanySize,
    KeyPerson,
    Licence,
    LifeStage,
    Owner,
    QueryConsent,
    RelatedTo,
    Technology,
)
from domain.application.case import (
    ApplicationContent,
    ApplicationDocument,
    CreditLineRequest,
    GuaranteeOffer,
    LineKind,
    Party,
    PartyRole,
    Payee,
    PriceTerms,
    Repayment,
    RepaymentMethod,
    SecurityShare,
)
from domain.application.contracts import ComputeContract, ContractKind, ExpectedCollection
from domain.application.data_assets import Counted, DataEvaluation, DataTests, EarningsYear, ExchangeTrade, Lag
from domain.application.project import Economics, FundingSource, FundUse, Project, SourceKind, UseClass

__all__ = [
    "Accounts",
    "ApplicationContent",
    "ApplicationDocument",
    "AssetKind",
    "AssetLine",
    "BorrowerProfile",
    "BuilderType",
    "CompanySize",
    "ComputeContract",
    "Condition",
    "ContractKind",
    "Counted",
    "CreditLineRequest",
    "DataAssetTerms",
    "DataEvaluation",
    "DataTests",
    "EarningsYear",
    "Economics",
    "Encumbrance",
    "ExchangeTrade",
    "ExpectedCollection",
    "FundUse",
    "FundingSource",
    "GuaranteeOffer",
    "KeyPerson",
    "Lag",
    "LenderDebt",
    "Licence",
    "LifeStage",
    "LineKind",
    "Owner",
    "Party",
    "PartyRole",
    "Payee",
    "PriceTerms",
    "Project",
    "Provenance",
    "QueryConsent",
    "RelatedTo",
    "Repayment",
    "RepaymentMethod",
    "SecurityShare",
    "ServerItem",
    "SourceKind",
    "Technology",
    "UseClass",
]
