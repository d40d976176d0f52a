"""The staged U-Net against its equations, and which layers a stage uses."""

import pytest
import torch
import torch.nn.functional as F
from gan_nets import CoarseToFineUNet


def net(**options):
    torch.manual_seed(0)
    given = {"resolutions": (4, 8, 16), "width": 2, "norm": "none"} | options
    return CoarseToFineUNet(1, 3, **given).double()


def image(size, channels=1):
    torch.manual_seed(1)
    return torch.rand(2, channels, size, size, dtype=torch.float64) * 2 - 1


@pytest.mark.parametrize("skips", [True, False])
def test_the_last_stage_by_hand(skips):
    unet = net(skips=skips)
    coarse, middle, fine = unet.stages
    x3 = image(16)
    x2, x1 = F.avg_pool2d(x3, 2), F.avg_pool2d(x3, 4)
    features3 = fine.input(x3)
    features2 = middle.input(x2) + fine.down(features3)
    features1 = coarse.input(x1) + middle.down(features2)
    y1 = coarse.core(features1)
    y2 = middle.merge(torch.cat([features2, middle.up(y1)], 1) if skips else middle.up(y1))
    y3 = fine.merge(torch.cat([features3, fine.up(y2)], 1) if skips else fine.up(y2))
    torch.testing.assert_close(unet(x3), torch.tanh(fine.output(y3)), rtol=1e-12, atol=1e-12)


def test_without_the_coarser_stages_by_hand():
    unet = net()
    _, middle, fine = unet.stages
    x3 = image(16)
    features3 = fine.input(x3)
    outer = torch.cat([features3, fine.up(fine.down(features3))], 1)
    expected = torch.tanh(fine.output(fine.merge(outer)))
    torch.testing.assert_close(unet(x3, innermost=3), expected, rtol=1e-12, atol=1e-12)
    features2 = middle.input(F.avg_pool2d(x3, 2)) + fine.down(features3)
    y2 = middle.merge(torch.cat([features2, middle.up(middle.down(features2))], 1))
    outer = torch.cat([features3, fine.up(y2)], 1)
    expected = torch.tanh(fine.output(fine.merge(outer)))
    torch.testing.assert_close(unet(x3, innermost=2), expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="CoarseToFineUNet expected innermost from 1 to 2; got 3"):
        unet(image(8), 2, innermost=3)


@pytest.mark.parametrize("stage", [1, 2, 3])
def test_a_stage_trains_the_coarser_ones_too_and_none_of_the_finer(stage):
    unet = net()
    out = unet(image(unet.resolutions[stage - 1]), stage)
    assert out.shape == (2, 3, unet.resolutions[stage - 1], unet.resolutions[stage - 1])
    out.sum().backward()
    for index, own in enumerate(unet.stages, start=1):
        trained = {name for name, p in own.named_parameters() if p.grad is not None}
        heads = {"output.weight", "output.bias"}
        everything = {name for name, _ in own.named_parameters()}
        # The output layers of the coarser stages are not used.
        expected = everything if index == stage else everything - heads if index < stage else set()
        assert trained == expected, index


def test_every_resolution_has_an_input():
    unet = net(norm="instance")
    x = image(16)
    with torch.no_grad():
        before = unet(x)
        for stage in unet.stages:
            weight = stage.input[0].weight
            kept = weight.clone()
            weight.zero_()
            assert not torch.equal(unet(x), before)
            weight.copy_(kept)


def test_the_control_has_an_input_at_the_finest_resolution_alone():
    control, unet = net(inputs="finest"), net()
    assert [stage.input is None for stage in control.stages] == [True, True, False]

    def count(module):
        return sum(p.numel() for p in module.parameters())

    inputs = sum(count(stage.input) for stage in unet.stages[:2])
    assert count(unet) - count(control) == inputs
    assert control(image(16)).shape == (2, 3, 16, 16)
    with pytest.raises(ValueError, match="expected stage 3, as the others have no input; got 2"):
        control(image(8), 2)


def test_without_skips_nothing_passes_the_bottleneck():
    unet = net(skips=False)
    with torch.no_grad():
        unet.stages[0].core[0][0].weight.zero_()
    assert torch.equal(unet(image(16)), unet(-image(16)))
    with_skips = net(norm="instance")
    assert not torch.equal(with_skips(image(16)), with_skips(-image(16)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolutions": (8, 16, 30)}, r"expected resolutions that double, such as .*; got \(8, 16, 30\)"),
        ({"resolutions": ()}, r"expected resolutions that double"),
        ({"inputs": "some"}, 'expected inputs "all" or "finest"; got \'some\''),
        ({"width": 0}, "expected width"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        net(**options)


def test_wrong_inputs_are_refused():
    unet = net()
    for stage in (0, 4):
        with pytest.raises(ValueError, match=f"expected stage 1 to 3; got {stage}"):
            unet(image(16), stage)
    with pytest.raises(
        ValueError, match="at stage 3 expected height and width to be multiples of 4; got 18x18"
    ):
        unet(image(18))
    assert unet(image(18), 2).shape[-1] == 18
