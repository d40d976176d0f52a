"""Image folders for adversarial training: single, paired, unpaired or labeled, checked before training."""

# ruff: noqa: F403, F405 (the names of `_with_torch` are not written a third time)

from importlib import import_module
from typing import TYPE_CHECKING

from gan_data._version import __version__ as __version__
from gan_data.base.errors import DataError, Finding
from gan_data.base.text import printable
from gan_data.checking.check import check
from gan_data.checking.index import Indexed, index_folder
from gan_data.checking.labels import require_labels
from gan_data.decoding.diagnosis import diagnose
from gan_data.decoding.metadata import without_large_metadata
from gan_data.decoding.picture import open_picture, orientation_of
from gan_data.decoding.values import require_true_values
from gan_data.files.domains import find_domains, require_equal_names
from gan_data.files.formats import IMAGE_SUFFIXES, image_formats
from gan_data.files.images import find_images, folder_of, holds_images
from gan_data.files.indexed import IndexedFiles
from gan_data.files.indexed_tuples import IndexedTuples
from gan_data.files.labeled import LabeledFiles, find_labeled
from gan_data.files.pairs import find_pairs
from gan_data.files.regular import open_regular
from gan_data.files.search import Found, PassedOver, search_folder
from gan_data.files.split import Split, split_by_content

__all__ = [
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

# Importing torch takes seconds, and `gan-data check` does not need it. Therefore the names that need it are
# imported at their first use. Type checkers and editors read the import here, which never runs; it is
# relative because pyright reports an absolute star import from an installed package.
if TYPE_CHECKING:
    from ._with_torch import *
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module("gan_data._with_torch"), name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
