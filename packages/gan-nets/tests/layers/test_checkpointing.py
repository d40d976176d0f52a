import copy

import pytest
import torch
from gan_nets import (
    GlobalGenerator,
    LocalEnhancer,
    MSRResNet,
    PatchDiscriminator,
    ResnetGenerator,
    RRDBNet,
    SRResNet,
    SRVGGNetCompact,
    checkpoint_activations_,
)

NETWORKS = {
    "CycleGAN's with dropout": lambda: ResnetGenerator(blocks=2, width=8, dropout=0.5),
    "CycleGAN's with batch norm": lambda: ResnetGenerator(blocks=2, width=8, norm="batch"),
    "CycleGAN's modern one": lambda: ResnetGenerator(
        blocks=1, width=8, downsample="blurred", upsample="resized"
    ),
    "pix2pixHD's": lambda: GlobalGenerator(width=8, downsamplings=2, blocks=2),
    "pix2pixHD's enhancer": lambda: LocalEnhancer(width=4, downsamplings=1, blocks=2, enhancer_blocks=2),
    "SRGAN's": lambda: SRResNet(blocks=6, width=8, scale=2),
    "BasicSR's": lambda: MSRResNet(blocks=6, width=8, scale=2),
    "ESRGAN's": lambda: RRDBNet(blocks=2, width=8, growth=4, scale=2),
    "Real-ESRGAN's": lambda: SRVGGNetCompact(convs=6, width=8, scale=2),
}


def images():
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1


def trained(net, dtype=None, steps=2):
    """Outputs, gradients and the state after two steps; the values in maps stored by the last."""
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    stored, outputs = [], []
    for _ in range(steps):
        optimizer.zero_grad()
        stored.clear()
        low = torch.autocast("cpu", dtype, enabled=dtype is not None)
        with torch.autograd.graph.saved_tensors_hooks(lambda x: stored.append(x) or x, lambda x: x), low:
            outputs.append(net(images()))
        outputs[-1].float().square().mean().backward()
        optimizer.step()
    gradients = [parameter.grad for parameter in net.parameters()]
    maps = sum(x.numel() for x in stored if x.ndim == 4 and len(x) == 2)  # without the weights
    return [*outputs, *gradients, *net.state_dict().values()], maps


def equal(first, second):
    return len(first) == len(second) and all(map(torch.equal, first, second))


@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, None) for name in NETWORKS), ("CycleGAN's with dropout", torch.bfloat16)]
)
def test_training_is_the_same_bit_for_bit_and_stores_less(name, dtype):
    plain = NETWORKS[name]()
    net = copy.deepcopy(plain)
    assert net.checkpoint_activations_() > 0
    expected, stored = trained(plain, dtype)
    found, stored_less = trained(net, dtype)
    assert equal(found, expected)
    assert net.state_dict().keys() == plain.state_dict().keys()
    assert stored_less < 0.75 * stored


def test_a_deep_copy_recomputes_with_its_own_weights():
    net = ResnetGenerator(blocks=1, width=8)
    net.checkpoint_activations_()
    twin = copy.deepcopy(net)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    assert twin(images()).std() > 0
    twin(images()).sum().backward()
    assert all(parameter.grad is None for parameter in net.parameters())


def test_cpu_kernels_are_recomputed_as_well():
    # 64x64 at the blocks, with 256 channels: large enough for Winograd's algorithm
    plain = ResnetGenerator(blocks=1).eval()
    plain.use_cpu_kernels_()
    net = copy.deepcopy(plain)
    net.checkpoint_activations_()
    x = torch.rand(1, 3, 128, 128) * 2 - 1
    for each in (plain, net):
        each(x).square().mean().backward()
    assert equal(*([parameter.grad for parameter in each.parameters()] for each in (plain, net)))


def test_a_network_without_deep_parts_stays_as_it_is():
    assert PatchDiscriminator(3, width=8).checkpoint_activations_() == 0
    assert checkpoint_activations_(torch.nn.Conv2d(3, 3, 1)) == 0


def test_a_rebuilt_network_does_not_recompute():
    net = MSRResNet(blocks=1, width=8)
    net.checkpoint_activations_()
    assert any("forward" in vars(module) for module in net.modules())
    assert not any("forward" in vars(module) for module in net.rebuild().modules())
