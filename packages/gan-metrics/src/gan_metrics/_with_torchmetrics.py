"""The public names that need torchmetrics; `__init__.py` imports this module when one is first used."""

from gan_metrics._dists import DISTS as DISTS
from gan_metrics._dists import dists as dists
from gan_metrics._image_metrics import PSNR as PSNR
from gan_metrics._image_metrics import PSNRY as PSNRY
from gan_metrics._image_metrics import SSIM as SSIM
from gan_metrics._image_metrics import SSIMY as SSIMY
from gan_metrics._image_metrics import Colorfulness as Colorfulness
from gan_metrics._image_metrics import FeatureDistance as FeatureDistance
from gan_metrics._image_metrics import GridStrength as GridStrength
from gan_metrics._label_metrics import FCNScore as FCNScore
from gan_metrics._label_metrics import SegmentationScores as SegmentationScores
from gan_metrics._lpips import lpips as lpips
from gan_metrics._set_metrics import FID as FID
from gan_metrics._set_metrics import KID as KID
from gan_metrics._set_metrics import DensityCoverage as DensityCoverage
from gan_metrics._set_metrics import FrechetDistance as FrechetDistance
from gan_metrics._set_metrics import KernelDistance as KernelDistance
from gan_metrics._set_metrics import PrecisionRecall as PrecisionRecall
