import torch
from gan_augment import cutout, flip, translate


def test_translation_by_hand():
    x = torch.arange(1.0, 7.0).view(1, 1, 2, 3)  # 1 2 3 / 4 5 6
    assert translate(x, torch.tensor([1]), torch.tensor([-1])).tolist() == [[[[0, 4, 5], [0, 0, 0]]]]
    assert translate(x, torch.tensor([2]), torch.tensor([0])).abs().sum() == 0  # all of it is outside


def test_cutout_by_hand():
    x = torch.ones(1, 1, 4, 5)
    # Half of 5, rounded up, is 3: the middle column and its neighbors; half of 4 is 2.
    assert cutout(x, torch.tensor([2]), torch.tensor([0])).tolist()[0][0] == [
        [1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 1, 1, 1],
        [1, 1, 1, 1, 1],
    ]
    assert torch.equal(cutout(x, torch.tensor([-4]), torch.tensor([2])), x)
    assert torch.equal(cutout(x, torch.tensor([2]), torch.tensor([2]), ratio=0.0), x)


def test_flip_mirrors_the_given_images(images):
    flipped = flip(images, torch.tensor([True, False, True]))
    assert torch.equal(flipped[1], images[1])
    assert torch.equal(flipped[::2], images[::2].flip(-1))


def test_a_translation_is_the_same_with_and_without_indices_of_all_pixels(monkeypatch):
    # A CPU copies rectangles; other devices look every pixel up, since they would wait for the numbers.
    images = torch.randn(4, 3, 9, 12, requires_grad=True)
    rows, columns = torch.tensor([0, -2, 20, 8]), torch.tensor([3, 0, 1, -13])
    upstream = torch.randn_like(images)
    results = []
    for is_compiling in (False, True):
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda: is_compiling)  # noqa: B023 - called here
        moved = translate(images, rows, columns)
        results.append((moved, *torch.autograd.grad(moved, images, upstream)))
    assert all(map(torch.equal, *results))
    assert (results[0][0][2] == 0).all()  # moved out of the image
