"""The page on concentration names every rule of its files, and no other."""

import re
from pathlib import Path

from policy.engine.rules import RegulationFile
from tests.shipped import shipped_book

PAGE = Path(__file__).parents[2] / "docs" / "regulation" / "concentration.md"
FILES = {
    "large_exposures",
    "interbank_exposures",
    "connected_groups",
    "unified_credit",
    "syndication",
    "related_parties",
    "related_party_limits",
    "related_party_credit",
    "local_government_debt",
    "out_of_area",
    "capital_adequacy",
    "due_diligence",
    "civil_code_security",
    "collateral_guideline",
}


def test_the_page_has_every_rule_with_its_severity() -> None:
    rows = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| `[A-Z]", line)]
    told = {
        (rule_id, line.split("|")[3].strip()) for line in rows for rule_id in re.findall(r"`([A-Z][A-Z0-9_]+)`", line)
    }
    book = {
        (rule.id, rule.severity.value)
        for file in shipped_book().files()
        if isinstance(file, RegulationFile) and file.id in FILES
        for rule in file.rules
    }
    assert told == book
