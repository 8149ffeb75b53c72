"""The policy engine: loads, checks, hashes and evaluates the book. Pure but for reading files; it has no clock."""

from policy.engine.authority import AuthorityDecision, AuthorityMatrix, Body, Committee, required_authority
from policy.engine.binding import faults_of
from policy.engine.bundle import Bundle, load_book, read_book, rules_in_force, succession_faults
from policy.engine.check import BookReport, check_book, publication_faults
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
from policy.engine.faults import FactTypeError, FileFault, PolicyFaults, PolicyNotInForce
from policy.engine.file import PolicyFile
from policy.engine.integrity import IntegrityCheck, IntegrityPolicy
from policy.engine.limit import LimitPolicy
from policy.engine.model_validation import AtLeast, AtMost, ValidationStandards
from policy.engine.pricing import PricingPolicy
from policy.engine.product import Product, ProductStatus
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
from policy.engine.vocabulary import FactDefinition, FactType, FactValue, Vocabulary

__all__ = [
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
    "CollateralKind",
    "CollateralPolicy",
    "Committee",
    "ComputeVoucherTerms",
    "ConditionSet",
    "Decision",
    "DecisionTable",
    "FacilityCondition",
    "FactDefinition",
    "FactType",
    "FactTypeError",
    "FactValue",
    "FileFault",
    "HitPolicy",
    "IntegrityCheck",
    "IntegrityPolicy",
    "InterestSubsidyTerms",
    "LenderLicence",
    "LimitPolicy",
    "Moment",
    "PaymentPolicy",
    "PolicyFaults",
    "PolicyFile",
    "PolicyNotInForce",
    "PricingPolicy",
    "Product",
    "ProductStatus",
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
    "ValidationStandards",
    "Validity",
    "Vocabulary",
    "absent_reason",
    "check_book",
    "check_rules",
    "evaluate",
    "faults_of",
    "load_book",
    "publication_faults",
    "read_book",
    "required_authority",
    "rules_in_force",
    "score",
    "succession_faults",
]
