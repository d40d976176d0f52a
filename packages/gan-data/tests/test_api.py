import subprocess
import sys

import gan_data


def test_public_names():
    assert gan_data.__all__ == [
        "DataError",
        "Degraded",
        "Downscale",
        "Finding",
        "Images",
        "Kernel",
        "LabelledFiles",
        "LabelledPhoto",
        "LabelledPhotos",
        "PairedFolders",
        "SideBySide",
        "Split",
        "UnpairedFolders",
        "bicubic_downscale",
        "bicubic_upscale",
        "boundary_map",
        "check",
        "downscale",
        "find_images",
        "find_labelled",
        "find_pairs",
        "from_uint8",
        "grayscale",
        "jpeg",
        "mosaic",
        "one_hot",
        "read_image",
        "read_labels",
        "resize_bicubic",
        "split_by_content",
        "to_uint8",
        "write_image",
    ]
    assert all(hasattr(gan_data, name) for name in gan_data.__all__)


def test_a_mistake_in_the_data_is_a_value_error():
    assert issubclass(gan_data.DataError, ValueError)


def test_importing_does_not_pull_in_torchvision():
    code = "import sys, gan_data; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
