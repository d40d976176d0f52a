"""Files of architectures that only spandrel has, against spandrel itself; and those that both have."""

import pickle
import sys

import gan_nets
import pytest
import torch
from gan_nets import RRDBNet, SpandrelNet, SRVGGNetCompact, interop
from gan_nets.commands import main
from safetensors.torch import save_file


def spandrel():
    return pytest.importorskip("spandrel", reason="needs gan-nets[spandrel]")


def architecture(name):
    spandrel()
    return pytest.importorskip(f"spandrel.architectures.{name}")


SMALL = {  # with its scale and channels
    "DAT": (lambda m: m.DAT(embed_dim=16, depth=[2], num_heads=[2], upscale=2), 2, 3),
    "DnCNN": (lambda m: m.DnCNN(nc=8, nb=4), 1, 1),
    "FFTformer": (lambda m: m.FFTformer(dim=8, num_blocks=[1, 1, 1], num_refinement_blocks=1), 1, 3),
    "NAFNet": (lambda m: m.NAFNet(width=8, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1]), 1, 3),
    "OmniSR": (lambda m: m.OmniSR(num_feat=16), 4, 3),
    "PLKSR": (lambda m: m.RealPLKSR(dim=16, n_blocks=2, kernel_size=9), 4, 3),
    "RCAN": (lambda m: m.RCAN(n_resgroups=1, n_resblocks=1, n_feats=16), 4, 3),
    "SCUNet": (lambda m: m.SCUNet(config=[1] * 7), 1, 3),
    "SPAN": (lambda m: m.SPAN(num_in_ch=3, num_out_ch=3, feature_channels=16), 4, 3),
    "SwinIR": (
        lambda m: m.SwinIR(
            embed_dim=12, depths=[2], num_heads=[2], window_size=8, upscale=2, upsampler="pixelshuffledirect"
        ),
        2,
        3,
    ),
}


def state_of(name):
    """A state dict of random weights, built by spandrel's own class."""
    torch.manual_seed(0)
    return SMALL[name][0](architecture(name)).state_dict()


def pixels(channels, height, width):
    """In [0, 1], and exact in [-1, 1] as well."""
    return torch.randint(0, 257, (1, channels, height, width)) / 256


@pytest.fixture
def write(tmp_path):
    def write(state, name="4x-net.pth"):
        save = save_file if name.endswith("safetensors") else torch.save
        save(state, tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_file_gives_what_spandrel_gives(name, suffix, write):
    _, scale, channels = SMALL[name]
    state = state_of(name)
    net = gan_nets.load(write(state, f"net.{suffix}"))
    assert isinstance(net, SpandrelNet)
    assert not any(module.training for module in net.modules())
    assert net.architecture in (name, "RealPLKSR")
    assert (net.scale, net.in_channels, net.out_channels) == (scale, channels, channels)
    assert net.usage == gan_nets.Usage("enlarge" if scale > 1 else "translate")
    x01 = pixels(channels, 43, 50)
    expected = spandrel().ModelLoader().load_from_state_dict(dict(state))(x01.clone())  # RCAN's changes it
    torch.testing.assert_close((net(2 * x01 - 1) + 1) / 2, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [(1, 1), (5, 70), (33, 18)])
def test_pictures_have_any_size(name, size, write):
    _, scale, channels = SMALL[name]
    net = gan_nets.load(write(state_of(name)))
    result = gan_nets.translate(net, pixels(channels, *size) * 2 - 1)
    assert result.shape == (1, channels, scale * size[0], scale * size[1])


def test_spandrels_padding_is_that_of_translate(write):
    state = state_of("FFTformer")  # multiples of 32
    x01 = pixels(3, 40, 51)
    result = gan_nets.translate(gan_nets.load(write(state)), 2 * x01 - 1)
    expected = spandrel().ModelLoader().load_from_state_dict(dict(state))(x01)
    torch.testing.assert_close((result + 1) / 2, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("name", "build", "expected"),
    [
        ("ESRGAN", lambda m: m.ESRGAN(num_filters=8, num_blocks=2), RRDBNet),
        (
            "ESRGAN",
            lambda m: m.ESRGAN(in_nc=3, num_filters=8, num_blocks=1, scale=2, shuffle_factor=2),
            RRDBNet,
        ),
        ("Compact", lambda m: m.Compact(num_feat=8, num_conv=3, upscale=3), SRVGGNetCompact),
    ],
)
def test_our_own_network_is_taken_where_both_have_it(name, build, expected, write):
    state = build(architecture(name)).state_dict()
    net = gan_nets.load(write(state))
    assert type(net) is expected
    x01 = pixels(3, 12, 20)
    theirs = spandrel().ModelLoader().load_from_state_dict(dict(state))(x01)
    torch.testing.assert_close(((net(2 * x01 - 1) + 1) / 2).clamp(0, 1), theirs, atol=1e-6, rtol=0)


def test_what_a_known_family_has_in_another_form_is_spandrels(write):
    state = architecture("ESRGAN").ESRGAN(num_filters=8, num_blocks=1, plus=True).state_dict()
    net = gan_nets.load(write(state))
    assert isinstance(net, SpandrelNet)
    assert net.architecture == "ESRGAN"


def test_a_part_of_a_file_and_the_prefix_of_a_wrapper(write):
    state = state_of("PLKSR")
    wrapped = {f"module.{key}": value for key, value in state.items()}
    path = write({"params": {key: value * 0 for key, value in state.items()}, "params_ema": wrapped})
    average, last = gan_nets.load(path), gan_nets.load(path, net="params")
    assert isinstance(average, SpandrelNet)
    assert isinstance(last, SpandrelNet)
    assert torch.equal(next(average.parameters()), next(iter(state.values())))
    assert not next(last.parameters()).any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision(dtype, write):
    state = {key: value.to(dtype) for key, value in state_of("PLKSR").items()}
    net = gan_nets.load(write(state))
    x = pixels(3, 20, 24) * 2 - 1
    exact = net(x)
    assert exact.dtype == torch.float32  # as for our own networks, of the values in the file
    half = net.to(dtype)(x.to(dtype))
    assert half.dtype == dtype
    torch.testing.assert_close(half.float(), exact, atol=0.05, rtol=0)


def test_local_networks_have_tiles_that_equal_the_whole_picture(write):
    net, x = gan_nets.load(write(state_of("PLKSR"))), pixels(3, 70, 131) * 2 - 1
    torch.testing.assert_close(
        gan_nets.translate(net, x, tile=64), gan_nets.translate(net, x), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("name", ["NAFNet", "SwinIR", "DAT"])
def test_tiles_that_differ_have_a_warning(name, write):
    net, x = gan_nets.load(write(state_of(name))), pixels(3, 70, 131) * 2 - 1
    with pytest.warns(UserWarning, match="SpandrelNet depends on the whole image .*: its tiles differ"):
        result = gan_nets.translate(net, x, tile=64)
    assert result.shape == (1, 3, net.scale * 70, net.scale * 131)


@pytest.mark.parametrize("name", ["PLKSR", "DnCNN"])
def test_onnx(name, write, tmp_path):
    pytest.importorskip("onnxscript")
    assert gan_nets.export_onnx(gan_nets.load(write(state_of(name))), tmp_path / "net.onnx") < 1e-5


def test_a_network_of_spandrel_is_not_saved(write, tmp_path):
    net = gan_nets.load(write(state_of("SPAN")))
    assert isinstance(net, SpandrelNet)
    with pytest.raises(ValueError, match=r"SPAN of spandrel can't be saved to .*out: .* keep the file"):
        net.save_pretrained(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_convert_says_that_there_is_no_folder_of_it(write, tmp_path, capsys):
    path = write(state_of("SPAN"))
    with pytest.raises(SystemExit):
        main(["convert", str(path), str(tmp_path / "out")])
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "it is SPAN of spandrel, for which there is no folder layout: gan_nets.load and the" in error


def test_the_commands_open_the_file(write, tmp_path):
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (9, 5)).save(tmp_path / "in.png")
    path = write(state_of("SPAN"))
    main(["translate", str(path), str(tmp_path / "in.png"), "-o", str(tmp_path / "out.png")])
    with image.open(tmp_path / "out.png") as result:
        assert result.size == (36, 20)


def test_tensors_that_do_not_fit_are_one_sentence(write):
    state = state_of("SPAN")
    del state["block_2.c1_r.sk.weight"]
    with pytest.raises(
        ValueError, match=r"net.pth: spandrel takes the checkpoint for SPAN, which it does not fit"
    ):
        gan_nets.load(write(state))
    state = state_of("SPAN")
    state["conv_2.sk.bias"][0] = torch.nan
    with pytest.raises(ValueError, match=r"net.pth: NaN or infinity in 1 of .*, such as conv_2.sk.bias"):
        gan_nets.load(write(state))


def test_a_network_that_takes_a_mask_is_refused(write):
    state = architecture("LaMa").LaMa().state_dict()
    with pytest.raises(ValueError, match="LaMa takes a mask besides the image"):
        gan_nets.load(write(state))


class Payload:
    def __reduce__(self):
        return (print, ("executed",))


def test_code_in_a_file_is_never_executed(tmp_path, capsys):
    torch.save({"conv_1.sk.weight": Payload()}, tmp_path / "evil.pth")
    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Payload(), protocol=2))
    for name in ("evil.pth", "bare.pth"):
        with pytest.raises(ValueError, match=f"{name} is not a checkpoint that can be read safely"):
            gan_nets.load(tmp_path / name)
    assert "executed" not in capsys.readouterr().out


def test_an_unknown_file_is_unknown_to_both(write):
    spandrel()
    with pytest.raises(
        ValueError, match=r"net.pth: the checkpoint is of no known .*; spandrel does not know it"
    ):
        gan_nets.load(write({"w": torch.zeros(1)}))


def test_without_the_extra_its_command_is_said(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "spandrel", None)
    path = write({"conv_1.sk.weight": torch.zeros(1)})
    for read in (gan_nets.load, interop.convert):
        with pytest.raises(ValueError, match=r"no known family .* after pip install spandrel"):
            read(path)
    path = write({"layers.0.residual_group.blocks.0.norm1.weight": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"other transformer .* after pip install spandrel"):
        gan_nets.load(path)


def test_without_the_extra_our_own_networks_are_opened(write, monkeypatch, read_parity):
    monkeypatch.setitem(sys.modules, "spandrel", None)
    weights, *_ = read_parity("cyclegan_resnet6_instance")
    assert type(gan_nets.load(write(weights))) is gan_nets.ResnetGenerator
