"""Checkpoints of xinntao/ESRGAN: BasicSR's RRDBNet under two older sets of keys."""

import re

from gan_nets.interop._basicsr import load_basicsr_rrdbnet
from gan_nets.interop._names import StateDict, unwrapped
from gan_nets.networks.rrdb import RRDBNet

RENAMES = {  # BasicSR's keys by the older ones, those of one list of modules and those published later
    r"model\.0\.": "conv_first.",
    r"(?:model\.1\.sub|RRDB_trunk)\.(\d+)\.RDB(\d)\.conv(\d)\.(?:0\.)?": r"body.\1.rdb\2.conv\3.",
    r"(?:model\.1\.sub\.\d+|trunk_conv)\.": "conv_body.",
    r"(?:model\.3|upconv1)\.": "conv_up1.",
    r"(?:model\.6|upconv2)\.": "conv_up2.",
    r"(?:model\.8|HRconv)\.": "conv_hr.",
    r"model\.10\.": "conv_last.",
}


def load_esrgan_rrdbnet(state_dict: StateDict) -> RRDBNet:
    """The RRDBNet of scale 4 that fits ESRGAN's state dict, with its weights, in eval mode.

    Args:
        state_dict: keys RRDB_trunk.0.RDB1.conv1... (`RRDB_ESRGAN_x4.pth`) or model.1.sub.0.RDB1.conv1.0...
            (`RRDB_ESRGAN_x4_old_arch.pth`). As in BasicSR, images of the original are in [0, 1], here in
            [-1, 1].

    Raises:
        ValueError: the state dict is another network's; missing keys are listed as in BasicSR.
    """
    return load_basicsr_rrdbnet({_renamed(key): value for key, value in unwrapped(state_dict).items()})


def _renamed(key: str) -> str:
    for old, new in RENAMES.items():
        if match := re.match(old, key):
            return match.expand(new) + key[match.end() :]
    return key
