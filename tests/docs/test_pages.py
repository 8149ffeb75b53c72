"""What the pages say of other files and of settings is so."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from services.collateral.settings import CollateralSettings
from services.kit.settings import ServiceSettings
from services.origination.core_banking.simulator import SimulatorSettings
from services.origination.settings import OriginationSettings
from services.pricing.settings import PricingSettings
from workflows.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
OWN = [
    ROOT,
    *(ROOT / room for room in ("docs", "examples", "policy", "domain", "services", "workflows", "suandai", "tests")),
]
PAGES = sorted({page for room in OWN for page in (room.glob("*.md") if room == ROOT else room.rglob("*.md"))})
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"SUANDAI_[A-Z_]+")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [target for target in _links(page) if not _leads(page, target)]
    assert broken == []


def test_links_and_headings_are_found() -> None:
    assert "docs/rm.md" in map(_name, PAGES)
    assert "README.md#before-the-first-request" in _links(ROOT / "docs" / "rm.md")
    assert not _leads(ROOT / "docs" / "rm.md", "README.md#before-the-last-request")
    assert not _leads(ROOT / "docs" / "rm.md", "nobody.md")


@pytest.mark.parametrize(
    "settings",
    [ServiceSettings, OriginationSettings, PricingSettings, CollateralSettings, SimulatorSettings, WorkerSettings],
)
def test_every_setting_is_in_the_operators_table(settings: type[BaseSettings]) -> None:
    told = set(_VARIABLE.findall((ROOT / "docs" / "operator.md").read_text("utf-8")))
    assert {f"SUANDAI_{name.upper()}" for name in settings.model_fields} <= told


def test_the_operators_table_names_no_setting_that_nobody_reads() -> None:
    told = set(_VARIABLE.findall((ROOT / "docs" / "operator.md").read_text("utf-8")))
    every = (OriginationSettings, PricingSettings, CollateralSettings, SimulatorSettings, WorkerSettings)
    read = {f"SUANDAI_{name.upper()}" for settings in every for name in settings.model_fields}
    assert told - read == {"SUANDAI_DIRECTORY", "SUANDAI_PORT_BASE"}


def test_both_readmes_have_the_same_chapters() -> None:
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    assert len(_HEADING.findall(english)) == len(_HEADING.findall(chinese))
    assert _targets(english) == _targets(chinese)


def _targets(text: str) -> set[str]:
    return set(_LINK.findall(_FENCED.sub("", text))) - {"README.md", "README.zh-CN.md"}


def _links(page: Path) -> list[str]:
    return _LINK.findall(_FENCED.sub("", page.read_text("utf-8")))


def _leads(page: Path, target: str) -> bool:
    if target.startswith(("http://", "https://", "mailto:")):
        return True
    file, _, anchor = target.partition("#")
    found = (page.parent / file).resolve() if file else page
    if not found.exists():
        return False
    return not anchor or anchor in map(_anchor, _HEADING.findall(_FENCED.sub("", found.read_text("utf-8"))))


def _anchor(heading: str) -> str:
    """How a heading is addressed on the pages of a code host."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
