"""Gradient penalties: by hand, by numerical differentiation, and the requirements on a discriminator."""

import gan_losses as gl
import pytest
import torch

SLOPE = torch.tensor([3.0, 4.0])  # of norm 5
IMAGES = torch.tensor([[1.0, 2.0], [3.0, -1.0], [0.0, 0.5]])


def linear(x):
    return x @ SLOPE


def quadratic(x):
    return x.square().sum(dim=1, keepdim=True) / 2  # the gradient is x itself


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def every_penalty(discriminator, real, fake=None):
    """All four on the same images, with the same random numbers each time."""
    fake = real.flip(0) if fake is None else fake
    return {
        "gradient": gl.gradient_penalty(discriminator, real, fake, generator=seeded(0)),
        "dragan": gl.dragan_penalty(discriminator, real, generator=seeded(0)),
        "r1": gl.r1_penalty(discriminator, real),
        "r2": gl.r2_penalty(discriminator, fake),
    }


def test_a_constant_gradient():
    assert every_penalty(linear, IMAGES) == {"gradient": 16, "dragan": 16, "r1": 25, "r2": 25}
    assert gl.gradient_penalty(linear, IMAGES, -IMAGES, target=5.0) == 0
    assert gl.dragan_penalty(linear, IMAGES, target=3.0) == 4


def test_a_gradient_that_differs_between_images():
    squared_norms = [5.0, 10.0, 0.25]
    assert gl.r1_penalty(quadratic, IMAGES).item() == pytest.approx(sum(squared_norms) / 3)
    assert gl.r2_penalty(quadratic, IMAGES).item() == pytest.approx(sum(squared_norms) / 3)
    expected = sum((norm**0.5 - 1) ** 2 for norm in squared_norms) / 3
    assert gl.gradient_penalty(quadratic, IMAGES, IMAGES).item() == pytest.approx(expected)


def test_the_logits_of_all_scales_and_positions_are_summed():
    def two_scales(x):
        return [linear(x), linear(x).view(-1, 1, 1, 1).expand(-1, 1, 2, 1)]  # 1 + 2 logits for each image

    assert gl.r1_penalty(two_scales, IMAGES).item() == pytest.approx(9 * 25)
    assert gl.gradient_penalty(two_scales, IMAGES, IMAGES).item() == pytest.approx(14**2)


def evaluated_points(penalty, *images, **options):
    points = []

    def recording(x):
        points.append(x.detach())
        return x.sum(dim=(1, 2, 3))

    penalty(recording, *images, **options)
    return points[0]


def test_gradient_penalty_is_evaluated_between_real_and_fake():
    real, fake = torch.full((5, 3, 4, 4), 2.0), torch.full((5, 3, 4, 4), -1.0)
    mix = (evaluated_points(gl.gradient_penalty, real, fake, generator=seeded(3)) + 1) / 3
    assert mix.amin() >= 0
    assert mix.amax() < 1
    by_image = mix.flatten(1)
    one_number_each = torch.rand(5, 1, generator=seeded(3)).expand_as(by_image)
    torch.testing.assert_close(by_image, one_number_each)


def test_the_points_of_the_gradient_penalty_may_be_given():
    real, fake = torch.full((3, 3, 4, 4), 2.0), torch.full((3, 3, 4, 4), -1.0)
    points = evaluated_points(gl.gradient_penalty, real, fake, mix=torch.tensor([0.0, 0.5, 1.0]))
    assert points[:, 0, 0, 0].tolist() == [-1.0, 0.5, 2.0]
    with pytest.raises(ValueError, match=r"expected mix with one number for each of 3 images; got shape"):
        gl.gradient_penalty(quadratic, real, fake, mix=torch.rand(3, 1))


def test_dragan_is_evaluated_around_the_real_images():
    real = 3 * torch.randn(4, 3, 8, 8, generator=seeded(0))
    noise = evaluated_points(gl.dragan_penalty, real, generator=seeded(3)) - real
    assert noise.amin() >= -1e-6
    assert noise.amax() <= 0.5 * real.std() + 1e-6
    assert noise.mean().item() == pytest.approx(0.25 * real.std().item(), rel=0.1)

    options = {"noise": "normal", "noise_scale": 0.1, "generator": seeded(3)}
    noise = evaluated_points(gl.dragan_penalty, real, **options) - real
    assert noise.mean().item() == pytest.approx(0, abs=0.05)
    assert noise.std().item() == pytest.approx(0.1 * real.std().item(), rel=0.1)


@pytest.mark.parametrize("penalty", [lambda *a, **k: gl.gradient_penalty(*a, IMAGES, **k), gl.dragan_penalty])
def test_random_numbers_come_only_from_the_given_generator(penalty):
    before = torch.get_rng_state()
    first = penalty(quadratic, -IMAGES, generator=seeded(1))
    again = penalty(quadratic, -IMAGES, generator=seeded(1))
    other = penalty(quadratic, -IMAGES, generator=seeded(2))
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["gradient", "dragan", "r1", "r2"])
def test_gradient_with_respect_to_the_discriminators_weights(name):
    generator = seeded(5)
    real, fake = torch.randn(2, 3, 4, dtype=torch.float64, generator=generator)
    weight = torch.randn(4, 3, dtype=torch.float64, generator=generator).requires_grad_()

    def penalty(weight):
        return every_penalty(lambda x: torch.tanh(x @ weight), real, fake)[name]

    assert torch.autograd.gradcheck(penalty, (weight,))


def test_images_get_no_gradient(discriminator):
    real = torch.randn(2, 3, 16, 16)
    fake = torch.randn(2, 3, 16, 16, requires_grad=True)
    sum(every_penalty(discriminator, real, fake).values()).backward()
    assert not real.requires_grad
    assert fake.grad is None
    assert discriminator.conv1.weight.grad.abs().sum() > 0


def test_without_grad_mode_the_value_is_equal_and_has_no_graph(discriminator):
    real = torch.randn(2, 3, 16, 16)
    expected = every_penalty(discriminator, real)
    with torch.no_grad():
        values = every_penalty(discriminator, real)
    assert not any(value.requires_grad for value in values.values())
    torch.testing.assert_close(values, {name: value.detach() for name, value in expected.items()})


def test_half_precision_images_and_autocast_do_not_lower_the_precision(discriminator):
    real = torch.randn(2, 3, 16, 16).bfloat16()
    expected = every_penalty(discriminator, real.float())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert discriminator(real).dtype == torch.bfloat16
        values = every_penalty(discriminator, real)
    torch.testing.assert_close(values, expected, rtol=0, atol=0)


def test_the_class_forward_bypasses_an_autocast_in_the_instances_forward(discriminator):
    """Trainers replace an instance's forward by one that enters autocast."""
    real = torch.randn(2, 3, 16, 16)
    expected = every_penalty(discriminator, real)
    discriminator.forward = torch.autocast("cpu", dtype=torch.bfloat16)(discriminator.forward)
    assert not torch.equal(every_penalty(discriminator, real)["r1"], expected["r1"])
    values = every_penalty(lambda x: type(discriminator).forward(discriminator, x), real)
    torch.testing.assert_close(values, expected, rtol=0, atol=0)


def test_a_flat_discriminator_gives_no_nan(discriminator):
    with torch.no_grad():
        discriminator.fc.weight.zero_()
    penalties = every_penalty(discriminator, torch.randn(2, 3, 16, 16))
    assert {name: value.item() for name, value in penalties.items()} == {
        "gradient": 1,
        "dragan": 1,
        "r1": 0,
        "r2": 0,
    }
    sum(penalties.values()).backward()
    gradients = [parameter.grad for parameter in discriminator.parameters() if parameter.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize(
    "independent",
    [
        lambda discriminator: lambda x: discriminator(x.detach()),
        lambda discriminator: torch.no_grad()(discriminator),
        lambda _: lambda x: torch.ones(len(x), 1),
    ],
    ids=["detached", "no_grad", "constant"],
)
@pytest.mark.parametrize("penalty", [gl.r1_penalty, gl.r2_penalty, gl.dragan_penalty])
def test_logits_that_do_not_depend_on_the_images_are_refused(discriminator, independent, penalty):
    with pytest.raises(ValueError, match="logits that depend on the images"):
        penalty(independent(discriminator), torch.zeros(2, 3, 16, 16))


def test_other_mistakes_are_named(discriminator):
    with pytest.raises(ValueError, match=r"got \(2, 3, 16, 16\) and \(1, 3, 16, 16\)"):
        gl.gradient_penalty(discriminator, torch.zeros(2, 3, 16, 16), torch.zeros(1, 3, 16, 16))
    with pytest.raises(ValueError, match="got 'gauss'"):
        gl.dragan_penalty(discriminator, torch.zeros(2, 3, 16, 16), noise="gauss")


def test_inside_a_compiled_function(discriminator):
    torch.compiler.reset()
    real = torch.randn(2, 3, 16, 16)

    def both_kinds(real):
        return gl.r1_penalty(discriminator, real) + gl.gradient_penalty(discriminator, real, real)

    compiled = torch.compile(both_kinds, backend="eager")
    gradients = [torch.autograd.grad(run(real), discriminator.conv1.weight) for run in (both_kinds, compiled)]
    torch.testing.assert_close(gradients[1], gradients[0])


def test_a_compiled_discriminator_is_passed_as_its_forward(discriminator):
    torch.compiler.reset()
    real = torch.randn(2, 3, 16, 16)
    expected = gl.r1_penalty(discriminator, real)
    discriminator.compile(backend="aot_eager")
    with pytest.raises(RuntimeError, match="double backward"):
        gl.r1_penalty(discriminator, real).backward()
    penalty = gl.r1_penalty(discriminator.forward, real)
    penalty.backward()
    torch.testing.assert_close(penalty, expected)
