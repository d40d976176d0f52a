import pytest
import torch
from gan_augment import Adaptive, KorniaAugment, augment_pair, set_probability
from kornia.augmentation import RandomBrightness, RandomCrop, RandomErasing, RandomHorizontalFlip
from torch import nn
from torch.testing import assert_close


@pytest.fixture
def augment():
    return KorniaAugment(RandomHorizontalFlip(p=1.0), RandomBrightness((1.2, 1.2), p=1.0))


def test_kornia_computes_on_images_in_0_to_1(images):
    brighter = KorniaAugment(RandomBrightness((1.2, 1.2), p=1.0))(images)
    assert_close(brighter, (images + 0.4).clamp(max=1))  # 0.2 of a range that is twice as wide here


def test_each_operator_is_applied_to_each_image_with_p(images, augment):
    many = images[:1].expand(800, -1, -1, -1)
    set_probability(augment, 0.25)
    flipped = images[0].flip(-1)
    outcomes = torch.stack([x for y in (images[0], flipped) for x in (y, (y + 0.4).clamp(max=1))])
    distances = (augment(many).unsqueeze(1) - outcomes).abs().amax((2, 3, 4))
    assert distances.amin(1).max() < 1e-6  # no other outcome occurs
    frequencies = torch.bincount(distances.argmin(1), minlength=4) / 800
    assert_close(frequencies, torch.tensor([9, 3, 3, 1]) / 16, rtol=0, atol=0.06)
    set_probability(augment, 0.0)
    assert_close(augment(many), many)


def test_a_generator_repeats_the_samples_and_leaves_torchs_state_unchanged(images, seeded):
    augment = KorniaAugment(RandomBrightness((0.7, 1.3), p=0.5), RandomHorizontalFlip(), p=0.5)
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    first = augment(images, generator=seeded())
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(augment(images, generator=seeded()), first)
    assert torch.equal(augment(images, augment.sample(images, generator=seeded())), first)


def test_pairs_and_adaptation(images, augment):
    source, target = augment_pair(Adaptive(augment), images, images, color="target")
    assert_close(source, images.flip(-1))
    assert_close(target, (images.flip(-1) + 0.4).clamp(max=1))


def test_the_same_pixels_of_a_pair_are_erased(images):
    erase = KorniaAugment(RandomErasing(scale=(0.2, 0.3), p=1.0))
    source, target = augment_pair(erase, images[:, :1].abs(), images.abs(), color="target")
    assert (target == -1).any()
    assert torch.equal(source == -1, (target == -1).all(1, keepdim=True))


def test_gradient_reaches_the_images(images, augment):
    x = (images * 0.5).requires_grad_()
    (gradient,) = torch.autograd.grad(augment(x).sum(), x)
    assert_close(gradient, torch.ones_like(x))


def test_operators_that_do_not_fit_are_named(images):
    with pytest.raises(TypeError, match="expected augmentations of images, such as kornia's"):
        KorniaAugment(nn.ReLU())
    with pytest.raises(ValueError, match=r"RandomCrop changed \(3, 3, 12, 10\) to \(3, 3, 5, 5\)"):
        KorniaAugment(RandomCrop((5, 5), p=1.0))(images)
