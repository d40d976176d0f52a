"""Common properties of all augmentations: layouts, precisions, sampling, gradients of both orders."""

import torch
from gan_augment import ADA, DiffAugment
from torch import nn
from torch.testing import assert_close


def test_samples_anew_at_each_call_and_repeats_with_a_generator(every_augmentation, images, seeded):
    augment = every_augmentation
    first = augment(images)
    assert first.shape == images.shape
    assert not torch.equal(augment(images), first)
    again = augment(images, generator=seeded())
    assert torch.equal(augment(images, generator=seeded()), again)
    assert torch.equal(augment(images, augment.sample(images, generator=seeded())), again)


def test_each_image_of_a_batch_has_its_own_parameters(every_augmentation, images, seeded):
    same = images[:1].expand(3, -1, -1, -1)
    changed = every_augmentation(same, generator=seeded())
    assert (changed[0] - changed[1]).abs().max() > 0.1
    assert (changed[1] - changed[2]).abs().max() > 0.1


def test_layout_does_not_matter(every_augmentation, images, seeded):
    augment, channels_last = every_augmentation, images.contiguous(memory_format=torch.channels_last)
    expected = augment(images, generator=seeded())
    assert_close(augment(channels_last, generator=seeded()), expected, rtol=0, atol=1e-5)


def test_half_precision_in_and_out_computes_in_float32(every_augmentation, images, seeded):
    half = images.bfloat16()
    out = every_augmentation(half, generator=seeded())
    assert out.dtype == torch.bfloat16
    assert torch.equal(out, every_augmentation(half.float(), generator=seeded()).bfloat16())


def test_autocast_changes_nothing(every_augmentation, images, seeded):
    def value_and_gradient():
        x = images.clone().requires_grad_()
        out = every_augmentation(x, generator=seeded())
        return out, torch.autograd.grad(out.square().sum(), x)[0]

    expected = value_and_gradient()
    with torch.autocast("cpu", torch.bfloat16):
        got = value_and_gradient()
    assert_close(got, expected, rtol=0, atol=0)


def test_an_empty_batch_stays_empty(every_augmentation, images):
    assert every_augmentation(images[:0]).shape == images[:0].shape


def test_gradients_of_both_orders(every_augmentation, seeded):
    x = torch.rand(1, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    parameters = every_augmentation.sample(x, generator=seeded())
    assert torch.autograd.gradcheck(lambda x: every_augmentation(x, parameters), x)
    assert torch.autograd.gradgradcheck(lambda x: every_augmentation(x, parameters), x)


def test_r1_through_the_augmentation(every_augmentation, seeded):
    """The penalty's gradient, compared with the augmentation written out as one matrix."""
    x = torch.rand(2, 3, 5, 4, dtype=torch.float64)
    discriminator = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(24, 1)).double()
    parameters = every_augmentation.sample(x, generator=seeded())

    def augment(real):
        return every_augmentation(real, parameters)

    jacobian = torch.autograd.functional.jacobian(augment, x).view(x.numel(), x.numel())
    offset = augment(x).flatten() - jacobian @ x.flatten()  # the augmentation is affine in the images

    def penalty_gradients(augment):
        real = x.clone().requires_grad_()
        logits = discriminator(augment(real))
        (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
        weights = [p for p in discriminator.parameters() if p.ndim > 1]
        return torch.autograd.grad(gradient.square().sum(), weights)

    expected = penalty_gradients(lambda real: (jacobian @ real.flatten() + offset).view_as(real))
    assert expected[0].abs().max() > 0
    assert_close(penalty_gradients(augment), expected, rtol=1e-9, atol=1e-12)


def test_compiles_for_any_batch_without_a_graph_break_and_without_recompiling_for_another_p(images):
    """Takes ten seconds, mostly in torch's tracing; so it traces one model with all augmentations."""

    class All(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = DiffAugment("flip,color,translation,cutout"), ADA("bgcfnc", p=0.8)

        def forward(self, x):
            return self.second(self.first(x))

    both = All()
    compiled = torch.compile(both, backend="eager", fullgraph=True)
    for count, p in ((3, 0.8), (3, 0.3), (2, 0.3)):  # a second size makes torch use symbolic sizes
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
