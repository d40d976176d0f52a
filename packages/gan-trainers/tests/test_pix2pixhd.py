"""pix2pixHD's objective against its equations, written out one network call at a time."""

import pytest
import torch
from gan_losses import RELATIVISTIC_AVERAGE
from gan_trainers import Pix2PixHD, Run, frozen
from torch import nn
from torch.optim import Adam


class Scales(nn.Module):
    """Two discriminators of two layers and logits each; the second sees half of the size."""

    def __init__(self):
        super().__init__()
        self.nets = nn.ModuleList(
            nn.ModuleList([nn.Conv2d(5, 4, 3), nn.Conv2d(4, 6, 3), nn.Conv2d(6, 1, 1)]) for _ in range(2)
        )

    def forward(self, x, *, features=False):
        outputs = []
        for index, layers in enumerate(self.nets):
            y, seen = nn.functional.avg_pool2d(x, 2) if index else x, []
            for layer in layers:
                y = torch.tanh(layer(y))
                seen.append(y)
            outputs.append(seen)
        return outputs if features else [seen[-1] for seen in outputs]


@pytest.fixture
def parts():
    torch.manual_seed(0)
    g, d = nn.Conv2d(2, 3, 3, padding=1).double(), Scales().double()
    condition, target = torch.randn(2, 2, 12, 12).double(), torch.rand(2, 3, 12, 12).double() * 2 - 1
    return g, d, condition, target


def squared(fake, target):
    return (fake - target).square().mean()


def gradients(net, loss):
    return torch.autograd.grad(loss, list(net.parameters()), retain_graph=True)


def test_generators_turn_equals_its_equation(parts):
    g, d, condition, target = parts
    fake = g(condition)
    real_maps = d(torch.cat([condition, target], 1), features=True)
    fake_maps = d(torch.cat([condition, fake], 1), features=True)
    # Least squares summed over the scales; 4 / layers for each layer but the logits, 1 / scales.
    adversarial = sum((maps[-1] - 1).square().mean() for maps in fake_maps)
    matching = sum(
        (4 / 2) * (1 / 2) * (f - r.detach()).abs().mean()
        for real, fake_ in zip(real_maps, fake_maps, strict=True)
        for r, f in zip(real[:-1], fake_[:-1], strict=True)
    )
    expected = adversarial + 10 * matching + 10 * squared(fake, target)
    game = Pix2PixHD(d, perceptual_loss=squared)
    loss, terms = game.generator_loss(condition, target, fake, game.judge(condition, target))
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    assert set(terms) == {"adversarial", "feature_matching", "perceptual"}
    torch.testing.assert_close(sum(terms.values()), loss)
    for got, other in zip(gradients(g, loss), gradients(g, expected), strict=True):
        torch.testing.assert_close(got, other, rtol=1e-9, atol=1e-12)


def test_discriminators_turn_equals_its_equation_and_reaches_it_alone(parts):
    g, d, condition, target = parts
    fake = g(condition)
    real_maps = d(torch.cat([condition, target], 1), features=True)
    fake_maps = d(torch.cat([condition, fake.detach()], 1), features=True)
    expected = 0.5 * sum(
        (real[-1] - 1).square().mean() + fake_[-1].square().mean()
        for real, fake_ in zip(real_maps, fake_maps, strict=True)
    )
    game = Pix2PixHD(d)
    loss, terms = game.discriminator_loss(condition, fake, game.judge(condition, target))
    torch.testing.assert_close(loss, expected, rtol=1e-12, atol=0)
    assert terms == {"discriminator": loss}
    for got, other in zip(gradients(d, loss), gradients(d, expected), strict=True):
        torch.testing.assert_close(got, other, rtol=1e-9, atol=1e-12)
    assert torch.autograd.grad(loss, list(g.parameters()), allow_unused=True) == (None, None)


def test_a_step_makes_one_translation_and_judges_the_real_pictures_once(parts, tmp_path):
    g, d, condition, target = (part.float() for part in parts)
    calls = {"g": 0, "d": 0}
    g.register_forward_pre_hook(lambda *_: calls.update(g=calls["g"] + 1))
    d.register_forward_pre_hook(lambda *_: calls.update(d=calls["d"] + 1))
    run = Run(tmp_path)
    opt_g, opt_d = Adam(g.parameters(), lr=1e-3), Adam(d.parameters(), lr=1e-3)
    run.keep(g=g, d=d, opt_g=opt_g, opt_d=opt_d)
    game = Pix2PixHD(d)
    before = [p.detach().clone() for p in (*g.parameters(), *d.parameters())]
    fake, real = g(condition), game.judge(condition, target)
    with frozen(d):
        run.update(opt_g, game.generator_loss(condition, target, fake, real)[0])
    run.update(opt_d, game.discriminator_loss(condition, fake, real)[0])
    assert calls == {"g": 1, "d": 3}  # the target; the fake in each turn
    after = [*g.parameters(), *d.parameters()]
    assert all(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


def test_terms_of_weight_0_are_neither_computed_nor_named(parts):
    g, d, condition, target = parts

    def never(*_):
        raise AssertionError("computed in vain")

    game = Pix2PixHD(d, feature_matching_weight=0, perceptual_loss=never, perceptual_weight=0)
    _, terms = game.generator_loss(condition, target, g(condition), game.judge(condition, target))
    assert set(terms) == {"adversarial"}


def test_a_relativistic_game_compares_with_the_real_logits_without_gradient(parts):
    g, d, condition, target = parts
    game = Pix2PixHD(d, adversarial=RELATIVISTIC_AVERAGE, feature_matching_weight=0)
    fake, real = g(condition), game.judge(condition, target)
    loss, _ = game.generator_loss(condition, target, fake, real)
    detached = [[maps[-1].detach()] for maps in real]
    again, _ = game.generator_loss(condition, target, fake, detached)
    assert torch.equal(loss, again)
    for got, other in zip(gradients(d, loss), gradients(d, again), strict=True):
        assert torch.equal(got, other)


def test_negative_weights_are_refused(parts):
    with pytest.raises(ValueError, match="expected perceptual_weight to be 0 or more; got -1"):
        Pix2PixHD(parts[1], perceptual_weight=-1)
