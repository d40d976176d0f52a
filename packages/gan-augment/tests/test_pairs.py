import pytest
import torch
from gan_augment import augment_pair
from torch.testing import assert_close


def test_both_images_get_the_same_parameters(every_augmentation, images, seeded):
    augment = every_augmentation
    one, other = augment_pair(augment, images, images, generator=seeded())
    assert torch.equal(one, other)
    parameters = augment.sample(images, generator=seeded())
    spatial = parameters.spatial()
    for color, colored in (("source", (True, False)), ("target", (False, True)), ("neither", (False, False))):
        pair = augment_pair(augment, images, images, color=color, generator=seeded())
        for result, is_colored in zip(pair, colored, strict=True):
            assert torch.equal(result, augment(images, parameters if is_colored else spatial))
    assert not torch.equal(augment(images, parameters), augment(images, spatial))


def test_the_uncolored_image_can_have_other_channels(every_augmentation, images, seeded):
    labels = images[:, :1].repeat(1, 7, 1, 1)
    moved, _ = augment_pair(every_augmentation, labels, images, color="target", generator=seeded())
    expected, _ = augment_pair(every_augmentation, images, images, color="neither", generator=seeded())
    assert_close(moved[:, 3], expected[:, 0], rtol=0, atol=1e-6)


def test_pairs_that_do_not_match_are_named(every_augmentation, images):
    with pytest.raises(ValueError, match=r"equal number and size.*; got \(3, 3, 12, 9\) and"):
        augment_pair(every_augmentation, images[..., 1:], images, color="target")
    with pytest.raises(ValueError, match=r"equal channels .*; got \(3, 1, 12, 10\) and \(3, 3, 12, 10\)"):
        augment_pair(every_augmentation, images[:, :1], images)
    with pytest.raises(ValueError, match="\"neither\"; got 'left'"):
        augment_pair(every_augmentation, images, images, color="left")
