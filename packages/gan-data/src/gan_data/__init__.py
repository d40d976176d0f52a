"""Image folders for adversarial training: unpaired, paired, degraded, checked before they are used."""

from gan_data.base.errors import DataError, Finding
from gan_data.checking.check import check
from gan_data.datasets.images import Images
from gan_data.datasets.labeled import LabelledPhoto, LabelledPhotos
from gan_data.datasets.pairs import Degraded, PairedFolders, SideBySide
from gan_data.datasets.unpaired import UnpairedFolders
from gan_data.decoding.tensors import from_uint8, read_image, read_labels, to_uint8, write_image
from gan_data.files.find import LabelledFiles, find_images, find_labelled, find_pairs
from gan_data.files.split import Split, split_by_content
from gan_data.transforms.degrade import grayscale, jpeg, mosaic
from gan_data.transforms.label_maps import boundary_map, one_hot
from gan_data.transforms.low_resolution import Downscale
from gan_data.transforms.resize import Kernel, bicubic_downscale, bicubic_upscale, downscale, resize_bicubic

__all__ = [
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

__version__ = "0.1.0"
