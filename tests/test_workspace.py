"""The repository's own rules, held to what is tracked in it."""

import ast
import json
import re
import subprocess
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECTS = {
    path.parent.name: tomllib.loads(path.read_text()) for path in ROOT.glob("packages/*/pyproject.toml")
}
MAY_USE = {  # in the extra `pictures`: color spaces of colorizers, and one list of formats for all; in the
    # extra `features`: the features of a pretrained network
    "gan-nets": {"gan-colorspace", "gan-data", "gan-projected"},
}
MOST_ARROWS = {"gan-nets": 30, "gan-trainers": 16, "gan-data": 16, "gan-augment": 16}  # between rooms
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
    top += ["README.md", "CONTRIBUTING.md", "LICENSE", "CITATION.cff", "SECURITY.md"]
    top += [".gitignore", ".ci", ".github", ".pre-commit-config.yaml"]
    assert {path.parts[0] for path in tracked} == set(top)


def test_no_text_has_the_markers_of_a_merge(tracked):
    markers = re.compile(r"^(<{7}|>{7}) |^={7}$", re.MULTILINE)
    texts = [path for path in tracked if path.suffix in {".py", ".md", ".toml", ".yml", ".txt", ".csv"}]
    assert texts
    assert [path for path in texts if markers.search((ROOT / path).read_text(encoding="utf-8"))] == []


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
def test_a_package_has_its_own_version_and_its_date(package):
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


def imports_of(package):
    """From each module of a package to the modules of the same package that it imports."""
    module, source = package.replace("-", "_"), ROOT / "packages" / package / "src"
    paths = {
        ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
        for path in source.rglob("*.py")
    }
    arrows = {}
    for name, path in paths.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == module:
                found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
        arrows[name] = {each for each in found if each in paths} - {name}
        # `from gan_x.room.file import name` counts for the file, not for the package and room above it.
        arrows[name] -= {
            above
            for above in arrows[name]
            if any(each.startswith(f"{above}.") for each in found & set(paths))
        }
    return arrows


def room_of(module):
    """The room of a module: gan_nets.layers.norm is in gan_nets.layers."""
    return ".".join(module.split(".")[:2])


@each_package
def test_a_package_has_no_import_circle_and_no_arrow_back_to_its_own_init(package):
    arrows = imports_of(package)
    module = package.replace("-", "_")
    inner = {name: found for name, found in arrows.items() if name != module}
    assert [name for name, found in inner.items() if module in found] == []
    waiting = dict(inner)
    while ready := [name for name, found in waiting.items() if not (found & waiting.keys())]:
        waiting = {name: found for name, found in waiting.items() if name not in ready}
    assert waiting == {}, "these modules import each other in a circle"


@pytest.mark.parametrize("package", MOST_ARROWS)
def test_rooms_have_few_arrows_and_no_circle(package):
    module = package.replace("-", "_")
    rooms = {}
    for name, found in imports_of(package).items():
        if "." in name and name not in (f"{module}.__main__", f"{module}._with_torch"):  # as `__init__`
            rooms.setdefault(room_of(name), set()).update(room_of(each) for each in found)
    arrows = {(room, other) for room, others in rooms.items() for other in others if room != other}
    assert len(arrows) <= MOST_ARROWS[package]
    waiting = {room: {other for here, other in arrows if here == room} for room in rooms}
    while ready := [room for room, others in waiting.items() if not (others & waiting.keys())]:
        waiting = {room: others for room, others in waiting.items() if room not in ready}
    assert waiting == {}, "these rooms import each other in a circle"


@each_package
def test_what_begins_with_an_underscore_stays_in_its_room(package):
    for name, found in imports_of(package).items():
        for other in found:
            private = [part for part in other.split(".")[2:] if part.startswith("_")]
            assert not private or room_of(name) == room_of(other), f"{name} imports {other}"


@each_package
def test_a_package_says_where_it_lives_and_what_it_is_about(package):
    project = PROJECTS[package]["project"]
    assert set(project["urls"]) == {"Documentation", "Source", "Changelog", "Issues"}
    assert project["urls"]["Source"].endswith(f"/packages/{package}")
    assert {"GAN", "PyTorch"} <= set(project["keywords"])


def test_the_development_environment_has_what_the_packages_test_with():
    here = {Requirement(line).name for line in HATCH["dependencies"]}
    for package, project in PROJECTS.items():
        for line in project["dependency-groups"]["test"]:
            name = Requirement(line).name
            brought = {
                Requirement(each).name
                for other in PROJECTS
                for each in PROJECTS[other]["project"]["dependencies"]
            }
            brought |= {Requirement(each).name for each in extras_of_the_environment()}
            assert name in here | brought | PROJECTS.keys(), f"{package} tests with {name}"


def extras_of_the_environment():
    """The requirements of the extras that the development environment installs."""
    for member in HATCH["workspace"]["members"]:
        if isinstance(member, dict):
            extras = PROJECTS[Path(member["path"]).name]["project"]["optional-dependencies"]
            yield from (line for extra in member["features"] for line in extras[extra])


def test_the_spelling_is_american(tracked):
    british = re.compile(
        r"\b(colou?ris\w*|\w*colour\w*|gr[e]y\w*|optimis\w*|normalis\w*|neighbour\w*|behaviour\w*|centr(?:e|ed|es)"
        r"|licence\w*|labell\w*|recognis\w*|initialis\w*|synchronis\w*|summaris\w*|artefact\w*|whilst)\b",
        re.IGNORECASE,
    )
    # A paper's title, a parameter of pypng, a key of a parity file, and this expression.
    names_of_others = ("Measuring Colourfulness", "greyscale=", "gray_colour@", r"\w*")
    found = []
    for file in tracked:
        if file.suffix in (".py", ".md", ".toml", ".yml", ".cff"):
            for number, line in enumerate((ROOT / file).read_text(encoding="utf-8").splitlines(), 1):
                if british.search(line) and not any(name in line for name in names_of_others):
                    found.append(f"{file}:{number} {line}")
    assert found == []


@each_package
def test_a_package_is_on_the_front_page_and_in_the_documentation(package):
    assert f"](packages/{package})" in (ROOT / "README.md").read_text()
    assert f"](api/{package}.md)" in (ROOT / "docs/index.md").read_text()
    site = (ROOT / "mkdocs.yml").read_text()
    assert f"packages/{package}/src" in site
    assert f"api/{package}.md" in site


@each_package
def test_the_reference_has_every_public_name_once(package):
    module = package.replace("-", "_")
    text = (ROOT / f"docs/api/{package}.md").read_text().partition("## Reference")[2].partition("\n## ")[0]
    assert sorted(re.findall(rf"::: {module}\.(\w+)$", text, re.MULTILINE)) == sorted(
        import_module(module).__all__
    )


@each_package
def test_the_line_that_installs_a_package_from_a_clone_names_the_siblings_it_needs(package):
    text = (ROOT / "packages" / package / "README.md").read_text()
    (command,) = re.findall(r"From a clone of the repository: `pip install (.+)`", text)
    first, *siblings = [Path(word.strip('"').partition("[")[0]).name for word in command.split()]
    assert first == package
    extras = re.findall(r"[\[,](\w+)", command.split()[0])
    project = tomllib.loads((ROOT / "packages" / package / "pyproject.toml").read_text())["project"]
    needed = project["dependencies"] + [
        line for extra in extras for line in project["optional-dependencies"][extra]
    ]
    names = {re.split(r"[\[<>=;, ]", line)[0] for line in needed}
    assert set(siblings) == names & {path.name for path in ROOT.glob("packages/*")}


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


def test_a_notebook_is_stored_without_its_results(tracked):
    notebooks = [path for path in tracked if path.suffix == ".ipynb"]
    assert notebooks
    for path in notebooks:
        cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        assert code
        assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []
