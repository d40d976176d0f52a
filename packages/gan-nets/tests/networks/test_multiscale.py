import pytest
import torch
from gan_nets import MultiscaleDiscriminator


def test_parameter_count_and_maps_of_the_official_settings():
    """Two scales for 36 channels of labels and an image; padding 2 makes each map a little larger."""
    with torch.device("meta"):
        net = MultiscaleDiscriminator(39)
        features = net(torch.empty(1, 39, 512, 1024), features=True)
    assert sum(p.numel() for p in net.parameters()) == 5_603_202
    channels, heights = [64, 128, 256, 512, 1], [[257, 129, 65, 66, 67], [129, 65, 33, 34, 35]]
    assert [[y.shape[1] for y in scale] for scale in features] == [channels, channels]
    assert [[y.shape[2] for y in scale] for scale in features] == heights


def test_channels_stop_doubling_at_512():
    with torch.device("meta"):
        net = MultiscaleDiscriminator(layers=4, width=128)
    assert [block.conv.out_channels for block in net.scales[0].blocks] == [128, 256, 512, 512, 512]


def test_one_forward_gives_features_and_logits():
    torch.manual_seed(0)
    net, x = MultiscaleDiscriminator(scales=3, width=4), torch.randn(2, 3, 40, 32)
    features, logits = net(x, features=True), net(x)
    assert [len(scale) for scale in features] == [5, 5, 5]
    assert all(torch.equal(scale[-1], y) for scale, y in zip(features, logits, strict=True))


def test_each_scale_takes_half_the_size_of_the_one_before_with_its_own_weights():
    torch.manual_seed(0)
    net, x = MultiscaleDiscriminator(scales=3, width=4), torch.randn(2, 3, 40, 32)
    inputs = [x, net.downsample(x), net.downsample(net.downsample(x))]
    for scale, y, logits in zip(net.scales, inputs, net(x), strict=True):
        for block in scale.blocks:
            y = block(y)
        torch.testing.assert_close(scale.output(y), logits)
    first, second, _ = (scale.output.weight for scale in net.scales)
    assert not torch.equal(first, second)


def test_returned_activations_are_not_changed_by_later_layers():
    """The blocks work in place; the activations returned must be what each block gave."""
    torch.manual_seed(0)
    net, outputs = MultiscaleDiscriminator(scales=1, width=4), []
    for block in net.scales[0].blocks:
        block.register_forward_hook(lambda _module, _inputs, out: outputs.append(out.detach().clone()))
    (features,) = net(torch.randn(1, 3, 32, 32), features=True)
    assert all(torch.equal(y, before) for y, before in zip(features, outputs, strict=False))
    sum(y.square().mean() for y in features).backward()
    assert all(p.grad.isfinite().all() for p in net.parameters())


def test_settings_of_forward_hold_for_features():
    net, x = MultiscaleDiscriminator(width=4), torch.randn(1, 3, 32, 32)
    expected = net(x, features=True)
    net.compile(backend="eager", fullgraph=True)
    for got, scale in zip(net(x, features=True), expected, strict=True):
        torch.testing.assert_close(got, scale)


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
@pytest.mark.parametrize("scales", [1, 3])
def test_minimum_size_gives_logits_and_less_is_refused(scales, norm):
    net = MultiscaleDiscriminator(scales=scales, width=2, norm=norm)
    least = net.minimum_size
    assert all(logits.isfinite().all() for logits in net(torch.randn(1, 3, least, least)))
    with pytest.raises(ValueError, match=rf"at least {least}x{least}; got {least}x{least - 1}; enlarge"):
        net(torch.randn(1, 3, least, least - 1))


@pytest.mark.parametrize("name", ["scales", "layers"])
def test_wrong_arguments_are_refused(name):
    with pytest.raises(ValueError, match=f"expected {name} to be a positive integer; got 0"):
        MultiscaleDiscriminator(**{name: 0})
