"""The facts that the Civil Code and the collateral guideline ask of the security offered in an application."""

from typing import Final

from domain.application import ApplicationContent, AssetKind, AssetLine
from domain.facts import known
from policy.engine import FactValue

EXTERNAL_APPRAISAL: Final = "external_appraisal"
_MOVABLES: Final = frozenset({AssetKind.GPU_SERVER, AssetKind.NETWORK_STORAGE, AssetKind.POWER_COOLING})


def security_facts(content: ApplicationContent) -> dict[str, FactValue]:
    """What is offered, by the names of ``vocabulary/concentration.yaml``; what was never searched stays absent."""
    movables = [asset for asset in content.assets if asset.kind in _MOVABLES and asset.existing]
    return {
        "security.movables": bool(movables),
        "security.only_stock_in_trade": _only_stock(content, movables),
        "security.let_before": _held(content, "lease"),
        "security.title_of_others": _held(content, "retention_of_title"),
        "security.existing_real_estate": any(
            asset.kind is AssetKind.CIVIL_WORKS and asset.existing for asset in content.assets
        ),
        "security.data_asset": any(asset.kind is AssetKind.DATA_ASSET for asset in content.assets),
        "security.external_appraisal": any(item.kind == EXTERNAL_APPRAISAL for item in content.documents),
    }


def _only_stock(content: ApplicationContent, movables: list[AssetLine]) -> bool | None:
    """Whether nothing but stock in trade secures the case; ``None`` while that is not said of a thing it hangs on."""
    if not movables or len(movables) < len(content.assets) or content.guarantees:
        return False
    stock = [known(asset.stock_in_trade) for asset in movables]
    if False in stock:
        return False
    return None if None in stock else True


def _held(content: ApplicationContent, kind: str) -> bool | None:
    """Whether others have a right of a kind in an asset; ``None`` where none is known and an asset was not searched."""
    if any(right.kind == kind for asset in content.assets for right in asset.encumbrances or ()):
        return True
    return None if any(asset.existing and asset.encumbrances is None for asset in content.assets) else False
