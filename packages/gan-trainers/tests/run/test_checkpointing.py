import pytest
import torch
from gan_trainers import Run, RunOptions
from gan_trainers.base.errors import OptionError
from torch import nn


class Deep(nn.Conv2d):
    """A network that can recompute its activations."""

    recomputes = 0

    def checkpoint_activations_(self):
        self.recomputes += 1
        return 2


def test_networks_recompute_if_they_are_told_to(tmp_path):
    for option in (False, True):
        deep, shallow = Deep(3, 3, 1), nn.Conv2d(3, 3, 1)
        run = Run(tmp_path / str(option), activation_checkpointing=option)
        run.register(generator=nn.Sequential(deep), discriminator=shallow)
        run.resume()
        assert deep.recomputes == option
        assert deep(torch.zeros(1, 3, 4, 4)).shape == (1, 3, 4, 4)


def test_a_run_without_such_a_network_is_refused(tmp_path):
    run = Run(tmp_path, activation_checkpointing=True)
    run.register(generator=nn.Conv2d(3, 3, 1), discriminator=nn.Linear(2, 1))
    with pytest.raises(ValueError, match="can recompute its activations; got Conv2d, Linear; leave it out"):
        run.resume()


def test_it_is_refused_together_with_compile(tmp_path):
    with pytest.raises(ValueError, match="expected compile or activation_checkpointing; got both"):
        Run(tmp_path, compile=True, activation_checkpointing=True)
    with pytest.raises(OptionError, match="--activation-checkpointing expects no --compile"):
        RunOptions(out=tmp_path, compile=True, activation_checkpointing=True)
