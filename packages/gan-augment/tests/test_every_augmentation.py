"""What each augmentation promises alike: layouts, precisions, draws, gradients of both orders."""

import pytest
import torch
from gan_augment import ADA, Adaptive, DiffAugment, adaptive_diffaugment, augment_pair
from torch import nn
from torch.testing import assert_close

AUGMENTATIONS = {
    "diffaugment": DiffAugment(),
    "adaptive diffaugment": adaptive_diffaugment(0.5),
    "ada": ADA("bgcfnc", p=0.8),
    "adaptive ada": Adaptive(ADA("bgc", p=1.0)),
}


@pytest.fixture(params=AUGMENTATIONS.values(), ids=AUGMENTATIONS.keys())
def augment(request):
    return request.param


def test_draws_anew_each_time_and_again_on_demand(augment, images, seeded):
    first = augment(images)
    assert first.shape == images.shape
    assert not torch.equal(augment(images), first)
    again = augment(images, generator=seeded())
    assert torch.equal(augment(images, generator=seeded()), again)
    assert torch.equal(augment(images, augment.draw(images, generator=seeded())), again)


def test_images_of_a_batch_are_treated_each_for_itself(augment, images, seeded):
    same = images[:1].expand(3, -1, -1, -1)
    changed = augment(same, generator=seeded())
    assert (changed[0] - changed[1]).abs().max() > 0.1
    assert (changed[1] - changed[2]).abs().max() > 0.1


def test_layout_does_not_matter(augment, images, seeded):
    last = images.contiguous(memory_format=torch.channels_last)
    assert_close(augment(last, generator=seeded()), augment(images, generator=seeded()), rtol=0, atol=1e-5)


def test_half_precision_in_and_out_computes_in_float32(augment, images, seeded):
    half = images.bfloat16()
    out = augment(half, generator=seeded())
    assert out.dtype == torch.bfloat16
    assert torch.equal(out, augment(half.float(), generator=seeded()).bfloat16())


def test_autocast_changes_nothing(augment, images, seeded):
    def value_and_gradient():
        x = images.clone().requires_grad_()
        out = augment(x, generator=seeded())
        return out, torch.autograd.grad(out.square().sum(), x)[0]

    expected = value_and_gradient()
    with torch.autocast("cpu", torch.bfloat16):
        got = value_and_gradient()
    assert_close(got, expected, rtol=0, atol=0)


def test_no_images_stay_none(augment, images):
    assert augment(images[:0]).shape == images[:0].shape


def test_gradients_of_both_orders(augment, seeded):
    x = torch.rand(1, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    draws = augment.draw(x, generator=seeded())
    assert torch.autograd.gradcheck(lambda x: augment(x, draws), x)
    assert torch.autograd.gradgradcheck(lambda x: augment(x, draws), x)


def test_r1_goes_through(augment, seeded):
    """The penalty's gradient, against the same with the augmentation written out as one matrix."""
    torch.manual_seed(0)
    x = torch.rand(2, 3, 5, 4, dtype=torch.float64)
    critic = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(24, 1)).double()
    draws = augment.draw(x, generator=seeded())
    jacobian = torch.autograd.functional.jacobian(lambda x: augment(x, draws), x).view(x.numel(), x.numel())
    offset = augment(x, draws).flatten() - jacobian @ x.flatten()  # it is affine in the images

    def penalty_gradients(augmented):
        real = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(critic(augmented(real)).sum(), real, create_graph=True)
        weights = [p for p in critic.parameters() if p.ndim > 1]
        return torch.autograd.grad(gradient.square().sum(), weights)

    expected = penalty_gradients(lambda real: (jacobian @ real.flatten() + offset).view_as(real))
    assert expected[0].abs().max() > 0
    assert_close(penalty_gradients(lambda real: augment(real, draws)), expected, rtol=1e-9, atol=1e-12)


def test_pairs_stay_together(augment, images, seeded):
    one, other = augment_pair(augment, images, images, generator=seeded())
    assert torch.equal(one, other)
    draws = augment.draw(images, generator=seeded())
    for color, colored in (("source", (True, False)), ("target", (False, True)), ("neither", (False, False))):
        pair = augment_pair(augment, images, images, color=color, generator=seeded())
        for result, whole in zip(pair, colored, strict=True):
            assert torch.equal(result, augment(images, draws if whole else draws.spatial()))
    assert not torch.equal(augment(images, draws), augment(images, draws.spatial()))


def test_the_other_side_of_a_pair_may_have_other_channels(augment, images, seeded):
    labels = images[:, :1].repeat(1, 7, 1, 1)
    moved, _ = augment_pair(augment, labels, images, color="target", generator=seeded())
    alike, _ = augment_pair(augment, images, images, color="neither", generator=seeded())
    assert_close(moved[:, 3], alike[:, 0], rtol=0, atol=1e-6)


def test_pairs_that_do_not_fit_are_named(augment, images):
    with pytest.raises(ValueError, match="expected pairs of one size"):
        augment_pair(augment, images[..., 1:], images, color="target")
    with pytest.raises(ValueError, match="expected pairs of one size, and of as many channels"):
        augment_pair(augment, images[:, :1], images)
    with pytest.raises(ValueError, match="\"neither\"; got 'left'"):
        augment_pair(augment, images, images, color="left")


def test_compiles_whole_for_any_batch_and_does_not_compile_again_for_another_p(images):
    """Costs ten seconds, most of them torch's own: traced only, and one augmentation for all."""

    class All(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = DiffAugment("flip,color,translation,cutout"), ADA("bgcfnc", p=0.8)

        def forward(self, x):
            return self.second(self.first(x))

    both = All()
    compiled = torch.compile(both, backend="eager", fullgraph=True)
    for count, p in ((3, 0.8), (3, 0.3), (2, 0.3)):  # a second size makes torch take sizes as symbols
        x = images[:count].clone().requires_grad_()
        both.first.p.fill_(p)
        both.second.p.fill_(p)
        with torch._dynamo.config.patch(error_on_recompile=(count, p) == (3, 0.3)):
            torch.manual_seed(0)
            out = compiled(x)
        torch.manual_seed(0)
        expected = both(x)
        assert_close(out, expected, rtol=0, atol=0)
        gradients = [torch.autograd.grad(values.square().sum(), x)[0] for values in (out, expected)]
        assert_close(*gradients, rtol=0, atol=0)
