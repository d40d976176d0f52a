# /// script
# requires-python = ">=3.11"
# dependencies = ["nox[uv]>=2026.4", "hatchling>=1.27"]
# ///
"""Every check of the repository: each package from its own wheel, in its own environment."""

import os
import shutil
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

import nox
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.reuse_venv = "yes"
# Each package alone on the oldest Python with the oldest versions; all of them on the newest with the newest.
# `nox -s tests` has each package alone with the newest, on every Python.
nox.options.sessions = ["lint", "types", "docs", "build", "readme", "lowest", "newest", "integration"]

ROOT = Path(__file__).parent
PYTHONS = ["3.11", "3.12", "3.13"]
HATCH = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]
PACKAGES = {
    path.parent.name: tomllib.loads(path.read_text())
    for path in sorted((ROOT / "packages").glob("*/pyproject.toml"))
}
# Each test process computes on one thread; there are as many processes as cores.
PARALLEL = "pytest-xdist>=3.7"
SLOWEST = ["--durations=20", "--durations-min=4"]  # what to look at when the whole takes too long
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
each_package = nox.parametrize("package", [nox.param(name, id=name) for name in PACKAGES])


def requirements(package: str) -> list[str]:
    """The requirements that a package declares."""
    return PACKAGES[package]["project"]["dependencies"]


def test_requirements(package: str) -> list[str]:
    """The further requirements that it declares for its tests."""
    return PACKAGES[package]["dependency-groups"]["test"]


def siblings(lines: list[str]) -> list[str]:
    """The packages of this repository among some requirements, and those that they need in turn."""
    direct = {Requirement(line).name for line in lines} & PACKAGES.keys()
    return sorted(direct.union(*(siblings(requirements(name)) for name in direct)))


def third_party(lines: list[str]) -> list[str]:
    """The other requirements."""
    return [line for line in lines if Requirement(line).name not in PACKAGES]


def tools(environment: str, *names: str) -> list[str]:
    """Requirements (those named, or all) of one of Hatch's environments, where they are declared."""
    declared = HATCH["envs"][environment]["dependencies"]
    return [line for line in declared if not names or Requirement(line).name in names]


def install_wheels(session: nox.Session, packages: list[str], *others: str) -> None:
    """Install these packages from fresh wheels, with what they need and nothing else."""
    folder = Path(session.create_tmp()).resolve() / "wheels"
    shutil.rmtree(folder, ignore_errors=True)
    for name in packages:
        with session.chdir(ROOT / "packages" / name):
            build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
            session.run(*build, external=True, silent=True)
    # By path, not by name: a package of the same name on the index must not be installed instead.
    wheels = [str(wheel) for wheel in folder.iterdir()]
    if session.venv_backend == "uv":
        again = [f"--reinstall-package={name}" for name in packages]
        session.install("--exact", *again, *wheels, *others)
    else:
        session.install(*wheels, *others)
        session.install("--force-reinstall", "--no-deps", *wheels)


def install_workspace(session: nox.Session, *others: str) -> None:
    """Install every package editable, with what all tests and tools need, as for development."""
    editable = [f"--editable={ROOT / 'packages' / name}" for name in PACKAGES]
    for_tests = [line for name in PACKAGES for line in third_party(test_requirements(name))]
    session.install(*editable, *for_tests, *tools("default"), *others)


def run_tests(session: nox.Session, *packages: str) -> None:
    """Run the tests of packages outside of the tree, where only what is installed can be imported."""
    options = ["-q", *SLOWEST, "-n", "auto", "-p", "no:cacheprovider", "--import-mode=importlib"]
    alone = {"PYTHONPATH": None, "OMP_NUM_THREADS": "1"}  # small tensors gain nothing from threads
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        for name in packages:
            # The tests of a single package are in `tests`, so that `-- tests/test_x.py` names one of them.
            parent = name if len(packages) > 1 else "."
            shutil.copytree(ROOT / "packages" / name / "tests", Path(parent, "tests"))
            module = name.replace("-", "_")
            where = f"find_spec('{module}').origin"  # without importing it, and torch with it
            check = f"assert {where}.startswith(sysconfig.get_path('purelib')), {where}"
            session.run(
                "python", "-c", f"import sysconfig; from importlib.util import find_spec; {check}", env=alone
            )
        session.run(
            "python", "-m", "pytest", "--strict-markers", *options, *(session.posargs or ["."]), env=alone
        )


def check_oldest(session: nox.Session, declared: list[str]) -> None:
    """Fail unless the installed versions are exactly the lower bounds of the requirements."""
    listing = "from importlib.metadata import *; print(*(f'{d.name}=={d.version}' for d in distributions()))"
    pairs = (pin.split("==") for pin in session.run("python", "-I", "-c", listing, silent=True).split())
    installed = {canonicalize_name(name): Version(version) for name, version in pairs}
    oldest: dict[str, Version] = {}
    for requirement in map(Requirement, declared):
        (floor,) = (Version(part.version) for part in requirement.specifier if part.operator == ">=")
        name = canonicalize_name(requirement.name)
        oldest[name] = max(floor, oldest.get(name, floor))
    for name, floor in oldest.items():
        if installed[name] != floor:
            session.error(f"expected {name} {floor}, as declared; got {installed[name]}; raise the bound")
    session.log("tested at " + ", ".join(f"{name} {floor}" for name, floor in oldest.items()))


def run_python_of(session: nox.Session, page: Path, folder: Path | None = None) -> None:
    """Run the ```python blocks of a page as one program, in a folder or a temporary one."""
    lines, language = [], None
    for line in page.read_text(encoding="utf-8").splitlines():
        fence = line.startswith("```")
        if fence:
            language = line.removeprefix("```") if language is None else None
        lines.append(line if language == "python" and not fence else "")
    if any(lines):
        program = Path(session.create_tmp()).resolve() / f"{page.parent.name}_{page.stem}.py"
        program.write_text("\n".join(lines), encoding="utf-8")
        with tempfile.TemporaryDirectory() as temporary, session.chdir(folder or temporary):
            session.run("python", "-I", str(program))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*tools("default", "ruff"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the static types of the packages and the examples."""
    install_workspace(session)
    session.run("pyright", "--pythonpath", str(Path(session.bin) / "python"))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages into site/; a broken link is an error."""
    session.install(*tools("docs"))
    session.run("zensical", "build", "--clean", "--strict")


@nox.session
def build(session: nox.Session) -> None:
    """Build sdists and wheels into dist/, and check the content of the wheels."""
    session.install(f"hatch{HATCH['requires-hatch']}")
    # Nox points uv to the session's environment, but Hatch builds in its own, kept apart from the user's.
    own = {"UV_PYTHON": None, "HATCH_DATA_DIR": str(Path(session.create_tmp()).resolve())}
    shutil.rmtree(ROOT / "dist", ignore_errors=True)  # `--clean` would do so before each package
    session.run("hatch", "build", "--all", env=own)
    for name in PACKAGES:
        module = name.replace("-", "_")
        (wheel,) = (ROOT / "dist").glob(f"{module}-*.whl")
        files = zipfile.ZipFile(wheel).namelist()
        top = {file.split("/")[0] for file in files}
        license_file = f"{wheel.name.removesuffix('-py3-none-any.whl')}.dist-info/licenses/LICENSE"
        if f"{module}/py.typed" not in files or license_file not in files or len(top) != 2:
            session.error(f"expected {module}/py.typed, {license_file} and one package; got {files}")


@nox.session
def readme(session: nox.Session) -> None:
    """Run the Python code of every README: a package's with that package alone, the others with all."""
    for name in PACKAGES:
        install_wheels(session, [name, *siblings(requirements(name))])
        run_python_of(session, ROOT / "packages" / name / "README.md")
    install_wheels(session, list(PACKAGES))
    for page in [ROOT / "README.md", *ROOT.glob("examples/**/README.md")]:
        run_python_of(session, page)


@nox.session(python=PYTHONS[0], venv_backend="uv")
@each_package
def lowest(session: nox.Session, package: str) -> None:
    """Test a package with the oldest versions that it and the siblings it needs allow."""
    packages = [package, *siblings(requirements(package) + test_requirements(package))]
    declared = third_party(
        [*test_requirements(package), *(line for name in packages for line in requirements(name))]
    )
    # Named here too: a wheel's own requirements do not count as direct and come in their newest versions.
    install_wheels(session, packages, "--resolution=lowest-direct", *declared, PARALLEL)
    check_oldest(session, declared)
    run_tests(session, package)


@nox.session(python=PYTHONS[-1])
def newest(session: nox.Session) -> None:
    """Test all packages from their wheels, together in one environment, with the newest versions."""
    needed = [line for name in PACKAGES for line in third_party(test_requirements(name))]
    install_wheels(session, list(PACKAGES), *needed, PARALLEL)
    run_tests(session, *PACKAGES)


@nox.session(python=PYTHONS)
@each_package
def tests(session: nox.Session, package: str) -> None:
    """Test a package from its wheel, with what it declares and nothing else of this repository."""
    packages = [package, *siblings(requirements(package) + test_requirements(package))]
    install_wheels(session, packages, *third_party(test_requirements(package)), PARALLEL)
    run_tests(session, package)


@nox.session
def integration(session: nox.Session) -> None:
    """Test what needs all packages: recipes, the repository's rules, the guides' code and the notebooks."""
    notebooks = ["nbclient>=0.10", "ipykernel>=6.29", "ipywidgets>=8.1"]
    streams = ["datasets>=4.0", "aiohttp>=3.10", "requests>=2.32"]
    install_workspace(session, PARALLEL, "lightning", *notebooks, *streams)
    # The tests of a file share its runs. One process more than cores, since many wait for programs; and files
    # in their own order, or those of few and long tests would all come last.
    options = ["-q", *SLOWEST, "-n", str(CORES + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
    session.run("pytest", *options, *(session.posargs or ["tests"]), env={"OMP_NUM_THREADS": "1"})
    for page in ROOT.glob("docs/guides/*.md"):
        run_python_of(session, page, ROOT)  # of a clone: they use the recipes
    for notebook in ROOT.glob("examples/notebooks/*.ipynb"):
        session.run("jupyter-execute", str(notebook), env={"OMP_NUM_THREADS": "1"})  # writes nothing back


@nox.session
def browser(session: nox.Session) -> None:
    """Test the pages of the packages in a browser, if one is installed; not among the defaults."""
    packages = ["gan-nets[demo]", "gan-metrics[study]", "gan-colorspace", "gan-data", "gan-trainers"]
    editable = [f"--editable={ROOT / 'packages' / name}" for name in packages]
    session.install(*editable, "pytest>=8", "playwright>=1.55")
    tests = ["tests/test_demo.py", "tests/test_study.py"]
    session.run("pytest", "-q", "-rs", *tests, env={"OMP_NUM_THREADS": "1"})
