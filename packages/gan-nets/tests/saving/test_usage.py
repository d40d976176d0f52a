import json

import gan_nets
import pytest
from gan_nets import (
    FastGANGenerator,
    GlobalGenerator,
    InstanceEncoder,
    PatchDiscriminator,
    PixelDiscriminator,
    SRResNet,
    UNetGenerator,
    Usage,
)

BY_CLASS = {
    UNetGenerator: "translate",
    SRResNet: "enlarge",
    GlobalGenerator: "labels",
    FastGANGenerator: "generate",
    InstanceEncoder: "encode",
    PatchDiscriminator: "discriminate",
}


@pytest.mark.parametrize(("cls", "task"), BY_CLASS.items())
def test_the_task_of_each_kind_of_network(cls, task):
    assert cls.usage == Usage(task=task, color_space="rgb", value_range=(-1.0, 1.0))


def test_usage_is_saved_and_loaded(tmp_path):
    net = PixelDiscriminator(width=2)
    net.usage = Usage("colorize", "lab", (0.0, 1.0), trained_size=32)
    net.save_pretrained(tmp_path)
    for loaded in (gan_nets.load(tmp_path), PixelDiscriminator.from_pretrained(tmp_path)):
        assert loaded.usage == Usage("colorize", "lab", (0.0, 1.0), trained_size=32)
    assert PixelDiscriminator.usage == Usage("discriminate")  # the class's own is not changed


def test_folders_without_a_stored_usage_load(tmp_path):
    SRResNet(scale=2, blocks=1, width=4).save_pretrained(tmp_path)
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    del config["usage"], config["gan_nets"]
    file.write_text(json.dumps(config))
    assert gan_nets.load(tmp_path).usage == Usage("enlarge")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "paint"}, "expected task to be one of translate, colorize, .*; got 'paint'"),
        ({"color_space": "cmyk"}, "expected color_space to be one of rgb, ycrcb, lab; got 'cmyk'"),
        ({"value_range": (1.0, -1.0)}, r"expected value_range as \(lowest, highest\), .*; got \(1.0, -1.0\)"),
        ({"value_range": (1.0,)}, r"expected value_range .*; got \(1.0,\)"),
        ({"value_range": "all"}, r"expected value_range .*; got 'all'"),
        ({"trained_size": 0}, "expected trained_size as a whole number of at least 1; got 0"),
        ({"trained_size": 64.0}, "expected trained_size as a whole number of at least 1; got 64.0"),
        ({"saturation": -0.5}, r"expected saturation as a number of at least 0; got -0\.5"),
        ({"saturation": "much"}, "expected saturation as a number of at least 0; got 'much'"),
        ({"ensemble": 6}, "expected ensemble as true or false; got 6"),
    ],
)
def test_the_error_for_an_unknown_usage_is_one_sentence(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        Usage(**changes)
    PixelDiscriminator(width=2).save_pretrained(tmp_path)
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    config["usage"] |= changes
    file.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=f"config.json does not describe a PixelDiscriminator: {message}"):
        gan_nets.load(tmp_path)


def test_a_usage_of_another_version_and_a_byte_order_mark(tmp_path):
    PixelDiscriminator(width=2).save_pretrained(tmp_path)
    file = tmp_path / "config.json"
    config = json.loads(file.read_text())
    file.write_text(json.dumps(config), encoding="utf-8-sig")  # as editors of Windows save it
    assert gan_nets.load(tmp_path).usage == Usage("discriminate")
    config["usage"]["tempo"] = 3
    file.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="unknown usage 'tempo'; a newer gan-nets"):
        gan_nets.load(tmp_path)
