import pytest
import torch
from gan_nets import MSRResNet, interop


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
