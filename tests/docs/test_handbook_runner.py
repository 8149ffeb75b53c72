"""A page that promises something else than it gets is found out."""

from pathlib import Path

import pytest

from tests.docs.handbook import Block, Shell, difference, steps


def _promised(language: str, text: str) -> Block:
    return Block("page.md", 1, language, "", text)


@pytest.mark.parametrize(
    ("promised", "said"),
    [
        ("HTTP/1.1 201 Created", "HTTP/1.1 200 OK\r\n\r\n{}"),
        ('HTTP/1.1 200 OK\netag: "2"', 'HTTP/1.1 200 OK\r\netag: "1"\r\n\r\n{}'),
        ('HTTP/1.1 200 OK\n\n{"stage": "draft"}', 'HTTP/1.1 200 OK\r\n\r\n{"stage": "offer"}'),
        ('HTTP/1.1 200 OK\n\n{"stage": "draft"}', "HTTP/1.1 200 OK\r\n\r\n{}"),
        ('HTTP/1.1 200 OK\n\n{"items": [1]}', 'HTTP/1.1 200 OK\r\n\r\n{"items": [1, 2]}'),
        ('HTTP/1.1 200 OK\n\n{"items": [3, "…"]}', 'HTTP/1.1 200 OK\r\n\r\n{"items": [1, 2]}'),
        ('HTTP/1.1 200 OK\n\n{"items": 1}', 'HTTP/1.1 200 OK\r\n\r\n{"items": true}'),
    ],
)
def test_another_answer_is_told(promised: str, said: str) -> None:
    assert difference(_promised("http", promised), said)


@pytest.mark.parametrize(
    ("promised", "said"),
    [
        ('HTTP/1.1 200 OK\n\n{"a": "…"}', 'HTTP/1.1 200 OK\r\nx: y\r\n\r\n{"a": "b", "c": 1}'),
        ('HTTP/1.1 200 OK\n\n{"items": [2, "…"]}', 'HTTP/1.1 200 OK\r\n\r\n{"items": [1, 2, 3]}'),
        ('HTTP/1.1 200 OK\n\n{"on": "2026-11-22"}', 'HTTP/1.1 200 OK\r\n\r\n{"on": "2031-01-02"}'),
    ],
)
def test_a_shortened_answer_of_the_same_form_is_kept(promised: str, said: str) -> None:
    assert difference(_promised("http", promised), said) == ""


def test_lines_are_promised_in_their_order() -> None:
    assert difference(_promised("text", "a  1\n…\nb"), "a 1\nx\nb") == ""
    assert difference(_promised("text", "b\na"), "a\nb")


def test_a_shell_keeps_what_a_block_sets_and_tells_what_fails(tmp_path: Path) -> None:
    with Shell(tmp_path, {"PATH": "/usr/bin:/bin"}, patience=10) as shell:
        assert shell.run("CASE=7") == (0, "")
        assert shell.run('echo "$CASE"') == (0, "7")
        assert shell.run("false\ntrue") == (1, "")
        assert shell.run("cat") == (0, "")


def test_only_marked_blocks_are_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- run -->\n```sh\na\n```\n\n```http\nHTTP/1.1 200 OK\n```\n\n```sh\nb\n```\n", "utf-8")
    [step] = steps(page)
    assert step.commands.text == "a"
    assert step.answer is not None
    assert step.answer.text == "HTTP/1.1 200 OK"
