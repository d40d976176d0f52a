"""The family of a checkpoint and the network that fits it; the outputs are tested in test_parity.py."""

import json
from pathlib import Path

import pytest
import torch
from gan_nets import GlobalGenerator, PatchDiscriminator, UNetGenerator, Usage, interop

FAMILIES = {  # of the files in parity/
    "basicsr_msrresnet": "basicsr-msrresnet",
    "basicsr_rrdbnet": "basicsr-rrdbnet",
    "basicsr_vggdisc": "basicsr-discriminator",
    "cut_resnet": "cut-resnet",
    "cyclegan_resnet": "cyclegan-resnet",
    "fastgan_discriminator": "fastgan-discriminator",
    "fastgan_generator": "fastgan-generator",
    "patchgan": "patch-discriminator",
    "pg_fastgan": "projected-fastgan",
    "pix2pix_unet": "pix2pix-unet",
    "pix2pixhd_encoder": "pix2pixhd-encoder",
    "pix2pixhd_global": "pix2pixhd-global",
    "pix2pixhd_local": "pix2pixhd-local",
    "pix2pixhd_msd": "pix2pixhd-discriminator",
    "pixelgan": "pixel-discriminator",
}
PARITY = Path(__file__).parents[1] / "parity"
PLAIN = ("cyclegan", "pix2pix", "basicsr")  # without spectral norm
LAYOUTS = json.loads((PARITY / "layouts.json").read_text())
NETWORKS = sorted(path.stem for path in PARITY.glob("*.safetensors") if not path.stem.startswith("loss_"))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_family_of_every_parity_file_is_detected(name, read_parity):
    (expected,) = {family for prefix, family in FAMILIES.items() if name.startswith(prefix)}
    weights, *_ = read_parity(name)
    for prefix in ("", "module.", "_orig_mod.", "_orig_mod.module."):
        assert interop.detect({prefix + key: value for key, value in weights.items()}) == expected
    assert interop.detect({"params": weights}) == expected


@pytest.mark.parametrize("name", sorted(name for name in LAYOUTS if name.startswith(PLAIN)))
def test_the_published_sizes_of_the_originals_are_detected(name):
    """Shapes alone, on the meta device."""
    with torch.device("meta"):
        state = {key: torch.empty(shape) for key, shape in LAYOUTS[name]["state_dict"].items()}
        net = interop.convert(state)
    assert sum(parameter.numel() for parameter in net.parameters()) == LAYOUTS[name]["params"]


def an_eighth(shapes):
    """The original's tensors at an eighth of the width and latents: spectral norm is slow at full size."""
    state = {}
    for key, shape in shapes.items():
        narrow = [size // 8 if size % 8 == 0 else size for size in shape]
        if key.startswith("decoder"):  # the width of the discriminator changes its input alone
            narrow = [shape[0], narrow[1], *shape[2:]] if "main.1.1.weight_orig" in key else shape
        if key.endswith("weight_v"):
            weight = state[key.replace("_v", "_orig")]
            narrow = [
                weight[:, 0].numel() if ".init." in key else weight[0].numel()
            ]  # the first is transposed
        state[key] = torch.zeros(narrow)
    return state


@pytest.mark.parametrize("name", sorted(name for name in LAYOUTS if "fastgan" in name))
def test_the_sizes_of_fastgan_are_detected(name):
    net = interop.convert(an_eighth(LAYOUTS[name]["state_dict"]))
    described, size = net.describe(), int(name.rpartition("_")[2])
    assert (described["size"], described["width"]) == (size, 16 if name == "pg_fastgan_256" else 8)
    if "_D_" not in name:
        assert described["latents"] == 32
        assert described["output_tanh"] == (size == 1024)
        assert described["blocks"] == {"pg_fastgan_256": "full", "pg_fastgan_lite_256": "lite"}.get(
            name, "alternating"
        )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (["discriminator.mini_discs.0.main.0.main.1.weight"], "gan_projected.interop.load_discriminator"),
        (["scratch.layer0_ccm.weight"], "gan_projected.interop.load_projector loads"),
        (["synthesis.b4.const", "mapping.fc0.weight"], "a StyleGAN2-ADA generator, .*; train one of these"),
        (["synthesis.embed.weight", "synthesis.init.init.0.weight_orig"], "class-conditional FastGAN"),
        (
            ["model.0.weight", "model.2.filt", "model.3.weight"],
            "CUT's discriminator with blurred downsampling",
        ),
        (["conv1.weight", "fc.bias"], r"of no known family \(.*\); got the keys conv1.weight, fc.bias"),
        (["layer1.0.conv1.weight", "layer1.0.bn1.weight"], "of no known family"),  # torchvision's ResNet
        (["conv_first.weight", "body.0.conv1.weight", "upsample.0.weight"], "of no known family"),  # EDSR
    ],
)
def test_checkpoints_that_are_not_converted_are_named(keys, message):
    with pytest.raises(ValueError, match=message):
        interop.detect({key: torch.zeros(1) for key in keys})


def test_pix2pix_from_lightness_to_chroma_is_a_colorizer():
    """The original's colorization model goes from L to a and b, scaled as in gan-colorspace."""
    unet = UNetGenerator(1, 2, depth=2, width=2)
    names = {"downs.0.conv": "model.model.0", "downs.1.conv": "model.model.1.model.1"}
    names |= {"ups.0.conv": "model.model.1.model.3", "ups.0.norm": "model.model.1.model.4"}
    names |= {"output": "model.model.3"}
    state = {}
    for key, value in unet.state_dict().items():
        layer, _, leaf = key.rpartition(".")
        state[f"{names[layer]}.{leaf}"] = value
    assert interop.convert(state).usage == Usage("colorize", "lab")


# The layers of ESRGAN's RRDBNet besides its dense blocks: BasicSR's name, the first name, the later one.
ESRGAN = [
    ("conv_first", "model.0", "conv_first"),
    ("conv_body", "model.1.sub.{blocks}", "trunk_conv"),
    ("conv_up1", "model.3", "upconv1"),
    ("conv_up2", "model.6", "upconv2"),
    ("conv_hr", "model.8", "HRconv"),
    ("conv_last", "model.10", "conv_last"),
]


@pytest.mark.parametrize("age", [1, 2], ids=["first keys", "later keys"])
def test_esrgan_is_basicsrs_network_under_older_keys(age, read_parity):
    weights, *_ = read_parity("basicsr_rrdbnet_x4")
    blocks = 1 + max(int(key.split(".")[1]) for key in weights if key.startswith("body."))
    names = {row[0]: row[age].format(blocks=blocks) for row in ESRGAN}
    trunk, conv = (("model.1.sub", "{}.0"), ("RRDB_trunk", "{}"))[age - 1]
    older = {}
    for key, value in weights.items():
        layer, _, leaf = key.rpartition(".")
        if layer.startswith("body."):
            _, block, dense, number = layer.split(".")
            layer = f"{trunk}.{block}.{dense.upper()}.{conv.format(number)}"
        older[f"{names.get(layer, layer)}.{leaf}"] = value
    assert interop.detect(older) == "esrgan-rrdbnet"
    state = interop.convert(weights).state_dict()
    assert all(torch.equal(value, state[key]) for key, value in interop.convert(older).state_dict().items())


def test_the_family_can_be_given(read_parity):
    weights, *_ = read_parity("cyclegan_resnet9_instance")  # the same layers as pix2pixHD's
    assert type(interop.convert(weights, family="pix2pixhd-global")) is GlobalGenerator
    with pytest.raises(ValueError, match=r"expected a family among basicsr-discriminator, .*; got 'pix2pix'"):
        interop.convert(weights, family="pix2pix")


def test_a_part_of_a_file_becomes_a_network(tmp_path, read_parity):
    generator, discriminator = read_parity("pix2pix_unet128_instance")[0], read_parity("patchgan_n3_batch")[0]
    torch.save({"netG": generator, "netD": discriminator, "epoch": 3}, tmp_path / "all.pth")
    assert type(interop.convert(tmp_path / "all.pth")) is UNetGenerator
    assert type(interop.convert(str(tmp_path / "all.pth"), part="netD")) is PatchDiscriminator


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_their_key(read_parity, tmp_path, value):
    weights, *_ = read_parity("patchgan_n3_batch")
    key = sorted(weights)[0]
    torch.save({**weights, key: torch.full_like(weights[key], value)}, tmp_path / "diverged.pth")
    with pytest.raises(ValueError, match=rf"diverged.pth: NaN or infinity in 1 of .* such as {key}"):
        interop.convert(tmp_path / "diverged.pth")
