"""Logs and traces of a process: one trace id throughout, and nobody's name in either."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path


def test_one_trace_through_two_services_and_no_personal_text(tmp_path: Path) -> None:
    spans_file = tmp_path / "traces" / "spans.jsonl"
    environment = {**os.environ, "SUANDAI_TRACE_FILE": str(spans_file), "SUANDAI_LOG_LEVEL": "INFO"}
    ran = subprocess.run(
        [sys.executable, "-m", "tests.kit.traced_process"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    spans = [json.loads(line) for line in spans_file.read_text().splitlines()]
    (trace_id,) = {span["trace_id"] for span in spans}
    assert {"GET /v1/outer", "GET /v1/inner"} <= {span["name"] for span in spans}
    assert {span["service"] for span in spans} == {"specimen"}
    assert stat.S_IMODE(spans_file.stat().st_mode) == 0o600
    logs = [json.loads(line) for line in ran.stdout.splitlines()]
    (failure,) = [line for line in logs if line["event"] == "work_failed"]
    assert (failure["trace_id"], failure["service"]) == (trace_id, "specimen")
    assert failure["failure"]["type"] == "builtins.ValueError"
    assert any("answer" in frame for frame in failure["failure"]["frames"])
    assert "ZhangSan" not in ran.stdout + ran.stderr + spans_file.read_text()
