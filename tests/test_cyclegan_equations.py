"""CycleGAN's terms against its equations, written out by hand, one network call at a time."""

import copy

import pytest
import torch
from gan_trainers import frozen, total
from torch import nn

FULL = {"cycle_weights": (10.0, 10.0), "identity_weight": 5.0, "adversarial_weight": 1.0}
BOTH = {"adversarial_ab", "adversarial_ba"}
CYCLES = {"cycle_a", "cycle_b"}
IDENTITY = {"identity_a", "identity_b"}
# Weights; names of the terms; forwards of g_ab, g_ba, d_a, d_b; batches that go through g_ab and g_ba.
CASES = {
    "full": (FULL, BOTH | CYCLES | IDENTITY, (2, 1, 1, 1), (3, 3)),
    "without identity": (FULL | {"identity_weight": 0.0}, BOTH | CYCLES, (2, 1, 1, 1), (2, 2)),
    "cycle alone": (
        FULL | {"adversarial_weight": 0.0, "identity_weight": 0.0},
        CYCLES,
        (2, 1, 0, 0),
        (2, 2),
    ),
    "GAN alone": (FULL | {"cycle_weights": (0.0, 0.0), "identity_weight": 0.0}, BOTH, (1, 1, 1, 1), (1, 1)),
    "GAN and forward": (
        FULL | {"cycle_weights": (10.0, 0.0), "identity_weight": 0.0},
        BOTH | {"cycle_a"},
        (1, 1, 1, 1),
        (1, 2),
    ),
    "GAN and backward": (
        FULL | {"cycle_weights": (0.0, 20.0), "identity_weight": 0.0},
        BOTH | {"cycle_b"},
        (2, 1, 1, 1),
        (2, 1),
    ),
    "GAN and identity": (FULL | {"cycle_weights": (0.0, 0.0)}, BOTH | IDENTITY, (1, 1, 1, 1), (2, 2)),
    "other weights": (
        {"cycle_weights": (3.0, 7.0), "identity_weight": 2.0, "adversarial_weight": 0.5},
        BOTH | CYCLES | IDENTITY,
        (2, 1, 1, 1),
        (3, 3),
    ),
}


@pytest.fixture(scope="module")
def recipe(example):
    return example("cyclegan")


@pytest.fixture
def training(recipe):
    """The recipe's `Training`, of these networks alone."""

    def make(nets):
        return recipe.Training(*nets, *[None] * (len(recipe.Training._fields) - 4))

    return make


def generator(norm=lambda: nn.GroupNorm(4, 4)):
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), norm(), nn.ReLU(), nn.Conv2d(4, 3, 1), nn.Tanh())


def discriminator():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(4, 4), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 3))


class TwoScales(nn.Module):
    """A discriminator with two outputs."""

    def __init__(self):
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 1, 3), nn.Conv2d(3, 1, 5, stride=2)

    def forward(self, x):
        return [self.fine(x), self.coarse(x)]


def networks(g=generator, d=discriminator):
    torch.manual_seed(0)
    return [each.double() for each in (g(), g(), d(), d())]


def images(counts=(2, 2), sizes=(8, 8)):
    torch.manual_seed(1)
    return [torch.rand(n, 3, s, s, dtype=torch.float64) * 2 - 1 for n, s in zip(counts, sizes, strict=True)]


def squared(logits, wanted):
    """The mean squared distance of logits from a number, summed over scales."""
    scales = logits if isinstance(logits, list) else [logits]
    return sum((scale - wanted).square().mean() for scale in scales)


def absolute(x, y):
    return (x - y).abs().mean()


def whole_objective(nets, a, b, *, cycle_weights, identity_weight, adversarial_weight):
    """Equation 3 and section 5.2, a call for each term."""
    g_ab, g_ba, d_a, d_b = nets
    forward, backward = cycle_weights
    loss = adversarial_weight * (squared(d_b(g_ab(a)), 1) + squared(d_a(g_ba(b)), 1))
    loss = loss + forward * absolute(g_ba(g_ab(a)), a) + backward * absolute(g_ab(g_ba(b)), b)
    return loss + identity_weight * (absolute(g_ba(a), a) + absolute(g_ab(b), b))


def gradients(nets, loss):
    parameters = [p for net in nets for p in net.parameters()]
    return torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)


def assert_equal_gradients(nets, loss, expected):
    for got, other in zip(gradients(nets, loss), expected, strict=True):
        torch.testing.assert_close(got, other, rtol=1e-9, atol=1e-12)


def count(nets):
    """Forwards and images of each network from now on."""
    forwards, seen = [0] * 4, [0] * 4

    def note(index):
        def hook(_module, inputs):
            forwards[index] += 1
            seen[index] += len(inputs[0])

        return hook

    for index, net in enumerate(nets):
        net.register_forward_pre_hook(note(index))
    return forwards, seen


@pytest.mark.parametrize("d", [discriminator, TwoScales])
@pytest.mark.parametrize("name", CASES)
def test_the_terms_equal_the_equation_in_value_and_gradients(recipe, training, name, d):
    """A term of weight 0 is neither computed nor named."""
    weights, names, forwards, (batches_ab, batches_ba) = CASES[name]
    nets, (a, b) = networks(d=d), images()
    expected = whole_objective(nets, a, b, **weights)
    expected_gradients = gradients(nets, expected)
    counted, seen = count(nets)
    terms, _ = recipe.generator_terms(a, b, training(nets), recipe.Options(**weights))
    assert terms.keys() == names
    assert counted == list(forwards)
    assert seen[:2] == [2 * batches_ab, 2 * batches_ba]
    torch.testing.assert_close(total(terms), expected, rtol=1e-12, atol=0)
    assert_equal_gradients(nets, total(terms), expected_gradients)


@pytest.mark.parametrize("learner", [0, 1])
@pytest.mark.parametrize("name", CASES)
def test_an_update_of_one_generator_has_its_gradient_of_the_whole_objective(recipe, training, name, learner):
    """As in the alternating order: the other networks are frozen, and gradients reach this one alone."""
    weights = CASES[name][0]
    nets, (a, b) = networks(), images()
    expected = gradients([nets[learner]], whole_objective(nets, a, b, **weights))
    others = [net for net in nets if net is not nets[learner]]
    with frozen(*others):
        terms, fakes = recipe.generator_terms(a, b, training(nets), recipe.Options(**weights))
        total(terms).backward()
    for parameter, gradient in zip(nets[learner].parameters(), expected, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-9, atol=1e-12)
    assert all(p.grad is None for net in others for p in net.parameters())
    for fake, drawn in ((fakes["a"], nets[1](b)), (fakes["b"], nets[0](a))):
        torch.testing.assert_close(fake, drawn, rtol=1e-12, atol=1e-14)
        assert not fake.requires_grad


def test_the_orders_updates(recipe, training):
    nets = networks()
    g_ab, g_ba, d_a, d_b = nets
    assert recipe.updates(training(nets), recipe.Options()) == [((d_a, d_b), ("a", "b"))]
    alternating = recipe.updates(training(nets), recipe.Options(order="alternating"))
    assert alternating == [((g_ba, d_a, d_b), ("b",)), ((g_ab, d_a, d_b), ("a",))]


@pytest.mark.parametrize("d", [discriminator, TwoScales])
def test_the_discriminators_loss_equals_its_equation_with_one_forward(recipe, d):
    nets, (real, fake) = networks(d=d), images()
    d_a = nets[2]
    expected = 0.5 * (squared(d_a(real), 1) + squared(d_a(fake), 0))
    expected_gradients = gradients([d_a], expected)
    counted, seen = count(nets)
    loss = recipe.discriminator_loss(d_a, real, fake)
    assert (counted, seen) == ([0, 0, 1, 0], [0, 0, 4, 0])
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    assert_equal_gradients([d_a], loss, expected_gradients)


@pytest.mark.parametrize("norm", [lambda: nn.BatchNorm2d(4), nn.Dropout])
def test_generators_that_mix_images_or_draw_are_called_for_each_batch_in_a_known_order(
    recipe, training, norm
):
    """g_ab(a), g_ab(b), g_ba(b), g_ba(a), g_ba(g_ab(a)), g_ab(g_ba(b))."""
    nets, (a, b) = networks(g=lambda: generator(norm)), images()
    twins = copy.deepcopy(nets)
    counted, _ = count(nets)
    torch.manual_seed(2)
    terms, fakes = recipe.generator_terms(a, b, training(nets), recipe.Options(**FULL))
    assert counted[:2] == [3, 3]
    torch.manual_seed(2)
    g_ab, g_ba, d_a, d_b = twins
    fake_b, identity_b, fake_a, identity_a = g_ab(a), g_ab(b), g_ba(b), g_ba(a)
    reconstructed_a, reconstructed_b = g_ba(fake_b), g_ab(fake_a)
    assert torch.equal(fakes["b"], fake_b)
    assert torch.equal(fakes["a"], fake_a)
    expected = {
        "adversarial_ab": squared(d_b(fake_b), 1),
        "adversarial_ba": squared(d_a(fake_a), 1),
        "cycle_a": 10 * absolute(reconstructed_a, a),
        "cycle_b": 10 * absolute(reconstructed_b, b),
        "identity_a": 5 * absolute(identity_a, a),
        "identity_b": 5 * absolute(identity_b, b),
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {name: term.item() for name, term in expected.items()}
    )


@pytest.mark.parametrize(("counts", "sizes"), [((1, 3), (8, 8)), ((2, 2), (8, 12))])
def test_domains_may_differ_in_number_and_size(recipe, training, counts, sizes):
    nets, (a, b) = networks(), images(counts, sizes)
    terms, fakes = recipe.generator_terms(a, b, training(nets), recipe.Options(**FULL))
    assert (fakes["a"].shape, fakes["b"].shape) == (b.shape, a.shape)
    torch.testing.assert_close(total(terms), whole_objective(nets, a, b, **FULL), rtol=1e-12, atol=0)


def test_the_terms_by_hand(recipe, training):
    """Generators that scale, and discriminators whose logit is the mean."""

    def mean(x):
        return x.mean((1, 2, 3))

    a, b = torch.full((1, 1, 2, 2), 0.5), torch.full((1, 1, 2, 2), -0.8)
    nets = (lambda x: 0.5 * x, lambda x: 3.0 * x, mean, mean)
    weights = recipe.Options(cycle_weights=(10.0, 20.0), identity_weight=2.0)
    terms, fakes = recipe.generator_terms(a, b, training(nets), weights)
    assert (fakes["a"].mean().item(), fakes["b"].mean().item()) == pytest.approx((-2.4, 0.25))
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(
        {
            "adversarial_ab": (0.25 - 1) ** 2,
            "adversarial_ba": (-2.4 - 1) ** 2,
            "cycle_a": 10 * abs(0.75 - 0.5),
            "cycle_b": 20 * abs(-1.2 + 0.8),
            "identity_a": 2 * abs(1.5 - 0.5),
            "identity_b": 2 * abs(-0.4 + 0.8),
        }
    )
    loss_a = recipe.discriminator_loss(mean, a, fakes["a"])
    loss_b = recipe.discriminator_loss(mean, b, fakes["b"])
    assert loss_a.item() == pytest.approx(0.5 * ((0.5 - 1) ** 2 + 2.4**2))
    assert loss_b.item() == pytest.approx(0.5 * ((-0.8 - 1) ** 2 + 0.25**2))


def test_each_loss_reaches_its_own_networks_alone(recipe, training):
    nets, (a, b) = networks(), images()
    with frozen(*nets[2:]):
        terms, fakes = recipe.generator_terms(a, b, training(nets), recipe.Options(**FULL))
        total(terms).backward()
    assert all(p.grad is not None for net in nets[:2] for p in net.parameters())
    assert all(p.grad is None for net in nets[2:] for p in net.parameters())
    before = [p.grad.clone() for net in nets[:2] for p in net.parameters()]
    recipe.discriminator_loss(nets[2], a, fakes["a"]).backward()
    recipe.discriminator_loss(nets[3], b, fakes["b"]).backward()
    assert all(p.grad is not None for net in nets[2:] for p in net.parameters())
    assert all(map(torch.equal, before, (p.grad for net in nets[:2] for p in net.parameters())))
