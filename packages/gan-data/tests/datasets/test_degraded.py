import functools

import torch
from gan_data import Degraded, Images, bicubic_downscale, grayscale


def test_degraded_and_clean_show_the_same_view(save, tmp_path):
    save("x.png", size=(40, 40))
    images = Images(tmp_path, size=16)
    torch.manual_seed(3)
    clean = images[0]
    torch.manual_seed(3)
    gray, same = Degraded(images, grayscale)[0]
    assert torch.equal(same, clean)
    assert torch.equal(gray, grayscale(clean))
    small, large = Degraded(images, functools.partial(bicubic_downscale, factor=4))[0]
    assert (small.shape, large.shape) == ((3, 4, 4), (3, 16, 16))
