import copy

import pytest
import torch
from gan_projected import Backbone, MultiScaleHeads, ProjectedDiscriminator, Projector, interop

NARROW = {"widths": (4, 5, 6, 7)}


@pytest.fixture
def build(tiny_backbone):
    """A small discriminator."""

    def build(seed=0, mixing="scales", **options):
        projector = Projector(copy.deepcopy(tiny_backbone), mixing=mixing, channels=(4, 6, 8, 10), seed=seed)
        return ProjectedDiscriminator(projector, **NARROW, **options)

    return build


@pytest.mark.parametrize("name", ["narrow", "separable", "type0"])
def test_logits_and_gradients_equal_the_official_ones(name, read_parity):
    weights, inputs, outputs = read_parity(f"pg_disc_{name}")
    discriminator, x = interop.load_discriminator(weights), inputs["x"].requires_grad_()
    logits = torch.cat([scale.flatten(1) for scale in discriminator(x)], dim=1)
    torch.testing.assert_close(logits, outputs["logits"], atol=1e-4, rtol=0)
    (gradient,) = torch.autograd.grad(logits.mean(), x)
    key = next(k for k in outputs if k in ("grad_x_of_mean", "grad_x_of_mean_every2"))
    step = 2 if key.endswith("2") else 1
    error = gradient[:, :, ::step, ::step] - outputs[key]
    # Rounding crosses kinks of ReLU6: the official code differs from itself in float64 by 2 to 6 %.
    assert error.norm() < 0.03 * outputs[key].norm()


@pytest.mark.parametrize(
    ("resize", "size", "side"),
    [
        ("official", 64, 4),
        ("official", 256, 5),
        ("paper", 256, 4),
        ("paper", 64, 4),
        (128, 64, 1),
        (160, 200, 2),
    ],
)
def test_number_of_logits(resize, size, side, build, images):
    logits = build(resize=resize)(images(size, batch=1))
    assert [tuple(x.shape) for x in logits] == [(1, 1, side, side)] * 4


@pytest.mark.parametrize("mixing", ["scales", "channels", "none"])
@pytest.mark.parametrize("separable", [False, True])
def test_every_variant_has_gradients(mixing, separable, build, images):
    discriminator = build(mixing=mixing, separable=separable, resize=128, classes=3)
    loss = sum(x.square().mean() for x in discriminator(images(), torch.tensor([0, 2])))
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in discriminator.parameters())
    assert discriminator.heads.heads[3].classes[0].weight.grad.abs().sum(1).gt(0).tolist() == [
        True,
        False,
        True,
    ]


def test_fewer_levels(build, images):
    assert len(build(levels=2, resize=128)(images())) == 2


def test_only_the_heads_are_trained(build, images):
    discriminator = build(resize=128).train().requires_grad_(True)
    names = [name for name, _ in discriminator.named_parameters()]
    assert names
    assert all(name.startswith("heads.") for name in names)
    before = copy.deepcopy(discriminator.state_dict())
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.1)
    sum(x.mean() for x in discriminator(images())).backward()
    optimizer.step()
    after = discriminator.state_dict()
    assert all(
        torch.equal(before[key], after[key]) == key.startswith("projector.")
        for key in names + [key for key in after if key.startswith("projector.")]
    )


def test_images_without_gradients_store_no_activations_in_the_projector(build, images):
    discriminator = build(resize=128)

    def stored(run):
        tensors = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: tensors.append(x) or x, lambda x: x):
            run()
        return len(tensors)

    features = discriminator.projector(images())
    by_heads = stored(lambda: discriminator.heads(features))
    assert stored(lambda: discriminator(images())) == by_heads
    assert stored(lambda: discriminator(images().requires_grad_())) > by_heads


def test_downsampling_has_a_gradient_for_every_pixel(build, images):
    image = images(400, batch=1).requires_grad_()
    sum(x.square().mean() for x in build(resize=128).eval()(image)).backward()
    assert image.grad.abs().amin() > 0


def test_downsampling_in_half_precision(build, images):
    discriminator, image = build(resize=128).eval(), images(200, batch=1)
    expected = torch.cat(discriminator(image))
    with torch.autocast("cpu", torch.bfloat16):
        logits = torch.cat(discriminator(image.bfloat16()))
    assert (logits.float() - expected).norm() < 0.1 * expected.norm()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_labels_of_any_integer_dtype(dtype):
    heads, x = MultiScaleHeads([3], [32], classes=3).eval(), torch.randn(2, 3, 4, 4)
    labels = torch.tensor([2, 0])
    assert torch.equal(heads([x], labels.to(dtype))[0], heads([x], labels)[0])


def test_everything_is_float32_with_another_default_dtype(images):
    torch.set_default_dtype(torch.float64)
    try:
        projector = Projector(Backbone("mobilenetv3_small_050", weights="random"), channels=(4, 6, 8, 10))
        logits = ProjectedDiscriminator(projector, **NARROW, resize=128)(images().float())
    finally:
        torch.set_default_dtype(torch.float32)
    assert [x.dtype for x in logits] == [torch.float32] * 4


def test_class_term_by_hand():
    heads = MultiScaleHeads([3], [32], widths=(1, 1, 1, 1), classes=2).eval()
    head, x = heads.heads[0], torch.randn(1, 3, 4, 4)
    with torch.no_grad():
        embedding, linear = head.classes
        embedding.weight.zero_()[1, 0] = 1.0  # class 1 is the first unit vector, class 0 is zero
        linear.weight.zero_()[5, 0] = 8.0  # and selects the sixth of the features
        linear.bias.zero_()
    torch.testing.assert_close(heads([x], torch.tensor([1]))[0], head.output(x)[:, 5:6] * 8 / 64**0.5)
    assert heads([x], torch.tensor([0]))[0].abs().max() == 0


@pytest.mark.parametrize("channels", [1, 3])
def test_a_paired_condition(channels, build, images):
    discriminator = build(condition_channels=channels, resize=128).eval()
    condition, image = images(channels=channels, seed=1), images().requires_grad_()
    logits = discriminator(torch.cat([condition, image], dim=1))
    sum(x.sum() for x in logits).backward()
    assert image.grad.norm() > 0
    other = discriminator(torch.cat([-condition, image], dim=1))
    assert all((a - b).abs().max() > 1e-4 for a, b in zip(logits, other, strict=True))


def test_a_gray_condition_equals_rgb_of_equal_planes(build, images):
    discriminator = build(condition_channels=1, resize=128).eval()
    rgb = build(condition_channels=3, resize=128).eval()
    rgb.load_state_dict(discriminator.state_dict())
    gray, image = images(channels=1, seed=1), images()
    torch.testing.assert_close(
        discriminator(torch.cat([gray, image], 1)), rgb(torch.cat([gray, gray, gray, image], 1))
    )


def test_a_checkpoint_replaces_the_random_mixtures(build, images):
    one, other = build(seed=0, resize=128).eval(), build(seed=1, resize=128).eval()
    other.load_state_dict(one.state_dict())
    assert all(map(torch.equal, one(images()), other(images())))


def test_bf16_and_channels_last(build, images):
    discriminator = build(resize=128).eval()
    expected = torch.cat(discriminator(images()))
    torch.testing.assert_close(
        torch.cat(discriminator(images().to(memory_format=torch.channels_last))),
        expected,
        atol=1e-4,
        rtol=1e-4,
    )
    image = images().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        logits = torch.cat(discriminator(image))
    assert logits.dtype == torch.bfloat16
    assert (logits.float() - expected).norm() < 0.1 * expected.norm()
    logits.float().mean().backward()
    assert image.grad.isfinite().all()


def test_mistakes_are_named(build, images, projector):
    with pytest.raises(ValueError, match=r"a size of at least 128 pixels, .* got 96"):
        build(resize=96)
    with pytest.raises(ValueError, match=r"or a size of at least 128 .* got 'native'"):
        build(resize="native")
    with pytest.raises(ValueError, match=r"condition_channels 0, 1 \(gray\) or 3 \(RGB\); got 2"):
        build(condition_channels=2)
    with pytest.raises(ValueError, match="expected 1 to 4 levels; got 5"):
        build(levels=5)
    with pytest.raises(ValueError, match=r"images \(N, 4, H, W\) .* got \(2, 3, 128, 128\)"):
        build(condition_channels=1)(images())
    with pytest.raises(ValueError, match="expected labels, as there are 3 classes; got none"):
        build(classes=3)(images())
    with pytest.raises(ValueError, match="expected no labels, as there are 0 classes; got labels"):
        build()(images(), torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"labels \(2,\) of integers; got \(2, 3\) of torch.float32"):
        build(classes=3)(images(), torch.eye(3)[:2])
    with pytest.raises(ValueError, match=r"labels \(2,\) of integers; got \(1,\) of torch.int64"):
        build(classes=3)(images(), torch.tensor([1]))
    with pytest.raises(ValueError, match=r"labels \(2,\) of integers; got \(2,\) of torch.bool"):
        build(classes=3)(images(), torch.tensor([True, False]))
    with pytest.raises(ValueError, match=r"labels from 0 to 2; got \[0, 3\]"):
        build(classes=3)(images(), torch.tensor([0, 3]))
    with pytest.raises(ValueError, match=r"images of at least 128x128, .* got \(2, 8, 16, 16\)"):
        MultiScaleHeads([8], [4])([torch.zeros(2, 8, 16, 16)])
    with pytest.raises(ValueError, match=r"four widths of at least 1, .* got \(4, 4\)"):
        ProjectedDiscriminator(projector, widths=(4, 4))


def test_other_checkpoints_are_refused(read_parity):
    weights, *_ = read_parity("pg_disc_type0")
    with pytest.raises(ValueError, match="expected keys of the official discriminator"):
        interop.load_discriminator({"main.0.weight": torch.zeros(1)})
    lost = "discriminator.mini_discs.1.main.2.weight_orig"
    with pytest.raises(ValueError, match="expected a checkpoint of the official discriminator; got: "):
        interop.load_discriminator({k: v for k, v in weights.items() if k != lost})
    embedding = {"discriminator.mini_discs.0.embed.weight": torch.zeros(2, 128)}
    with pytest.raises(ValueError, match="without classes; got a class-conditional one"):
        interop.load_discriminator(weights | embedding)


@pytest.mark.parametrize("condition_channels", [0, 1])
def test_the_features_are_the_inputs_of_the_heads(build, condition_channels):
    d = build(condition_channels=condition_channels, resize=128).eval()
    x = torch.rand(2, condition_channels + 3, 64, 64)
    maps = d.features(x)
    assert [each.shape[2] for each in maps] == [128 // stride for stride in d.projector.strides]
    for direct, through in zip(d(x), d.heads(maps), strict=True):
        torch.testing.assert_close(direct, through, atol=0, rtol=0)
