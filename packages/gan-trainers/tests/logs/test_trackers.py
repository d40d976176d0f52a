"""Accelerate's trackers are handed the scalars, and none of their failures stops a training."""

import pytest
from accelerate import tracking
from accelerate.tracking import GeneralTracker
from accelerate.utils import LoggerType
from gan_trainers import OptionError, Run
from torch import nn


class Recorder(GeneralTracker):
    """Records its calls, and fails in the chosen one."""

    name = "tensorboard"
    requires_logging_directory = False
    breaks_at = ""
    lines = ()

    def __init__(self, *_, **__):
        super().__init__()
        self._break_at("start")
        type(self).lines = []

    @property
    def tracker(self):
        return self

    def store_init_configuration(self, values):
        pass

    def log(self, values, step=None, **_):
        self._break_at("log")
        self.lines.append((step, values))

    def finish(self):
        self._break_at("finish")

    def _break_at(self, place):
        if self.breaks_at == place:
            raise ConnectionError("no such host")


@pytest.fixture
def recorder(monkeypatch):
    """The recorder in TensorBoard's place, whether or not that is installed."""
    monkeypatch.setattr(tracking, "get_available_trackers", lambda: [LoggerType.TENSORBOARD])
    monkeypatch.setitem(tracking.LOGGER_TYPE_TO_CLASS, "tensorboard", Recorder)
    return Recorder


def train(out, *trackers):
    run = Run(out, trackers=trackers, window=2)
    run.register(net=nn.Conv2d(3, 3, 1))
    for _ in run.steps(run.loader([0.0], 1), until=4):
        run.log({"loss": run.step})
    return run


def test_scalars_arrive(tmp_path, recorder):
    train(tmp_path, "tensorboard")
    assert recorder.lines == [(2, {"loss": 1.5}), (4, {"loss": 3.5})]


@pytest.mark.parametrize("place", ["start", "log"])
def test_a_failure_is_printed_once_and_training_continues(tmp_path, recorder, monkeypatch, capsys, place):
    monkeypatch.setattr(recorder, "breaks_at", place)
    assert train(tmp_path, "tensorboard").step == 4
    printed = capsys.readouterr().err
    assert printed.count("trackers tensorboard failed and are left out: no such host") == 1


@pytest.mark.parametrize(
    ("name", "hint"), [("tensorbord", "did you mean tensorboard"), ("nonesuch", "the trackers are .*wandb")]
)
def test_an_unknown_tracker_is_refused_before_anything_is_written(tmp_path, name, hint):
    with pytest.raises(OptionError, match=f"unknown tracker '{name}' in --trackers; {hint}"):
        train(tmp_path / "run", name)
    assert not (tmp_path / "run").exists()


def test_a_tracker_that_is_not_installed_is_printed(tmp_path, capsys):
    missing = [
        name for name in ("swanlab", "dvclive", "aim", "clearml", "comet_ml")
        if name not in tracking.get_available_trackers()
    ]  # fmt: skip
    assert train(tmp_path, missing[0]).step == 4
    assert f"trackers {missing[0]} failed and are left out: not all" in capsys.readouterr().err


def test_tensorboard_writes_its_file(tmp_path):
    pytest.importorskip("tensorboard")
    train(tmp_path, "tensorboard")
    assert list(tmp_path.rglob("events.out.tfevents.*"))
