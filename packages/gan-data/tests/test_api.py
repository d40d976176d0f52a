import subprocess
import sys

import gan_data
import pytest


def test_public_names():
    assert gan_data.__all__ == [
        "IMAGE_SUFFIXES",
        "REAL_ESRGAN",
        "DataError",
        "DegradationStage",
        "Degraded",
        "Downscale",
        "Finding",
        "Found",
        "HighOrderDegradation",
        "ImageTransform",
        "Images",
        "Indexed",
        "IndexedFiles",
        "IndexedTuples",
        "Kernel",
        "KernelRanges",
        "LabeledFiles",
        "LabeledPhoto",
        "LabeledPhotos",
        "NoiseLevel",
        "PairPool",
        "PairedFolders",
        "PassedOver",
        "SideBySide",
        "SincRanges",
        "Split",
        "UnpairedFolders",
        "add_gaussian_noise",
        "add_poisson_noise",
        "batched_jpeg",
        "bicubic_downscale",
        "bicubic_upscale",
        "blur",
        "boundary_map",
        "check",
        "diagnose",
        "downscale",
        "find_domains",
        "find_images",
        "find_labeled",
        "find_pairs",
        "folder_of",
        "from_uint8",
        "gaussian_kernel",
        "grayscale",
        "holds_images",
        "image_formats",
        "index_folder",
        "jpeg",
        "jpeg_noise",
        "mosaic",
        "one_hot",
        "open_picture",
        "open_regular",
        "orientation_of",
        "plateau_kernel",
        "printable",
        "read_image",
        "read_labels",
        "require_equal_names",
        "require_labels",
        "require_true_values",
        "resize_bicubic",
        "search_folder",
        "sharpen",
        "sinc_kernel",
        "split_by_content",
        "to_uint8",
        "without_large_metadata",
        "write_image",
        "write_pictures",
    ]
    assert all(hasattr(gan_data, name) for name in gan_data.__all__)
    assert set(gan_data.__all__) <= set(dir(gan_data))


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'gan_data' has no attribute 'Image'"):
        gan_data.Image  # noqa: B018


def test_a_mistake_in_the_data_is_a_value_error():
    assert issubclass(gan_data.DataError, ValueError)


def run(code):
    return subprocess.run([sys.executable, "-c", code], check=False).returncode


def test_importing_does_not_import_torch():
    assert run("import sys, gan_data; gan_data.check; sys.exit('torch' in sys.modules)") == 0


def test_names_that_need_torch_do_not_import_torchvision():
    assert run("import sys; from gan_data import Images; sys.exit('torchvision' in sys.modules)") == 0
