"""Real-ESRGAN's compact network under the original's keys, against a list of torch's own layers."""

import gan_nets
import pytest
import torch
import torch.nn.functional as F
from gan_nets import SRVGGNetCompact, interop
from gan_nets.commands import main
from torch import nn

ACTIVATIONS = {
    "prelu": lambda: nn.PReLU(WIDTH),
    "relu": nn.ReLU,
    "leakyrelu": lambda: nn.LeakyReLU(0.1),
}
WIDTH = 5


class Original(nn.Module):
    """The layers in one list, from images in [0, 1] to images in [0, 1]."""

    def __init__(self, *, scale=2, convs=2, activation="prelu", channels=(3, 3)):
        super().__init__()
        self.scale, act = scale, ACTIVATIONS[activation]
        layers = [nn.Conv2d(channels[0], WIDTH, 3, padding=1), act()]
        for _ in range(convs):
            layers += [nn.Conv2d(WIDTH, WIDTH, 3, padding=1), act()]
        self.body = nn.Sequential(*layers, nn.Conv2d(WIDTH, channels[1] * scale**2, 3, padding=1))
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.15)

    def forward(self, x):
        enlarged = x.repeat_interleave(self.scale, 2).repeat_interleave(self.scale, 3)
        return F.pixel_shuffle(self.body(x), self.scale) + enlarged


@torch.no_grad()
def assert_same(net, original, channels=3):
    x = torch.rand(2, channels, 7, 4)
    torch.testing.assert_close((net(2 * x - 1) + 1) / 2, original(x), atol=1e-6, rtol=0)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("convs", [1, 4])
@pytest.mark.parametrize("entry", ["params", "params_ema"])
def test_a_file_gives_the_original_s_result(scale, convs, entry, tmp_path, capsys):
    torch.manual_seed(0)
    original = Original(scale=scale, convs=convs)
    torch.save({entry: original.state_dict()}, tmp_path / "realesr.pth")
    main(["convert", str(tmp_path / "realesr.pth"), str(tmp_path / "net")])
    family, network, _ = capsys.readouterr().out.splitlines()
    assert family == "family:  realesrgan-compact"
    assert network == (
        f"network: SRVGGNetCompact(in_channels=3, out_channels=3, scale={scale}, convs={convs}, width=5, "
        "activation='prelu', degradation=None)"
    )
    net = gan_nets.load(tmp_path / "net")
    assert net.usage == gan_nets.Usage("enlarge")
    assert_same(net, original)


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
def test_the_family_is_detected_below_the_prefix_of_a_wrapper(prefix):
    for activation in ACTIVATIONS:
        state = Original(convs=1, activation=activation).state_dict()
        assert interop.detect({prefix + key: x for key, x in state.items()}) == "realesrgan-compact"


def test_renamed_weights_load_into_the_network():
    original = Original()
    net = SRVGGNetCompact(scale=2, convs=2, width=WIDTH)
    net.load_state_dict(interop.compact_from_realesrgan(original.state_dict()))
    assert_same(net, original)


@pytest.mark.parametrize("activation", ["relu", "leakyrelu"])
def test_an_activation_without_weights_must_be_given(activation):
    original = Original(activation=activation)
    with pytest.raises(ValueError, match=r"does not tell .*; give activation=.* \(gan-nets convert --act"):
        interop.convert(original.state_dict())
    net = interop.load_realesrgan_compact(original.state_dict(), activation=activation)
    assert net.describe()["activation"] == activation
    assert_same(net, original)


def test_other_channels_of_the_output_need_the_scale():
    original = Original(scale=4, channels=(1, 3))
    with pytest.raises(ValueError, match=r"to make 1 \* scale\*\*2 channels; got 48; if input and output"):
        interop.convert(original.state_dict())
    assert_same(interop.load_realesrgan_compact(original.state_dict(), scale=4), original, channels=1)
    for scale, channels in ((3, (1, 3)), (2, (3, 3))):
        state = Original(scale=4, channels=channels).state_dict()
        with pytest.raises(
            ValueError, match=rf"^scale {scale} contradicts the file, .* makes 48, the output's"
        ):
            interop.convert(state, scale=scale)


def test_the_command_takes_what_the_file_does_not_tell(tmp_path, capsys):
    original = Original(scale=4, channels=(1, 3), activation="leakyrelu")
    torch.save(original.state_dict(), tmp_path / "net.pth")
    options = ["--scale", "4", "--activation", "leakyrelu"]
    main(["convert", str(tmp_path / "net.pth"), str(tmp_path / "net"), *options])
    network = capsys.readouterr().out.splitlines()[1]
    assert "in_channels=1, out_channels=3, scale=4" in network
    assert "activation='leakyrelu'" in network
    assert_same(gan_nets.load(tmp_path / "net"), original, channels=1)


def test_contradictions_are_refused():
    with pytest.raises(
        ValueError, match=r"^activation relu contradicts the file, whose body\.1\.weight is of PReL"
    ):
        interop.convert(Original().state_dict(), activation="relu")
    with pytest.raises(
        ValueError, match=r"^activation prelu contradicts the file, which has no weights of PReLU"
    ):
        interop.convert(Original(activation="relu").state_dict(), activation="prelu")
    discriminator = {"net.0.weight": torch.zeros(4, 3, 1, 1), "net.2.weight": torch.zeros(8, 4, 1, 1)}
    with pytest.raises(
        ValueError, match="for realesrgan-compact only, since the file shows them for pixel-disc"
    ):
        interop.convert(discriminator, family="pixel-discriminator", scale=2)


@pytest.mark.parametrize(
    ("lost", "message"),
    [
        (("body.3.weight", "body.4.bias"), r"missing keys \(2\): body\.3\.weight, body\.4\.bias$"),
        (("body.6.weight", "body.6.bias"), "expected a convolution's weight at 'body.5.weight'"),
    ],
)
def test_what_is_missing_has_the_file_s_own_keys(lost, message):
    state = {key: value for key, value in Original().state_dict().items() if key not in lost}
    with pytest.raises(
        ValueError, match=f"the Real-ESRGAN SRVGGNetCompact checkpoint does not fit.*{message}"
    ):
        interop.convert(state)


def test_other_networks_are_refused():
    for load in (interop.load_realesrgan_compact, interop.compact_from_realesrgan):
        with pytest.raises(ValueError, match=r"does not fit: expected .*'body\.0\.weight'; got .*conv_first"):
            load({"conv_first.weight": torch.zeros(4, 3, 3, 3)})
