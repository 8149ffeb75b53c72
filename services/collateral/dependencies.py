"""What routes of the collateral service ask of the application they belong to."""

from typing import Annotated

from fastapi import Depends, Request

from domain.roles import Role
from services.collateral.imports import ImportDesk
from services.collateral.registry.adapter import MovablesRegistry
from services.collateral.settings import CollateralSettings
from services.collateral.sources import PolicyShelf, PublishedBooks
from services.kit.database import Database
from services.kit.documents import DocumentStore
from services.kit.problems import Problem, ProblemType, register

MACHINES = (Role.SERVICE_WORKER, Role.SERVICE_ORIGINATION)
READERS = (
    *MACHINES,
    Role.RELATIONSHIP_MANAGER,
    Role.CO_INVESTIGATOR,
    Role.REVIEWER,
    Role.COMPLIANCE_OFFICER,
    Role.APPROVER,
    Role.COMMITTEE_SECRETARY,
    Role.COMMITTEE_MEMBER,
    Role.COMMITTEE_CHAIR,
    Role.COLLATERAL_OFFICER,
    Role.CONTRACT_OFFICER,
    Role.DISBURSEMENT_OFFICER,
    Role.MONITOR,
    Role.WORKOUT_OFFICER,
    Role.AUDITOR,
)
CUSTODIANS = (*MACHINES, Role.COLLATERAL_OFFICER)
"""Who keeps the register: imports inventories, files security interests, lets shares of assets secure facilities."""
VALUERS = (
    *MACHINES,
    Role.RELATIONSHIP_MANAGER,
    Role.CO_INVESTIGATOR,
    Role.REVIEWER,
    Role.APPROVER,
    Role.COLLATERAL_OFFICER,
)
"""Who may ask for a value. People only try one out (``dry_run``); what enters a case is asked for by its process."""

register(
    ProblemType(
        "asset_over_allocated",
        409,
        "资产份额已用尽",
        "The asset is allocated in full",
        "该资产可分配份额为 {left}。",
        "The share of the asset that is left is {left}.",
    ),
    ProblemType(
        "not_servers",
        409,
        "该资产不是服务器",
        "The asset is not servers",
        "只有 GPU 服务器资产可以导入清单。",
        "Only an asset of GPU servers takes an inventory.",
    ),
    ProblemType(
        "import_in_progress",
        409,
        "该资产正在导入清单",
        "An inventory of this asset is being imported",
        "请等待导入 {import_id} 结束。",
        "Wait for the import {import_id} to end.",
    ),
    ProblemType(
        "asset_pledged",
        409,
        "该资产已为其他业务设定担保",
        "The asset secures another case already",
        "业务 {first} 以第 {rank} 顺位在先；后顺位须明示，且低于 {rank}。",
        "The case {first} is first at rank {rank}; a further pledge states a rank behind it.",
    ),
    ProblemType(
        "registry_not_connected",
        503,
        "未连接登记系统",
        "No registry is connected",
        "本系统未接入动产融资统一登记公示系统。",
        "This installation has no connection to the registry of movables.",
    ),
    ProblemType(
        "registry_unavailable",
        503,
        "登记系统暂不可用",
        "The registry does not answer",
        "请稍后以同一 Idempotency-Key 重试。",
        "Try again later with the same Idempotency-Key.",
        retryable=True,
    ),
    ProblemType(
        "registry_refused",
        409,
        "登记系统不予办理",
        "The registry refused",
        "原因：{reason}。",
        "Its reason: {reason}.",
    ),
    ProblemType(
        "registration_cancelled",
        409,
        "该登记已注销",
        "The registration was cancelled",
        "已注销的登记不能展期或再次注销。",
        "A registration that was cancelled is neither extended nor cancelled again.",
    ),
    ProblemType(
        "asset_released",
        409,
        "资产已解除担保",
        "The asset was released",
        "该资产已不再担保任何业务。",
        "The asset secures nothing any more.",
    ),
    ProblemType(
        "dry_run_only",
        403,
        "仅可试算",
        "Only a dry run is open to you",
        "业务中的估值由流程发起；请使用 dry_run=true。",
        "A valuation of a case is asked for by its process; use dry_run=true.",
    ),
)


def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


def _policies(request: Request) -> PolicyShelf:
    policies: PolicyShelf = request.app.state.policies
    return policies


def _books(request: Request) -> PublishedBooks:
    books: PublishedBooks = request.app.state.books
    return books


def _documents(request: Request) -> DocumentStore:
    documents: DocumentStore = request.app.state.documents
    return documents


def _imports(request: Request) -> ImportDesk:
    desk: ImportDesk = request.app.state.imports
    return desk


def _registry(request: Request) -> MovablesRegistry:
    registry: MovablesRegistry | None = request.app.state.registry
    if registry is None:
        raise Problem("registry_not_connected")
    return registry


def _settings(request: Request) -> CollateralSettings:
    settings: CollateralSettings = request.app.state.settings
    return settings


DatabaseDep = Annotated[Database, Depends(_database)]
PoliciesDep = Annotated[PolicyShelf, Depends(_policies)]
BooksDep = Annotated[PublishedBooks, Depends(_books)]
DocumentsDep = Annotated[DocumentStore, Depends(_documents)]
ImportsDep = Annotated[ImportDesk, Depends(_imports)]
RegistryDep = Annotated[MovablesRegistry, Depends(_registry)]
SettingsDep = Annotated[CollateralSettings, Depends(_settings)]
