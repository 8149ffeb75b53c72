"""A bundle: every version of every policy file, under one SHA-256, and how a case finds its policy in it."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from domain.canonical import sha256_of
from domain.finding import PolicyRef
from domain.stages import Stage
from policy.engine.authority import AuthorityMatrix
from policy.engine.binding import faults_of, parts
from policy.engine.classification import ClassificationPolicy
from policy.engine.coherence import all_standing, declared, incoherence, standing, version_number
from policy.engine.collateral import CollateralPolicy
from policy.engine.compute_order import ComputeOrderPolicy
from policy.engine.controls import (
    BusinessDayRule,
    PaymentPolicy,
    SeparationOfDuties,
    ServiceLevels,
    Validity,
)
from policy.engine.covenants import Covenant, CovenantFile
from policy.engine.coverage import CoveragePolicy
from policy.engine.data_asset import DataAssetPolicy
from policy.engine.documents import ChecklistFile, ConditionSet, RequiredDocument
from policy.engine.early_warning import EarlyWarningPolicy
from policy.engine.faults import FileFault, PolicyFaults, PolicyNotInForce
from policy.engine.file import PolicyFile
from policy.engine.initiative import Initiative
from policy.engine.integrity import IntegrityPolicy
from policy.engine.kinds import Refused, build
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
from policy.engine.rules import LenderLicence, Moment, Regulation, RegulationFile, Severity
from policy.engine.salvage import Words, faults_beside
from policy.engine.scorecard import Scorecard
from policy.engine.source import Source, read_source
from policy.engine.table import DecisionTable
from policy.engine.tags import TagList
from policy.engine.vocabulary import FactDefinition, Vocabulary

FORMAT: Final = "1"
MAX_FILES: Final = 2000
_DAYS_KEPT: Final = 512
"""What stood on a day is worked out once for so many kinds and days; a bundle never changes."""

P = TypeVar("P", bound=PolicyFile)


class Bundle:
    """Checked policy. Built by :func:`load_book` from a directory or by :meth:`from_canonical` from stored bytes.

    ``on`` in every getter is the date whose version is wanted: for what is pinned to a case, the case's own policy date
    (a bundle also holds versions that begin later), for regulations the business date of the act. A getter raises
    :class:`PolicyNotInForce` where no version stands on that date.
    """

    def __init__(self, files: Iterable[PolicyFile], data: dict[str, Any]) -> None:
        self._files: dict[tuple[str, str], list[PolicyFile]] = {}
        for file in files:
            self._files.setdefault((file.kind, file.id), []).append(file)
        for versions in self._files.values():
            versions.sort(key=lambda item: item.effective_from)
        self._data = data
        self._on_day: dict[tuple[str, date], list[PolicyFile]] = {}
        self._rules_on_day: dict[tuple[Moment, LenderLicence, date], tuple[Regulation, ...]] = {}

    @classmethod
    def from_canonical(cls, data: dict[str, Any]) -> "Bundle":
        """A bundle from its canonical form. Raises :class:`PolicyFaults` for one that was never a checked book."""
        files = data.get("files")
        if data.get("format") != FORMAT or set(data) != {"format", "files"} or not isinstance(files, list):
            raise PolicyFaults([FileFault("bundle", 1, f"not a policy bundle of format {FORMAT}")])
        if not all(isinstance(item, dict) and _is_text(item) for item in files):
            raise PolicyFaults([FileFault("bundle", 1, "every file of a bundle is a map, and every scalar in it text")])
        sources = [Source(f"bundle/{index}", item, {}) for index, item in enumerate(files)]
        bundle, faults = assemble(sources)
        if bundle is None or faults:
            raise PolicyFaults(faults)
        if bundle._data != data:
            raise PolicyFaults([FileFault("bundle", 1, "the files of a bundle stand in order of kind, id and version")])
        return bundle

    @cached_property
    def sha256(self) -> str:
        """What a case is pinned to: the hash of the canonical form."""
        return sha256_of(self._data)

    def canonical(self) -> dict[str, Any]:
        """The form that is hashed and stored: scalars as their author wrote them, no paths, comments or key order."""
        return deepcopy(self._data)

    def ref(self, file: PolicyFile) -> PolicyRef:
        """How a finding names the policy it stands on."""
        return PolicyRef(id=file.id, version=file.version, sha256=self.sha256)

    def files(self) -> tuple[PolicyFile, ...]:
        """Every version of every file, in order of kind, id and time."""
        return tuple(file for key in sorted(self._files) for file in self._files[key])

    def files_on(self, on: date) -> tuple[PolicyFile, ...]:
        """The version in force of every policy on a date."""
        return tuple(all_standing(self.files(), on))

    # --- choosing a version -------------------------------------------------------------------------------------------

    def product(self, name: str, on: date) -> Product:
        return self._in_force(Product, "product", name, on)

    def products(self, on: date) -> tuple[Product, ...]:
        """Every product in force, by id."""
        return tuple(self._all_in_force(Product, "product", on))

    def product_family(self, name: str, on: date) -> ProductFamily:
        return self._in_force(ProductFamily, "product_family", name, on)

    def product_families(self, on: date) -> tuple[ProductFamily, ...]:
        """Every family in force, by id."""
        return tuple(self._all_in_force(ProductFamily, "product_family", on))

    def product_fit(self, on: date) -> ProductFitPolicy | None:
        """The questions of product fit, None before the first such policy: then none are asked."""
        return next(iter(self._all_in_force(ProductFitPolicy, "product_fit", on)), None)

    def scorecard(self, name: str, on: date) -> Scorecard:
        return self._in_force(Scorecard, "scorecard", name, on)

    def rating_scale(self, name: str, on: date) -> RatingScale:
        return self._in_force(RatingScale, "rating_scale", name, on)

    def validation_standards(self, on: date) -> ValidationStandards:
        return self._only(ValidationStandards, "model_validation", on)

    def table(self, name: str, on: date) -> DecisionTable:
        return self._in_force(DecisionTable, "decision_table", name, on)

    def authority(self, on: date) -> AuthorityMatrix:
        return self._only(AuthorityMatrix, "authority", on)

    def separation_of_duties(self, on: date) -> SeparationOfDuties:
        return self._only(SeparationOfDuties, "separation_of_duties", on)

    def sla(self, on: date) -> ServiceLevels:
        return self._only(ServiceLevels, "sla", on)

    def validity(self, on: date) -> Validity:
        return self._only(Validity, "validity", on)

    def business_day(self, on: date) -> BusinessDayRule:
        return self._only(BusinessDayRule, "business_day", on)

    def payment(self, on: date) -> PaymentPolicy:
        return self._only(PaymentPolicy, "payment", on)

    def integrity(self, on: date) -> IntegrityPolicy | None:
        """How cases are checked for fraud and consistency; ``None`` before the first such policy: nothing was run then."""
        return next(iter(self._all_in_force(IntegrityPolicy, "integrity", on)), None)

    def pricing(self, on: date) -> PricingPolicy:
        return self._only(PricingPolicy, "pricing", on)

    def limits(self, on: date) -> LimitPolicy | None:
        """What limits stand on; ``None`` on a day that has no such policy, when version 1 of the model stands."""
        return next(iter(self._all_in_force(LimitPolicy, "limit", on)), None)

    def covenants(self, on: date) -> tuple[Covenant, ...]:
        """The undertakings that attach themselves to cases of every product."""
        return tuple(item for file in self._all_in_force(CovenantFile, "covenants", on) for item in file.covenants)

    def memo_template(self, on: date) -> MemoTemplate | None:
        """What a credit memo must say, None before the first such policy: then nothing is asked for."""
        return next(iter(self._all_in_force(MemoTemplate, "memo_template", on)), None)

    def collateral(self, on: date) -> CollateralPolicy:
        return self._only(CollateralPolicy, "collateral", on)

    def data_assets(self, on: date) -> DataAssetPolicy | None:
        """How data assets are valued, None before the first such policy: then by the first model."""
        found = self._all_in_force(DataAssetPolicy, "data_asset", on)
        return found[0] if found else None

    def compute_orders(self, on: date) -> ComputeOrderPolicy | None:
        """How compute orders are valued, None before the first such policy: then by the first model."""
        found = self._all_in_force(ComputeOrderPolicy, "compute_order", on)
        return found[0] if found else None

    def coverage(self, on: date) -> CoveragePolicy:
        return self._only(CoveragePolicy, "coverage", on)

    def classification(self, on: date) -> ClassificationPolicy:
        return self._only(ClassificationPolicy, "classification", on)

    def early_warnings(self, on: date) -> EarlyWarningPolicy:
        return self._only(EarlyWarningPolicy, "early_warnings", on)

    def programme(self, name: str, on: date) -> SupportProgramme:
        return self._in_force(SupportProgramme, "programme", name, on)

    def programmes(self, on: date) -> tuple[SupportProgramme, ...]:
        """Every support programme in force, by id."""
        return tuple(self._all_in_force(SupportProgramme, "programme", on))

    def initiative(self, name: str, on: date) -> Initiative:
        return self._in_force(Initiative, "initiative", name, on)

    def initiatives(self, on: date) -> tuple[Initiative, ...]:
        """Every lender's programme in force, by id."""
        return tuple(self._all_in_force(Initiative, "initiative", on))

    def tag_lists(self, on: date) -> dict[str, TagList]:
        """Every list of tags in force, by id."""
        return {item.id: item for item in self._all_in_force(TagList, "tag_list", on)}

    def market_records(self, on: date) -> tuple[MarketRecords, ...]:
        """Every file of market records in force, by id."""
        return tuple(self._all_in_force(MarketRecords, "market_records", on))

    def glossaries(self, on: date) -> tuple[Glossary, ...]:
        """Every glossary in force, by id."""
        return tuple(self._all_in_force(Glossary, "glossary", on))

    def regulations(self, moment: Moment | str, licence: LenderLicence, on: date) -> tuple[Regulation, ...]:
        """The regulations that speak to a lender at a moment on a day, in order of their ids."""
        when = Moment(moment)
        kept = self._rules_on_day.get((when, licence, on))
        files = self._all_in_force(RegulationFile, "regulation", on)
        if kept is None:
            rules = (rule for file in files for rule in file.rules if rule.in_force(when, licence, on))
            kept = tuple(sorted(rules, key=lambda rule: rule.id))
            if len(self._rules_on_day) >= _DAYS_KEPT:
                self._rules_on_day.clear()
            self._rules_on_day[when, licence, on] = kept
        return kept

    def checklist(self, product: str, stage: Stage | str | None, on: date) -> tuple[RequiredDocument, ...]:
        """The documents a product needs at a stage; of all stages where ``stage`` is ``None``."""
        return tuple(
            document
            for file in self._all_in_force(ChecklistFile, "checklist", on)
            if product in file.products
            for document in file.documents
            if stage is None or document.stage == stage
        )

    def conditions(self, product: str, on: date) -> ConditionSet:
        """The conditions of a product's facility agreement."""
        for file in self._all_in_force(ConditionSet, "conditions", on):
            if product in file.products:
                return file
        raise PolicyNotInForce(f"no conditions for the product {product} are in force on {on.isoformat()}")

    def proofs(self, product: str, on: date) -> frozenset[str]:
        """The kinds of document that prove a condition of a product; none while no conditions of it are in force, as
        those of a product that is only proposed.
        """
        return frozenset(
            proof
            for file in self._all_in_force(ConditionSet, "conditions", on)
            if product in file.products
            for condition in file.conditions
            for proof in condition.evidence
        )

    def vocabulary(self, on: date) -> dict[str, FactDefinition]:
        """Every fact declared on a date."""
        return declared(self._all_in_force(Vocabulary, "vocabulary", on))

    def _in_force(self, model: type[P], kind: str, name: str, on: date) -> P:
        found = standing(self._files.get((kind, name), []), on)
        if not isinstance(found, model):
            raise PolicyNotInForce(f"no {kind} {name} is in force on {on.isoformat()}")
        return found

    def _all_in_force(self, model: type[P], kind: str, on: date) -> list[P]:
        kept = self._on_day.get((kind, on))
        if kept is None:
            found = [standing(self._files[key], on) for key in sorted(self._files) if key[0] == kind]
            kept = [file for file in found if file is not None]
            if len(self._on_day) >= _DAYS_KEPT:
                self._on_day.clear()
            self._on_day[kind, on] = kept
        return [file for file in kept if isinstance(file, model)]

    def _only(self, model: type[P], kind: str, on: date) -> P:
        found = self._all_in_force(model, kind, on)
        if not found:
            raise PolicyNotInForce(f"no {kind} policy is in force on {on.isoformat()}")
        return found[0]


def load_book(path: Path | str) -> Bundle:
    """Load a directory of policy. Raises :class:`PolicyFaults` with every fault of every file."""
    bundle, faults = read_book(Path(path))
    if bundle is None or faults:
        raise PolicyFaults(faults)
    return bundle


def read_book(path: Path) -> tuple[Bundle | None, list[FileFault]]:
    """As :func:`load_book`, returning the faults instead of raising them."""
    if not path.is_dir():
        return None, [FileFault(str(path), 1, "there is no such directory")]
    faults: list[FileFault] = []
    sources: list[Source] = []
    names = sorted(item for item in path.rglob("*") if item.is_file() and item.suffix in (".yaml", ".yml"))
    for name in names[:MAX_FILES]:
        relative = name.relative_to(path).as_posix()
        if name.suffix == ".yml":
            faults.append(FileFault(relative, 1, "policy files end in .yaml"))
            continue
        source, wrong = read_source(name, relative)
        faults.extend(wrong)
        if source is not None:
            sources.append(source)
    if len(names) > MAX_FILES:
        faults.append(FileFault(str(path), 1, f"more than {MAX_FILES} files"))
    if not names:
        faults.append(FileFault(str(path), 1, "there are no policy files"))
    bundle, wrong = assemble(sources)
    every = sorted({*faults, *wrong})
    # What the sound files would make without the others is no book.
    return (None if every else bundle), every


def rules_in_force(
    pinned: Bundle, current: Bundle, moment: Moment | str, licence: LenderLicence, pinned_on: date, on: date
) -> tuple[Regulation, ...]:
    """The regulations a case is held to: those of its pinned policy, and every BLOCK in force today despite pinning.

    A BLOCK of the current bundle replaces the pinned rule of the same id.
    """
    rules = {rule.id: rule for rule in pinned.regulations(moment, licence, pinned_on)}
    rules.update(
        {rule.id: rule for rule in current.regulations(moment, licence, on) if rule.severity is Severity.BLOCK}
    )
    return tuple(rules[rule_id] for rule_id in sorted(rules))


def succession_faults(previous: Bundle, following: Bundle) -> list[str]:
    """Why a bundle may not follow a published one: a published version was changed or taken away."""
    published = {_identity(item): item for item in previous.canonical()["files"]}
    offered = {_identity(item): item for item in following.canonical()["files"]}
    faults = []
    for identity, item in published.items():
        name = " ".join(identity)
        if identity not in offered:
            faults.append(f"{name} was published and is missing")
        elif offered[identity] != item:
            faults.append(f"{name} was published and has changed: a correction is a new version")
    return faults


# --- assembling -------------------------------------------------------------------------------------------------------


def assemble(sources: list[Source]) -> tuple[Bundle | None, list[FileFault]]:
    """Type, bind and cross-check files. Returns a bundle where there are no faults."""
    faults: list[FileFault] = []
    built: list[tuple[Source, PolicyFile]] = []
    refused: list[Refused] = []
    for source in sources:
        match build(source):
            case PolicyFile() as file:
                built.append((source, file))
            case Refused() as item:
                refused.append(item)
                faults.extend(item.faults())
            case fault:
                faults.append(fault)
    words = Words([file for _, file in built if isinstance(file, Vocabulary)], refused)
    for source, file in built:
        known = words.on(file.effective_from)
        for at, part in parts(file):
            faults.extend(words.faults(source, at, faults_of(part, known)))
        faults.extend(source.fault(pointer, reason) for pointer, reason in file.inconsistencies())
    faults.extend(fault for item in refused for fault in faults_beside(item, words))
    faults.extend(incoherence(built, frozenset(item.identity for item in refused)))
    if faults:
        return None, sorted(set(faults))
    ordered = sorted(built, key=lambda item: (item[1].kind, item[1].id, version_number(item[1].version)))
    data = {"format": FORMAT, "files": [source.data for source, _ in ordered]}
    return Bundle((file for _, file in ordered), data), []


def _is_text(data: Any) -> bool:
    if isinstance(data, dict):
        return all(isinstance(key, str) and _is_text(item) for key, item in data.items())
    return all(_is_text(item) for item in data) if isinstance(data, list) else data is None or isinstance(data, str)


def _identity(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(item["kind"]), str(item["id"]), str(item["version"])
