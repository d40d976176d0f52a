"""CycleGAN's objective against its equations, written out one network call at a time."""

import copy

import pytest
import torch
from gan_losses import LEAST_SQUARES, RELATIVISTIC_AVERAGE, l1_loss
from gan_trainers import CycleGAN, Fakes, Run, frozen
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim import Adam

FULL = {"cycle_weight": 10.0, "identity_weight": 5.0, "adversarial_weight": 1.0}
# Weights; forwards of g_ab, g_ba, d_a, d_b in the generators' turn; batches that go through g_ab and g_ba.
FORWARDS = {
    "full": (FULL, (2, 1, 1, 1), (3, 3)),
    "without identity": (FULL | {"identity_weight": 0.0}, (2, 1, 1, 1), (2, 2)),
    "cycle alone": ({"adversarial_weight": 0.0, "identity_weight": 0.0}, (2, 1, 0, 0), (2, 2)),
    "GAN alone": ({"cycle_weight": 0.0, "identity_weight": 0.0}, (1, 1, 1, 1), (1, 1)),
    "GAN and forward": ({"cycle_weight": (10.0, 0.0), "identity_weight": 0.0}, (1, 1, 1, 1), (1, 2)),
    "GAN and backward": ({"cycle_weight": (0.0, 10.0), "identity_weight": 0.0}, (2, 1, 1, 1), (2, 1)),
    "GAN and identity": ({"cycle_weight": 0.0}, (1, 1, 1, 1), (2, 2)),
}


def generator(norm=lambda: nn.GroupNorm(4, 4)):
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), norm(), nn.ReLU(), nn.Conv2d(4, 3, 1), nn.Tanh())


class TwoScales(nn.Module):
    """A discriminator with two outputs."""

    def __init__(self):
        super().__init__()
        self.fine, self.coarse = nn.Conv2d(3, 1, 3), nn.Conv2d(3, 1, 5, stride=2)

    def forward(self, x):
        return [self.fine(x), self.coarse(x)]


def discriminator():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(4, 4), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 3))


def networks(seed=0, g=generator, d=discriminator):
    torch.manual_seed(seed)
    return [each.double() for each in (g(), g(), d(), d())]


def images(seed=1, counts=(2, 2), sizes=(8, 8)):
    torch.manual_seed(seed)
    return [torch.rand(n, 3, s, s, dtype=torch.float64) * 2 - 1 for n, s in zip(counts, sizes, strict=True)]


def plain_generator_loss(nets, a, b, *, cycle_weight=10.0, identity_weight=5.0, adversarial_weight=1.0):
    """The equations, a call for each term."""
    g_ab, g_ba, d_a, d_b = nets
    forward, backward = cycle_weight if isinstance(cycle_weight, tuple) else (cycle_weight, cycle_weight)
    fake_b, fake_a = g_ab(a), g_ba(b)
    loss = adversarial_weight * (LEAST_SQUARES.generator(d_b(fake_b)) + LEAST_SQUARES.generator(d_a(fake_a)))
    loss = loss + forward * l1_loss(g_ba(fake_b), a) + backward * l1_loss(g_ab(fake_a), b)
    return loss + identity_weight * (l1_loss(g_ba(a), a) + l1_loss(g_ab(b), b))


def plain_discriminator_loss(nets, a, b, fakes):
    _, _, d_a, d_b = nets
    loss = LEAST_SQUARES.discriminator(d_a(a), d_a(fakes.a))
    return 0.5 * (loss + LEAST_SQUARES.discriminator(d_b(b), d_b(fakes.b)))


def gradients(nets, loss):
    parameters = [p for net in nets for p in net.parameters()]
    return torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)


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


@pytest.mark.parametrize("name", FORWARDS)
def test_every_setting_equals_its_equation_in_loss_and_gradients(name):
    weights, forwards, (seen_ab, seen_ba) = FORWARDS[name]
    nets, (a, b) = networks(), images()
    expected = plain_generator_loss(nets, a, b, **weights)
    expected_gradients = gradients(nets, expected)
    counted, seen = count(nets)
    loss, _, terms = CycleGAN(*nets, **weights).generator_loss(a, b)
    assert counted == list(forwards)
    assert seen[:2] == [2 * seen_ab, 2 * seen_ba]
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(sum(terms.values()), loss)
    for got, other in zip(gradients(nets, loss), expected_gradients, strict=True):
        torch.testing.assert_close(got, other, rtol=1e-9, atol=1e-12)


# Forwards of g_ab, g_ba, d_a, d_b in the turn of g_ab alone.
FORWARDS_OF_AB = {
    "full": (1, 2, 0, 1),
    "without identity": (1, 2, 0, 1),
    "cycle alone": (1, 2, 0, 0),
    "GAN alone": (1, 0, 0, 1),
    "GAN and forward": (1, 1, 0, 1),
    "GAN and backward": (1, 1, 0, 1),
    "GAN and identity": (1, 0, 0, 1),
}


@pytest.mark.parametrize("learns", ["ab", "ba"])
@pytest.mark.parametrize("name", FORWARDS)
def test_a_generators_own_turn_has_its_gradient_of_the_whole_objective(name, learns):
    weights = FORWARDS[name][0]
    nets, (a, b) = networks(), images()
    learner, other = (0, 1) if learns == "ab" else (1, 0)
    expected = gradients([nets[learner]], plain_generator_loss(nets, a, b, **weights))
    counted, _ = count(nets)
    with frozen(nets[other], *nets[2:]):
        loss, fakes, terms = CycleGAN(*nets, **weights).generator_loss(a, b, learns)
    g_ab, g_ba, d_a, d_b = FORWARDS_OF_AB[name]
    assert counted == ([g_ab, g_ba, d_a, d_b] if learns == "ab" else [g_ba, g_ab, d_b, d_a])
    torch.testing.assert_close(sum(terms.values()), loss)
    for got, other_gradient in zip(gradients([nets[learner]], loss), expected, strict=True):
        torch.testing.assert_close(got, other_gradient, rtol=1e-9, atol=1e-12)
    drawn, not_drawn = (fakes.b, fakes.a) if learns == "ab" else (fakes.a, fakes.b)
    assert not_drawn is None
    assert torch.equal(drawn, nets[0](a) if learns == "ab" else nets[1](b))


def test_a_discriminators_own_turn_leaves_the_other_and_its_pool_alone():
    nets, (a, b) = networks(), images()
    game = CycleGAN(*nets)
    _, fakes, _ = game.generator_loss(a, b, "ab")
    counted, _ = count(nets)
    loss, terms = game.discriminator_loss(a, b, fakes)
    assert counted == [0, 0, 0, 1]
    assert set(terms) == {"discriminator_b"}
    expected = 0.5 * LEAST_SQUARES.discriminator(nets[3](b), nets[3](fakes.b))
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    pools = game.state_dict()
    assert len(pools["pool_b"]["images"]) == 2
    assert len(pools["pool_a"]["images"]) == 0


@pytest.mark.parametrize("d", [discriminator, TwoScales])
def test_discriminators_turn_equals_its_equation_with_one_forward_each(d):
    nets, (a, b) = networks(d=d), images()
    game = CycleGAN(*nets, pool_size=0)
    _, fakes, _ = game.generator_loss(a, b)
    expected = plain_discriminator_loss(nets, a, b, fakes)
    expected_gradients = gradients(nets[2:], expected)
    counted, seen = count(nets)
    loss, terms = game.discriminator_loss(a, b, fakes)
    assert (counted, seen) == ([0, 0, 1, 1], [0, 0, 4, 4])
    assert set(terms) == {"discriminator_a", "discriminator_b"}
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    for got, other in zip(gradients(nets[2:], loss), expected_gradients, strict=True):
        torch.testing.assert_close(got, other, rtol=1e-9, atol=1e-12)


class FunctionalDropout(nn.Module):
    def __init__(self):
        super().__init__()
        self.dropout = 0.5

    def forward(self, x):
        return nn.functional.dropout(x, self.dropout, self.training)


MIXING = {
    "batch norm": lambda: generator(lambda: nn.BatchNorm2d(4)),
    "dropout": lambda: generator(nn.Dropout),
    "functional dropout": lambda: generator(FunctionalDropout),
    "spectral norm": lambda: nn.Sequential(spectral_norm(nn.Conv2d(3, 3, 1))),
    "spectral norm as a hook": lambda: nn.Sequential(nn.utils.spectral_norm(nn.Conv2d(3, 3, 1))),
    "running statistics": lambda: generator(lambda: nn.InstanceNorm2d(4, track_running_stats=True)),
}


@pytest.mark.parametrize("kind", MIXING)
def test_networks_that_mix_images_or_draw_are_called_for_each_batch(kind):
    """In this order: g_ab(a), g_ab(b), g_ba(b), g_ba(a), g_ba(g_ab(a)), g_ab(g_ba(b))."""
    nets, (a, b) = networks(g=MIXING[kind]), images()
    twins = copy.deepcopy(nets)
    counted, _ = count(nets)
    torch.manual_seed(2)
    loss, fakes, terms = CycleGAN(*nets).generator_loss(a, b)
    assert counted[:2] == [3, 3]
    torch.manual_seed(2)
    g_ab, g_ba, d_a, d_b = twins
    fake_b, same_b, fake_a, same_a = g_ab(a), g_ab(b), g_ba(b), g_ba(a)
    back_a, back_b = g_ba(fake_b), g_ab(fake_a)
    assert torch.equal(fakes.b, fake_b)
    assert torch.equal(fakes.a, fake_a)
    expected = {
        "adversarial_ab": LEAST_SQUARES.generator(d_b(fake_b)),
        "adversarial_ba": LEAST_SQUARES.generator(d_a(fake_a)),
        "cycle_a": 10 * l1_loss(back_a, a),
        "cycle_b": 10 * l1_loss(back_b, b),
        "identity_a": 5 * l1_loss(same_a, a),
        "identity_b": 5 * l1_loss(same_b, b),
    }
    assert {k: v.item() for k, v in terms.items()} == pytest.approx(
        {k: v.item() for k, v in expected.items()}
    )
    assert loss.item() == pytest.approx(sum(terms.values()).item())


def test_dropout_that_is_off_keeps_one_forward():
    nets = networks(g=lambda: generator(lambda: nn.Dropout(0.0)))
    counted, _ = count(nets)
    CycleGAN(*nets).generator_loss(*images())
    assert counted[:2] == [2, 1]


def test_functions_around_networks_are_called_for_each_batch_with_the_same_result():
    nets, (a, b) = networks(), images()
    expected, _, _ = CycleGAN(*nets).generator_loss(a, b)
    counted, _ = count(nets)
    loss, _, _ = CycleGAN(*[lambda x, net=net: net(x) for net in nets]).generator_loss(a, b)
    assert counted == [3, 3, 1, 1]
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)


class BatchSpread(nn.Module):
    """A critic whose logits depend on the whole batch, by no layer of torch's."""

    def forward(self, x):
        return x.mean((1, 2, 3)) + x.std(0).mean()


def test_a_function_around_a_critic_shows_it_real_and_fake_apart():
    nets, (a, b) = networks(d=BatchSpread), images()
    game = CycleGAN(*nets[:2], *[lambda x, d=d: d(x) for d in nets[2:]], pool_size=0)
    _, fakes, _ = game.generator_loss(a, b)
    loss, _ = game.discriminator_loss(a, b, fakes)
    torch.testing.assert_close(loss, plain_discriminator_loss(nets, a, b, fakes), rtol=1e-12, atol=0)


@pytest.mark.parametrize(("counts", "sizes"), [((1, 3), (8, 8)), ((2, 2), (8, 12))])
def test_domains_may_differ_in_number_and_size(counts, sizes):
    nets, (a, b) = networks(), images(counts=counts, sizes=sizes)
    loss, fakes, _ = CycleGAN(*nets).generator_loss(a, b)
    assert (fakes.a.shape, fakes.b.shape) == (b.shape, a.shape)
    torch.testing.assert_close(loss, plain_generator_loss(nets, a, b), rtol=1e-12, atol=0)


def test_terms_by_hand():
    """Translations that scale, and discriminators whose logit is the mean."""

    def scale(factor):
        return lambda x: factor * x

    def mean(x):
        return x.mean((1, 2, 3))

    a, b = torch.full((1, 1, 2, 2), 0.5), torch.full((1, 1, 2, 2), -0.8)
    game = CycleGAN(
        scale(0.5), scale(3.0), mean, mean, cycle_weight=(10.0, 20.0), identity_weight=2.0, pool_size=0
    )
    loss, fakes, terms = game.generator_loss(a, b)
    assert (fakes.a.mean().item(), fakes.b.mean().item()) == pytest.approx((-2.4, 0.25))
    expected = {
        "adversarial_ab": (0.25 - 1) ** 2,
        "adversarial_ba": (-2.4 - 1) ** 2,
        "cycle_a": 10 * abs(0.75 - 0.5),
        "cycle_b": 20 * abs(-1.2 + 0.8),
        "identity_a": 2 * abs(1.5 - 0.5),
        "identity_b": 2 * abs(-0.4 + 0.8),
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected)
    assert loss.item() == pytest.approx(sum(expected.values()))
    loss, terms = game.discriminator_loss(a, b, fakes)
    expected = {
        "discriminator_a": 0.5 * ((0.5 - 1) ** 2 + 2.4**2),
        "discriminator_b": 0.5 * ((-0.8 - 1) ** 2 + 0.25**2),
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected)
    assert loss.item() == pytest.approx(sum(expected.values()))


def test_each_turn_reaches_its_own_players_alone():
    nets, (a, b) = networks(), images()
    game = CycleGAN(*nets)
    with frozen(*nets[2:]):
        loss, fakes, _ = game.generator_loss(a, b)
        loss.backward()
    assert all(p.grad is not None for net in nets[:2] for p in net.parameters())
    assert all(p.grad is None for net in nets[2:] for p in net.parameters())
    assert not any(fake.requires_grad for fake in fakes)
    before = [p.grad.clone() for net in nets[:2] for p in net.parameters()]
    game.discriminator_loss(a, b, fakes)[0].backward()
    assert all(p.grad is not None for net in nets[2:] for p in net.parameters())
    assert all(map(torch.equal, before, (p.grad for net in nets[:2] for p in net.parameters())))


def test_relativistic_game_shows_the_generators_the_real_images_without_gradient():
    nets, (a, b) = networks(), images()
    game = CycleGAN(*nets, adversarial=RELATIVISTIC_AVERAGE, cycle_weight=0.0, identity_weight=0.0)
    _, _, terms = game.generator_loss(a, b)
    g_ab, _, _, d_b = nets
    with torch.no_grad():
        real = d_b(b)
    expected = RELATIVISTIC_AVERAGE.generator(real, d_b(g_ab(a)))
    torch.testing.assert_close(terms["adversarial_ab"], expected)
    got, other = (gradients([d_b], each) for each in (terms["adversarial_ab"], expected))
    assert all(torch.allclose(x, y) for x, y in zip(got, other, strict=True))


def test_discriminators_learn_from_the_pools():
    """With pools of one image each, half of the steps show an earlier translation."""
    shown = []

    def judge(x):
        shown.append(x.mean().item())
        return x.mean((1, 2, 3))

    game = CycleGAN(nn.Identity(), nn.Identity(), judge, judge, pool_size=1)
    real = torch.zeros(1, 3, 2, 2)
    torch.manual_seed(0)
    for step in range(1, 41):
        fakes = Fakes(a=torch.full_like(real, step), b=torch.full_like(real, step))
        game.discriminator_loss(real, real, fakes)
    for domain in (shown[1::4], shown[3::4]):
        assert domain[0] == 1
        late = [step - value for step, value in enumerate(domain, start=1)]
        assert all(delay >= 0 for delay in late)
        assert 5 < sum(delay > 0 for delay in late) < 35


def test_without_an_adversarial_weight_the_discriminators_rest(tmp_path):
    """Their turn costs no forward, and the loop's update leaves their weights and their optimiser alone."""
    nets = [net.float() for net in networks()]
    a, b = (x.float() for x in images())
    game = CycleGAN(*nets, adversarial_weight=0.0)
    run = Run(tmp_path)
    optimizer = Adam([p for net in nets[2:] for p in net.parameters()])
    run.keep(d_a=nets[2], d_b=nets[3], optimizer=optimizer)
    loader = run.loader([torch.zeros(1)] * 2, batch_size=1)
    run.resume()
    counted, _ = count(nets)
    before = copy.deepcopy([net.state_dict() for net in nets[2:]])
    for _ in run.steps(loader, until=1):
        loss, terms = game.discriminator_loss(a, b, Fakes(a, b))
        run.update(optimizer, loss)
        run.log(terms)
    assert (loss.item(), terms, counted) == (0, {}, [0, 0, 0, 0])
    for old, net in zip(before, nets[2:], strict=True):
        assert all(torch.equal(old[key], value) for key, value in net.state_dict().items())


def learn(out, unequal_at=None):
    """Six steps with pools that are full after the fourth; stopped and resumed at `unequal_at`."""
    run = Run(out, seed=1)
    nets = [generator(), generator(), discriminator(), discriminator()]
    optimizers = [Adam([p for net in pair for p in net.parameters()]) for pair in (nets[:2], nets[2:])]
    game = CycleGAN(*nets, pool_size=4)
    names = ("g_ab", "g_ba", "d_a", "d_b", "opt_g", "opt_d", "game")
    run.keep(**dict(zip(names, (*nets, *optimizers, game), strict=True)))
    loader = run.loader(torch.rand(9, 2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), batch_size=1)
    run.resume()
    for batch in run.steps(loader, until=8):
        a, b = batch.unbind(1)
        with frozen(*nets[2:]):
            loss, fakes, _ = game.generator_loss(a, b)
            run.update(optimizers[0], loss)
        loss, _ = game.discriminator_loss(a, b, fakes)
        run.update(optimizers[1], loss)
        if run.step == unequal_at:
            run.save()
            break
    return {"nets": [net.state_dict() for net in nets], "game": game.state_dict()}


@pytest.mark.parametrize("step", [2, 6])
def test_stopped_and_resumed_equals_uninterrupted_with_the_pool_half_full_and_full(tmp_path, unequal, step):
    expected = learn(tmp_path / "whole")
    stopped = learn(tmp_path / "stopped", step)
    assert len(stopped["game"]["pool_a"]["images"]) == min(step, 4)
    assert unequal(learn(tmp_path / "stopped"), expected) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cycle_weight": -1.0}, "expected forward_cycle_weight to be 0 or more; got -1.0"),
        ({"cycle_weight": (1.0, -2.0)}, "expected backward_cycle_weight to be 0 or more; got -2.0"),
        ({"identity_weight": float("nan")}, "expected identity_weight to be 0 or more; got nan"),
        ({"cycle_weight": 0.0, "adversarial_weight": 0.0}, "a positive cycle_weight or adversarial_weight"),
        ({"pool_size": -1}, "capacity of 0 or more"),
    ],
)
def test_wrong_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CycleGAN(*networks(), **arguments)


def test_identity_asks_for_equal_channels():
    game = CycleGAN(*networks())
    with pytest.raises(ValueError, match=r"identity loss; got 1 and 3; give CycleGAN identity_weight=0"):
        game.generator_loss(torch.zeros(1, 1, 8, 8), torch.zeros(1, 3, 8, 8))


def test_an_unknown_turn_is_refused():
    with pytest.raises(ValueError, match='expected learns to be "both", "ab" or "ba"; got \'AB\''):
        CycleGAN(*networks()).generator_loss(*images(), learns="AB")
