import pytest
import torch
from gan_data import DataError, from_uint8, read_image, to_uint8, write_image


def test_all_levels_survive_the_way_there_and_back():
    levels = torch.arange(256, dtype=torch.uint8)
    values = from_uint8(levels)
    assert values.dtype == torch.float32
    assert values[[0, 255]].tolist() == [-1, 1]
    assert torch.equal(to_uint8(values), levels)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_to_uint8_takes_any_floating_point(dtype):
    assert to_uint8(torch.tensor([-1, 0.5, 1], dtype=dtype)).tolist() == [0, 191, 255]


def test_to_uint8_clips_and_rounds():
    assert to_uint8(torch.tensor([-3.0, 3.0, -1 + 2.49 / 127.5, -1 + 2.51 / 127.5])).tolist() == [
        0,
        255,
        2,
        3,
    ]


def test_to_uint8_refuses_what_is_no_picture():
    with pytest.raises(ValueError, match="not-a-number"):
        to_uint8(torch.tensor([0.0, float("nan")]))
    with pytest.raises(ValueError, match=r"expects floating point .* got torch.uint8"):
        to_uint8(torch.zeros(3, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"expects uint8 .* got torch.float32"):
        from_uint8(torch.zeros(3))


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm"])
def test_a_written_colour_picture_is_read_back(tmp_path, suffix):
    image = from_uint8(torch.randint(256, (3, 5, 7), dtype=torch.uint8))
    write_image(tmp_path / f"x.{suffix}", image)
    assert torch.equal(read_image(tmp_path / f"x.{suffix}"), image)


def test_a_written_part_of_a_grey_batch_is_read_back(tmp_path):
    batch = from_uint8(torch.randint(256, (2, 1, 5, 7), dtype=torch.uint8))
    write_image(tmp_path / "x.png", batch[1, :, :, 2:])
    assert torch.equal(read_image(tmp_path / "x.png"), batch[1, :, :, 2:].expand(3, -1, -1))


def test_write_image_says_what_is_wrong(tmp_path):
    image = torch.zeros(3, 4, 4)
    with pytest.raises(ValueError, match=r"one image .* got \(2, 3, 4, 4\)"):
        write_image(tmp_path / "x.png", torch.zeros(2, 3, 4, 4))
    with pytest.raises(DataError, match=r"x\.what: the suffix names no image format"):
        write_image(tmp_path / "x.what", image)
    with pytest.raises(DataError, match=r"x\.png: cannot be written \(No such file"):
        write_image(tmp_path / "missing" / "x.png", image)
