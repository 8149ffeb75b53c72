"""The determinism linter: what a workflow definition must not contain, found in its syntax tree.

The engine's sandbox stops the obvious. This finds what it lets through: iteration over sets, whose order depends on the
hash seed; identifiers and clocks from libraries that pass the sandbox; waits whose order is the event loop's; gathered
local activities; and, in the messages, defaults that compute.
"""

import ast
from pathlib import Path
from typing import NamedTuple

_CALLS = {
    "datetime.now": "the clock: workflow.now()",
    "datetime.utcnow": "the clock: workflow.now()",
    "date.today": "the clock: the rulebook's business date",
    "time.time": "the clock: workflow.time()",
    "time.monotonic": "the clock: workflow.now()",
    "uuid.uuid1": "an identifier: workflow.uuid7()",
    "uuid.uuid4": "an identifier: workflow.uuid7()",
    "uuid4": "an identifier: workflow.uuid7()",
    "uuid7": "an identifier: workflow.uuid7()",
    "uuid_utils.uuid7": "an identifier: workflow.uuid7()",
    "random.random": "chance: workflow.random()",
    "random.choice": "chance: workflow.random()",
    "asyncio.wait": "order of the event loop: workflow.wait()",
    "asyncio.as_completed": "order of the event loop: workflow.as_completed()",
    "asyncio.sleep": "a sleep without a name: workflow.sleep(summary=…)",
    "asyncio.create_task": "a task nobody waits for: asyncio.gather",
    "workflow.execute_local_activity": "an effect an auditor cannot see: a regular activity",
    "workflow.start_local_activity": "an effect an auditor cannot see: a regular activity",
    "os.environ.get": "the process's surroundings: a message",
    "os.getenv": "the process's surroundings: a message",
    "open": "a file: an activity",
}
_SETS = {"set", "frozenset"}


class Fault(NamedTuple):
    file: str
    line: int
    reason: str


def faults_in(source: str, file: str = "<text>") -> list[Fault]:
    """Everything in a definition's source that could make a replay differ from the first run."""
    tree = ast.parse(source)
    faults = [
        Fault(file, node.lineno, f"{_name(node.func)}: {_CALLS[_name(node.func)]}")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in _CALLS
    ]
    for node in ast.walk(tree):
        for iterated in _iterated(node):
            if _is_set(iterated, tree):
                faults.append(Fault(file, iterated.lineno, "iteration over a set: its order is the hash seed's"))
    return sorted(faults)


def computing_defaults(source: str, file: str = "<text>") -> list[Fault]:
    """Field defaults in messages that call something which differs from run to run."""
    harmless = {"dict", "list", "tuple"}
    faults = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.keyword) and node.arg == "default_factory" and _name(node.value) not in harmless:
            faults.append(Fault(file, node.value.lineno, f"default_factory={_name(node.value)} computes"))
    return faults


def definition_files(root: Path) -> list[Path]:
    """The sources that run inside the workflow sandbox."""
    files = [root / "workflows" / "effects.py"]
    for room in ("application", "utilisation", "facility", "human"):
        files += sorted((root / "workflows" / room).rglob("*.py"))
    return files


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return f"{_name(node.value)}.{node.attr}"
        case _:
            return ""


def _iterated(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            return [node.iter]
        case ast.Starred():
            return [node.value]
        case ast.Call() if _name(node.func) in {"list", "tuple", "enumerate", "zip", "iter", "map"}:
            return list(node.args)
        case _:
            return []


def _is_set(node: ast.expr, tree: ast.Module) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call():
            return _name(node.func) in _SETS
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub()):
            return _is_set(node.left, tree) or _is_set(node.right, tree)
        case ast.Name() | ast.Attribute():
            return _bound_to_set(_name(node), tree)
        case _:
            return False


def _bound_to_set(name: str, tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value) if any(_name(t) == name for t in targets):
                if isinstance(value, ast.Set | ast.SetComp) or (
                    isinstance(value, ast.Call) and _name(value.func) in _SETS
                ):
                    return True
            case ast.AnnAssign(target=target, annotation=annotation) if _name(target) == name:
                if ast.unparse(annotation).startswith(("set[", "frozenset[")):
                    return True
            case ast.arg(arg=argument, annotation=annotation) if argument == name and annotation is not None:
                if ast.unparse(annotation).startswith(("set[", "frozenset[")):
                    return True
    return False
