"""Image folders for adversarial training: unpaired, paired, degraded, checked before they are used."""

from gan_data._check import check
from gan_data._errors import DataError, Finding
from gan_data._files import LabelledFiles, find_images, find_labelled, find_pairs
from gan_data._images import Images
from gan_data._label_maps import boundary_map, one_hot
from gan_data._labelled import LabelledPhoto, LabelledPhotos
from gan_data._low_resolution import Downscale
from gan_data._pairs import Degraded, PairedFolders, SideBySide
from gan_data._pixels import from_uint8, read_image, read_labels, to_uint8, write_image
from gan_data._split import Split, split_by_content
from gan_data._unpaired import UnpairedFolders
from gan_data.degrade import grayscale, jpeg, mosaic
from gan_data.resize import Kernel, bicubic_downscale, bicubic_upscale, downscale, resize_bicubic

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
