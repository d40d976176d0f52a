import pytest
import torch
from gan_nets import InstanceEncoder, instance_mean, pad_to_multiple
from torch.utils._python_dispatch import TorchDispatchMode


class NoFloat64(TorchDispatchMode):
    """Refuses float64 tensors on the meta device, which stands for one that lacks the type."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        made = result if isinstance(result, (tuple, list)) else [result]
        doubles = [x for x in made if isinstance(x, torch.Tensor) and x.dtype == torch.float64]
        assert not any(x.device.type == "meta" for x in doubles), func
        return result


def test_parameter_count_of_the_official_settings():
    with torch.device("meta"):
        assert sum(p.numel() for p in InstanceEncoder().parameters()) == 788_803


def test_mean_worked_out_by_hand():
    """An instance may have several parts; the same number in another image is another instance."""
    x = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]]], [[[8.0, 0.0, 1.0], [0.0, 2.0, 1.0]]]])
    instances = torch.tensor([[[[7, 7, -1], [0, 26001, 7]]], [[[7, 7, 7], [7, 26001, 26001]]]])
    expected = [[[[4.0, 4.0, 3.0], [4.0, 5.0, 4.0]]], [[[2.25, 2.25, 2.25], [2.25, 1.5, 1.5]]]]
    assert instance_mean(x, instances).tolist() == expected


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_every_instance_of_every_channel_has_its_mean(dtype):
    torch.manual_seed(0)
    x, instances = torch.randn(2, 3, 9, 7), torch.randint(0, 6, (2, 1, 9, 7), dtype=dtype)
    out = instance_mean(x, instances)
    for image, map_, means in zip(x, instances, out, strict=True):
        for number in map_.unique():
            there = (map_ == number)[0]
            expected = image[:, there].mean(1, keepdim=True).expand(-1, int(there.sum()))
            torch.testing.assert_close(means[:, there], expected)


def test_gradient_of_the_mean():
    x = torch.randn(2, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    instances = torch.randint(0, 4, (2, 1, 3, 4))
    assert torch.autograd.gradcheck(lambda x: instance_mean(x, instances), x)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_one_instance_of_a_large_image_is_summed_exactly(dtype):
    torch.manual_seed(0)
    x = (torch.rand(1, 1, 512, 512) + 1).to(dtype)
    out = instance_mean(x, torch.ones(1, 1, 512, 512, dtype=torch.int32))
    assert out.dtype == dtype
    assert out.unique().tolist() == [x.double().mean().to(dtype).item()]


def test_features_are_constant_over_each_instance_and_trainable():
    torch.manual_seed(0)
    net, x = InstanceEncoder(width=4, downsamplings=2, features=2), torch.randn(1, 3, 16, 16)
    instances = torch.zeros(1, 1, 16, 16, dtype=torch.long)
    instances[..., 8:, :] = 3
    out = net(x, instances)
    assert out.shape == (1, 2, 16, 16)
    assert out.abs().max() <= 1
    assert out.flatten(2).unique(dim=2).shape[2] == 2
    out[..., 0, 0].sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters())
    assert net.output.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("shape", [(2, 1, 8, 8), (1, 1, 16, 16), (2, 16, 16), (2, 3, 16, 16)])
def test_an_instance_map_of_another_size_is_refused(shape):
    net = InstanceEncoder(width=2, downsamplings=2)
    message = r"expected an instance map \(2, 1, 16, 16\) for images \(2, 3, 16, 16\); got .*; resize it"
    with pytest.raises(ValueError, match=message):
        net(torch.zeros(2, 3, 16, 16), torch.zeros(shape, dtype=torch.long))


def test_a_floating_point_instance_map_is_refused():
    with pytest.raises(ValueError, match=r"map of integers; got torch.float32; use its .long\(\)"):
        instance_mean(torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 4))


def test_wrong_sizes_name_what_to_do():
    net = InstanceEncoder(width=2, downsamplings=2)
    x, instances = torch.zeros(1, 3, 16, 18), torch.zeros(1, 1, 16, 18, dtype=torch.long)
    with pytest.raises(ValueError, match=r"multiples of 4; got 16x18; pad both .*pad_to_multiple"):
        net(x, instances)
    assert net(pad_to_multiple(x, 4)[0], pad_to_multiple(instances, 4)[0]).shape == (1, 3, 16, 20)
    with pytest.raises(ValueError, match=r"at least 8x8; got 4x8"):
        net(torch.zeros(1, 3, 4, 8), torch.zeros(1, 1, 4, 8, dtype=torch.long))


def test_no_float64_is_made_on_a_device_that_may_lack_it():
    x, instances = torch.zeros(1, 2, 4, 4, device="meta"), torch.zeros(1, 1, 4, 4, device="meta").long()
    with NoFloat64():
        assert instance_mean(x, instances).dtype == torch.float32
