"""The command as people and programs call it: real processes, a real project."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.shop import SHOP, Shop, new_shop

pytestmark = pytest.mark.walk

DAYS = """\
import orrery as og


@og.asset(partitions_def=og.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01"))
def daily(context: og.AssetExecutionContext) -> str:
    return context.partition_key
"""


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return new_shop(tmp_path)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, subprocess.CompletedProcess[str]]:
    """A shop in which everything was materialized once, and what was printed."""
    shop = new_shop(tmp_path_factory.mktemp("shop"))
    return shop, shop("materialize", "*", "--tag", "team=web")


# -- what is defined -----------------------------------------------------------------------------


def test_list_tells_assets_jobs_and_resources(shop: Shop) -> None:
    lines = [line.split() for line in shop("list").stdout.splitlines()]
    assert ["orders", "raw", "csv", "What", "was", "ordered."] in lines
    assert ["elsewhere", "default", "external", "Made", "by", "others."] in lines
    assert ["nightly", "4", "assets", "Each", "night."] in lines
    assert any(line[:1] == ["door"] for line in lines)


def test_list_is_a_document_for_programs(shop: Shop) -> None:
    documents = {each["key"]: each for each in shop.json("list", "assets")["assets"]}
    assert documents["users"]["upstream"] == ["orders"]
    assert documents["orders"]["kinds"] == ["csv"]
    assert documents["report"]["checks"] == ["names_everybody"]
    assert documents["elsewhere"]["external"] is True


def test_graph_draws_each_asset_below_its_upstream(shop: Shop) -> None:
    lines = shop("graph", "orders*", PYTHONIOENCODING="utf-8").stdout.splitlines()
    names = ("orders", "users", "report", "mail")
    assert [line.split()[:2] for line in lines[:7:2]] == [["●", name] for name in names]
    assert [line.strip() for line in lines[1:6:2]] == ["│"] * 3


def test_graph_keeps_to_ascii_where_the_terminal_does(shop: Shop) -> None:
    assert shop("graph", PYTHONIOENCODING="ascii").stdout.isascii()


def test_graph_speaks_mermaid_and_dot(shop: Shop) -> None:
    assert "a0 --> a1" in shop("graph", "orders*", "--format", "mermaid").stdout
    assert "a0 -> a1;" in shop("graph", "orders*", "--format", "dot").stdout
    assert ["orders", "users"] in json.loads(shop("graph", "--format", "json").stdout)["edges"]


def test_check_defs_counts_what_stands(shop: Shop) -> None:
    counts = {"assets": 8, "checks": 1, "jobs": 1, "resources": 1}
    assert shop.json("check", "defs") == {"ok": True, **counts, "warnings": []}


def test_a_definition_that_cannot_stand_fails_the_check(shop: Shop) -> None:
    (shop.folder / "shop.py").write_text(
        "import orrery as og\n\n"
        "@og.asset(required_resource_keys={'door'})\ndef a(): ...\n\n"
        "defs = og.Definitions(assets=[a], resources={'dor': 1})\n",
        encoding="utf-8",
    )
    assert "'door'" in shop("check", "defs", code=1).stderr


MISSING = """
import orrery as og


class Database(og.ConfigurableResource):
    password: str


@og.asset
def orders(database: Database) -> None: ...


@og.asset_check(asset="order")
def counted() -> og.AssetCheckResult:
    return og.AssetCheckResult(passed=True)


defs = og.Definitions([orders], asset_checks=[counted], resources={"database": Database(password=og.EnvVar("SHOP_UNSET"))})
"""


@pytest.fixture
def missing(tmp_path: Path) -> Shop:
    """A project with a check of an asset that nobody declares, and a resource whose variable is not set."""
    (tmp_path / "missing.py").write_text(MISSING, encoding="utf-8")
    return Shop(tmp_path)


def test_check_defs_tells_warnings_and_unset_variables_and_passes(missing: Shop) -> None:
    told = missing("check", "defs", "-f", "missing.py")
    assert told.stderr == ""
    lines = told.stdout.splitlines()
    assert lines[0].startswith("passed  1 asset, 1 check")
    assert lines[1] == "warned  Check 'counted' is about asset 'order', which no definition provides."
    assert "write 'orders'" in lines[2]
    assert lines[3] == "warned  The environment variable 'SHOP_UNSET' of resource 'database' is not set here."
    warned = missing.json("check", "defs", "-f", "missing.py")["warnings"]
    assert [text.split()[0] for text in warned] == ["Check", "The"]
    assert len(missing.json("check", "defs", "-f", "missing.py", SHOP_UNSET="1")["warnings"]) == 1


def test_a_warning_of_ours_shows_none_of_our_lines(missing: Shop) -> None:
    told = missing("list", "-f", "missing.py").stderr
    assert told.startswith("Warning: Check 'counted' is about asset 'order'")
    assert "repository.py" not in told
    assert "UserWarning" not in told


def test_a_variable_that_is_not_set_is_wrong_usage_and_makes_no_run(missing: Shop) -> None:
    told = missing("materialize", "orders", "-f", "missing.py", code=2).stderr
    assert "set the environment variable 'SHOP_UNSET'" in told
    assert "root:resources:database:config:password" in told
    assert missing("runs").stdout == "no runs are recorded\n"


# -- running -------------------------------------------------------------------------------------


def test_a_run_is_told_in_plain_lines(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    printed = ran[1].stdout
    words = re.findall(r"^\d\d:\d\d:\d\d (\w+) +(\S+)", printed, flags=re.MULTILINE)
    done = [name for word, name in words if word == "done"]
    assert sorted(done) == ["both", "mail", "orders", "report", "report:", "slow", "users"]
    assert ("check", "report:") in words
    assert re.search(r"^7 done in .*, 3 rows, 1 of 1 check passed", printed, flags=re.MULTILINE)


def test_plain_lines_have_no_control_codes(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", ran[1].stdout)


def test_a_message_cannot_forge_a_line(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    assert "    | 12:00:00 done     forged" in ran[1].stdout.splitlines()
    assert "12:00:00 done     forged" not in ran[1].stdout.splitlines()


def test_the_values_lie_where_the_run_says(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    shop, done = ran
    place = re.search(r"^  report +(\S+)$", done.stdout, flags=re.MULTILINE)
    assert place is not None
    assert (shop.folder / place[1]).is_file()


def test_a_selection_loads_what_it_does_not_make(shop: Shop) -> None:
    shop("materialize", "*users")
    made = [json.loads(line) for line in shop("materialize", "report", "--json").stdout.splitlines()]
    assert [each["step"] for each in made if each["event"] == "step_done"] == ["report", "report_names_everybody"]
    assert made[-1]["status"] == "success"


def test_what_one_function_makes_together_is_made_together(shop: Shop) -> None:
    result = json.loads(shop("materialize", "left", "--json").stdout.splitlines()[-1])
    assert sorted(result["values"]) == ["left", "right"]


def test_a_run_of_a_partition_says_which(shop: Shop) -> None:
    (shop.folder / "days.py").write_text(DAYS, encoding="utf-8")
    shop("materialize", "daily", "-f", "days.py", "--partition", "2024-01-02")
    assert shop.json("show", "daily", "-f", "days.py")["materialized_partitions"] == ["2024-01-02"]
    wrong = shop("materialize", "daily", "-f", "days.py", "--partition", "2023-01-02", code=2)
    assert "2023-01-02" in wrong.stderr
    none = shop("materialize", "daily", "-f", "days.py", code=2)
    assert "--partition" in none.stderr


def test_json_lines_are_all_that_is_on_standard_output(shop: Shop) -> None:
    done = shop("materialize", "orders", "--json")
    events = [json.loads(line)["event"] for line in done.stdout.splitlines()]
    assert events == ["run_started", "step_started", "log", "step_done", "run_done", "result"]
    assert "printed by orders" in done.stderr


def test_what_a_module_prints_while_it_is_imported_does_not_spoil_the_document(shop: Shop) -> None:
    source = shop.folder / "shop.py"
    source.write_text("import os\nprint('hello')\nos.system('echo child')\n" + SHOP, encoding="utf-8")
    done = shop("list", "jobs", "--json")
    assert [job["name"] for job in json.loads(done.stdout)["jobs"]] == ["nightly"]
    assert done.stderr == "hello\nchild\n"


def test_a_failure_shows_the_users_line_and_what_was_skipped(shop: Shop) -> None:
    printed = shop("materialize", "orders*", code=1, SHOP_FAILS="1").stdout
    assert "shop.py:" in printed
    assert ">" in printed
    assert "ValueError: no report for 3 users" in printed
    assert re.search(r"skipped +mail", printed)
    assert "site-packages" not in printed
    assert "2 done, 1 failed, 2 skipped" in printed.splitlines()[-1]


def test_config_of_a_run_comes_from_files(shop: Shop) -> None:
    (shop.folder / "run.yaml").write_text("ops: {slow: {config: {seconds: 0.01}}}\n", encoding="utf-8")
    shop("materialize", "slow", "--config", "run.yaml")
    assert shop.json("runs", "show", "latest")["config"] == {"ops": {"slow": {"config": {"seconds": 0.01}}}}


def test_a_job_runs_by_its_name(shop: Shop) -> None:
    result = json.loads(shop("job", "run", "nightly", "--json").stdout.splitlines()[-1])
    assert [each["name"] for each in result["steps"]] == [
        "orders",
        "users",
        "report",
        "mail",
        "report: names_everybody",
    ]


def test_the_trace_tells_the_calls_and_perfetto_can_open_it(shop: Shop) -> None:
    printed = shop("materialize", "*users", "--trace", "--trace-out", "trace.json").stdout
    assert "load_input" in printed
    assert "handle_output" in printed
    assert json.loads((shop.folder / "trace.json").read_text(encoding="utf-8"))["traceEvents"]


# -- what is known -------------------------------------------------------------------------------


def test_show_tells_the_latest_materialization_and_the_checks(
    ran: tuple[Shop, subprocess.CompletedProcess[str]],
) -> None:
    printed = ran[0]("show", "report").stdout
    assert "Latest materialization" in printed
    assert re.search(r"names_everybody +passed .* every user is named", printed)
    assert re.search(r"Upstream\n  users +(just now|.* ago)", printed)


def test_show_prints_no_control_codes_of_metadata(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    printed = ran[0]("show", "orders").stdout
    assert "a\\x1b[31mb" in printed
    assert "\x1b" not in printed


def test_a_filter_that_no_run_meets_is_named(shop: Shop) -> None:
    assert shop("runs", "--job", "nightly").stdout == "no runs are recorded\n"
    shop("job", "run", "nightly")
    assert shop("runs", "--job", "nigthly").stdout == (
        "no runs of job 'nigthly' are recorded, though others are\n"
        "  Try: write 'nightly', the nearest name that exists.\n"
    )
    assert shop("runs", "--job", "nightly", "--status", "failure").stdout == (
        "no runs of job 'nightly' with status 'failure' are recorded, though others are\n"
    )
    assert shop.json("runs", "--job", "nigthly") == {"runs": []}


def test_an_asset_that_was_never_made_speaks_of_no_later_run(shop: Shop) -> None:
    shop("materialize", "orders", "users", "report", code=1, SHOP_FAILS="1")
    told = shop("show", "report").stdout
    assert "Never materialized" in told
    assert "Not made by the latest run that was to: failure" in told
    assert "later run" not in told
    shop("materialize", "report")
    shop("materialize", "report", code=1, SHOP_FAILS="1")
    assert "Not made by a later run: failure" in shop("show", "report").stdout


def test_a_selection_names_the_asset_to_show_where_it_selects_one(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    (tmp_path / "odd.py").write_text(
        "import orrery as og\n\n@og.asset(key=['sp ace'])\ndef a(): ...\n\n@og.asset(key=['sp ot'])\ndef b(): ...\n",
        encoding="utf-8",
    )
    for text in ('key:"sp ace"', '"sp ace"', "sp ace"):
        assert shop.json("show", text, "-f", "odd.py")["key"] == "sp ace"
    assert "selects 2 assets, and this is about one" in shop("show", "key:*", "-f", "odd.py", code=2).stderr
    assert "no definition" in shop("show", 'key:"sp"', "-f", "odd.py", code=2).stderr


def test_show_is_a_document_for_programs(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    document = ran[0].json("show", "orders")
    assert document["materialization"]["metadata"]["row_count"] == 3
    assert document["owners"] == ["ada@example.org"]
    assert ran[0].json("show", "elsewhere")["materialization"] is None


def test_runs_tell_their_steps_and_tags(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    shop = ran[0]
    (listed,) = shop.json("runs", "list")["runs"]
    shown = shop.json("runs", "show", listed["run_id"][:8])
    assert shown["status"] == "success"
    assert shown["tags"]["team"] == "web"
    assert {each["step"]: each["state"] for each in shown["steps"]}["orders"] == "done"
    assert listed["run_id"][:8] in shop("runs").stdout


def test_runs_alone_takes_what_the_list_takes(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    shop = ran[0]
    assert json.loads(shop("runs", "--json", "--limit", "1").stdout) == json.loads(
        shop("runs", "list", "--json", "--limit", "1").stdout
    )
    assert shop("runs").stdout.startswith("run ")


@pytest.mark.parametrize("words", [("list", "-f", "shop.py"), ("show", "latest", "-f", "shop.py")])
def test_who_names_a_file_to_runs_is_told_that_the_folder_counts(
    ran: tuple[Shop, subprocess.CompletedProcess[str]], words: tuple[str, ...]
) -> None:
    assert "Runs are recorded for the folder" in ran[0]("runs", *words, code=2).stderr


def test_where_the_definitions_are_stands_after_the_command(
    ran: tuple[Shop, subprocess.CompletedProcess[str]],
) -> None:
    told = ran[0]("-f", "defs.py", "materialize", code=2).stderr
    assert "write it after the command: orrery list -f ..." in told


def test_a_file_in_place_of_the_id_of_a_run_is_told_as_such(
    ran: tuple[Shop, subprocess.CompletedProcess[str]],
) -> None:
    assert "'shop.py' is a file, not the id of a run" in ran[0]("runs", "logs", "-f", "shop.py", code=2).stderr


def test_logs_are_read_again_as_they_were_told(ran: tuple[Shop, subprocess.CompletedProcess[str]]) -> None:
    shop, done = ran
    told = [line for line in done.stdout.splitlines() if re.match(r"\d\d:\d\d:\d\d (done|info|start|check) ", line)]
    read = shop("runs", "logs", "latest").stdout.splitlines()
    assert [line for line in read if line in told] == told


def test_following_a_log_ends_with_the_run(shop: Shop) -> None:
    (shop.folder / "run.yaml").write_text("ops: {slow: {config: {seconds: 2}}}\n", encoding="utf-8")
    with shop.started("materialize", "slow", "--config", "run.yaml") as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "slow began\n"
        followed = shop("runs", "logs", "latest", "-f").stdout
    assert re.search(r"done +slow", followed)


TWINS = """
import orrery as og


@og.asset(key=["a/b"])
def one(): ...


@og.asset(key=["a", "b"])
def two(): ...


@og.asset(key=["+plus"])
def three(): ...
"""


def test_assets_whose_names_print_alike_are_told_apart_and_selected(tmp_path: Path) -> None:
    """The slash within a part stands behind a backslash, in what is printed and in what is typed."""
    (tmp_path / "twins.py").write_text(TWINS, encoding="utf-8")
    shop = Shop(tmp_path)
    result = json.loads(shop("materialize", "*", "-f", "twins.py", "--json").stdout.splitlines()[-1])
    assert set(result["values"]) == {"a/b", "a\\/b", "+plus"}
    assert json.loads(shop("show", "a\\/b", "-f", "twins.py", "--json").stdout)["path"] == ["a/b"]
    assert json.loads(shop("show", "a/b", "-f", "twins.py", "--json").stdout)["path"] == ["a", "b"]
    drawn = shop.json("graph", "a\\/b", "-f", "twins.py")["assets"]
    assert [asset["path"] for asset in drawn] == [["a/b"]]
    assert 'write key:"+plus"' in shop("materialize", "+plus", "-f", "twins.py", code=2).stderr
    assert [asset["path"] for asset in shop.json("graph", 'key:"+plus"', "-f", "twins.py")["assets"]] == [["+plus"]]


# -- a first project -----------------------------------------------------------------------------


def test_a_new_project_runs(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    shop("init", "first")
    shop.folder = tmp_path / "first"
    assert shop.json("check", "defs")["assets"] == 3
    result = json.loads(shop("materialize", "*", "--json").stdout.splitlines()[-1])
    assert (result["status"], result["done"], result["rows"]) == ("success", 4, 3)
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=shop.folder,
        env={**shop.environment, "PYTHONPATH": os.pathsep.join([".", *filter(None, [os.environ.get("PYTHONPATH")])])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout


def test_nothing_that_exists_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").write_text("x", encoding="utf-8")
    assert "Try: another name" in Shop(tmp_path)("init", "mine", code=2).stderr


@pytest.mark.parametrize("name", ["orrery", "dagster", "tests", "click"])
def test_no_package_is_made_that_hides_another(tmp_path: Path, name: str) -> None:
    refused = Shop(tmp_path)("init", name, code=2).stderr
    assert f"cannot be called '{name}'" in refused
    assert f"my_{name}" in refused
    assert not (tmp_path / name).exists()


def test_a_name_with_blanks_is_answered_with_one_that_can_be(tmp_path: Path) -> None:
    assert "Try: 'my-shop', or" in Shop(tmp_path)("init", "my shop", code=2).stderr


# -- what it costs -------------------------------------------------------------------------------


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom orrery.cli.app import run\nrun(['--help'])\n"
        "print(sorted({'rich', 'sqlalchemy', 'pydantic', 'yaml', 'asyncio', 'msgspec', 'orrery.definitions'} & "
        "set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_runs_are_listed_without_importing_definitions(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom orrery.cli.app import run\nrun(['runs'])\n"
        "print(sorted({'rich', 'pydantic', 'orrery.cli.project', 'orrery.definitions.project', "
        "'orrery.definitions.assets'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "no runs are recorded\n"
    assert done.stderr.strip() == "[]"


def test_the_bare_command_is_answered_with_the_help(tmp_path: Path) -> None:
    assert Shop(tmp_path)().stdout == Shop(tmp_path)("--help").stdout
    assert Shop(tmp_path)("check").stdout == Shop(tmp_path)("check", "--help").stdout


def test_assets_that_do_not_depend_on_each_other_are_not_drawn_as_a_chain(shop: Shop) -> None:
    """No line joins them, and a line above says so."""
    assert shop("graph", "slow or mail").stdout.splitlines()[0] == "without neighbours here"


def test_the_command_is_a_module_too(shop: Shop) -> None:
    called = subprocess.run(
        [sys.executable, "-m", "orrery", "--version"],
        cwd=shop.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert called.stdout.startswith("orrery ")


def test_the_shell_is_told_how_to_complete(shop: Shop) -> None:
    assert "_ORRERY_COMPLETE=zsh_complete" in shop("completion", "zsh").stdout


@pytest.mark.parametrize(
    "words", [("list", "--json"), ("list", "nothing"), ("show", "orders"), ("--version",)], ids=" ".join
)
def test_a_command_that_is_forked_says_what_one_that_begins_says(shop: Shop, words: tuple[str, ...]) -> None:
    """What the other walks see of it is what users see."""
    begun = subprocess.run(
        shop.arguments(*words), cwd=shop.folder, env=shop.environment, capture_output=True, text=True, check=False
    )
    forked = shop(*words, code=begun.returncode)
    assert (forked.stdout, forked.stderr) == (begun.stdout, begun.stderr)
    assert begun.stdout + begun.stderr
