import json
import math

import pytest
import torch
from gan_trainers import draw_curves, read_scalars
from PIL import Image


def test_window_means_by_hand(tiny_run):
    run, _, _, loader = tiny_run(window=2)
    for _ in run.steps(loader, until=5):
        run.log({"loss": torch.tensor(float(run.step), requires_grad=True), "lr": 0.1})
        if run.step in (2, 5):
            run.log({"psnr": 10 * run.step})
    rows = read_scalars(run.out / "scalars.jsonl")
    assert [row.pop("seconds") >= 0 for row in rows] == [True] * 3
    assert rows == [
        {"step": 2, "images": 4, "loss": 1.5, "lr": 0.1, "psnr": 20},
        {"step": 4, "images": 8, "loss": 3.5, "lr": 0.1},
        {"step": 5, "images": 10, "loss": 5.0, "lr": 0.1, "psnr": 50},
    ]
    for line in (run.out / "scalars.jsonl").read_text().splitlines():
        assert isinstance(json.loads(line), dict)


def test_a_value_that_changes_in_place_later_on_is_kept_as_it_was(tiny_run):
    run, _, _, loader = tiny_run(window=4)
    p = torch.zeros(())
    for _ in run.steps(loader, until=4):
        run.log({"p": p.fill_(run.step)})
    assert read_scalars(run.out / "scalars.jsonl")[0]["p"] == 2.5


def test_a_window_also_ends_with_its_phase(tiny_run):
    run, _, _, loader = tiny_run(window=4)
    for phase in ("one", "two"):
        for _ in run.steps(loader, until=3, phase=phase):
            run.log({phase: run.step})
    rows = read_scalars(run.out / "scalars.jsonl")
    assert [(row["step"], row.get("one"), row.get("two")) for row in rows] == [
        (3, 2, None),
        (4, None, 4),
        (6, None, 5.5),
    ]


def test_seven_digits_are_written(tiny_run):
    run, _, _, loader = tiny_run(window=1)
    for _ in run.steps(loader, until=1):
        run.log({"x": torch.tensor(0.1), "y": torch.tensor([[1 / 3]])})
    assert '"x": 0.1, "y": 0.3333333}' in (run.out / "scalars.jsonl").read_text()


def test_a_batch_of_values_is_refused(tiny_run):
    run, *_ = tiny_run()
    with pytest.raises(ValueError, match=r"log\(\) expects scalars; 'loss' has shape \(4,\); take its mean"):
        run.log({"loss": torch.zeros(4)})


def test_read_scalars_leaves_out_a_line_cut_short(tmp_path):
    file = tmp_path / "scalars.jsonl"
    file.write_text('{"step": 1, "a": 2.0}\n{"step": 2, "a"')
    assert read_scalars(file) == [{"step": 1, "a": 2.0}]


DAMAGED = ["", "{", "\0" * 40, "\xff", "null", "3", "[1]", '{"a": 1}', '{"step": "2"}', '{"step": NaN}',
           '{"step": 2, "a": "x"}', "[" * 5000]  # fmt: skip


@pytest.mark.parametrize("line", DAMAGED)
def test_what_follows_a_damaged_line_is_kept(tmp_path, line):
    file = tmp_path / "scalars.jsonl"
    whole = ['{"step": 1, "a": 2.0}', '{"step": 3, "a": 1.5, "psnr": Infinity}', '{"step": 4, "b": null}']
    file.write_text("\n".join([whole[0], line, *whole[1:], ""]), "latin-1")
    expected = [{"step": 1, "a": 2.0}, {"step": 3, "a": 1.5, "psnr": math.inf}, {"step": 4}]
    if not line:
        assert read_scalars(file) == expected
        return
    with pytest.warns(
        UserWarning, match=r"scalars.jsonl: 1 damaged line is left out \(2\); all others are kept"
    ):
        assert read_scalars(file) == expected


def test_a_resumed_run_keeps_the_lines_around_a_damaged_one_and_says_so(tiny_run, capsys):
    run, _, _, loader = tiny_run(window=1)
    for _ in run.steps(loader, until=5):
        run.log({"a": run.step})
        if run.step < 5:
            run.save()
    log = run.out / "scalars.jsonl"
    one, two, three, *_ = log.read_text().splitlines()
    log.write_text(f'{one}\n{{"step": 2, "im\n{two[:20]}\0\0\n{three}\n{{"step": 4')
    capsys.readouterr()
    run, _, _, loader = tiny_run(window=1)
    assert f"warning: {log}: 2 damaged lines are left out (2, 3); all others" in capsys.readouterr().err
    assert log.read_text() == f"{one}\n{three}\n"
    log.unlink()
    tiny_run(window=1)
    assert f"warning: {log} is missing; the curves begin at step 5\n" in capsys.readouterr().err


def test_curves_are_drawn_for_every_scalar(tiny_run):
    run, _, _, loader = tiny_run(window=1)
    for _ in run.steps(loader, until=3):
        run.log({"a": run.step, "b": -run.step, "c": 0, "d": 1})
    with Image.open(run.out / "curves.png") as picture:
        picture.load()
        assert picture.format == "PNG"
        assert picture.width > picture.height  # two lines of three charts
        colors = picture.convert("RGB").getcolors(1 << 20)
    assert len(colors) > 10  # not an empty page


def test_saves_that_follow_each_other_draw_once_at_the_end(tiny_run):
    run, _, _, loader = tiny_run(window=1)
    for _ in run.steps(loader, until=2):
        run.log({"a": run.step})
        run.save()
        assert not (run.out / "curves.png").exists()
    assert (run.out / "curves.png").exists()


def test_draw_curves_of_several_runs_and_chosen_names(tmp_path):
    rows = [{"step": 1, "seconds": 1, "a": 1.0, "b": 2.0}, {"step": 2, "seconds": 2, "a": 0.5}]
    draw_curves({"one": rows, "two": rows[:1], "none": []}, tmp_path / "all.png")
    draw_curves({"one": rows}, tmp_path / "a.png", names=["a"])
    with Image.open(tmp_path / "all.png") as both, Image.open(tmp_path / "a.png") as one:
        assert both.width == 2 * one.width
    draw_curves({"one": rows}, tmp_path / "seconds.png", names=["a"], against="seconds")
    draw_curves(
        {"one": [{**row, "step": row["seconds"]} for row in rows]}, tmp_path / "as_steps.png", names=["a"]
    )
    assert (tmp_path / "seconds.png").read_bytes() != (
        tmp_path / "as_steps.png"
    ).read_bytes()  # another label
    draw_curves({"none": []}, tmp_path / "nothing.png")
    assert not (tmp_path / "nothing.png").exists()


def test_a_disk_that_refuses_is_one_sentence(tiny_run):
    run, _, _, loader = tiny_run(window=1)
    (run.out / "scalars.jsonl").mkdir()
    steps = run.steps(loader, until=2)
    next(steps)
    run.log({"a": 1})
    with pytest.raises(OSError, match=r"^could not write .*scalars.jsonl: Is a directory; free disk space"):
        next(steps)
