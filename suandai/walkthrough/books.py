"""Opening the books of a new installation: policy, reference data and mandates, each by a maker and a checker."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from domain.calendar import BANK_ZONE
from policy.engine import load_book
from suandai.stack.assembly import Assembly
from suandai.walkthrough.files import EXAMPLES
from suandai.walkthrough.person import Bank

BOOK = Path(__file__).parents[2] / "policy" / "book"
MAKER = "policy.ho"
CHECKER = "policy2.ho"

# Illustrative: who may decide how much. The register (授权书) is what counts, not the account.
MANDATES = (
    ("approver.yinchuan", "branch_approver", 10, "50000000.00", "YC"),
    ("approver.nanjing", "branch_approver", 10, "50000000.00", "NJ"),
    ("approver.xining", "branch_approver", 10, "50000000.00", "XN"),
    ("approver.foshan", "branch_approver", 10, "50000000.00", "FS"),
    ("approver.shanghai", "branch_approver", 10, "50000000.00", "SH"),
    ("approver.ho", "head_office_approver", 20, "500000000.00", "HO"),
)


def today() -> date:
    """The calendar day in Shanghai."""
    return datetime.now(UTC).astimezone(BANK_ZONE).date()


async def books_of(assembly: Assembly) -> list[str]:
    """Open the books of a running stack."""
    bank = Bank(assembly.settings("worker")["SUANDAI_ORIGINATION_URL"], assembly.token)
    try:
        return await open_books(bank)
    finally:
        await bank.aclose()


async def open_books(bank: Bank) -> list[str]:
    """Enter whatever is not there yet; returns what was done, one line each. Safe to call again."""
    return [*await _publish_policy(bank), *await _enter_reference_data(bank), *await _grant_mandates(bank)]


async def _publish_policy(bank: Bank) -> list[str]:
    bundle = load_book(BOOK)
    maker, checker = bank.person(MAKER), bank.person(CHECKER)
    known = {proposal["sha256"]: proposal for proposal in await maker.page("/v1/policies")}
    done = []
    if bundle.sha256 not in known:
        body = {"bundle": bundle.canonical(), "in_force_from": today().isoformat(), "comment": "shipped book"}
        await maker.post("/v1/policies", body)
        done.append(f"policy bundle {bundle.sha256[:12]}… proposed by {MAKER}")
    if not known.get(bundle.sha256, {}).get("approved_at"):
        await checker.post(f"/v1/policies/{bundle.sha256}/approve", {"comment": "checked"})
        done.append(f"policy bundle {bundle.sha256[:12]}… put into force by {CHECKER}")
    return done


async def _enter_reference_data(bank: Bank) -> list[str]:
    maker = bank.person(MAKER)
    known = {(vintage["id"], vintage["vintage"]) for vintage in await maker.page("/v1/reference-data")}
    entered = 0
    for file in sorted((EXAMPLES / "reference-data").glob("*.yaml")):
        vintages: list[dict[str, Any]] = yaml.safe_load(file.read_text("utf-8"))
        for vintage in vintages:
            if (vintage["id"], vintage["vintage"]) not in known:
                await maker.post("/v1/reference-data", vintage)
                entered += 1
    return [f"{entered} vintages of reference data entered (LPR, FTP, calendar, lenders)"] if entered else []


async def _grant_mandates(bank: Bank) -> list[str]:
    maker, checker = bank.person(MAKER), bank.person(CHECKER)
    held = {(entry["subject"], entry["body"]) for entry in await maker.page("/v1/mandates")}
    done = []
    for subject, body, rank, limit, branch in MANDATES:
        if (subject, body) in held:
            continue
        entry = await maker.post(
            "/v1/mandates",
            {
                "subject": subject,
                "body": body,
                "rank": rank,
                "limit": {"amount": limit, "currency": "CNY"},
                "branch": branch,
                "valid_from": (today() - timedelta(days=1)).isoformat(),
                "valid_to": (today() + timedelta(days=365)).isoformat(),
                "basis": f"授权书-{subject}",
            },
        )
        await checker.post(f"/v1/mandates/{entry['mandate_id']}/approve")
        done.append(f"{subject}: {body} up to {limit} CNY")
    return done
