"""Downscaling and upscaling as in the literature on super-resolution: pure functions on tensors."""

from typing import Literal, get_args

from torch import Tensor

from gan_data.transforms._separable import filter_rows_and_columns, resize_matrix

Kernel = Literal["matlab-bicubic", "plain-bicubic", "area", "nearest", "lanczos"]
"""Of shrinking: MATLAB's imresize; OpenCV's cubic, which aliases; means of areas; pixels; Lanczos."""


def downscale(image: Tensor, factor: int, kernel: Kernel = "matlab-bicubic") -> Tensor:
    """Downscale an image in one of the ways that super-resolution is trained and tested with.

    A network learns to undo the kernel that it was trained with, so results should name the kernel.

    | kernel | a new pixel is computed from | as in |
    |---|---|---|
    | "matlab-bicubic" | the old ones within 4 * factor, by Keys' cubic with a = -1/2 | MATLAB's imresize |
    | "plain-bicubic" | the 4 old ones nearest to its center, a = -3/4; aliases | OpenCV's INTER_CUBIC |
    | "area" | the mean of those that it covers | OpenCV's INTER_AREA, Pillow's BOX |
    | "nearest" | the one at its center; aliases most | Pillow's NEAREST |
    | "lanczos" | those within 6 * factor, by a sinc with three lobes | Pillow's LANCZOS |

    Args:
        image: (..., C, H, W), H and W multiples of `factor`; floating point in any range, or uint8, which is
            rounded after each of the two passes.
        factor: how many times smaller the result is.
        kernel: one of the above.

    Returns:
        (..., C, H / factor, W / factor). Floating point may exceed the range a little at sharp edges.

    Raises:
        ValueError: H or W is not a multiple of `factor`, or the kernel is unknown.

    Examples:
        >>> stripes = torch.tensor([-1.0, 1.0]).repeat(4).expand(1, 8, 8)
        >>> downscale(stripes, 2, "area")[0, 0]  # "nearest" would alias to a single color
        tensor([0., 0., 0., 0.])
    """
    require_kernel(kernel)
    height, width = _require_multiple("downscale", image, factor)
    if kernel == "nearest":
        return image[..., factor // 2 :: factor, factor // 2 :: factor]
    down, across = (resize_matrix(side, side // factor, kernel) for side in (height, width))
    return filter_rows_and_columns(image, down, across)


def bicubic_downscale(image: Tensor, factor: int) -> Tensor:
    """Downscale an image as MATLAB's `imresize(image, 1/factor)` does, the standard of super-resolution.

    Args:
        image: (..., C, H, W), H and W multiples of `factor`; floating point in any range, or uint8, which is
            rounded after each of the two passes, as in MATLAB.
        factor: how many times smaller the result is.

    Returns:
        (..., C, H / factor, W / factor). Floating point may exceed the range a little at sharp edges.

    Raises:
        ValueError: H or W is not a multiple of `factor`.

    Examples:
        >>> bicubic_downscale(torch.zeros(3, 32, 32), 4).shape
        torch.Size([3, 8, 8])
    """
    return downscale(image, factor, "matlab-bicubic")


def bicubic_upscale(image: Tensor, factor: int) -> Tensor:
    """Upscale an image as MATLAB's `imresize(image, factor)` does: the baseline of super-resolution.

    Args:
        image: (..., C, H, W), as in `bicubic_downscale`.
        factor: how many times larger the result is.

    Returns:
        (..., C, H * factor, W * factor).

    Examples:
        >>> bicubic_upscale(torch.zeros(3, 8, 8), 4).shape
        torch.Size([3, 32, 32])
    """
    return resize_bicubic(image, (image.shape[-2] * factor, image.shape[-1] * factor))


def resize_bicubic(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize an image as MATLAB's `imresize(image, size)` does: bicubic, antialiased.

    It differs from Pillow's bicubic only at the border, where MATLAB mirrors the image and Pillow does not.

    Args:
        image: (..., C, H, W), floating point in any range, or uint8, which is rounded after each pass.
        size: (height, width) of the result.

    Returns:
        (..., C, height, width), of the same dtype.

    Raises:
        ValueError: a size is less than 1.

    Examples:
        >>> resize_bicubic(torch.zeros(3, 30, 40), (15, 20)).shape
        torch.Size([3, 15, 20])
    """
    if min(size) < 1:
        raise ValueError(f"resize_bicubic expects a size of at least 1x1; got {size[0]}x{size[1]}")
    height, width = image.shape[-2:]
    down, across = (
        resize_matrix(*sides, "matlab-bicubic") for sides in ((height, size[0]), (width, size[1]))
    )
    return filter_rows_and_columns(image, down, across)


def require_kernel(kernel: str) -> None:
    """Raises ValueError unless it is one of `Kernel`."""
    if kernel not in get_args(Kernel):
        raise ValueError(f"expected kernel to be one of {', '.join(get_args(Kernel))}; got {kernel!r}")


def _require_multiple(name: str, image: Tensor, factor: int) -> tuple[int, int]:
    height, width = image.shape[-2:]
    if factor < 1 or height % factor or width % factor:
        raise ValueError(
            f"{name} expects height and width to be multiples of factor={factor}; got {height}x{width}; "
            "crop the image first"
        )
    return height, width
