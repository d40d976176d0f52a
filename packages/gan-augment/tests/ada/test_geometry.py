import torch
from gan_augment import ADA, ADAParameters, Geometry
from torch.testing import assert_close


def test_two_rotations_compose(images):
    square = images[..., :10, :]
    angle = torch.full((3,), 0.3)
    twice = Geometry.neutral(3)._replace(rotation_before=angle, rotation_after=angle)
    once = Geometry.neutral(3)._replace(rotation_after=2 * angle)
    assert_close(ADA()(square, ADAParameters(twice)), ADA()(square, ADAParameters(once)), rtol=0, atol=1e-5)


def test_directions_of_the_transforms():
    x = torch.zeros(1, 1, 16, 16)
    x[..., 4:7, 9:14] = 1  # in the upper right
    field = {
        "quarter_turns": torch.ones(1),
        "x_flip": torch.ones(1),
        "integer_translation": torch.tensor([[0.25, 0.5]]),
    }
    rotated, mirrored, moved = (
        ADA()(x, ADAParameters(Geometry.neutral(1)._replace(**{name: value})))
        for name, value in field.items()
    )
    # Not exact, since the filter is asymmetric.
    assert_close(rotated, x.rot90(1, (2, 3)), rtol=0, atol=0.3)  # counterclockwise
    assert_close(mirrored, x.flip(-1), rtol=0, atol=0.3)
    assert_close(moved[..., 12:15, 13:], torch.ones(1, 1, 3, 3), rtol=0, atol=1e-5)  # right by 4, down by 8


def test_autocast_does_not_change_the_matrix():
    rotated = Geometry.neutral(1)._replace(rotation_after=torch.ones(1), scale=torch.full((1,), 1.1))
    moved = rotated._replace(fractional_translation=torch.full((1, 2), 0.3))
    with torch.autocast("cpu", torch.bfloat16):
        matrix = moved.matrix(256, 256)
    assert torch.equal(matrix, moved.matrix(256, 256))
