"""The repository's own rules, held to what is tracked in it."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECTS = {
    path.parent.name: tomllib.loads(path.read_text()) for path in ROOT.glob("packages/*/pyproject.toml")
}
MAY_USE = {  # gan-nets in an extra alone: it paints in the colour spaces that a colouriser learned in
    "gan-metrics": {"gan-colorspace"},
    "gan-nets": {"gan-colorspace"},
    "gan-trainers": {"gan-losses"},
}
HATCH = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["envs"]["default"]

each_package = pytest.mark.parametrize("package", sorted(PROJECTS))


@pytest.fixture(scope="module")
def tracked():
    """The paths that git tracks, from the root."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [Path(name) for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def declared(package):
    """Every requirement of a package: for use, in an extra, for its tests."""
    project, groups = PROJECTS[package]["project"], PROJECTS[package]["dependency-groups"]
    extras = project.get("optional-dependencies", {})
    lists = [project["dependencies"], *extras.values(), *groups.values()]
    return [Requirement(line) for lines in lists for line in lines]


def test_the_top_level_is_what_it_says(tracked):
    top = ["packages", "examples", "tests", "docs", "noxfile.py", "pyproject.toml", "mkdocs.yml"]
    top += ["README.md", "CONTRIBUTING.md", "LICENSE", ".gitignore", ".ci"]
    assert {path.parts[0] for path in tracked} == set(top)


def test_eight_packages_stand_side_by_side():
    names = {"augment", "colorspace", "data", "losses", "metrics", "nets", "projected", "trainers"}
    assert set(PROJECTS) == {f"gan-{name}" for name in names}
    assert {path.name for path in ROOT.glob("packages/*")} == set(PROJECTS)  # another folder would stop Hatch
    members = [
        member if isinstance(member, str) else member["path"] for member in HATCH["workspace"]["members"]
    ]
    assert members == [f"packages/{name}" for name in sorted(PROJECTS)]


@each_package
def test_a_package_is_whole(package, tracked):
    folder, module = Path("packages") / package, package.replace("-", "_")
    needed = {"README.md", "CHANGELOG.md", "LICENSE", f"src/{module}/__init__.py", f"src/{module}/py.typed"}
    assert {folder / name for name in needed} <= set(tracked)
    assert [path for path in tracked if path.is_relative_to(folder / "tests") and path.match("test_*.py")]
    assert (ROOT / folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert PROJECTS[package]["project"]["name"] == package


@each_package
def test_a_package_is_versioned_by_itself_and_says_when(package):
    text = (ROOT / "packages" / package / PROJECTS[package]["tool"]["hatch"]["version"]["path"]).read_text()
    (version,) = re.findall(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    changelog = (ROOT / "packages" / package / "CHANGELOG.md").read_text()
    newest = re.search(r"^## (\S+) - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert newest, "expected a heading such as `## 0.1.0 - 2026-11-21` in the changelog"
    assert newest[1] == version


@each_package
def test_a_package_is_for_the_same_pythons(package):
    project = PROJECTS[package]["project"]
    pythons = [line.rsplit(" :: ")[-1] for line in project["classifiers"] if "Python :: 3." in line]
    assert (project["requires-python"], pythons) == (">=3.11", ["3.11", "3.12", "3.13"])


@each_package
def test_a_package_declares_lower_bounds_and_only_those(package):
    for requirement in declared(package):
        assert [part.operator for part in requirement.specifier] == [">="], requirement


@each_package
def test_a_package_needs_only_the_siblings_it_may(package):
    siblings = {requirement.name for requirement in declared(package)} & PROJECTS.keys()
    assert siblings - {package} <= MAY_USE.get(package, set())  # an extra may build on another of its own


@each_package
def test_a_package_imports_only_the_siblings_it_may(package):
    modules = {name.replace("-", "_") for name in MAY_USE.get(package, set()) | {package}}
    for path in (ROOT / "packages" / package).rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        ours = {name.split(".")[0] for name in names if name.startswith("gan_")}
        assert ours <= modules, path


@each_package
def test_a_package_is_on_the_front_page_and_in_the_documentation(package):
    assert f"](packages/{package})" in (ROOT / "README.md").read_text()
    assert f"](api/{package}.md)" in (ROOT / "docs/index.md").read_text()
    site = (ROOT / "mkdocs.yml").read_text()
    assert f"packages/{package}/src" in site
    assert f"api/{package}.md" in site
    assert f"::: {package.replace('-', '_')}" in (ROOT / f"docs/api/{package}.md").read_text()


def test_every_recipe_is_on_the_front_page():
    recipes = {path.name for path in ROOT.glob("examples/*.py") if "accelerate launch" in path.read_text()}
    assert recipes
    listed = set(re.findall(r"\]\(examples/(\w+\.py)\)", (ROOT / "README.md").read_text()))
    assert listed == recipes


def test_nothing_tracked_names_a_machine_or_a_registry(tracked):
    path = re.compile(r"(?<![\w.~:/-])/(home|root|tmp|work|Users)/\w")
    host = re.compile(r"\b(pypi|pythonhosted|npmjs|debian)\.org\b")
    found = []
    for file in tracked:
        try:
            lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a tensor
        found += [f"{file}:{n}" for n, line in enumerate(lines, 1) if path.search(line) or host.search(line)]
    assert found == []
