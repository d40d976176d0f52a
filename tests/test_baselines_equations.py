"""The terms of CycleGAN's baselines, by hand: discriminators whose logit is a mean, generators that scale."""

import math
from types import SimpleNamespace

import pytest
import torch
from gan_nets import CoGANGenerator, init_normal_
from gan_trainers import EMA


def mean(x):
    return x.mean((1, 2, 3))


def softplus(x):
    return math.log1p(math.exp(x))


def flat(value, channels=3):
    return torch.full((2, channels, 4, 4), value)


@pytest.fixture(scope="module")
def content_gan(example):
    return example("content_gan")


@pytest.fixture(scope="module")
def bigan(example):
    return example("bigan")


@pytest.fixture(scope="module")
def cogan(example):
    return example("cogan")


@pytest.mark.parametrize("weight", [10.0, 3.0])
def test_pixel_loss_and_gan(content_gan, weight):
    options = content_gan.Options(content_weight=weight)
    t = SimpleNamespace(d=mean, content=content_gan.content_distance(options))
    terms = content_gan.generator_terms(flat(0.5), flat(-0.3), t, options)
    assert terms["adversarial"].item() == pytest.approx((-0.3 - 1) ** 2)
    assert terms["content"].item() == pytest.approx(weight * 0.8)
    loss = content_gan.discriminator_loss(mean, flat(0.5), flat(-0.3))
    assert loss.item() == pytest.approx(0.5 * ((0.5 - 1) ** 2 + 0.3**2))


def test_without_a_weight_the_gan_is_alone(content_gan):
    terms = content_gan.generator_terms(
        flat(0.5), flat(-0.3), SimpleNamespace(d=mean), content_gan.Options(content_weight=0)
    )
    assert terms.keys() == {"adversarial"}


def test_feature_loss_is_that_of_one_map_of_resized_images(content_gan):
    """Of EfficientNet-Lite0's map at an eighth of the side; the input is the target and gets no gradient."""
    options = content_gan.Options(content="features", feature_size=48)
    distance = content_gan.content_distance(options)
    torch.manual_seed(0)
    source, fake = torch.rand(2, 3, 16, 16, requires_grad=True), torch.rand(2, 3, 16, 16, requires_grad=True)
    loss = distance(fake, source)
    backbone = distance.features.network
    large = [torch.nn.Upsample((48, 48), mode="bilinear")(image.detach()) for image in (source, fake)]
    of_source, of_fake = (backbone(image)[1] for image in large)
    assert of_source.shape == (2, 40, 6, 6)
    assert loss.item() == pytest.approx((of_source - of_fake).abs().mean().item() / 20, rel=1e-5)
    loss.backward()
    assert source.grad is None
    assert fake.grad.abs().sum() > 0
    assert all(not p.requires_grad for p in distance.parameters())


def test_vgg19s_features_are_of_relu4_2(content_gan, tmp_path):
    from gan_losses import VGG19Features

    untrained = VGG19Features(["relu4_2"], weights="random")
    names = [name for name, _ in untrained.network.named_children()]
    state = {
        f"features.{names.index(name)}.{kind}": tensor
        for key, tensor in untrained.network.state_dict().items()
        for name, kind in [key.split(".")]
    }
    torch.save(state, tmp_path / "vgg19.pth")
    options = content_gan.Options(
        content="features", features="vgg19", vgg19=tmp_path / "vgg19.pth", feature_size=16
    )
    torch.manual_seed(0)
    fake, source = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16)
    expected = (untrained(fake)[0] - untrained(source)[0]).abs().mean()
    torch.testing.assert_close(content_gan.content_distance(options)(fake, source), expected)


def test_bigans_pairs_have_the_real_image_and_the_translated_one(bigan):
    generated, encoded = bigan.pairs(flat(0.5), flat(-0.8), lambda a: 3 * a, lambda b: b / 2)
    assert generated.shape == encoded.shape == (2, 6, 4, 4)
    assert (generated[:, :3].unique().tolist(), generated[:, 3:].unique().tolist()) == ([0.5], [1.5])
    assert encoded[:, :3].unique().item() == pytest.approx(-0.4)
    assert encoded[:, 3:].unique().item() == pytest.approx(-0.8)


def test_bigans_terms(bigan):
    """The discriminator wants 1 for (a, g(a)) and 0 for (e(b), b); each network wants the other's number."""
    generated, encoded = flat(0.7, 6), flat(-0.2, 6)
    assert bigan.discriminator_loss(mean, generated, encoded).item() == pytest.approx(
        0.5 * ((0.7 - 1) ** 2 + (-0.2 - 0) ** 2)
    )
    terms = bigan.generator_terms(mean, generated, encoded)
    assert terms["generator"].item() == pytest.approx((0.7 - 0) ** 2)
    assert terms["encoder"].item() == pytest.approx((-0.2 - 1) ** 2)


def test_bigans_pools_swap_whole_pairs(bigan):
    """An image never meets another's translation."""
    pool = bigan.ImagePool(1)
    for value in range(20):
        a = flat(float(value))
        pair = pool.swap(torch.cat([a, -a], dim=1))
        assert torch.equal(pair[:, :3], -pair[:, 3:])


def two_means(pairs):
    """A column for each domain: the mean of its image."""
    return torch.stack([mean(pairs[:, :3]), mean(pairs[:, 3:])], dim=1)


def test_cogans_terms(cogan):
    reals, fakes = (torch.cat([flat(a), flat(b)], dim=1) for a, b in ((0.5, -0.8), (0.1, 0.3)))
    terms = cogan.discriminator_terms(two_means, reals, fakes)
    expected = {
        "discriminator_a": softplus(-0.5) + softplus(0.1),
        "discriminator_b": softplus(0.8) + softplus(0.3),
    }
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, rel=1e-6)
    terms = cogan.generator_terms(two_means, reals, fakes)
    expected = {"adversarial_a": softplus(-0.1), "adversarial_b": softplus(-0.3)}
    assert {name: term.item() for name, term in terms.items()} == pytest.approx(expected, rel=1e-6)


def test_cogans_real_images_and_fakes_are_one_batch(cogan):
    """Batch norm then keeps the difference between them."""
    seen = []

    def d(pairs):
        seen.append(len(pairs))
        return two_means(pairs)

    cogan.discriminator_terms(d, flat(0.5, 6), flat(0.1, 6))
    cogan.generator_terms(d, flat(0.5, 6), flat(0.1, 6))
    assert seen == [4, 4]


def test_no_gradient_of_cogans_discriminators_loss_reaches_the_generators(cogan):
    fakes = flat(0.1, 6).requires_grad_()
    terms = cogan.discriminator_terms(two_means, flat(0.5, 6), fakes)
    assert not any(term.requires_grad for term in terms.values())
    for term in cogan.generator_terms(two_means, flat(0.5, 6), fakes).values():
        assert torch.autograd.grad(term, fakes)[0].abs().sum() > 0


@pytest.fixture(scope="module")
def drawn(example):
    """Generators, and the pairs that they draw from three latents."""
    torch.manual_seed(0)
    g = CoGANGenerator(16, latents=4, width=8)
    init_normal_(g, std=0.1)
    g(torch.randn(64, 4))  # statistics for batch norm
    ema = EMA(g, half_life=1)
    return example("support.cogan"), ema, ema(torch.randn(3, 4))


def test_cogan_finds_the_latent_of_what_it_can_draw(drawn, tmp_path):
    """A drawn image is reconstructed, and its counterpart is drawn, in both directions."""
    support, ema, pairs = drawn
    a, b = pairs.chunk(2, dim=1)
    inversion, file = (
        support.Inversion(starts=4, iterations=200, seed=0),
        tmp_path / "new" / "latents.safetensors",
    )
    a_to_b, b_to_a = support.by_latent(ema, inversion, lambda: file)
    for real, other, states in ((a, b, a_to_b(a)), (b, a, b_to_a(b))):
        assert (states["reconstructed"] - real).abs().max() < 0.02
        assert (states["translated"] - other).abs().max() < 0.02
        assert (other - real).abs().max() > 0.1
    again, _ = support.by_latent(ema, None, lambda: file)  # all are found, so that nothing is searched for
    assert torch.equal(again(a)["translated"], a_to_b(a)["translated"])


def test_more_starts_and_more_iterations_come_closer(drawn):
    support, ema, pairs = drawn
    torch.manual_seed(1)
    image = pairs[0, :3] + 0.3 * torch.randn(3, 16, 16)  # one that cannot be drawn

    def distance(starts, iterations):
        z = support.Inversion(starts, iterations, seed=0).latent(ema.average, image, 0)
        return (ema(z[None])[0, :3] - image).square().sum()

    assert distance(1, 20) < distance(1, 1)
    assert distance(8, 1) <= distance(1, 1)


def test_a_search_is_its_images_own_and_takes_no_random_numbers(drawn, tmp_path):
    support, ema, pairs = drawn
    inversion = support.Inversion(starts=2, iterations=5, seed=3)
    before = torch.get_rng_state()
    together = support.by_latent(ema, inversion, lambda: tmp_path / "all")[0](pairs[:, :3])["translated"]
    assert torch.equal(torch.get_rng_state(), before)
    for index in range(3):
        a_to_b, _ = support.by_latent(ema, inversion, lambda name=str(index): tmp_path / name)
        alone = a_to_b(pairs[index : index + 1, :3])["translated"]
        torch.testing.assert_close(alone[0], together[index], rtol=0, atol=1e-5)
