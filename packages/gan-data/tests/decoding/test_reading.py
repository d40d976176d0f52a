"""Label maps are read as stored; the reading of images is tested in test_opening.py."""

import pytest
import torch
from gan_data import DataError, read_labels


class TestReadLabels:
    def test_eight_bits(self, save, numbers):
        labels = read_labels(save("x.png", picture=numbers([[0, 34, 255], [7, 7, 1]])))
        assert labels.dtype == torch.int64
        assert labels.tolist() == [[0, 34, 255], [7, 7, 1]]

    def test_sixteen_bits_are_not_scaled(self, save, numbers):
        assert read_labels(save("x.png", picture=numbers([[26_001, 33], [0, 65_535]], "I;16"))).tolist() == [
            [26_001, 33],
            [0, 65_535],
        ]

    @pytest.mark.parametrize("bits", [2, 8])
    def test_palette_indices_not_colors(self, tmp_path, bits, numbers):
        picture = numbers([[0, 1, 2], [3, 2, 0]], "P")
        picture.putpalette([9, 9, 9, 200, 0, 0, 0, 200, 0, 0, 0, 200])
        picture.save(tmp_path / "x.png", bits=bits)
        assert read_labels(tmp_path / "x.png").tolist() == [[0, 1, 2], [3, 2, 0]]

    def test_one_bit(self, save, numbers):
        picture = numbers([[0, 255], [255, 0]]).convert("1")
        assert read_labels(save("x.png", picture=picture)).tolist() == [[0, 1], [1, 0]]

    def test_colors_are_refused(self, save):
        with pytest.raises(
            DataError, match=r"x\.png: holds colors \(RGB\), not one label for each pixel; save the cl"
        ):
            read_labels(save("x.png"))

    def test_jpeg_is_refused(self, save, numbers):
        picture = numbers([[0, 255], [255, 0]])
        with pytest.raises(DataError, match=r"x\.jpg: is a JPEG, which alters labels; save the map as PNG"):
            read_labels(save("x.jpg", picture=picture))

    def test_a_broken_file(self, tmp_path):
        (tmp_path / "x.png").write_text("404")
        with pytest.raises(DataError, match=r"x\.png: is not an image"):
            read_labels(tmp_path / "x.png")
