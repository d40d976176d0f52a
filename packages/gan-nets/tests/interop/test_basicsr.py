import pytest
import torch
from gan_nets import MSRResNet, RRDBNet, interop


def test_the_scale_of_an_original_with_other_channels_may_be_given():
    """Four channels in and one out look like scale 2 unless the scale is given."""
    original = RRDBNet(4, 1, scale=4, blocks=1, width=4, growth=2)
    names = {"input": "conv_first", "trunk": "conv_body", "full_size": "conv_hr", "output": "conv_last"}
    state = {}
    for key, value in original.state_dict().items():
        layer, _, leaf = key.rpartition(".")
        parts = layer.split(".")
        if parts[0] == "ups":
            layer = f"conv_up{int(parts[1]) + 1}"
        elif parts[0] == "blocks":
            layer = f"body.{parts[1]}.rdb{int(parts[3]) + 1}.conv{int(parts[5]) + 1}"
        state[f"{names.get(layer, layer)}.{leaf}"] = value
    x = torch.randn(1, 4, 3, 5)
    assert torch.equal(interop.load_basicsr_rrdbnet(state, scale=4)(x), original(x))
    assert interop.load_basicsr_rrdbnet(state).scale == 2


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_scale_of_an_original_is_read_off_its_weights(scale):
    original = MSRResNet(1, 1, scale=scale, blocks=1, width=4)
    names = {"input": "conv_first", "full_size": "conv_hr", "output": "conv_last"}
    names |= {"blocks.0.first": "body.0.conv1", "blocks.0.second": "body.0.conv2"}
    names |= {"ups.0.conv": "upconv1", "ups.1.conv": "upconv2"}
    layers = {key: key.rpartition(".") for key in original.state_dict()}
    state = {f"{names[layer]}.{leaf}": original.state_dict()[key] for key, (layer, _, leaf) in layers.items()}
    loaded = interop.load_basicsr_msrresnet(state)
    assert loaded.scale == scale
    x = torch.randn(1, 1, 3, 5)
    assert torch.equal(loaded(x), original(x))
    with pytest.raises(ValueError, match="expected upconv1 to make 4 or 9 times 4; got 8"):
        interop.load_basicsr_msrresnet(
            {key: value for key, value in state.items() if "upconv2" not in key}
            | {"upconv1.weight": torch.zeros(8, 4, 3, 3)}
        )
