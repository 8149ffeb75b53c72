"""The policy engine: loads, checks, hashes and evaluates the book. Pure but for reading files; it has no clock."""

from policy.engine.authority import AuthorityDecision, AuthorityMatrix, Body, Committee, required_authority
from policy.engine.binding import faults_of
from policy.engine.bundle import Bundle, load_book, read_book, rules_in_force, succession_faults
from policy.engine.changes import compare, compare_files, plain_file
from policy.engine.check import BookReport, check_book, publication_faults
from policy.engine.classification import ClassificationPolicy
from policy.engine.collateral import CollateralKind, CollateralPolicy
from policy.engine.conditions import Referral
from policy.engine.controls import (
    BusinessDayRule,
    PaymentPolicy,
    Separation,
    SeparationOfDuties,
    ServiceLevels,
    Validity,
)
from policy.engine.documents import ChecklistFile, ConditionSet, FacilityCondition, RequiredDocument
from policy.engine.early_warning import EarlyWarningPolicy
from policy.engine.faults import FactTypeError, FileFault, PolicyFaults, PolicyNotInForce
from policy.engine.file import PolicyFile
from policy.engine.initiative import GreenChannel, Initiative, Instrument, ProgrammeFloor
from policy.engine.integrity import IntegrityCheck, IntegrityPolicy
from policy.engine.limit import LimitPolicy
from policy.engine.market import (
    Deal,
    DealSum,
    Glossary,
    MarketFigure,
    MarketRecords,
    MarketStatement,
    added,
    deal_sums,
)
from policy.engine.memo import MemoField, MemoTemplate
from policy.engine.model_validation import AtLeast, AtMost, ValidationStandards
from policy.engine.pricing import PricingPolicy
from policy.engine.product import Product, ProductStatus
from policy.engine.product_family import ProductFamily
from policy.engine.product_fit import ProductFitPolicy
from policy.engine.product_terms import Criterion, PurposeTerms
from policy.engine.programme import ComputeVoucherTerms, InterestSubsidyTerms, SupportProgramme
from policy.engine.rating_scale import RatingScale
from policy.engine.rules import (
    Breach,
    LenderLicence,
    Moment,
    Regulation,
    Rule,
    RulesDecision,
    Severity,
    absent_reason,
    check_rules,
)
from policy.engine.scorecard import Scorecard, ScoreClass, ScoreDecision, score
from policy.engine.table import Decision, DecisionTable, HitPolicy, TableBody, evaluate
from policy.engine.tags import ON_APPLICATIONS, Tag, TagFamily, TagList
from policy.engine.vocabulary import FactDefinition, FactType, FactValue, Vocabulary
from policy.engine.voucher import VoucherDue, voucher_due

__all__ = [
    "ON_APPLICATIONS",
    "AtLeast",
    "AtMost",
    "AuthorityDecision",
    "AuthorityMatrix",
    "Body",
    "BookReport",
    "Breach",
    "Bundle",
    "BusinessDayRule",
    "ChecklistFile",
    "ClassificationPolicy",
    "CollateralKind",
    "CollateralPolicy",
    "Committee",
    "ComputeVoucherTerms",
    "ConditionSet",
    "Criterion",
    "Deal",
    "DealSum",
    "Decision",
    "DecisionTable",
    "EarlyWarningPolicy",
    "FacilityCondition",
    "FactDefinition",
    "FactType",
    "FactTypeError",
    "FactValue",
    "FileFault",
    "Glossary",
    "GreenChannel",
    "HitPolicy",
    "Initiative",
    "Instrument",
    "IntegrityCheck",
    "IntegrityPolicy",
    "InterestSubsidyTerms",
    "LenderLicence",
    "LimitPolicy",
    "MarketFigure",
    "MarketRecords",
    "MarketStatement",
    "MemoField",
    "MemoTemplate",
    "Moment",
    "PaymentPolicy",
    "PolicyFaults",
    "PolicyFile",
    "PolicyNotInForce",
    "PricingPolicy",
    "Product",
    "ProductFamily",
    "ProductFitPolicy",
    "ProductStatus",
    "ProgrammeFloor",
    "PurposeTerms",
    "RatingScale",
    "Referral",
    "Regulation",
    "RequiredDocument",
    "Rule",
    "RulesDecision",
    "ScoreClass",
    "ScoreDecision",
    "Scorecard",
    "Separation",
    "SeparationOfDuties",
    "ServiceLevels",
    "Severity",
    "SupportProgramme",
    "TableBody",
    "Tag",
    "TagFamily",
    "TagList",
    "ValidationStandards",
    "Validity",
    "Vocabulary",
    "VoucherDue",
    "absent_reason",
    "added",
    "check_book",
    "check_rules",
    "compare",
    "compare_files",
    "deal_sums",
    "evaluate",
    "faults_of",
    "load_book",
    "plain_file",
    "publication_faults",
    "read_book",
    "required_authority",
    "rules_in_force",
    "score",
    "succession_faults",
    "voucher_due",
]
