import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from suandai.cli import app

REPOSITORY = Path(__file__).parents[2]


def _run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_the_bank_s_own_book_is_in_order() -> None:
    code, said = _run("policy", "check", str(REPOSITORY / "policy" / "book"))
    assert code == 0
    assert "bundle " in said


def test_a_book_with_faults_has_all_of_them_told(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("kind: nonsense\n", encoding="utf-8")
    (tmp_path / "two.yaml").write_text("- not\n- a\n- mapping\n", encoding="utf-8")
    code, said = _run("policy", "check", str(tmp_path))
    assert code == 1
    assert "one.yaml:1" in said
    assert "two.yaml:1" in said


def test_every_account_is_listed_with_its_role() -> None:
    code, said = _run("accounts")
    assert code == 0
    assert all(part in said for part in ("rm.yinchuan", "relationship_manager", "owner.xiyun", "91640500MA76XY1205"))


def test_an_unknown_account_is_told(tmp_path: Path) -> None:
    code, said = _run("token", "nobody.nowhere", "--directory", str(tmp_path / "none"))
    assert code == 1
    assert said == "suandai: staff-identity knows no account nobody.nowhere\n"


def test_a_directory_nobody_may_write_is_told() -> None:
    code, said = _run("up", "--directory", "/proc/suandai", "--only", "postgres")
    assert code == 1
    assert said.startswith("suandai: ")
    assert said.count("\n") == 1


def test_a_reconciliation_of_nothing_says_what_it_lacks(tmp_path: Path) -> None:
    code, said = _run("reconcile", "--directory", str(tmp_path / "none"))
    assert code == 1
    assert said.startswith("suandai: ")
    assert said.count("\n") == 1


def test_asking_for_a_token_reads_none_of_the_heavy_parts(tmp_path: Path) -> None:
    told = (
        "import sys; from suandai.entry import main\n"
        "try:\n    main()\n"
        "finally:\n    print(sorted({'alembic', 'fastapi', 'sqlalchemy', 'temporalio'} & set(sys.modules)))"
    )
    arguments = ["token", "nobody.nowhere", "--directory", str(tmp_path / "none")]
    asked = subprocess.run(
        [sys.executable, "-c", told, *arguments],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (asked.returncode, asked.stdout) == (1, "[]\n")
    assert asked.stderr == "suandai: staff-identity knows no account nobody.nowhere\n"
