"""
What is ours beyond the protocol, in every language: values by reference, progress, and the socket under a real step.

One program in Python, in JavaScript and in the language of POSIX shells, launched by the client of this machine.
"""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import orrery

PACKAGES = Path(__file__).resolve().parents[4] / "packages"
PACKAGE = PACKAGES / "orrery-pipes" / "src"
JAVASCRIPT = PACKAGES / "orrery-pipes-js" / "lib" / "index.js"
SHELL = PACKAGES / "orrery-pipes" / "shell" / "orrery_pipes.sh"
Run = Callable[..., Any]
PROGRAMS = {
    "python": "from orrery_pipes import *\nwith open_pipes() as context:\n    %s\n",
    "node": f"import {{ withPipes }} from {json.dumps(str(JAVASCRIPT))};\nawait withPipes(async (context) => {{ %s }});\n",
    "shell": f"set -eu\n. '{SHELL}'\npipes_open\n%s\npipes_close\n",
}
SHELLS = [name for name in ("dash", "bash", "busybox", "ksh", "zsh") if shutil.which(name)]
CLIENTS = ["python", "node", *SHELLS]
ECHO = {
    "python": "context.put_value(context.get_value('v'))",
    "node": "context.putValue(context.getValue('v'));",
    "shell": "pipes_get_value v >copy; pipes_put_value {format} copy",
}


@pytest.fixture
def run(step: Run, tmp_path: Path) -> Run:
    """Return a function that runs a program, of three bodies by language, as the process of the asset ``a``."""

    def launch(client: str, bodies: dict[str, str], values: Any = None, **options: Any) -> Any:
        if client == "node" and shutil.which("node") is None:
            pytest.skip("the client for Node is not run: no node on this machine")
        language = "shell" if client in SHELLS else client
        script = tmp_path / {"python": "program.py", "node": "program.mjs", "shell": "program.sh"}[language]
        script.write_text(PROGRAMS[language].replace("%s", bodies[language]))
        arguments = {"busybox": ["sh"], "bash": ["--posix"], "zsh": ["--emulate", "sh"]}.get(client, [])
        # A shell that waits for what never ends is to be a failure, no test without an end.
        bound = ["timeout", "-k", "1", "60"] if client in SHELLS and shutil.which("timeout") else []
        command = [*bound, sys.executable if client == "python" else client, *arguments, str(script)]

        def body(context: Any, kept: dict[str, Any]) -> Any:
            client = orrery.PipesSubprocessClient(
                env={"PYTHONPATH": str(PACKAGE)}, cwd=str(tmp_path), forward_stdio=False, **options
            )
            kept["invocation"] = client.run(context=context, command=command, values=values)
            return kept["invocation"].get_materialize_result()

        return step(body)

    return launch


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("value", "kind"),
    [("é\n\n", "text"), (b"\x00\xff\n", "bytes"), ([1, {"a": 2.5, "b": [None, "é"]}], "json")],
    ids=["text", "bytes", "json"],
)
def test_value_comes_back_as_it_was(run: Run, client: str, value: Any, kind: str) -> None:
    bodies = {**ECHO, "shell": ECHO["shell"].format(format=kind)}
    ran = run(client, bodies, {"v": value})
    assert ran.result.success, ran.error
    found = ran.result.output_for_node("a")
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("client", CLIENTS)
def test_frame_is_handed_over_as_its_file(run: Run, client: str, tmp_path: Path) -> None:
    """Parquet is for libraries to read; that of Python is at hand, the others get the file."""
    import polars as pl

    bodies = {
        "python": "import shutil; shutil.copy(context._offered['values']['given']['v']['path'], 'copy')",
        "node": "const file = context.getValueFile('v'); (await import('node:fs')).copyFileSync(file.path, 'copy');",
        "shell": 'cp "$(pipes_value_file v)" copy; pipes_put_value parquet copy',
    }
    frame = pl.DataFrame({"a": [1, 2]})
    ran = run(client, bodies, {"v": frame})
    assert ran.result.success, ran.error
    assert pl.read_parquet(tmp_path / "copy").equals(frame)
    if client in SHELLS:
        assert ran.result.output_for_node("a").equals(frame)


@pytest.mark.parametrize("client", CLIENTS)
def test_progress_is_told(run: Run, client: str) -> None:
    bodies = {
        "python": "context.report_progress(1); context.report_progress(1, 4); context.report_progress(2.5, 4, 'half é')",
        "node": "context.reportProgress(1); context.reportProgress(1, 4); context.reportProgress(2.5, 4, 'half é');",
        "shell": "pipes_report_progress 1\npipes_report_progress 1 4\npipes_report_progress 2.5 4 'half é'",
    }
    ran = run(client, bodies)
    assert ran.result.success, ran.error
    assert [text for _, text in ran.lines if "progress" in text] == [
        "[pipes] progress: 1",
        "[pipes] progress: 1 of 4 (25 %)",
        "[pipes] progress: 2.5 of 4 (62 %): half é",
    ]


MANY = {
    "python": "for n in range(3000): context.report_custom_message(n)\n    context.report_custom_message('x' * 200000)",
    "node": "for (let n = 0; n < 3000; n++) context.reportCustomMessage(n); context.reportCustomMessage('x'.repeat(200000));",
    "shell": "n=0\nwhile [ $n -lt 30 ]; do pipes_report_custom_message $n; n=$((n + 1)); done\n"
    'pipes_report_custom_message "\\"$(head -c 200000 /dev/zero | tr "\\\\0" x)\\""',
}


@pytest.mark.parametrize("client", CLIENTS)
def test_messages_go_by_the_socket_in_order_and_none_to_the_file(run: Run, client: str, tmp_path: Path) -> None:
    """More than are sent ahead, and one larger than what a socket holds."""
    file = tmp_path / "messages"
    reader = orrery.PipesFileMessageReader(str(file), cleanup_file=False, socket_path=str(tmp_path / "socket"))
    ran = run(client, MANY, message_reader=reader)
    assert ran.result.success, ran.error
    assert ran.custom == [*range(30 if client in SHELLS else 3000), "x" * 200000]
    assert file.read_bytes() == b""


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_program_may_use_pipelines_subshells_and_wait(run: Run, shell: str) -> None:
    """A plain `wait` waits for the jobs of the program, and for none of the client's own."""
    body = (
        "printf '1\\n2\\n' | while read -r n; do pipes_report_custom_message $n; done\n"
        "(pipes_report_custom_message 3)\npipes_report_custom_message 4 &\nwait\n"
        'pipes_report_custom_message "$(pipes_report_custom_message 5; echo 6)"'
    )
    ran = run(shell, {"shell": body})
    assert ran.result.success, ran.error
    assert (ran.custom, ran.warnings) == ([1, 2, 3, 4, 5, 6], [])


WRONG = [
    ("context.get_value('w')", "context.getValue('w');", "pipes_get_value w", ["alue", "undefined"]),
    ("context.report_progress('x')", "context.reportProgress('x');", "pipes_report_progress x", ["rogress", "x"]),
    (
        "context.put_value(1, 'other')",
        "context.putValue(1, 'other');",
        "printf 1 >f; pipes_put_value json f other",
        ["other"],
    ),
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("case", WRONG, ids=["no such value", "progress", "asset"])
def test_wrong_use_is_refused_in_words(run: Run, client: str, case: tuple[str, str, str, list[str]]) -> None:
    python, node, shell, words = case
    ran = run(client, {"python": python, "node": node, "shell": shell}, {"v": (1, 2)})
    assert not ran.result.success
    assert all(word in ran.error for word in words), ran.error


@pytest.mark.parametrize("client", CLIENTS[1:])
def test_pickle_is_left_to_python(run: Run, client: str) -> None:
    ran = run(client, {**ECHO, "shell": "pipes_get_value v"}, {"v": (1, 2)})
    assert not ran.result.success
    assert "'pickle'" in ran.error


@pytest.mark.parametrize("client", CLIENTS)
def test_damaged_value_is_noticed(run: Run, client: str) -> None:
    """A file that was changed after it was told is not read."""
    damage = {
        "python": "open(context._offered['values']['given']['v']['path'], 'a').write('x'); ",
        "node": "(await import('node:fs')).appendFileSync(context.getValueFile('v').path, 'x'); ",
        "shell": 'printf x >>"$(pipes_value_file v)"\n',
    }
    ran = run(client, {name: damage[name] + ECHO[name].format(format="text") for name in damage}, {"v": "text"})
    assert not ran.result.success
    assert "its digest differs" in ran.error


@pytest.mark.parametrize("value", [2**53, [float("nan")], {"a": [-(10**20)]}])
def test_node_refuses_numbers_that_it_cannot_hold(run: Run, value: Any) -> None:
    ran = run("node", ECHO, {"v": value})
    assert not ran.result.success
    assert "JavaScript" in ran.error


def test_node_takes_digits_in_text_and_in_floats(run: Run) -> None:
    value = ['12345678901234567890 "12345678901234567891"', 0.12345678901234568, 1e300]
    ran = run("node", ECHO, {"v": value})
    assert ran.result.success, ran.error
    assert ran.result.output_for_node("a") == value
