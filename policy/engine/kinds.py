"""The kinds of policy file, and how one is read from its plain data with every fault in its place."""

from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from policy.engine.authority import AuthorityMatrix
from policy.engine.classification import ClassificationPolicy
from policy.engine.collateral import CollateralPolicy
from policy.engine.compute_order import ComputeOrderPolicy
from policy.engine.controls import (
    BusinessDayRule,
    PaymentPolicy,
    SeparationOfDuties,
    ServiceLevels,
    Validity,
)
from policy.engine.covenants import CovenantFile
from policy.engine.coverage import CoveragePolicy
from policy.engine.data_asset import DataAssetPolicy
from policy.engine.documents import ChecklistFile, ConditionSet
from policy.engine.early_warning import EarlyWarningPolicy
from policy.engine.faults import FileFault
from policy.engine.file import PolicyFile
from policy.engine.initiative import Initiative
from policy.engine.integrity import IntegrityPolicy
from policy.engine.limit import LimitPolicy
from policy.engine.market import Glossary, MarketRecords
from policy.engine.memo import MemoTemplate
from policy.engine.model_validation import ValidationStandards
from policy.engine.pricing import PricingPolicy
from policy.engine.product import Product
from policy.engine.product_family import ProductFamily
from policy.engine.product_fit import ProductFitPolicy
from policy.engine.programme import SupportProgramme
from policy.engine.rating_scale import RatingScale
from policy.engine.rules import RegulationFile
from policy.engine.scorecard import Scorecard
from policy.engine.source import Source
from policy.engine.table import DecisionTable
from policy.engine.tags import TagList
from policy.engine.vocabulary import Vocabulary

KINDS: Final[dict[str, type[PolicyFile]]] = {
    "vocabulary": Vocabulary,
    "product": Product,
    "product_family": ProductFamily,
    "product_fit": ProductFitPolicy,
    "scorecard": Scorecard,
    "rating_scale": RatingScale,
    "model_validation": ValidationStandards,
    "decision_table": DecisionTable,
    "regulation": RegulationFile,
    "authority": AuthorityMatrix,
    "separation_of_duties": SeparationOfDuties,
    "sla": ServiceLevels,
    "validity": Validity,
    "business_day": BusinessDayRule,
    "payment": PaymentPolicy,
    "integrity": IntegrityPolicy,
    "checklist": ChecklistFile,
    "conditions": ConditionSet,
    "covenants": CovenantFile,
    "limit": LimitPolicy,
    "memo_template": MemoTemplate,
    "pricing": PricingPolicy,
    "collateral": CollateralPolicy,
    "data_asset": DataAssetPolicy,
    "compute_order": ComputeOrderPolicy,
    "coverage": CoveragePolicy,
    "programme": SupportProgramme,
    "classification": ClassificationPolicy,
    "early_warnings": EarlyWarningPolicy,
    "initiative": Initiative,
    "tag_list": TagList,
    "market_records": MarketRecords,
    "glossary": Glossary,
}


@dataclass(frozen=True)
class Refused:
    """A source that is no policy of its kind, and what pydantic holds against it."""

    source: Source
    model: type[PolicyFile]
    data: dict[str, Any]
    error: ValidationError

    @property
    def identity(self) -> tuple[str, str]:
        """Kind and id, as far as the file states them."""
        return str(self.data.get("kind")), str(self.data.get("id"))

    def faults(self) -> list[FileFault]:
        return [
            self.source.fault(item["loc"], item["msg"].removeprefix("Value error, "))
            for item in self.error.errors(include_url=False, include_input=False, include_context=False)
        ]


def build(source: Source) -> PolicyFile | Refused | FileFault:
    """The typed policy of a source; what is left of it where it is none; the fault of a kind that nobody knows."""
    data: dict[str, Any] = _ordered(source.data)
    model = KINDS.get(str(data.get("kind")))
    if model is None:
        return source.fault(("kind",), f"kind is one of {', '.join(sorted(KINDS))}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        return Refused(source, model, data, error)


def _ordered(data: Any) -> Any:
    """The data with its keys in order, as a stored bundle has them: traces spell conditions in the order of their keys, and
    a case recomputed from stored policy must spell them as on the day it was decided from files."""
    if isinstance(data, dict):
        return {key: _ordered(data[key]) for key in sorted(data)}
    return [_ordered(item) for item in data] if isinstance(data, list) else data
