import pytest
import torch
from gan_data import from_uint8, to_uint8


def test_a_round_trip_keeps_all_levels():
    levels = torch.arange(256, dtype=torch.uint8)
    values = from_uint8(levels)
    assert values.dtype == torch.float32
    assert values[[0, 255]].tolist() == [-1, 1]
    assert torch.equal(to_uint8(values), levels)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_to_uint8_takes_any_floating_point(dtype):
    assert to_uint8(torch.tensor([-1, 0.5, 1], dtype=dtype)).tolist() == [0, 191, 255]


def test_to_uint8_clips_and_rounds():
    values = torch.tensor([-3.0, 3.0, -1 + 2.49 / 127.5, -1 + 2.51 / 127.5])
    assert to_uint8(values).tolist() == [0, 255, 2, 3]


def test_to_uint8_refuses_other_values():
    with pytest.raises(ValueError, match="got NaN"):
        to_uint8(torch.tensor([0.0, float("nan")]))
    with pytest.raises(ValueError, match=r"expects floating point .* got torch.uint8"):
        to_uint8(torch.zeros(3, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"expects uint8 .* got torch.float32"):
        from_uint8(torch.zeros(3))
