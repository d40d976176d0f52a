import math

import pytest
import torch
from gan_trainers import write_grid
from gan_trainers.report._health import findings


def log(steps=40, **series):
    """Rows of a log, each scalar a function of the run's share that is over, or None to leave it out."""
    rows = []
    for number in range(1, steps + 1):
        values = {name: value(number / steps) for name, value in series.items()}
        rows.append({"step": 50 * number, **{k: v for k, v in values.items() if v is not None}})
    return rows


def test_a_healthy_run_has_no_findings():
    rows = log(
        discriminator=lambda t: 0.5 + 0.05 * math.sin(40 * t),
        adversarial=lambda t: 0.9 + 0.3 * t,
        psnr=lambda t: 15 + 4 * t,
        train_psnr=lambda t: 15.5 + 4.5 * t,
    )
    assert findings(rows, {}) == []


@pytest.mark.parametrize(
    ("name", "winner"),
    [("discriminator_a", "the discriminator has won"), ("adversarial_ab", "the generator has won")],
)
def test_the_winner_is_named_with_the_numbers(name, winner):
    (line,) = findings(log(**{name: lambda t: 1.0 if t < 0.5 else 0.02}), {})
    assert line.startswith(f"{winner}: {name} fell from 1 to 0.02;")


def test_an_oscillation_is_found_with_its_range():
    (line,) = findings(log(discriminator=lambda t: 0.6 + 0.5 * math.sin(50 * t)), {})
    assert line.startswith("discriminator oscillates: in the second half it is between 0.1")


@pytest.mark.parametrize(("name", "sign"), [("psnr_a_to_b", 1), ("frechet_distance", -1)])
def test_a_score_past_its_best_names_the_step(name, sign):
    (line,) = findings(log(**{name: lambda t: 20 - sign * 30 * (t - 0.25) ** 2}), {})
    assert line.startswith(f"{name} was best at step 500 (20) and is ")


def test_overfitting_is_found():
    (line,) = findings(log(train_psnr=lambda t: 18 + 10 * t, psnr=lambda t: 18 + 0.5 * t), {})
    assert line.startswith(
        "the network overfits: PSNR 28.00 dB on training images, 18.50 dB on held-out ones"
    )


@pytest.mark.parametrize(
    ("score", "reference", "whose"),
    [
        ("chroma_error", "gray_chroma_error", "of the gray image"),
        ("psnr_y", "bicubic_psnr_y", "of bicubic interpolation"),
        ("psnr_a_to_b", "untranslated_a_to_b", "of the input itself"),
        ("psnr", "untranslated", "of the input itself"),
    ],
)
def test_a_score_no_better_than_that_of_doing_nothing_is_said(score, reference, whose):
    sign = -1 if score == "chroma_error" else 1
    worse, better = (
        log(**{score: lambda t, gain=gain: 10 + sign * (t + gain), reference: lambda _: 10.0})
        for gain in (-2, 1)
    )
    (line,) = findings(worse, {})
    assert line.startswith(
        f"{score} is {10 - sign}, no better than the 10 {whose}: by this measure the network"
    )
    assert findings(better, {}) == []


def test_a_reference_of_no_score_is_left_alone():
    assert findings(log(colorfulness=lambda _: 1.0, gray_colorfulness=lambda _: 2.0), {}) == []


def test_a_short_log_says_nothing():
    assert findings(log(steps=9, discriminator=lambda t: 1 - t), {}) == []


def test_images_that_look_alike_are_found_by_column(tmp_path):
    torch.manual_seed(0)
    real = torch.rand(6, 3, 96, 96) * 2 - 1
    collapsed = real[:1] + 0.01 * torch.randn(6, 3, 96, 96)
    write_grid(tmp_path / "well.png", real, real.flip(0))
    write_grid(tmp_path / "collapsed.png", real, collapsed)
    found = findings([], {name: tmp_path / f"{name}.png" for name in ("well", "collapsed")})
    assert [line.split(" look alike")[0] for line in found] == ["the images in column 2 of collapsed"]
