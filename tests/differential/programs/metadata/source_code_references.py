"""Assets tell the file and line of their functions, and links into a repository made of these."""

import functools
from pathlib import Path

import dagster as dg


def shown(assets):
    """The references of each asset, by key, with the file's name alone."""
    found = {}
    for asset in assets:
        by_key = asset.metadata_by_key if isinstance(asset, dg.AssetsDefinition) else {asset.key: asset.metadata}
        for key, metadata in by_key.items():
            references = [each for name, each in metadata.items() if name.endswith("/code_references")]
            found[key.to_user_string()] = [
                [Path(each.file_path).name, each.line_number] if hasattr(each, "file_path") else each.url
                for value in references
                for each in value.code_references
            ]
    return found


def wrapper(function):
    @functools.wraps(function)
    def inner():
        return function()

    return inner


@dg.asset
def plain():
    return 1


@dg.asset(metadata={"x": 1})
@wrapper
def wrapped():
    return 1


@dg.op
def one():
    return 1


@dg.graph_asset
def of_a_graph():
    return one()


@dg.multi_asset(specs=[dg.AssetSpec("m1"), dg.AssetSpec("m2")])
def several():
    pass


ASSETS = [plain, wrapped, of_a_graph, several, dg.SourceAsset("source"), dg.AssetSpec("spec")]


def program(record):
    local = dg.with_source_code_references(ASSETS)
    record.value("local", shown(local))
    record.value("other metadata", local[1].metadata_by_key[wrapped.key]["x"])
    mapping = dg.AnchorBasedFilePathMapping(
        local_file_anchor=Path(__file__).parent, file_anchor_path_in_repository="src/project"
    )

    def linked(url, assets=local, **more):
        return shown(
            dg.link_code_references_to_git(assets, git_url=url, git_branch="main", file_path_mapping=mapping, **more)
        )

    record.value("github", linked("https://github.com/o/r"))
    record.value("gitlab", linked("https://gitlab.com/o/r"))
    record.value("named", linked("https://git.example/o/r", platform="gitlab")["plain"])
    record.value("nothing to link", linked("https://github.com/o/r", ASSETS)["plain"])
    with record.raises("unknown place", contains=["platform"]):
        linked("https://git.example/o/r")
    with record.raises("unknown platform", contains=["platform"]):
        linked("https://git.example/o/r", platform="other")
