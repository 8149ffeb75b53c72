"""The files of a case as a relationship manager would have them on disk, and who plays which part."""

import json
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class CaseFiles:
    """``examples/<name>/``: customer, application, inventory, documents, first drawing."""

    directory: Path

    @property
    def name(self) -> str:
        return self.directory.name

    def json(self, file: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.directory / file).read_text("utf-8"))
        return loaded

    @property
    def inventory(self) -> Path | None:
        file = self.directory / "servers.xlsx"
        return file if file.exists() else None

    def documents(self) -> list[tuple[dict[str, str], tuple[str, bytes, str]]]:
        """Each document with what is said of it: ``documents/index.json`` lists file, kind and dates."""
        listed = json.loads((self.directory / "documents" / "index.json").read_text("utf-8"))
        return [(entry, self._file(entry["file"])) for entry in listed]

    def _file(self, name: str) -> tuple[str, bytes, str]:
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return name, (self.directory / "documents" / name).read_bytes(), media_type


@dataclass(frozen=True)
class OtherOrder(CaseFiles):
    """The same case on an order of its own: a contract secures one case, and who rehearses or measures enters many."""

    mark: str = field(default_factory=lambda: uuid4().hex)

    def json(self, file: str) -> dict[str, Any]:
        loaded = super().json(file)
        for contract in loaded.get("contracts", ()):
            contract["number"] = f"{contract['number']}-{self.mark}"
        return loaded


@dataclass(frozen=True)
class Cast:
    """Who plays a case: the staff of a branch town, head office, and the borrower's people."""

    town: str
    borrower: str

    def of(self, task_type: str) -> str:
        """The account that does a task of this type."""
        duty = _DUTIES[task_type]
        place = {"branch": self.town, "head": "ho", "borrower": self.borrower}[duty[1]]
        return f"{duty[0]}.{place}"

    @property
    def relationship_manager(self) -> str:
        return f"rm.{self.town}"

    @property
    def owner(self) -> str:
        return f"owner.{self.borrower}"


_DUTIES = {
    "intake_analysis": ("compliance", "head"),
    "screening_analysis": ("compliance", "head"),
    "lead_investigation": ("rm", "branch"),
    "co_investigation": ("investigator", "branch"),
    "rating_confirmation": ("rating", "head"),
    "rating_override": ("rating2", "head"),
    "valuation_reconciliation": ("collateral2", "branch"),
    "review": ("reviewer", "head"),
    "compliance_opinion": ("compliance", "head"),
    "pricing_approval": ("pricing", "head"),
    "approval": ("approver", "head"),
    "offer_acceptance": ("owner", "borrower"),
    "contract_drafting": ("contract", "branch"),
    "borrower_signing": ("owner", "borrower"),
    "signing_witness": ("rm", "branch"),
    "second_witness": ("investigator", "branch"),
    "security_perfection": ("collateral", "branch"),
    "security_verification": ("collateral2", "branch"),
    "disbursement_review": ("disbursement", "branch"),
    "condition_subsequent": ("collateral", "branch"),
    "first_inspection": ("monitor", "branch"),
    "revaluation_review": ("monitor", "branch"),
    "settlement": ("monitor", "branch"),
    "margin_report_check": ("monitor2", "branch"),
    "margin_reset_review": ("monitor", "branch"),
}
COMMITTEE = tuple(f"member{number}.ho" for number in range(1, 6))

CASTS = {
    "nxb-xiyun": Cast("yinchuan", "xiyun"),
    "jsb-order": Cast("nanjing", "jiangsu"),
    "bocom-qinghai": Cast("xining", "qinghai"),
    "sdrcb-operate": Cast("foshan", "shunde"),
    "shrcb-adas": Cast("shanghai", "pudong"),
}


def case_files(name: str) -> CaseFiles:
    """The files of an example case."""
    return CaseFiles(EXAMPLES / name)


def another_case(name: str) -> CaseFiles:
    """The files of an example case, to be entered beside it and any number of times."""
    return OtherOrder(EXAMPLES / name)
