"""A config.json that anybody may have written is one sentence, quickly and in little memory."""

import json
import subprocess
import sys

import gan_nets
import pytest
from gan_nets import PatchDiscriminator, UNetGenerator

WIDE = """
import resource, sys
import gan_nets
used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for folder in sys.argv[1:]:
    try:
        gan_nets.load(folder)
    except ValueError as error:
        print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - used) // 1024)
"""


@pytest.fixture
def folder(tmp_path):
    UNetGenerator(depth=2, width=2).save_pretrained(tmp_path / "net")
    return tmp_path / "net"


def change(folder, **changes):
    good = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(good | changes))
    return good


def test_sizes_of_any_number_take_no_memory(tmp_path):
    changes = [{"width": 1000}, {"width": 100_000}, {"width": 10**30}, {"layers": 1000}, {"layers": 10**9}]
    folders = [str(tmp_path / str(number)) for number in range(len(changes))]
    for number, each in enumerate(changes):
        PatchDiscriminator(layers=1, width=4).save_pretrained(tmp_path / str(number))
        change(tmp_path / str(number), **each)
    done = subprocess.run([sys.executable, "-c", WIDE, *folders], capture_output=True, text=True, check=True)
    *errors, megabytes = done.stdout.splitlines()
    assert len(errors) == len(changes)
    assert "does not fit PatchDiscriminator: other shapes" in errors[0]
    for error, name in zip(errors[1:3] + errors[4:], ("width", "width", "layers"), strict=True):
        assert f"expected {name} as an integer up to 1024; got" in error
    assert int(megabytes) < 300  # a width of 100,000 needs 640 GB


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 100_000, "config.json is not JSON"),
        (b"1" * 10_000, "config.json is not JSON"),
        (b"\xff\xfe{}", "config.json is not JSON"),
        (b"{" + b" " * 2**21 + b"}", "config.json has 2097154 bytes; expected a description of 1048576 at"),
        (b"[]", 'config.json has no "class"'),
        (b'{"class": ["UNetGenerator"]}', 'config.json has no "class"'),
    ],
    ids=["nested", "number", "encoding", "large", "list", "class"],
)
def test_a_file_of_any_content_is_one_sentence(folder, content, message):
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        gan_nets.load(folder)
    assert "\n" not in str(error.value)


WRONG = [True, None, -1, 10**30, 1.5, float("nan"), "x" * 1000, [], [[[[1]]]], {"a": 1}, [0.5] * 1000]
ELSEWHERE = [  # right, or with another message
    ("dropout_at_inference", "True"),
    ("usage", "None"),
    ("dropout", "[]"),
    ("usage", "{'a': 1}"),
]


@pytest.mark.parametrize("name", ["in_channels", "depth", "norm", "dropout", "dropout_at_inference", "usage"])
def test_arguments_of_any_type_are_one_sentence(folder, name):
    for value in WRONG:
        if (name, str(value)) not in ELSEWHERE:
            change(folder, **{name: value})
            expected = rf"config.json does not describe a UNetGenerator: expected {name}"
            with pytest.raises(ValueError, match=expected) as error:
                gan_nets.load(folder)
            assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "usage",
    [
        {"task": ["translate"]}, {"hue": "red"}, {"value_range": [0]}, {"value_range": [float("-inf"), 0]},
        {"value_range": [False, True]}, {"value_range": [0, 1e300]}, {"task": None},
    ],
)  # fmt: skip
def test_a_usage_of_any_content_is_one_sentence(folder, usage):
    change(folder, usage=usage)
    for path in (folder, folder.parent):
        with pytest.raises(ValueError, match=r"config.json does not describe a UNetGenerator"):
            gan_nets.load(path)
