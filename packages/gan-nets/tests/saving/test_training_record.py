"""What the card tells of the run that a network lies in."""

import json

import pytest
from gan_nets import UNetGenerator
from gan_nets.saving.training_record import Figure, Origin, read_training_record
from huggingface_hub import ModelCard

ROWS = [
    {"step": 10, "seconds": 1.5, "images": 40, "loss": 0.5, "psnr": 20.0},
    {"step": 20, "seconds": 3.0, "images": 80, "loss": 0.25},
    {"step": 30, "seconds": 4.5, "images": 120, "loss": 0.125, "psnr": 22.0},
]


@pytest.fixture
def run(tmp_path):
    (tmp_path / "settings.json").write_text('{"settings": {"size": 96}, "command": "python train.py"}')
    (tmp_path / "scalars.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))
    for name in ("net", "checkpoints/00000020"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_the_last_values_are_those_until_the_step_of_a_checkpoint(run):
    last = read_training_record(run / "net")
    assert last.counters == {"step": 30, "seconds": 4.5, "images": 120}
    assert last.figures == (Figure("loss", 0.125, 30), Figure("psnr", 22.0, 30))
    assert (last.command, last.size) == ("python train.py", 96)
    assert read_training_record(run) == last
    before = read_training_record(run / "checkpoints" / "00000020")
    assert before.counters["step"] == 20
    assert before.figures == (Figure("loss", 0.25, 20), Figure("psnr", 20.0, 10))


def test_a_folder_outside_of_a_run_has_none(run, tmp_path_factory):
    assert read_training_record(tmp_path_factory.mktemp("net")) is None
    (run / "scalars.jsonl").unlink()
    assert read_training_record(run / "net") is None


def test_damaged_lines_and_settings_are_left_out(run):
    lines = [
        b'{"step": 5, "a": 1, "b": NaN, "c": "x", "d": true}\n',
        b"[1]\n",
        b'{"step": 9, "a": 2\n',
        b"\xff",
    ]
    (run / "scalars.jsonl").write_bytes(b"".join(lines))
    for content in ("", "[]", '{"settings": 3, "command": 4}', '{"settings": {"size": true}}'):
        (run / "settings.json").write_text(content)
        record = read_training_record(run / "net")
        assert record == ({"step": 5}, (Figure("a", 1, 5),), None, None, ())


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("python b/a.py paper --data '/data/me/my photos'", "python b/a.py paper --data 'my photos'"),
        ("python /data/me/a.py --out=/data/me/runs/x --data ~/photos", "python a.py --out=x --data photos"),
        (r"python a.py --data 'C:\Users\me\photos'", "python a.py --data photos"),
        ("python a.py 'open", "python a.py 'open"),
    ],
)
def test_a_command_does_not_name_the_folders_of_its_user(run, command, shown):
    (run / "settings.json").write_text(json.dumps({"command": command}))
    assert read_training_record(run / "net").command == shown


def test_the_card_has_the_figures_the_size_and_the_command(run):
    UNetGenerator(depth=2, width=2).save_pretrained(run / "net")
    card = (run / "net" / "README.md").read_text()
    assert "## Training\n\n30 steps, 120 images, 4 seconds. Images or crops of 96x96 pixels.\n" in card
    assert (
        "```\npython train.py\n```\n\n| figure | value | step |\n|---|---|---|\n| loss | 0.125 | 30 |\n"
        in card
    )
    (run / "scalars.jsonl").write_text('{"step": 31, "loss": 0.1}\n')
    UNetGenerator(depth=2, width=2).save_pretrained(run / "net")
    assert "| loss | 0.1 | 31 |" in (run / "net" / "README.md").read_text()


@pytest.mark.parametrize(
    ("licenses", "front"),
    [([["mit"], ["mit"]], "mit"), ([["mit"], ["apache-2.0"]], "other"), ([["mit"], [None]], None)],
)
def test_the_card_passes_on_the_licenses_of_what_the_run_started_from(run, licenses, front):
    started = {
        name: {"source": source, "licenses": each, "on_hub": source == "user/net"}
        for name, source, each in zip(("g", "d"), ("/data/me/g.pth", "user/net"), licenses, strict=True)
    }
    (run / "settings.json").write_text(json.dumps({"settings": {"started_from": started}}))
    net = UNetGenerator(depth=2, width=2)
    net.save_pretrained(run / "net")
    card = ModelCard.load(run / "net" / "README.md")
    assert (card.data.license, card.data.base_model) == (front, ["user/net"])
    rows = [f"| g | g.pth | {licenses[0][0]} |", f"| d | user/net | {licenses[1][0] or 'unknown'} |"]
    assert "\n".join(["| network | started from | license |", "|---|---|---|", *rows, ""]) in card.text


def test_a_damaged_record_of_what_the_run_started_from_names_no_license(run):
    started = {"a": 3, "b": {"source": 4}, "c": {"source": "x", "licenses": "mit"}}
    (run / "settings.json").write_text(json.dumps({"settings": {"started_from": started}}))
    assert read_training_record(run).origins == (Origin("c", "x", (None,), False),)
    (run / "settings.json").write_text(json.dumps({"settings": {"started_from": ["g"]}}))
    assert read_training_record(run).origins == ()
