"""The contents of image files, as shards and databases hold them, as training samples."""

from torch import Tensor

from gan_data.base.errors import DataError
from gan_data.decoding.opening import open_rgb_content
from gan_data.decoding.tensors import from_pillow, from_uint8
from gan_data.transforms.geometry import Crop, Geometry
from gan_data.transforms.sizes import LoadSize, Size


class ImageTransform:
    """The content of an image file as (3, H, W) float32 in [-1, 1], RGB: resized, cropped, mirrored.

    What `Images` does with files, for samples of tar shards, Parquet files or a web server. Random numbers
    come from torch's global generator, and contents are decoded as by `read_image`: only in the formats of
    `image_formats`. Ask the library that streams for the bytes, not for images that it decoded.

    Args:
        size: as for `Images`.
        load_size: as for `Images`.
        crop: as for `Images`.
        flip: as for `Images`.

    Raises:
        ValueError: an option is out of range.

    Examples:
        >>> from pathlib import Path
        >>> write_image("1.png", torch.zeros(3, 48, 64))
        >>> transform = ImageTransform(size=32, load_size=40)
        >>> transform(Path("1.png").read_bytes()).shape
        torch.Size([3, 32, 32])
    """

    def __init__(
        self,
        *,
        size: Size | None = None,
        load_size: LoadSize = None,
        crop: Crop = "random",
        flip: bool = True,
    ) -> None:
        self._geometry = Geometry(size, load_size, crop, flip)

    def __call__(self, content: bytes) -> Tensor:
        """The image as a sample.

        Raises:
            DataError: the content is no image, truncated or corrupt; the image is smaller than `size`; or
                what is given are not bytes.
        """
        (sample,) = self.alike(content)
        return sample

    def alike(self, first: bytes, *others: bytes) -> tuple[Tensor, ...]:
        """Several images, such as the two of a pair, with the same crop, mirrored or not.

        Raises:
            DataError: as in a call, or the images differ in size.
        """
        opened = [open_rgb_content(content) for content in (first, *others)]
        images = [from_pillow(self._geometry.resize(image)) for image in opened]
        sizes = sorted({tuple(image.shape[1:]) for image in images})
        if len(sizes) > 1:
            given = " and ".join(f"{height}x{width}" for height, width in sizes)
            raise DataError(f"expected images of one size to crop alike; got {given}")
        view = self._geometry.sample_view(*sizes[0])
        return tuple(from_uint8(view.of(image).contiguous()) for image in images)
