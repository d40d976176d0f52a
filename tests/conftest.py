"""What the tests of several recipes need."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="session")
def example():
    """Loads a file of examples/ by its name, as Python does when it is run there."""
    sys.path.insert(0, str(EXAMPLES))

    def load(name):
        spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield load
    sys.path.remove(str(EXAMPLES))


@pytest.fixture(scope="session")
def run_until():
    """Runs a recipe's `main`, and breaks off instead of saving at a step, as a kill would."""

    class Killed(Exception):  # noqa: N818 - not an error
        pass

    def run(recipe, step, *arguments, **options):
        save = recipe.Run.save

        def save_or_die(run, **score):
            if run.step == step:
                raise Killed
            save(run, **score)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recipe.Run, "save", save_or_die)
            with pytest.raises(Killed):
                recipe.main(*arguments, **options)

    return run


@pytest.fixture(scope="session")
def launch():
    """Runs `accelerate launch --quiet` with these words, and returns how it ended and what it printed."""

    def run(*words, **environment):
        command = [sys.executable, "-m", "accelerate.commands.launch", "--quiet", *map(str, words)]
        return subprocess.run(
            command,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run
