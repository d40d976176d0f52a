"""Run several recipes of examples/ one after the other, since a process takes seconds to start.

python several.py '{"bigan": ["paper", "--steps", "1"], "cogan": [...]}'
"""

import importlib
import json
import sys
from pathlib import Path

from gan_trainers import run_recipe

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

for name, words in json.loads(sys.argv[1]).items():
    recipe = importlib.import_module(name)
    run_recipe(recipe.main, recipe.PRESETS, words)
