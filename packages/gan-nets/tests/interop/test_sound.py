"""State dicts that would take any time or memory are refused before they do."""

import pytest
import torch
from gan_nets import interop


def conv(name, out, channels, side=3):
    return {f"{name}.weight": torch.zeros(out, channels, side, side), f"{name}.bias": torch.zeros(out)}


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"model.2.weight": torch.zeros(1, 1, 1, 1).expand(10**6, 10**6, 4, 4)}, "holds fewer numbers"),
        (conv("model.2000000000", 1, 1), "layers numbered up to 9999; got the key model.2000000000.weight"),
        (conv("model." * 100 + "2", 1, 1), "keys of at most 300 characters; got model.model.model"),
        (
            {"model.2.weight": torch.zeros(2, 2).to_sparse()},
            "expected plain tensors; model.2.weight is sparse",
        ),
        (conv("model.2", 100_000, 1, 1), r"does not fit PatchDiscriminator: .* \(100000, 1, 1, 1\) for "),
    ],
)
def test_a_patch_discriminator_of_any_claimed_size(state, message):
    state = conv("model.0", 100_000, 3, 1) | state  # with this width, PatchDiscriminator has 10**12 weights
    with pytest.raises(ValueError, match=message):
        interop.convert(state)


def test_a_discriminator_of_several_values_for_each_patch_is_refused_for_that(read_parity):
    weights, *_ = read_parity("patchgan_n3_instance")
    weights |= conv("model.11", 5, 64, 4)
    with pytest.raises(ValueError, match=r"its last layer model.11 gives 5 values for each patch"):
        interop.convert(weights)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64, torch.uint8])
def test_weights_are_real_numbers(read_parity, dtype):
    weights, *_ = read_parity("patchgan_n3_instance")
    with pytest.raises(ValueError, match=r"other types \(10\): .*model.0.weight torch"):
        interop.convert({key: value.to(dtype) for key, value in weights.items()})


def test_half_precision_is_converted_exactly(read_parity):
    weights, *_ = read_parity("patchgan_n3_instance")
    net = interop.convert({key: value.half() for key, value in weights.items()})
    assert all(value.dtype == torch.float32 for value in net.parameters())


@pytest.mark.parametrize("shape", [(), (0,), (0, 3, 4, 4), (3,), (2, 2, 2, 2, 2)])
@pytest.mark.parametrize(
    "family", ["patch-discriminator", "fastgan-generator", "basicsr-rrdbnet", "pix2pix-unet"]
)
def test_tensors_of_any_shape_are_one_sentence(tmp_path, family, shape):
    keys = ["model.0.weight", "model.2.weight", "to_big.weight_orig", "init.init.0.weight_orig"]
    keys += ["feat_8.1.weight_orig", "conv_first.weight", "conv_last.weight", "body.0.rdb1.conv1.weight"]
    keys += ["model.model.0.weight", "model.model.1.model.1.weight"]
    torch.save({key: torch.zeros(shape) for key in keys}, tmp_path / "net.pth")
    with pytest.raises(ValueError, match=r"net.pth: the .* checkpoint does not fit"):
        interop.convert(tmp_path / "net.pth", family=family)
