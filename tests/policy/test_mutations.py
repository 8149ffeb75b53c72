"""Every row of the book is one that a golden test would miss (issue 6, "Resolved when"). Rows: tests/policy/mutations.py."""

from datetime import date
from pathlib import Path

import pytest

from policy.engine import Bundle
from policy.engine.source import read_source
from tests.policy.mutations import GoldenTest, Walk, shipped_walk
from tests.shipped import BOOK

CHECKLIST = "checklists/all_products.yaml"
PLANTED = "  - {kind: site_photographs, stage: intake, title_zh: 现场照片, title_en: Photographs of the site}\n"


def small_walk(tmp_path: Path, tests: list[GoldenTest]) -> tuple[Walk, int]:
    """A walk of the shipped book with a document planted at the end of the checklist, and the document's line."""
    planted = (BOOK / CHECKLIST).read_text("utf-8").rstrip() + "\n" + PLANTED
    (tmp_path / "planted.yaml").write_text(planted, "utf-8")
    found = []
    for path in sorted(BOOK.rglob("*.yaml")):
        name = path.relative_to(BOOK).as_posix()
        source, faults = read_source(tmp_path / "planted.yaml" if name == CHECKLIST else path, name)
        assert source is not None
        assert not faults
        found.append(source)
    return Walk(found, tests), planted.count("\n")


def asks(*kinds: str) -> GoldenTest:
    """A golden test that asks for the checklist of one product and wants documents of these kinds."""

    def test(bundle: Bundle) -> None:
        found = {item.kind for item in bundle.checklist("jsb_wc", None, date(2026, 11, 22))}
        assert found >= set(kinds)

    return GoldenTest("asks", test, {}, True, " ".join(kinds))


def test_a_row_that_no_test_asks_for_is_found_at_its_line(tmp_path: Path) -> None:
    walk, line = small_walk(tmp_path, [asks()])
    documents = walk.sources[[item.file for item in walk.sources].index(CHECKLIST)].data["documents"]
    assert f"{CHECKLIST}:{line}: documents/{len(documents) - 1}" in walk.survivors(CHECKLIST)


def test_a_row_that_a_test_asks_for_is_missed(tmp_path: Path) -> None:
    walk, line = small_walk(tmp_path, [asks("site_photographs")])
    assert not [item for item in walk.survivors(CHECKLIST) if item.startswith(f"{CHECKLIST}:{line}:")]


def test_a_row_without_which_the_book_is_refused_needs_no_test(tmp_path: Path) -> None:
    """The product's card: a scale, a factor or a bin less is a fault of the file or of those that name it."""
    walk, _ = small_walk(tmp_path, [])
    names = [item.file for item in walk.sources]
    index = names.index("scorecards/card_jsb_v1.yaml")
    assert walk.missed(index, ("factors", 0))
    assert walk.missed(names.index("vocabulary/case.yaml"), ("facts", "loan.purpose"))


def test_a_test_that_fails_on_the_whole_book_counts_for_nothing(tmp_path: Path) -> None:
    walk, line = small_walk(tmp_path, [asks("a_kind_nobody_lists", "site_photographs")])
    assert walk.readers.failing == ["asks"]
    assert any(item.startswith(f"{CHECKLIST}:{line}:") for item in walk.survivors(CHECKLIST))


def test_every_golden_test_of_the_book_holds_on_the_whole_book() -> None:
    assert shipped_walk().readers.failing == []


@pytest.mark.parametrize("file", sorted(path.relative_to(BOOK).as_posix() for path in BOOK.rglob("*.yaml")))
def test_every_row_would_be_missed(file: str) -> None:
    """Each survivor stands with its line: write the golden test of its case, or take the row out of the book."""
    assert shipped_walk().survivors(file) == []
