"""Kernels swapped into networks: the same parameters, keys and results."""

import copy

import gan_nets
import pytest
import torch
from gan_nets import (
    CoarseToFineUNet,
    FastGANDiscriminator,
    FastGANGenerator,
    GlobalGenerator,
    MultiscaleDiscriminator,
    PatchDiscriminator,
    ResnetGenerator,
    SRGANDiscriminator,
    SRResNet,
    UNetGenerator,
    export_program,
    use_cpu_kernels_,
)
from gan_nets.layers.cpu import matmul, rowwise, upsampling, winograd
from torch import nn
from torch.nn.utils import parametrize

CL = torch.channels_last
KERNELS = (
    matmul.MatmulConv2d,
    matmul.MatmulConvTranspose2d,
    matmul.SingleOutputConv2d,
    rowwise.RowwiseConv2d,
    upsampling.DeferredUpsample,
    upsampling.UpsampledConv2d,
    winograd.WinogradConv2d,
)


def images(*shape):
    return torch.rand(shape, dtype=torch.float64) * 2 - 1


NETS = {  # a network whose kernels compute, an input, options of forward, and how many layers have a kernel
    "unet": (lambda: UNetGenerator(depth=4, width=4), lambda: images(2, 3, 32, 16), {}, 4 + 4),
    "coarse to fine": (
        lambda: CoarseToFineUNet(resolutions=(4, 8, 16), width=4),
        lambda: images(1, 3, 16, 16),
        {},
        2 * 2,
    ),
    "patch": (lambda: PatchDiscriminator(layers=2, width=4), lambda: images(2, 3, 40, 33), {}, 1),
    "multiscale": (lambda: MultiscaleDiscriminator(layers=2, width=4), lambda: images(2, 3, 40, 33), {}, 2),
    "global": (
        lambda: GlobalGenerator(width=128, downsamplings=1, blocks=1),
        lambda: images(1, 3, 64, 64),
        {},
        2,
    ),
    "srresnet": (lambda: SRResNet(scale=2, blocks=1, width=4), lambda: images(2, 3, 9, 12), {}, 1),
    "fastgan": (lambda: FastGANGenerator(64, latents=4, width=4), lambda: images(3, 4), {"noise": "none"}, 8),
    "fastgan discriminator": (
        lambda: FastGANDiscriminator(256, width=4),
        lambda: images(1, 3, 256, 256),
        {"quadrant": 2},
        3 * (1 + 4),
    ),
}
each_net = pytest.mark.parametrize("name", NETS)


def swapped(net):
    return [module for module in net.modules() if isinstance(module, KERNELS)]


def flat(outputs):
    if isinstance(outputs, torch.Tensor):
        return [outputs]
    return [tensor for part in outputs for tensor in flat(part)]


def both(name):
    """A network with plain layers and a copy with kernels, an input, and options of forward."""
    torch.manual_seed(0)
    build, make_input, options, _ = NETS[name]
    net = build()
    with_kernels = copy.deepcopy(net)
    use_cpu_kernels_(with_kernels)
    return net, with_kernels, make_input(), options


def results(net, x, options):
    """Outputs, gradients of input and parameters, and buffers after a step in training mode."""
    torch.manual_seed(1)
    x = x.clone(memory_format=torch.preserve_format).requires_grad_()
    outputs = flat(net(x, **options))
    upstream = [torch.randn(y.shape, dtype=x.dtype).to(y.dtype) for y in outputs]
    torch.autograd.backward(outputs, upstream)
    gradients = [x.grad, *(p.grad for p in net.parameters() if p.grad is not None)]
    return [y.detach() for y in outputs], gradients, list(net.buffers())


@each_net
@pytest.mark.parametrize("layout", [torch.contiguous_format, CL])
def test_results_equal_those_of_plain_layers(name, layout):
    net, with_kernels, x, options = both(name)
    layout = layout if x.ndim == 4 else torch.contiguous_format
    x = x.to(memory_format=layout)
    nets = [n.double().to(memory_format=layout) for n in (net, with_kernels)]
    (out, grads, buffers), (kernel_out, kernel_grads, kernel_buffers) = (results(n, x, options) for n in nets)
    torch.testing.assert_close(kernel_out, out, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(kernel_buffers, buffers, atol=1e-12, rtol=1e-12)
    scale = max(gradient.norm() for gradient in grads)
    for got, expected in zip(kernel_grads, grads, strict=True):
        assert (got - expected).norm() <= 1e-12 * scale


@each_net
def test_every_kernel_computes_in_these_tests(name):
    """In float32 it rounds otherwise, so that the comparison above is not one of equal layers."""
    net, with_kernels, x, options = both(name)
    outputs = [torch.cat([y.flatten() for y in flat(n(x.float(), **options))]) for n in (net, with_kernels)]
    assert not torch.equal(*outputs)


@each_net
def test_layers_keep_their_parameters_and_keys(name):
    torch.manual_seed(0)
    build, _, _, count = NETS[name]
    net = build()
    state = net.state_dict()
    parameters, buffers = dict(net.named_parameters()), dict(net.named_buffers())
    use_cpu_kernels_(net)
    assert len(swapped(net)) == count
    assert all(value is parameters[key] for key, value in net.named_parameters())
    assert all(value is buffers[key] for key, value in net.named_buffers())
    assert list(net.state_dict()) == list(state)
    assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())


@each_net
def test_twice_is_once(name):
    _, net, *_ = both(name)
    classes = [type(module) for module in net.modules()]
    use_cpu_kernels_(net)
    net.use_cpu_kernels_()
    assert [type(module) for module in net.modules()] == classes


@each_net
def test_copies_have_the_kernels_too(name):
    _, net, x, options = both(name)
    net.eval()
    twin = copy.deepcopy(net)
    assert [type(module) for module in twin.modules()] == [type(module) for module in net.modules()]
    with torch.no_grad():
        outputs = [flat(n(x.float(), **options)) for n in (net, twin)]
        for got, expected in zip(*outputs, strict=True):
            assert torch.equal(got, expected)
        for parameter in twin.parameters():
            parameter.zero_()
    assert any(parameter.any() for parameter in net.parameters())


@each_net
def test_state_dicts_are_interchangeable(name):
    plain, with_kernels, *_ = both(name)
    other = NETS[name][0]()
    other.load_state_dict(with_kernels.state_dict())
    assert not swapped(other)
    use_cpu_kernels_(other)
    other.load_state_dict(plain.state_dict())
    state = plain.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in other.state_dict().items())


@each_net
def test_a_saved_network_is_loaded_with_plain_layers(name, tmp_path):
    plain, with_kernels, x, options = both(name)
    with_kernels.save_pretrained(tmp_path)
    loaded = gan_nets.load(tmp_path)
    assert not swapped(loaded)
    with torch.no_grad():
        outputs = [flat(n.eval()(x.float(), **options)) for n in (plain, loaded)]
    assert all(map(torch.equal, *outputs))


@each_net
def test_an_optimizer_made_before_updates_the_network(name):
    _, _, x, options = both(name)
    net = NETS[name][0]()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    use_cpu_kernels_(net)
    before = [parameter.clone() for parameter in net.parameters()]
    sum(y.square().mean() for y in flat(net(x.float(), **options))).backward()
    optimizer.step()
    changed = [not torch.equal(*pair) for pair in zip(net.parameters(), before, strict=True)]
    assert sum(changed) > len(changed) / 2


@pytest.mark.parametrize("name", sorted(NETS.keys() - {"global", "fastgan discriminator"}))  # they are slow
@pytest.mark.parametrize("layout", [torch.contiguous_format, CL])
def test_bf16_autocast_is_close_and_trains(name, layout):
    _, net, x, options = both(name)
    x = x.float().to(memory_format=layout if x.ndim == 4 else torch.contiguous_format)
    net = net.to(memory_format=layout)
    expected = torch.cat([y.flatten() for y in flat(copy.deepcopy(net)(x, **options))])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = flat(net(x, **options))
    out = torch.cat([y.flatten() for y in outputs])
    assert 0 < (out - expected).norm() < 0.1 * expected.norm()
    sum(y.float().square().mean() for y in outputs).backward()
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)


@pytest.mark.parametrize("name", ["unet", "patch", "srresnet", "global"])
def test_compiled_in_place_gives_the_same(name):
    _, net, x, options = both(name)
    compiled = copy.deepcopy(net)
    compiled.compile(backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        outputs = [flat(n.eval()(x.float(), **options)) for n in (compiled, net)]
    torch.testing.assert_close(*outputs, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_network_with_kernels_is_exported_with_plain_layers(tmp_path):
    torch.manual_seed(0)
    net = UNetGenerator(depth=3, width=2)
    use_cpu_kernels_(net)
    classes = [type(module) for module in net.modules()]
    export_program(net, tmp_path / "net.pt2")
    assert [type(module) for module in net.modules()] == classes
    run, x = torch.export.load(tmp_path / "net.pt2").module(), images(2, 3, 8, 16).float()
    torch.testing.assert_close(run(x), net.eval()(x), atol=2e-5, rtol=1e-4)


def test_spectral_norm_stays():
    """The layer's own class, which computes its weight, is derived from the kernel."""
    net = FastGANGenerator(64, latents=4, width=4)
    conv, other = net.blocks[0].convs[0].conv, net.blocks[1].convs[0].conv
    use_cpu_kernels_(net)
    assert parametrize.is_parametrized(conv, "weight")
    assert parametrize.type_before_parametrizations(conv) is upsampling.UpsampledConv2d
    assert not torch.equal(conv.weight, conv.parametrizations.weight.original)
    parametrize.remove_parametrizations(conv, "weight")
    assert type(conv) is upsampling.UpsampledConv2d
    assert isinstance(conv.weight, nn.Parameter)
    assert parametrize.is_parametrized(other, "weight")


def test_networks_inside_other_modules_are_found():
    nets = nn.ModuleDict(
        {"g": ResnetGenerator(blocks=1, width=2), "d": PatchDiscriminator(layers=1, width=2)}
    )
    use_cpu_kernels_(nets)
    assert len(swapped(nets)) == 3


@pytest.mark.parametrize(
    "build", [lambda: nn.Sequential(nn.Conv2d(1, 1, 4)), lambda: SRGANDiscriminator(width=2, hidden=4)]
)
def test_modules_without_kernels_stay(build):
    net = build()
    classes = [type(module) for module in net.modules()]
    use_cpu_kernels_(net)
    assert [type(module) for module in net.modules()] == classes


def test_a_layer_of_another_class_stays():
    class Conv(nn.Conv2d):
        pass

    net = SRResNet(scale=2, blocks=1, width=2)
    net.output = Conv(2, 3, 9, padding=4)
    use_cpu_kernels_(net)
    assert type(net.output) is Conv


def test_other_devices_take_the_plain_layers():
    """On the meta device the kernels' own operations are not reached either."""
    with torch.device("meta"):
        for build, make_input, options, _ in NETS.values():
            net = build()
            expected = [y.shape for y in flat(net(make_input().float(), **options))]
            use_cpu_kernels_(net)
            assert [y.shape for y in flat(net(make_input().float(), **options))] == expected
