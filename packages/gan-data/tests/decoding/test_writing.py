import pytest
import torch
from gan_data import DataError, from_uint8, read_image, write_image, write_pictures


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm"])
def test_a_written_color_image_is_read_back(tmp_path, suffix):
    image = from_uint8(torch.randint(256, (3, 5, 7), dtype=torch.uint8))
    write_image(tmp_path / f"x.{suffix}", image)
    assert torch.equal(read_image(tmp_path / f"x.{suffix}"), image)


def test_a_written_part_of_a_gray_batch_is_read_back(tmp_path):
    batch = from_uint8(torch.randint(256, (2, 1, 5, 7), dtype=torch.uint8))
    write_image(tmp_path / "x.png", batch[1, :, :, 2:])
    assert torch.equal(read_image(tmp_path / "x.png"), batch[1, :, :, 2:].expand(3, -1, -1))


def test_write_image_names_the_mistake(tmp_path):
    image = torch.zeros(3, 4, 4)
    with pytest.raises(ValueError, match=r"one image .* got \(2, 3, 4, 4\)"):
        write_image(tmp_path / "x.png", torch.zeros(2, 3, 4, 4))
    with pytest.raises(DataError, match=r"x\.what: no image format has this suffix; use"):
        write_image(tmp_path / "x.what", image)
    with pytest.raises(DataError, match=r"x\.png: cannot be written \(No such file"):
        write_image(tmp_path / "missing" / "x.png", image)


class TestWritePictures:
    def test_a_folder_for_each_state_and_a_file_for_each_name(self, tmp_path):
        real = from_uint8(torch.randint(256, (2, 3, 5, 7), dtype=torch.uint8))
        gray = from_uint8(torch.randint(256, (2, 1, 5, 7), dtype=torch.uint8))
        write_pictures(tmp_path / "pictures", ["0000-a", "0001-b"], real=real, gray=gray)
        names = [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*.png"))]
        assert names == [
            f"pictures/{state}/{name}.png" for state in ("gray", "real") for name in ("0000-a", "0001-b")
        ]
        assert torch.equal(read_image(tmp_path / "pictures/real/0001-b.png"), real[1])
        assert torch.equal(read_image(tmp_path / "pictures/gray/0000-a.png"), gray[0].expand(3, -1, -1))

    def test_existing_files_are_replaced(self, tmp_path):
        for level in (0, 1):
            write_pictures(tmp_path, ["x"], state=torch.full((1, 3, 2, 2), float(level)))
        assert (read_image(tmp_path / "state" / "x.png") == 1).all()

    def test_another_number_of_names_writes_nothing(self, tmp_path):
        batch = torch.zeros(2, 3, 4, 4)
        with pytest.raises(ValueError, match="one image for each name; got 1 of fake and 2 names"):
            write_pictures(tmp_path, ["a", "b"], real=batch, fake=batch[:1])
        assert list(tmp_path.iterdir()) == []

    def test_other_shapes(self, tmp_path):
        with pytest.raises(ValueError, match=r"one image .* got \(2, 4, 4\)"):
            write_pictures(tmp_path, ["a"], state=torch.zeros(1, 2, 4, 4))
