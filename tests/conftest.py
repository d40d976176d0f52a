"""What the tests of several recipes need."""

import dataclasses
import importlib
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gan_trainers import Run, run_recipe
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
OFFLINE = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
os.environ["GAN_CACHE"] = "off"  # no test writes into the user's cache folder
os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX512_CORE_BF16"  # float32 by default on every processor, AMX or not


@pytest.fixture(scope="session")
def example():
    """Imports a module of examples/ by its name, as Python does when a recipe runs there."""
    sys.path.insert(0, str(EXAMPLES))
    yield importlib.import_module
    sys.path.remove(str(EXAMPLES))


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Twelve real photographs of 32x32 pixels: parts of those that come with the repository."""
    folder = tmp_path_factory.mktemp("photos")
    for file in sorted((EXAMPLES / "images" / "photographs" / "test").glob("*.jpg")):
        with Image.open(file) as photo:
            if photo.width < 300:  # too narrow for two parts
                continue
            left, top = (photo.width - 300) // 2, (photo.height - 150) // 2
            for index in range(2):
                part = (left + 150 * index, top, left + 150 * (index + 1), top + 150)
                photo.crop(part).resize((32, 32)).save(folder / f"{file.stem}-{index}.png")
    return folder


@pytest.fixture(scope="session")
def portrait_instances(example):
    return example("images.portrait_instances")


@pytest.fixture(scope="session")
def few_portraits(tmp_path_factory):
    """A few label maps and drawn faces as they come with the repository."""
    folder, source = tmp_path_factory.mktemp("portraits"), EXAMPLES / "images" / "portraits"
    for split, count in (("train", 6), ("test", 2)):
        for kind in "AB":
            (folder / f"{split}{kind}").mkdir()
            for file in sorted((source / f"{split}{kind}").iterdir())[:count]:
                shutil.copy(file, folder / f"{split}{kind}")
    return folder


@pytest.fixture(scope="session")
def labeled_portraits(portrait_instances, few_portraits, tmp_path_factory):
    """The same with instance maps, in the layout of pix2pixHD's `--data`."""
    folder = tmp_path_factory.mktemp("labeled")
    for split in ("train", "test"):
        shutil.copytree(few_portraits / f"{split}B", folder / f"{split}_img")
        shutil.copytree(few_portraits / f"{split}A", folder / f"{split}_label")
        portrait_instances.write_instances(few_portraits / f"{split}A", folder / f"{split}_inst")
    return folder


@pytest.fixture(scope="session")
def options():
    """Makes a preset's options with other values, those of its `run` included."""

    def make(recipe, preset, out, **changes):
        chosen = recipe.PRESETS[preset]
        shared = {field.name for field in dataclasses.fields(chosen.run)} & changes.keys()
        run = dataclasses.replace(chosen.run, out=out, **{name: changes.pop(name) for name in shared})
        return dataclasses.replace(chosen, run=run, **changes)

    return make


@pytest.fixture(scope="session")
def train(options):
    """Runs a recipe with a preset, of which some values are changed."""

    def run(recipe, preset, out, **changes):
        recipe.main(options(recipe, preset, out, **changes))

    return run


@pytest.fixture(scope="session")
def wait_until():
    """Waits until something happens, and fails after some seconds."""

    def wait(happened, seconds=90):
        end = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < end
            time.sleep(0.1)

    return wait


def unused_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def free_port():
    """The number of a port that nobody uses."""
    return unused_port()


@pytest.fixture
def page_setup(example):
    """What the page of a study says first."""
    return example("comparison").Setup("python examples/studies/x.py --steps 2", "The budget.")


@pytest.fixture
def train_or_copy(options, train):
    """Runs a recipe, or checks the options and copies a run of the same kind, for studies of many arms."""
    trained = {}

    def run(kind, recipe, preset, out, **changes):
        if kind in trained:
            options(recipe, preset, out, **changes)
            shutil.copytree(trained[kind], out)
        else:
            train(recipe, preset, out, **changes)
            trained[kind] = out

    return run


@pytest.fixture(scope="session")
def run_until(train):
    """Runs a recipe, and breaks off instead of saving at a step, as a kill would."""

    class Killed(Exception):  # noqa: N818 - not an error
        pass

    def run(recipe, step, preset, out, **changes):
        save = Run.save

        def save_or_die(run, **score):
            if run.step == step:
                raise Killed
            save(run, **score)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Run, "save", save_or_die)
            with pytest.raises(Killed):
                train(recipe, preset, out, **changes)

    return run


def as_words(**options):
    """Options as they are typed: `steps=2, size=(8, 8)` becomes `--steps 2 --size 8 8`."""
    words = []
    for name, value in options.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", *map(str, value if isinstance(value, tuple) else (value,))]
    return words


@pytest.fixture(scope="session")
def words():
    return as_words


@pytest.fixture
def mistake(capsys):
    """Types a command line that ends in an error; returns its exit code and the error's only line."""

    def run(recipe, preset, **options):
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run_recipe(recipe.main, recipe.PRESETS, [preset, *as_words(**options)])
        printed = capsys.readouterr().err
        *_, last = printed.splitlines()
        assert last.startswith("error: ")
        assert printed.count("error: ") == 1
        return left.value.code, last

    return run


@pytest.fixture(scope="session")
def two_processes():
    """Runs a program as two processes, as torchrun does; returns what each printed."""

    def run(*words):
        shared = {
            **os.environ,
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(unused_port()),
        }
        processes = [
            subprocess.Popen(
                [sys.executable, *map(str, words)],
                env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for rank in range(2)
        ]
        printed = [process.communicate(timeout=300)[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0], printed
        return printed

    return run


@pytest.fixture(scope="module")
def browser():
    """A real browser, headless, which requests nothing by itself; skips the test where none is installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser is driven by playwright")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser is installed; looked for {', '.join(BROWSERS)}")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", *OFFLINE]
        )
        yield chromium
        chromium.close()
