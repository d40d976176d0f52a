import pytest
import torch
from gan_nets.layers.checks import check_images, check_least_size, check_positive, check_size


def test_what_fits_passes():
    x = torch.zeros(2, 3, 8, 12)
    check_images(x, 3, network="Net")
    check_least_size(x, 8, network="Net")
    check_size(x, 4, least=8, network="Net")
    check_positive(width=1, depth=2)


@pytest.mark.parametrize(
    ("shape", "multiple", "least", "message"),
    [
        ((8, 10), 4, 0, "Net expected height and width to be multiples of 4; got 8x10; gan_nets.apply_any"),
        ((0, 8), 4, 0, "Net expected height and width to be multiples of 4; got 0x8; gan_nets.apply_any"),
        ((4, 8), 4, 8, "Net expected images of at least 8x8; got 4x8; enlarge them"),
        ((5, 8), 4, 8, "Net expected images of at least 8x8; got 5x8; enlarge them"),
    ],
)
def test_the_error_for_a_wrong_size_is_one_sentence(shape, multiple, least, message):
    with pytest.raises(ValueError, match=message):
        check_size(torch.zeros(1, 3, *shape), multiple, least=least, network="Net")


def test_remedies_may_be_given():
    x = torch.zeros(1, 3, 6, 6)
    with pytest.raises(ValueError, match=r"of at least 7x7; got 6x6; crop less$"):
        check_least_size(x, 7, network="Net", remedy="crop less")
    with pytest.raises(ValueError, match=r"multiples of 4; got 6x6; pad them$"):
        check_size(x, 4, network="Net", remedy="pad them")


@pytest.mark.parametrize("size", [0, -1, 1.5, "2"])
def test_the_first_size_that_is_not_positive_is_named(size):
    with pytest.raises(ValueError, match=f"expected width to be a positive integer; got {size!r}"):
        check_positive(depth=1, width=size)
