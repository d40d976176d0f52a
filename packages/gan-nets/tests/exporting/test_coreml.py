"""Packages of Core ML: converted here, and run only on macOS; elsewhere torch computes their operations."""

import sys

import pytest
import torch
from gan_nets import (
    CoarseToFineUNet,
    FastGANGenerator,
    ResnetGenerator,
    RRDBNet,
    SRVGGNetCompact,
    StyleGAN2Generator,
    UNetGenerator,
    export_coreml,
)
from gan_nets.commands import main
from torch import nn

SMALL = {  # together they have every operation that _mil.py knows
    "resnet": lambda: ResnetGenerator(blocks=1, width=2, downsample="blurred", upsample="resized"),
    "transposed": lambda: ResnetGenerator(blocks=1, width=2),
    "unet": lambda: UNetGenerator(depth=3, width=2, batch_statistics_at_inference=True),
    "coarse to fine": lambda: CoarseToFineUNet(resolutions=(4, 8), width=2),
    "compact": lambda: SRVGGNetCompact(scale=2, convs=1, width=2),
    "rrdb": lambda: RRDBNet(scale=2, blocks=1, width=2, growth=2),
    "stylegan2": lambda: StyleGAN2Generator(8, latents=4, styles=4, mapping_layers=1, base_channels=32),
    "fastgan": lambda: FastGANGenerator(64, latents=4, width=2, classes=3),
}


def as_trained(net):
    for module in net.modules():
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
    return net.eval()


@pytest.fixture
def coremltools():
    return pytest.importorskip("coremltools")


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.usefixtures("coremltools")
def test_every_kind_of_network_is_converted(tmp_path, name):
    torch.manual_seed(0)
    assert export_coreml(as_trained(SMALL[name]()), tmp_path / "net.mlpackage") < 1e-5
    assert [each.name for each in tmp_path.iterdir()] == ["net.mlpackage"]


def test_the_command_says_what_was_run_and_the_package_what_it_takes(tmp_path, capsys, coremltools):
    torch.manual_seed(0)
    ResnetGenerator(blocks=1, width=2).save_pretrained(tmp_path / "net")
    out = tmp_path / "net.mlpackage"
    for overwrite in ([], ["--overwrite"]):
        main(["export", str(tmp_path / "net"), str(out), "--precision", "fp16", *overwrite])
    printed = capsys.readouterr().out
    assert printed.startswith(f"network: ResnetGenerator\nsaved:   {out}\nchecked: differs by ")
    assert ("Core ML, which only macOS has, did not run it\n" in printed) == (sys.platform != "darwin")
    spec = coremltools.models.MLModel(str(out), skip_model_load=True).get_spec()
    (taken,), (given,) = spec.description.input, spec.description.output
    assert (taken.name, given.name) == ("input", "output")
    float32 = coremltools.proto.FeatureTypes_pb2.ArrayFeatureType.FLOAT32
    assert taken.type.multiArrayType.dataType == given.type.multiArrayType.dataType == float32
    bounds = [(side.lowerBound, side.upperBound) for side in taken.type.multiArrayType.shapeRange.sizeRanges]
    assert bounds == [(1, 1), (3, 3), (8, 4096), (8, 4096)]
    assert spec.description.metadata.userDefined["class"] == "ResnetGenerator"
    weights = sum(each.stat().st_size for each in out.rglob("weight.bin"))
    assert weights < 2.5 * sum(p.numel() for p in ResnetGenerator(blocks=1, width=2).parameters()) + 10_000


@pytest.mark.usefixtures("coremltools")
def test_a_wrong_result_of_an_operation_is_found(tmp_path, monkeypatch):
    from gan_nets.exporting import _mil

    net = ResnetGenerator(blocks=1, width=2)
    monkeypatch.setattr(_mil, "OPERATIONS", {**_mil.OPERATIONS, "relu": lambda x: x})
    with pytest.raises(ValueError, match=r"the exported ResnetGenerator gives .* that differ by"):
        export_coreml(net, tmp_path / "net.mlpackage")
    monkeypatch.setattr(_mil, "OPERATIONS", {})
    with pytest.raises(ValueError, match=r"the check has no operation .* of Core ML"):
        export_coreml(net, tmp_path / "net.mlpackage")
    assert not list(tmp_path.iterdir())


def test_what_is_refused(tmp_path, monkeypatch):
    net, out = ResnetGenerator(blocks=1, width=2), tmp_path / "net.mlpackage"
    out.mkdir()
    with pytest.raises(FileExistsError, match="is no package of Core ML, and is not replaced; choose"):
        export_coreml(net, out)
    out.rmdir()
    with pytest.raises(ValueError, match=r"expected a path that ends in \.mlpackage, as Core ML does; got "):
        export_coreml(net, tmp_path / "net.mlmodel")
    monkeypatch.setitem(sys.modules, "coremltools", None)
    with pytest.raises(ModuleNotFoundError, match=r"Core ML files .* pip install coremltools"):
        export_coreml(net, out)
    assert not list(tmp_path.iterdir())
