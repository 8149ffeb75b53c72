"""``suandai policy`` without a bank: a book is read, compared and shown, a case explained from a file."""

import json
import re
import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from suandai.cli import app
from tests.shipped import BOOK


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["policy", *arguments], env={"COLUMNS": "200"})
    return done.exit_code, done.stdout, done.stderr


def next_version(book: Path, file: str, **changes: str) -> None:
    """A copy of a file with the next version, written as an officer would: other lines at the same places."""
    lines = (book / f"{file}.yaml").read_text("utf-8").splitlines()
    told = {"version": "2", "effective_from": "2027-01-01"} | changes
    written = [f"{name}: {told[name]}" if (name := line.partition(":")[0]) in told else line for line in lines]
    (book / f"{file}@2.yaml").write_text("\n".join(written) + "\n", "utf-8")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BOOK, tmp_path / "book"))


def test_every_fault_of_a_book_is_told_with_its_place(book: Path) -> None:
    next_version(book, "controls/business_day", cut_off="six", zone="Europe/Paris")
    code, out, err = run("check", str(book))
    assert (code, out) == (1, "")
    assert "controls/business_day@2.yaml:9: zone:" in err
    assert "controls/business_day@2.yaml:10: cut_off:" in err
    code, out, _ = run("check", str(book), "--json")
    assert code == 1
    assert {(item["file"], item["line"]) for item in json.loads(out)["faults"]} == {
        ("controls/business_day@2.yaml", 9),
        ("controls/business_day@2.yaml", 10),
    }


def test_the_version_of_a_day_is_shown_with_what_hangs_on_it() -> None:
    code, out, _ = run("show", "jsb_fa", "--at", "2026-10-31", "--book", str(BOOK))
    assert code == 0
    for line in (
        "product jsb_fa  version 1  in force from 2024-07-01 until version 2 on 2026-11-01",
        "  江苏银行 算力贷 固定资产贷款",
        "capital_ratio: 0.20",
        "  SEGMENT_NOT_ELIGIBLE  BLOCK at submission",
        "    breached when borrower.segment real_estate | other",
        "  intake: feasibility_study  可行性研究报告 Feasibility study  (required)",
    ):
        assert line in out.splitlines()
    assert any(line.startswith("  CS_REGISTRATION  subsequent, 10 days from delivery") for line in out.splitlines())
    _, out, _ = run("show", "jsb_fa", "--at", "2026-11-01", "--book", str(BOOK))
    assert out.startswith("product jsb_fa  version 2")


def test_a_table_is_shown_row_by_row() -> None:
    _, out, _ = run("show", "payment_mode", "--book", str(BOOK))
    assert "  SELF: otherwise -> mode self, code SELF_ALLOWED" in out.splitlines()
    _, out, _ = run("show", "credit_authority", "--book", str(BOOK))
    assert "-> body credit_committee" in out


def test_what_is_not_in_force_is_not_shown() -> None:
    code, out, err = run("show", "jsb_fa", "--at", "2020-01-01", "--book", str(BOOK))
    assert (code, out) == (3, "")
    assert "no policy jsb_fa is in force on 2020-01-01" in err
    code, _, err = run("show", "jsb", "--book", str(BOOK))
    assert code == 3
    assert "jsb_wc" in err


def test_books_are_compared_by_policy_row_and_cell(book: Path) -> None:
    next_version(book, "controls/business_day", cut_off='"18:00"')
    (book / "controls" / "sla.yaml").write_text(
        (book / "controls" / "sla.yaml").read_text("utf-8").replace("rework: 10", "rework: 12"), "utf-8"
    )
    (book / "controls" / "payment.yaml").unlink()
    code, out, _ = run("diff", str(BOOK), str(book))
    assert code == 1
    lines = out.splitlines()
    assert "~ business_day business_day  version 1 -> 2, in force from 2027-01-01" in lines
    assert "    cut_off: 17:00 -> 18:00" in lines
    assert "! sla service_levels  version 1 says something else: a published version never changes" in lines
    assert "    business_days/rework: 10 -> 12" in lines
    assert "! payment payment  version 1 is missing: a published version never disappears" in lines
    code, out, _ = run("diff", str(BOOK), str(book), "--json")
    assert {item["what"] for item in json.loads(out)["changes"]} == {"version", "rewritten", "gone"}
    assert run("diff", str(BOOK), str(BOOK))[:2] == (0, "nothing differs\n")


def test_two_files_are_compared_without_their_heads() -> None:
    products = BOOK / "products"
    code, out, _ = run("diff", str(products / "jsb_fa.yaml"), str(products / "jsb_fa@2.yaml"))
    assert code == 1
    assert "repayment_methods: + sculpted" in out.splitlines()
    assert not any(line.startswith(("version", "effective_from")) for line in out.splitlines())


@pytest.mark.parametrize("name", ["nothing_here", "deadbeef-not-a-hash"])
def test_what_can_be_no_book_is_told_in_one_line(name: str) -> None:
    code, out, err = run("diff", str(BOOK), name)
    assert (code, out) == (3, "")
    assert "is no directory, no file and no hash" in err


def as_editors_read(text: str) -> Any:
    """YAML 1.2 with its own types, as a language server checks it against a schema: days are text, and so is ``on``."""

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in found if tag.rpartition(":")[2] not in ("timestamp", "bool")]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
    return yaml.load(text, Loader)


def test_every_file_of_the_book_keeps_to_its_schema_and_a_misspelt_field_does_not(tmp_path: Path) -> None:
    code, _, _ = run("schema", "--out", str(tmp_path))
    assert code == 0
    checks = {}
    for path in sorted(BOOK.rglob("*.yaml")):
        data = as_editors_read(path.read_text("utf-8"))
        kind = data["kind"]
        if kind not in checks:
            schema = json.loads((tmp_path / f"{kind}.schema.json").read_text("utf-8"))
            checks[kind] = jsonschema.Draft202012Validator(schema)
        assert [error.message for error in checks[kind].iter_errors(data)] == [], path
        assert not checks[kind].is_valid({**data, "effective_form": "2027-01-01"})
        assert not checks[kind].is_valid({name: value for name, value in data.items() if name != "source"})
    whole = json.loads((tmp_path / "policy.schema.json").read_text("utf-8"))
    assert set(whole["properties"]["kind"]["enum"]) >= set(checks)


def test_one_schema_is_printed_and_an_unknown_kind_refused() -> None:
    code, out, _ = run("schema", "product")
    assert code == 0
    assert "loan_to_cost" in json.loads(out)["properties"]
    assert run("schema", "nonsense")[0] == 3


FINDING = {
    "kind": "regulation",
    "outcome": "refer",
    "as_of": "2026-11-23",
    "policy": {"id": "jsb_wc", "version": "3", "sha256": "a" * 64},
    "model": {"id": "regulation", "version": "1"},
    "reasons": [{"code": "WC_TENOR", "message_en": "48 months is long", "message_zh": "期限过长"}],
    "trace": [
        {
            "step": "regulation/WC_TENOR",
            "rule": "breached when loan.tenor_months > 36",
            "inputs": {"loan.tenor_months": "48"},
            "result": "breached",
        },
        {"step": "regulation/FA_TENOR", "rule": "if loan.class fixed_asset", "inputs": {}, "result": "out of scope"},
    ],
}


def test_findings_in_a_file_are_explained(tmp_path: Path) -> None:
    file = tmp_path / "findings.json"
    file.write_text(json.dumps({"findings": [FINDING]}), "utf-8")
    code, out, _ = run("explain", str(file))
    assert code == 0
    lines = out.splitlines()
    assert f"policy bundle {'a' * 64}" in lines
    assert "regulation: refer  as of 2026-11-23" in lines
    assert "  by jsb_wc version 3" in lines
    assert "  WC_TENOR: 48 months is long  期限过长" in lines
    assert "      with loan.tenor_months 48" in lines
    assert "  1 rules were kept or speak of other cases (--all shows them)" in lines
    assert "regulation/FA_TENOR: out of scope" in run("explain", str(file), "--all")[1]


def test_a_finding_does_not_steer_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "findings.json"
    file.write_text(json.dumps([FINDING | {"kind": "a\x1b]0;b\x07c"}]), "utf-8")
    code, out, _ = run("explain", str(file))
    assert code == 0
    assert "\x1b" not in out
    assert "a]0;bc: refer" in out


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "nonsense",
        "{}",
        "[1]",
        '{"findings": {}}',
        '[{"kind": 1, "outcome": 2}]',
        '[{"kind": "a", "outcome": "pass", "policy": "x"}]',
        '[{"kind": "a", "outcome": "pass", "policy": {"id": "x"}}]',
        '[{"kind": "a", "outcome": "pass", "reasons": [{"code": 1}]}]',
        '[{"kind": "a", "outcome": "pass", "trace": [1]}]',
        '[{"kind": "a", "outcome": "pass", "trace": [{"step": "s", "inputs": [1]}]}]',
        '[{"kind": "a", "outcome": "\\ud800"}]',
    ],
)
def test_a_file_without_findings_is_told(tmp_path: Path, content: str) -> None:
    file = tmp_path / "findings.json"
    file.write_text(content, "utf-8")
    code, _, err = run("explain", str(file))
    assert code == 3
    assert "suandai:" in err


@pytest.fixture
def bank_without_proposals() -> Iterator[str]:
    class Empty(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b'{"items": [], "next_cursor": ""}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("sha256", ["0" * 64, "01234567"])
def test_what_nobody_proposed_is_not_approved(
    bank_without_proposals: str, monkeypatch: pytest.MonkeyPatch, sha256: str
) -> None:
    monkeypatch.setenv("SUANDAI_ORIGINATION_URL", bank_without_proposals)
    monkeypatch.delenv("SUANDAI_TOKEN", raising=False)
    assert "SUANDAI_TOKEN" in run("approve", sha256, "--yes")[2]
    monkeypatch.setenv("SUANDAI_TOKEN", "a.b.c")
    code, out, err = run("approve", sha256, "--yes")
    assert (code, out) == (3, "")
    assert sha256[:8] in err
