"""The public names that need torch; `__init__.py` imports this module when one of them is first used."""

from gan_data.datasets.degraded import Degraded as Degraded
from gan_data.datasets.images import Images as Images
from gan_data.datasets.labeled import LabeledPhoto as LabeledPhoto
from gan_data.datasets.labeled import LabeledPhotos as LabeledPhotos
from gan_data.datasets.pairs import PairedFolders as PairedFolders
from gan_data.datasets.side_by_side import SideBySide as SideBySide
from gan_data.datasets.unpaired import UnpairedFolders as UnpairedFolders
from gan_data.decoding.reading import read_image as read_image
from gan_data.decoding.reading import read_labels as read_labels
from gan_data.decoding.tensors import from_uint8 as from_uint8
from gan_data.decoding.tensors import to_uint8 as to_uint8
from gan_data.decoding.writing import write_image as write_image
from gan_data.decoding.writing import write_pictures as write_pictures
from gan_data.transforms.degrade import grayscale as grayscale
from gan_data.transforms.degrade import jpeg as jpeg
from gan_data.transforms.degrade import mosaic as mosaic
from gan_data.transforms.label_maps import boundary_map as boundary_map
from gan_data.transforms.label_maps import one_hot as one_hot
from gan_data.transforms.low_resolution import Downscale as Downscale
from gan_data.transforms.noise import NoiseLevel as NoiseLevel
from gan_data.transforms.noise import jpeg_noise as jpeg_noise
from gan_data.transforms.resize import Kernel as Kernel
from gan_data.transforms.resize import bicubic_downscale as bicubic_downscale
from gan_data.transforms.resize import bicubic_upscale as bicubic_upscale
from gan_data.transforms.resize import downscale as downscale
from gan_data.transforms.resize import resize_bicubic as resize_bicubic
