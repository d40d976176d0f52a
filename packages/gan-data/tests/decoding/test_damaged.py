"""Damaged files of every format are an image, or one sentence with name and remedy; never anything else."""

import random
import warnings

import pytest
from gan_data import DataError, image_formats
from gan_data.base.errors import Finding
from gan_data.decoding.opening import try_open_labels, try_open_rgb
from gan_data.decoding.sizes import read_size
from gan_data.files.formats import FORMATS
from PIL import Image

TIMES = 25
WRITTEN = [name for name in image_formats() if name in Image.SAVE]


def damaged(content, chance):
    """Some bytes changed, a part removed or repeated, or the end cut off."""
    data = bytearray(content)
    for _ in range(chance.randint(0, 6)):
        data[chance.randrange(min(len(data), chance.choice([64, len(data)])))] = chance.randrange(256)
    start, length = chance.randrange(len(data)), chance.randint(0, 20)
    kind = chance.choice(["cut", "remove", "repeat", "keep"])
    if kind == "cut":
        del data[start:]
    elif kind == "remove":
        del data[start : start + length]
    elif kind == "repeat":
        data[start:start] = data[start : start + length] * 3
    return bytes(data)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_damaged_file_is_an_image_or_a_finding(tmp_path, name):
    chance = random.Random(f"damage of {name}")
    path = tmp_path / f"x\n{FORMATS[name].suffixes[0]}"
    Image.effect_noise((40, 30), 90).convert("RGB").save(path, format=name)
    content = path.read_bytes()
    warnings.simplefilter("ignore")  # Pillow's, of damaged metadata
    for _ in range(TIMES):
        path.write_bytes(damaged(content, chance))
        for read in (try_open_rgb, try_open_labels, read_size):
            found = read(path)
            if isinstance(found, Finding):
                sentence = str(DataError(str(found)))
                assert sentence.isprintable()
                assert sentence.startswith(f"{tmp_path}/x\\n{FORMATS[name].suffixes[0]}: ")
                assert found.remedy
