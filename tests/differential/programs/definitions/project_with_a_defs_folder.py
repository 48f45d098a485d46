"""What the modules in the folder ``defs`` of a project define is put together, each module by its own way."""

import importlib
import sys
from pathlib import Path

import dagster as dg

DEFINITIONS = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
ASSET = "@dg.asset\ndef {0}(): return '{0}'\n"


def write(name, files, config="[tool.dg.project]\nroot_module = 'NAME'\n"):
    root = Path(name).absolute()
    package = root / "src" / name
    every = {"__init__.py": "", "definitions.py": DEFINITIONS, "defs/__init__.py": "", **files}
    for path, text in every.items():
        place = package / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(("import dagster as dg\n" if path.endswith(".py") else "") + text.replace("NAME", name))
    (root / "pyproject.toml").write_text(config.replace("NAME", name))
    sys.path.insert(0, str(root / "src"))
    return root


def program(record):
    def told(title, defs):
        graph = defs.resolve_asset_graph()
        record.value(f"{title}: assets", sorted(graph.get_all_asset_keys()))
        record.value(f"{title}: checks", sorted(graph.asset_check_keys))
        record.value(f"{title}: resources", sorted(defs.resources or {}))
        for kind in ("jobs", "schedules", "sensors"):
            record.value(f"{title}: {kind}", sorted({each.name for each in getattr(defs, kind) or []}))

    write(
        "garden",
        {
            "defs/assets.py": ASSET.format("a")
            + "@dg.asset\ndef b(a, thing: dg.ResourceParam[str]): return a + thing\n"
            "@dg.asset_check(asset=b)\ndef fine(): return dg.AssetCheckResult(passed=True)\n",
            "defs/jobs/nightly.py": "from NAME.defs.assets import a, b, fine\nj = dg.define_asset_job('j', '*')\n"
            "s = dg.ScheduleDefinition(job=j, cron_schedule='@daily')\n@dg.sensor(job=j)\ndef watch(): ...\n",
            "defs/jobs/more.py": "from .nightly import j\n",
            "defs/resources.py": "@dg.definitions\ndef first(): return dg.Definitions(resources={'thing': 'text'})\n"
            "@dg.definitions\ndef second(): return dg.Definitions(resources={'other': 1})\n"
            + ASSET.format("passed_over"),
            "defs/ready.py": "given = dg.Definitions(assets=[dg.AssetSpec('x')])\n" + ASSET.format("passed_over_too"),
            "defs/package/__init__.py": ASSET.format("of_the_package"),
            "defs/deep/deeper/name-with-hyphens.py": ASSET.format("deep"),
            "defs/.hidden/h.py": ASSET.format("hidden"),
            "defs/notes.md": "nothing",
        },
    )
    lazy = importlib.import_module("garden.definitions").defs
    record.value("is called", callable(lazy))
    defs = lazy()
    told("garden", defs)
    record.result(defs.resolve_job_def("j").execute_in_process(instance=dg.DagsterInstance.ephemeral()))
    told("by module", dg.load_defs(importlib.import_module("garden.defs")))
    told("by root", dg.load_from_defs_folder(project_root=Path("garden").absolute()))

    other = write("shed", {"elsewhere/x.py": ASSET.format("e")}, "[tool.dg.project]\ndefs_module = 'NAME.elsewhere'\n")
    told("other module", dg.load_from_defs_folder(path_within_project=other / "src" / "shed" / "definitions.py"))

    def fails(name, files, config="[tool.dg.project]\nroot_module = 'NAME'\n"):
        root = write(name, files, config)
        with record.raises(name):
            dg.load_from_defs_folder(path_within_project=root).get_repository_def()

    fails("two_objects", {"defs/x.py": "a = dg.Definitions()\nb = dg.Definitions(assets=[dg.AssetSpec('x')])\n"})
    fails("both_kinds", {"defs/x.py": "a = dg.Definitions()\n@dg.definitions\ndef b(): return dg.Definitions()\n"})
    fails("two_of_one_key", {"defs/x.py": ASSET.format("a"), "defs/y.py": ASSET.format("a")})
    fails("conflict", {f"defs/{n}.py": f"d = dg.Definitions(resources={{'r': {n!r}}})\n" for n in ("x", "y")})
    fails("wrong_value", {"defs/x.py": "@dg.definitions\ndef d(): return 1\n"})
    fails("broken", {"defs/x.py": "import no_such_module_at_all\n"})
    fails("no_names", {}, "[tool.dg.project]\n")
    fails("no_table", {}, "[project]\nname = 'x'\n")
    with record.raises("parameter"):
        dg.definitions(lambda something: dg.Definitions())
    record.value("passes a value on", type(dg.definitions(lambda: dg.Definitions())()))
