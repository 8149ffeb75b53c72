"""Requests to the collateral service, derived from an application and its dossier.

Servers of one model, condition, provenance and month of purchase form a cohort: they are valued once and counted many
times. Every other asset is a cohort of its own. The cohort's name does not depend on the day, so that a case keeps it.
"""

import hashlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from domain.application import (
    ApplicationContent,
    AssetKind,
    AssetLine,
    Condition,
    Economics,
    ServerItem,
)
from domain.collateral import (
    AssetRegistration,
    CohortSubject,
    DepositSubject,
    PhysicalSubject,
    RegisteredKind,
    ServerEconomics,
    Subject,
    ValuationRequest,
)
from domain.dossier import Dossier
from domain.facts import FactState, known, state_of
from domain.gpu_valuation import (
    HIGHEST_RENT_PER_GPU_HOUR,
    HIGHEST_TARIFF_PER_KWH,
    MOST_WARRANTY_MONTHS,
    FormFactor,
)
from domain.money import UNIT_PRICE_SCALE, Money, Rounding, rounded
from domain.process import CohortRef
from domain.requests.rights import claim_subject, intangible_subject, months_since

WHOLE: Final = "whole"
"""Cohort name of an asset that is valued in one piece."""

VAT_ON_COMPUTE_SERVICES: Final = Decimal("0.06")
"""Modern services (财税〔2016〕36号): a rent quoted with tax is divided by 1 + this."""

HOURS_PER_MONTH: Final = Decimal(730)

_PHYSICAL = {AssetKind.CIVIL_WORKS, AssetKind.POWER_COOLING, AssetKind.NETWORK_STORAGE}
_CLAIMS = {AssetKind.RECEIVABLE, AssetKind.COMPUTE_ORDER}


def cohorts(content: ApplicationContent) -> tuple[CohortRef, ...]:
    """Everything of an application that is valued, in the order of its assets."""
    return tuple(ref for line in content.assets for ref in _cohorts_of(line))


def valuation_request(
    dossier: Dossier,
    asset_key: str,
    cohort: str,
    as_of: date,
    moment: Literal["approval", "utilisation"] = "approval",
) -> ValuationRequest:
    """What is to be valued, as the application describes it on the business date.

    Raises ``KeyError`` when the application has no such asset or cohort.
    """
    line = next((item for item in dossier.content.assets if item.key == asset_key), None)
    if line is None:
        raise KeyError(f"the application has no asset {asset_key!r}")
    return ValuationRequest(
        case_id=dossier.case_id,
        policy_sha256=dossier.policy_sha256,
        product=dossier.line.product,
        lender_id=dossier.lender_id,
        as_of=as_of,
        pinned_on=dossier.pinned_on,
        asset_key=line.key,
        subject=_subject(dossier.content, line, cohort, as_of),
        encumbered=_encumbered(line),
        exists=line.existing,
        colocated=_colocated(line),
        lien_waiver=known(line.lien_waiver),
        moment=moment,
    )


def asset_registrations(
    content: ApplicationContent, case_id: UUID, branch: str, case_number: str | None = None
) -> tuple[AssetRegistration, ...]:
    """The entries of an application's assets into the register of collateral."""
    return tuple(
        AssetRegistration(
            case_id=case_id,
            asset_key=line.key,
            kind=RegisteredKind(line.kind.value),
            description=line.description,
            branch=branch,
            servers=line.servers,
            case_number=case_number,
            encumbrances=line.encumbrances,
        )
        for line in content.assets
    )


def _cohorts_of(line: AssetLine) -> Iterator[CohortRef]:
    if line.kind is not AssetKind.GPU_SERVER:
        yield CohortRef(asset_key=line.key, cohort=WHOLE, kind=line.kind.value, units=1)
        return
    counted: dict[str, int] = {}
    for server in line.servers:
        name = _cohort_name(server)
        counted[name] = counted.get(name, 0) + 1
    for name in sorted(counted):
        yield CohortRef(asset_key=line.key, cohort=name, kind=line.kind.value, units=counted[name])


def _cohort_name(server: ServerItem) -> str:
    month = f"{server.purchased:%Y%m}" if server.purchased else "undated"
    alike = "\x1f".join(
        (server.model, server.gpu_type, str(server.gpu_count), server.condition, server.provenance, month)
    )
    mark = hashlib.sha256(alike.encode()).hexdigest()[:8]
    return f"{server.gpu_count}x{server.gpu_type}-{server.condition}-{month}-{mark}"


def _subject(content: ApplicationContent, line: AssetLine, cohort: str, as_of: date) -> Subject:
    if line.kind is AssetKind.GPU_SERVER:
        return _gpu_cohort(content, line, cohort, as_of)
    if cohort != WHOLE:
        raise KeyError(f"the asset {line.key!r} has no cohort {cohort!r}")
    if line.kind in _PHYSICAL:
        return PhysicalSubject(
            asset_kind=line.kind,
            cost=line.cost,
            age_months=months_since(known(line.acquired), as_of) if line.existing else 0,
            useful_life_months=line.useful_life_months,
        )
    if line.kind in _CLAIMS:
        return claim_subject(content, line)
    if line.kind is AssetKind.DEPOSIT:
        return DepositSubject(amount=line.cost)
    return intangible_subject(line, as_of)


def _gpu_cohort(content: ApplicationContent, line: AssetLine, cohort: str, as_of: date) -> CohortSubject:
    servers = [server for server in line.servers if _cohort_name(server) == cohort]
    if not servers:
        raise KeyError(f"the asset {line.key!r} has no cohort {cohort!r}")
    first = servers[0]
    total = sum((server.price_ex_vat.amount for server in servers), Decimal(0))
    # Rounded down: the count times the unit price must never exceed what was paid for all of them.
    unit_price = rounded(total / len(servers), 2, Rounding.DOWN)
    return CohortSubject(
        model=first.model,
        gpu_type=first.gpu_type,
        gpus_per_server=first.gpu_count,
        servers=len(servers),
        condition=first.condition,
        provenance=first.provenance,
        age_months=_server_age(first, as_of),
        replacement_cost_new=Money(amount=unit_price),
        economics=_economics(content, first),
        # The name of a cohort does not tell memory and warranty apart; the least of its servers stands for all.
        memory_gb=min(server.gpu_memory_gb for server in servers),
        form_factor=_form_factor(first),
        warranty_months=_warranty(servers, as_of),
    )


def _form_factor(server: ServerItem) -> FormFactor | None:
    """How the GPU is mounted, where model or type say so; boards with links of their own and cards sell differently."""
    named = f"{server.model} {server.gpu_type}".upper()
    mounted: tuple[tuple[str, FormFactor], ...] = (("SXM", "sxm"), ("OAM", "oam"), ("PCIE", "pcie"))
    return next((form for word, form in mounted if word in named), None)


def _warranty(servers: list[ServerItem], as_of: date) -> int | None:
    """Whole months of warranty still to run; None where it is not known of every server."""
    ends = [server.warranty_until for server in servers]
    known_ends = [end for end in ends if end is not None]
    if len(known_ends) < len(ends):
        return None
    return min(MOST_WARRANTY_MONTHS, months_since(as_of, min(known_ends)) or 0)


def _server_age(server: ServerItem, as_of: date) -> int | None:
    if server.purchased is not None:
        return months_since(server.purchased, as_of)
    # A new server that is not yet bought has no age; a used one without a date has one that nobody knows.
    return 0 if server.condition is Condition.NEW else None


def _economics(content: ApplicationContent, server: ServerItem) -> ServerEconomics | None:
    """The entry for the server's model, else the one for all; merchant rents are preferred over contract rents."""
    offered = content.economics
    fitting = [item for item in offered if item.gpu_model == server.gpu_type.lower()]
    fitting = fitting or [item for item in offered if item.gpu_model is None]
    if not fitting:
        return None
    chosen = next((item for item in fitting if item.rent_basis in ("on_demand", "spot")), fitting[0])
    return ServerEconomics(
        rent_per_gpu_hour=_rent_per_gpu_hour(chosen, server.gpu_count),
        occupancy=known(chosen.occupancy),
        server_kw=known(chosen.server_kw),
        tariff_per_kwh=_plausible(known(chosen.tariff_per_kwh), HIGHEST_TARIFF_PER_KWH),
        pue=known(content.project.pue) if content.project is not None else None,
        rack_per_month=known(chosen.rack_per_server_month),
        maintenance_rate=known(chosen.maintenance_rate),
        sla_per_month=known(chosen.sla_per_server_month),
        rent_basis=chosen.rent_basis,
    )


def _rent_per_gpu_hour(economics: Economics, gpus: int) -> Decimal | None:
    """The rent per GPU-hour before VAT; None where unit or tax basis is not stated: a guess would be off by half or more."""
    rent = known(economics.rent)
    if rent is None or economics.rent_unit is None or economics.rent_tax_included is None:
        return None
    if economics.rent_unit == "per_server_month":
        rent = rent / (gpus * HOURS_PER_MONTH)
    if economics.rent_tax_included:
        rent = rent / (1 + VAT_ON_COMPUTE_SERVICES)
    return _plausible(rounded(rent, UNIT_PRICE_SCALE), HIGHEST_RENT_PER_GPU_HOUR)


def _plausible(price: Decimal | None, highest: int) -> Decimal | None:
    """The price, or None for one in a unit that cannot be meant: a value is not formed on it, and says which is missing."""
    return None if price is None or price > highest else price


def _encumbered(line: AssetLine) -> bool | None:
    """Whether somebody else's right goes before ours.

    A floating charge reaches goods that are still to be bought, and the mortgage for their price goes before it if it is
    registered within ten days of delivery (Civil Code §416): it takes nothing from them yet. Once they are delivered, the
    register of collateral knows which of the two was in time.
    """
    if line.encumbrances is None:
        return None
    return any(line.existing or item.kind != "floating_charge" for item in line.encumbrances)


def _colocated(line: AssetLine) -> bool | None:
    if known(line.colocation_operator) is not None:
        return True
    return False if state_of(line.colocation_operator) is FactState.NOT_APPLICABLE else None
