"""The training steps of other projects in their own code, from clones that lie in one folder.

`table.py --peers FOLDER` and `degradation.py --basicsr FOLDER` compare with them. The clones have their names
on GitHub, and the packages that they import are installed beside ours:

    git clone https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix
    git clone https://github.com/NVIDIA/pix2pixHD
    git clone https://github.com/XPixelGroup/BasicSR

The figures in docs/speed.md are of the first at ddba8ad (2019), and of the packages pix2pixhd 1.0 and basicsr
1.4.2 on PyPI, which have the same code.

Each step belongs to the model that the project makes from its own options, in float32, and is given its
images each time. A process can build one of these steps alone: the projects' modules have the same names.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torchvision
from step_timing import DEVICE, Step, StepMaker
from torch import Tensor, nn
from torch.utils.data import default_collate

GPU = "0" if DEVICE.type == "cuda" else "-1"
FOLDERS = ("--dataroot", os.devnull, "--checkpoints_dir", tempfile.gettempdir(), "--name", "gan-benchmark")

# The published settings of Real-ESRGAN (Wang et al. 2021, appendix A), by BasicSR's names, without
# sharpening, which is no part of our degradation.
REAL_ESRGAN: dict[str, Any] = {
    "use_hflip": True, "use_rot": False, "scale": 4, "gt_size": 256, "queue_size": 180, "gt_usm": False,
    "blur_kernel_size": 21, "blur_sigma": [0.2, 3], "betag_range": [0.5, 4], "betap_range": [1, 2],
    "kernel_list": ["iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso"],
    "kernel_prob": [0.45, 0.25, 0.12, 0.03, 0.12, 0.03], "sinc_prob": 0.1,
    "blur_kernel_size2": 21, "blur_sigma2": [0.2, 1.5], "betag_range2": [0.5, 4], "betap_range2": [1, 2],
    "kernel_list2": ["iso", "aniso", "generalized_iso", "generalized_aniso", "plateau_iso", "plateau_aniso"],
    "kernel_prob2": [0.45, 0.25, 0.12, 0.03, 0.12, 0.03], "sinc_prob2": 0.1, "final_sinc_prob": 0.8,
    "resize_prob": [0.2, 0.7, 0.1], "resize_range": [0.15, 1.5], "gaussian_noise_prob": 0.5,
    "noise_range": [1, 30], "poisson_scale_range": [0.05, 3], "gray_noise_prob": 0.4, "jpeg_range": [30, 95],
    "second_blur_prob": 0.8, "resize_prob2": [0.3, 0.4, 0.3], "resize_range2": [0.3, 1.2],
    "gaussian_noise_prob2": 0.5, "noise_range2": [1, 25], "poisson_scale_range2": [0.05, 2.5],
    "gray_noise_prob2": 0.4, "jpeg_range2": [30, 95],
}  # fmt: skip


def against(name: str, peer: Callable[[], Step], make_step: StepMaker) -> Step:
    """The peer's step where the benchmark asks for "plain", else ours."""
    return peer() if name == "plain" else make_step(name)


def cyclegan(clone: Path, size: int) -> Step:
    """The step of pytorch-CycleGAN-and-pix2pix at batch 1, with the identity loss and the pool."""
    blocks = "resnet_6blocks" if size < 256 else "resnet_9blocks"
    a, b = torch.rand(2, 1, 3, size, size) * 2 - 1
    return _zhu(clone, {"A": a, "B": b}, "--model", "cycle_gan", "--netG", blocks)


def pix2pix(clone: Path, size: int) -> Step:
    """The step of pytorch-CycleGAN-and-pix2pix at batch 1, from one channel to three, without dropout.

    Its discriminator sees four channels and ours three.
    """
    gray, target = torch.rand(1, 1, size, size) * 2 - 1, torch.rand(1, 3, size, size) * 2 - 1
    options = ("--model", "pix2pix", "--netG", "unet_256", "--input_nc", "1", "--no_dropout")
    return _zhu(clone, {"A": gray, "B": target}, *options)


def pix2pixhd(clone: Path, size: tuple[int, int]) -> Step:
    """The step of pix2pixHD's global generator at batch 1, with 35 labels and boundaries, without VGG19."""
    sys.path.insert(0, str(clone))
    from models.models import create_model  # type: ignore[import-not-found]
    from options.train_options import TrainOptions  # type: ignore[import-not-found]

    arguments = [*FOLDERS, "--gpu_ids", GPU, "--label_nc", "35", "--no_vgg_loss"]
    with redirect_stdout(None):
        options = TrainOptions().parse(arguments, save=False)
        model = create_model(options)
    whole = getattr(model, "module", model)
    labels = (
        torch.randint(35, (1, 1, size[0] // 8, size[1] // 8)).repeat_interleave(8, 2).repeat_interleave(8, 3)
    )
    photo = torch.rand(1, 3, *size) * 2 - 1

    def step() -> None:
        terms, _ = model(labels.float(), labels, photo, None)
        loss = dict(zip(whole.loss_names, (term.mean() for term in terms), strict=True))
        whole.optimizer_G.zero_grad()
        (loss["G_GAN"] + loss["G_GAN_Feat"]).backward()
        whole.optimizer_G.step()
        whole.optimizer_D.zero_grad()
        (0.5 * (loss["D_fake"] + loss["D_real"])).backward()
        whole.optimizer_D.step()

    return step


def msrresnet(clone: Path, size: int, batch_size: int) -> Step:
    """The step of BasicSR's MSRResNet x4 on the L1 of pixels, with its average."""
    _find_basicsr(clone)
    from basicsr.models.sr_model import SRModel  # type: ignore[import-not-found]

    train = {
        "pixel_opt": {"type": "L1Loss", "loss_weight": 1.0, "reduction": "mean"},
        "optim_g": {"type": "Adam", "lr": 2e-4, "betas": [0.9, 0.99]},
        "scheduler": {"type": "MultiStepLR", "milestones": [10**6]},
        "ema_decay": 0.999,
    }
    model = SRModel({**_basicsr_options(), "network_g": {"type": "MSRResNet"}, "train": train})
    large = torch.rand(batch_size, 3, size, size)
    images = {"gt": large, "lq": nn.functional.avg_pool2d(large, 4)}

    def step() -> None:
        model.feed_data(images)
        model.optimize_parameters(0)

    return step


def degradation(clone: Path, batch_size: int, size: int, draws: int) -> Step:
    """BasicSR's degradation of Real-ESRGAN: its dataset draws each image's kernels, its model does the rest.

    A step is `draws` batches. The time of reading the images, PNG files of noise, is part of it. The model
    moves its parts to a GPU by name; without one these moves do nothing here.
    """
    _find_basicsr(clone)
    from basicsr.data.realesrgan_dataset import RealESRGANDataset  # type: ignore[import-not-found]
    from basicsr.models import realesrnet_model  # type: ignore[import-not-found]
    from basicsr.utils import img_process_util  # type: ignore[import-not-found]

    if DEVICE.type == "cpu":
        nn.Module.cuda = Tensor.cuda = lambda self, *_: self  # type: ignore[assignment]
        blur = img_process_util.filter2D

        def blur_contiguous(images: Tensor, kernels: Tensor) -> Tensor:
            """On a CPU torch's padding keeps a layout of images with which the original raises an error."""
            return blur(images.contiguous(), kernels)

        img_process_util.filter2D = realesrnet_model.filter2D = blur_contiguous
    folder = Path(tempfile.mkdtemp())
    for index in range(batch_size):
        image = torch.randint(256, (3, size, size), dtype=torch.uint8)
        torchvision.io.write_png(image, str(folder / f"{index}.png"))
    (folder / "names.txt").write_text("".join(f"{index}.png\n" for index in range(batch_size)))
    sources = {
        "dataroot_gt": str(folder),
        "meta_info": str(folder / "names.txt"),
        "io_backend": {"type": "disk"},
    }
    images = RealESRGANDataset({**sources, **REAL_ESRGAN})
    train = {
        "pixel_opt": {"type": "L1Loss"},
        "optim_g": {"type": "Adam", "lr": 2e-4},
        "scheduler": {"type": "MultiStepLR", "milestones": [10**6]},
    }
    network = {"type": "MSRResNet", "num_block": 1}  # not called
    model = realesrnet_model.RealESRNetModel(
        {**_basicsr_options(), **REAL_ESRGAN, "network_g": network, "train": train}
    )

    def step() -> None:
        for _ in range(draws):
            model.feed_data(default_collate([images[index] for index in range(batch_size)]))

    return step


def _zhu(clone: Path, images: dict[str, Tensor], *options: str) -> Step:
    """The step of a model of pytorch-CycleGAN-and-pix2pix."""
    sys.path.insert(0, str(clone))
    sys.argv = ["train.py", *FOLDERS, "--gpu_ids", GPU, *options]
    with redirect_stdout(None):
        from models import create_model  # type: ignore[import-not-found]
        from options.train_options import TrainOptions  # type: ignore[import-not-found]

        parsed = TrainOptions().parse()
        model = create_model(parsed)
        model.setup(parsed)

    def step() -> None:
        model.set_input({**images, "A_paths": [""], "B_paths": [""]})
        model.optimize_parameters()

    return step


def _find_basicsr(clone: Path) -> None:
    """Make `import basicsr` find the clone, and what it imports from torchvision by its earlier name."""
    sys.path.insert(0, str(clone))
    earlier = ModuleType("torchvision.transforms.functional_tensor")
    earlier.rgb_to_grayscale = torchvision.transforms.functional.rgb_to_grayscale  # type: ignore[attr-defined]
    sys.modules[earlier.__name__] = earlier


def _basicsr_options() -> dict[str, Any]:
    """What BasicSR's models ask for besides their network and their training."""
    return {"num_gpu": int(DEVICE.type == "cuda"), "is_train": True, "dist": False, "path": {}, "rank": 0}
