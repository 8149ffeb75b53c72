"""Whatever stands in a policy directory, reading it ends in a bundle or in faults with their places, never in a crash."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy.engine import Bundle, PolicyFaults, read_book
from policy.engine.bundle import assemble
from policy.engine.source import parse_source
from tests.shipped import BOOK, shipped_book

FILES = sorted(BOOK.rglob("*.yaml"))
TEXTS = {path.relative_to(BOOK).as_posix(): path.read_text("utf-8") for path in FILES}
SCRAPS = ("", "null", "-1", "1e999999", "9" * 40, "0x10", '"', "'", "[", "{", "]", "}", ": ", "- ", "&a ", "*a", "!!int 1",
          "\t", "\x00", "﷐", "*", "not ", "|", ">", "<= ", "(0, 1]", "a.b", "2027-02-30", "True", "~", "#", "---\n", "...\n",
          "borrower.segment", "> 0.1 * lender.net_capital", "{no.fact}", "99999999999999999999-01-01")  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, str]:
    """A file of the book with a few lines or pieces taken out, doubled, moved or replaced."""
    name = draw(st.sampled_from(sorted(TEXTS)))
    lines = TEXTS[name].splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1)) if lines else 0
        match draw(st.sampled_from(("drop", "double", "swap", "scrap", "value", "indent", "cut"))):
            case "drop" if lines:
                del lines[at]
            case "double" if lines:
                lines.insert(at, lines[at])
            case "swap" if lines:
                other = draw(st.integers(0, len(lines) - 1))
                lines[at], lines[other] = lines[other], lines[at]
            case "value" if lines and ":" in lines[at]:
                lines[at] = lines[at].partition(":")[0] + ": " + draw(st.sampled_from(SCRAPS))
            case "indent" if lines:
                lines[at] = " " * draw(st.integers(0, 9)) + lines[at].lstrip()
            case "cut" if lines:
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
            case _:
                lines.insert(at, draw(st.sampled_from(SCRAPS)))
    return name, "\n".join(lines)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_a_damaged_file_has_faults_or_is_another_policy(case: tuple[str, str]) -> None:
    name, text = case
    source, faults = parse_source(text, name)
    lines = text.count("\n") + 2
    assert source is not None or faults
    if source is not None:
        bundle, found = assemble([source])
        faults = [*faults, *found]
        assert isinstance(bundle, Bundle) or found
    for fault in faults:
        assert fault.file == name
        assert 1 <= fault.line <= lines
        assert fault.reason


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.one_of(st.text(max_size=400), st.lists(st.sampled_from(SCRAPS), max_size=40).map("".join)))
def test_text_that_is_no_policy_has_faults(text: str) -> None:
    source, faults = parse_source(text, "any.yaml")
    assert faults or source is not None
    if source is not None:
        bundle, found = assemble([source])
        assert bundle is None
        assert found or faults


@pytest.mark.parametrize("text", ["[" * 300_000, "a:\n" + "  - " * 50_000, "{a: " * 100_000])
def test_nesting_without_end_is_refused(text: str) -> None:
    source, faults = parse_source(text, "deep.yaml")
    assert source is None
    assert [fault.file for fault in faults] == ["deep.yaml"]


def test_bytes_that_are_no_text_and_files_that_are_too_large_are_refused_with_the_whole_book(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"kind: \xff\xfe")
    (tmp_path / "b.yaml").write_bytes(b"# " + b"x" * 1_000_001)
    (tmp_path / "c.yml").write_text("kind: product", "utf-8")
    (tmp_path / "d.yaml").write_text(TEXTS["controls/business_day.yaml"], "utf-8")
    bundle, faults = read_book(tmp_path)
    assert bundle is None
    assert {fault.file for fault in faults} == {"a.yaml", "b.yaml", "c.yml"}


def test_a_stored_bundle_with_one_fault_is_refused_whole_and_the_one_before_stands() -> None:
    before = shipped_book()
    data = before.canonical()
    products = [item for item in data["files"] if item["kind"] == "product"]
    products[0]["tenor_cap_months"] = "for ever"
    products[1]["scorecard"] = "card_of_nobody"
    with pytest.raises(PolicyFaults) as refused:
        Bundle.from_canonical(data)
    assert len({fault.file for fault in refused.value.faults}) == 2
    assert before.canonical() == shipped_book().canonical()
