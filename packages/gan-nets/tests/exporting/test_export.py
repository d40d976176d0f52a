"""Exported files compute in other runtimes what the networks compute."""

import json
import sys

import onnx
import onnxruntime as ort
import pytest
import torch
from gan_nets import (
    CoarseToFineUNet,
    FastGANGenerator,
    GlobalGenerator,
    LocalEnhancer,
    MSRResNet,
    PatchDiscriminator,
    ResnetGenerator,
    RRDBNet,
    SRResNet,
    SRVGGNetCompact,
    StyleGAN2Generator,
    UNetGenerator,
    Usage,
    export_onnx,
    export_program,
    pix2pix_unet_paper,
)
from gan_nets.commands import main
from gan_nets.saving.pretrained import PretrainedModule
from torch import nn

NETS = {  # every network that takes images, with options that are hard to export
    "resnet": lambda: ResnetGenerator(blocks=1, width=2, downsample="blurred", upsample="resized"),
    "unet": lambda: UNetGenerator(depth=3, width=2, batch_statistics_at_inference=True),
    "global": lambda: GlobalGenerator(width=2, downsamplings=1, blocks=1),
    "local": lambda: LocalEnhancer(width=1, downsamplings=1, blocks=1, enhancers=1, enhancer_blocks=1),
    "coarse to fine": lambda: CoarseToFineUNet(resolutions=(4, 8), width=2),
    "srresnet": lambda: SRResNet(scale=2, blocks=1, width=2),
    "msrresnet": lambda: MSRResNet(scale=3, blocks=1, width=2),
    "compact": lambda: SRVGGNetCompact(scale=2, convs=1, width=2),
}
if torch.__version__ >= "2.7":  # the exporter of 2.6 gets pixel_unshuffle wrong
    NETS["rrdb"] = lambda: RRDBNet(scale=2, blocks=1, width=2, growth=2)


def same_size(y, x):
    """Enlarged images at the size of x, with their pixels as channels."""
    scale = y.shape[-1] // x.shape[-1]
    return torch.cat(
        [y[..., row::scale, column::scale] for row in range(scale) for column in range(scale)], 1
    )


class Several(PretrainedModule):
    """All of them as one network, as each export takes seconds: their outputs as channels."""

    in_channels, size_multiple = 3, 8

    def __init__(self):
        super().__init__()
        self.nets = nn.ModuleList(build() for build in NETS.values())

    def forward(self, x):
        return torch.cat(self.outputs(x), dim=1)

    def outputs(self, x):
        return [same_size(net(x), x) for net in self.nets]


class WrongWhenExported(PretrainedModule):
    """Gives twice as much while it is exported."""

    in_channels, size_multiple = 3, 8

    def __init__(self):
        super().__init__()

    def forward(self, x):
        return 2 * x if torch.compiler.is_compiling() else x


def as_trained(net):
    """With running statistics and strengths of noise as after training."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
        if isinstance(getattr(module, "noise", None), nn.Parameter):
            nn.init.constant_(module.noise, 0.5)
    return net.eval()


def session(path):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def image(batch, height, width):
    return torch.rand(batch, 3, height, width) * 2 - 1


def assert_same(got, expected):
    torch.testing.assert_close(torch.as_tensor(got), expected, atol=2e-5, rtol=1e-4)


def latents_labels_and_noise(net):
    """Inputs, and the noise that exported files hold."""
    torch.manual_seed(0)
    noise = [torch.randn(1, 1, s, s) for s in net.noise_sizes]
    return (torch.randn(5, 4), torch.tensor([0, 1, 2, 1, 0])), noise


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    torch.manual_seed(0)
    net, path = as_trained(Several()), tmp_path_factory.mktemp("onnx") / "several.onnx"
    assert export_onnx(net, path) < 2e-5
    return net, session(path)


@pytest.fixture(scope="module")
def unet(tmp_path_factory):
    """A folder and its network, with dropout and batch statistics at inference."""
    torch.manual_seed(0)
    net = pix2pix_unet_paper(depth=3, width=2)
    net.usage = Usage(task="colorize", color_space="ycrcb")
    folder = tmp_path_factory.mktemp("unet")
    net.save_pretrained(folder)
    return folder, net.eval()


@pytest.mark.parametrize("shape", [(1, 8, 40), (2, 24, 16), (3, 64, 72)])
@torch.no_grad()
def test_onnx_equals_eager_at_any_size(several, shape):
    net, run = several
    x = image(*shape)
    expected = dict(zip(NETS, net.outputs(x), strict=True))
    (got,) = run.run(None, {"input": x.numpy()})
    parts = torch.as_tensor(got).split([y.shape[1] for y in expected.values()], dim=1)
    for part, (name, y) in zip(parts, expected.items(), strict=True):
        torch.testing.assert_close(part, y, atol=2e-5, rtol=1e-4, msg=lambda why, name=name: f"{name}: {why}")


@torch.no_grad()
def test_latents_give_the_same_image_each_time(tmp_path):
    net = as_trained(
        StyleGAN2Generator(8, latents=4, styles=4, mapping_layers=1, base_channels=32, classes=3)
    )
    export_onnx(net, tmp_path / "net.onnx")
    inputs, noise = latents_labels_and_noise(net)
    fed = {name: x.numpy() for name, x in zip(("latents", "labels"), inputs, strict=True)}
    assert_same(session(tmp_path / "net.onnx").run(None, fed)[0], net(*inputs, noise=noise))


@torch.no_grad()
def test_the_exported_network_keeps_its_spectral_norm(tmp_path):
    net = as_trained(FastGANGenerator(64, latents=4, width=2, classes=3))
    export_program(net, tmp_path / "net.pt2")
    inputs, noise = latents_labels_and_noise(net)
    assert_same(torch.export.load(tmp_path / "net.pt2").module()(*inputs), net(*inputs, noise=noise))


@torch.no_grad()
def test_command_and_metadata(unet, tmp_path, capsys):
    folder, _ = unet
    out = tmp_path / "a folder that is made" / "net.onnx"
    main(["export", str(folder), str(out), "--opset", "20", "--without-dropout"])
    output = capsys.readouterr().out
    assert output.startswith(f"network: UNetGenerator\nsaved:   {out}\nchecked: differs by ")
    model = onnx.load(out)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert model.opset_import[0].version == 20
    assert (facts["class"], facts["size_multiple"], facts["scale"]) == ("UNetGenerator", "8", "1")
    assert json.loads(facts["usage"]) == {
        "task": "colorize",
        "color_space": "ycrcb",
        "value_range": [-1.0, 1.0],
        "trained_size": None,
        "ensemble": False,
        "saturation": 1.0,
    }
    without_dropout = UNetGenerator.from_pretrained(folder, dropout_at_inference=False)
    x = image(2, 8, 24)
    assert_same(session(out).run(None, {"input": x.numpy()})[0], without_dropout(x))


@torch.no_grad()
def test_program_equals_eager(tmp_path):
    torch.manual_seed(0)
    net = as_trained(SRResNet(scale=2, blocks=1, width=2)).train()
    path = tmp_path / "net.pt2"
    before = torch.get_rng_state()
    export_program(net, path)
    assert torch.equal(torch.get_rng_state(), before)
    assert net.training
    assert all(p.requires_grad for p in net.parameters())
    net.eval()
    extra = {"metadata.json": ""}
    run = torch.export.load(path, extra_files=extra).module()
    for shape in [(1, 1, 7), (2, 5, 3)]:
        x = image(*shape)
        assert_same(run(x), net(x))
    facts = json.loads(extra["metadata.json"])
    assert (facts["class"], facts["scale"], facts["least_size"]) == ("SRResNet", "2", "1")


def test_a_file_with_other_results_replaces_nothing(tmp_path):
    path = tmp_path / "net.pt2"
    path.write_text("former")
    with pytest.raises(
        ValueError, match=r"WrongWhenExported gives .* that differ by .* for inputs \(1, 3, 8, 8\)"
    ):
        export_program(WrongWhenExported(), path)
    assert [file.name for file in tmp_path.iterdir()] == ["net.pt2"]
    assert path.read_text() == "former"


def test_what_is_refused(unet, tmp_path, monkeypatch):
    net = unet[1]
    with pytest.raises(ValueError, match=r"UNetGenerator has dropout on at inference.*--without-dropout"):
        export_program(net, tmp_path / "net.pt2")
    with pytest.raises(ValueError, match="PatchDiscriminator, whose task is to discriminate"):
        export_program(PatchDiscriminator(), tmp_path / "net.pt2")
    with pytest.raises(ValueError, match=r"expected an opset from 18 to \d+, .*; got 11"):
        export_onnx(net, tmp_path / "net.onnx", opset=11)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModuleNotFoundError, match="pip install onnx onnxscript onnxruntime"):
        export_onnx(net, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
