"""CheckpointFolder are whole or absent, and never executed."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from gan_trainers.checkpoints._state_files import read_state, write_state
from gan_trainers.checkpoints.folder import CheckpointFolder

FULL_DISK = """
import resource, sys
from pathlib import Path
import torch
from gan_trainers import Run, plain_errors
from torch import nn

run = Run(Path(sys.argv[1]))
network = nn.Conv2d(3, 3, 1)
run.register(network=network)
with plain_errors():
    for _ in run.steps(run.loader(torch.zeros(4, 3, 2, 2), 1), until=3):
        if run.step == 2:  # from here on, files stay below a few bytes
            run.register(large=nn.Linear(100, 100))
            resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))
        run.save()
"""


def alone(folder, keep=2):
    return CheckpointFolder(folder, 0, lambda message: [message], keep)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_state_makes_a_round_trip(tmp_path):
    shared = torch.randn(3, 4)
    state = {
        "none": None, "flag": True, "count": 2**70, "rate": 0.1, "text": "ü.x", "infinite": math.inf,
        "pair": (0.5, (1, [2])), "list": [{"a": ()}], 3: {"int key": -0.0}, "empty": {},
        "float": shared, "tied": shared, "view": shared.t(), "half": shared.bfloat16(),
        "byte": torch.arange(5, dtype=torch.uint8), "bool": torch.tensor([True]), "scalar": torch.tensor(3),
        "double": torch.tensor([1e-300], dtype=torch.float64), "nothing": torch.zeros(0, 2),
        "channels-last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    }  # fmt: skip
    write_state(tmp_path, "all", state)
    back = read_state(tmp_path, "all")
    assert list(back) == list(state)
    for key, value in state.items():
        if isinstance(value, torch.Tensor):
            assert back[key].dtype == value.dtype
            assert torch.equal(back[key], value)
        else:
            assert back[key] == value
            assert type(back[key]) is type(value)
    assert type(back["pair"][1]) is tuple


def test_only_plain_data_is_stored(tmp_path):
    with pytest.raises(TypeError, match=r"plain data and tensors; got object at all\.a\.1"):
        write_state(tmp_path, "all", {"a": [1, object()]})


def test_files_are_readable_by_others_and_hold_nothing_executable(tiny_run):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=1):
        run.save(score=1.0)
    folder = run.out / "checkpoints" / "00000001"
    assert names(folder) == [
        "process-0.json", "process-0.safetensors", "score", "shared.json", "shared.safetensors",
    ]  # fmt: skip
    for file in folder.iterdir():
        content = file.read_bytes()
        if file.suffix == ".json":
            json.loads(content)
        if file.suffix == ".safetensors":
            assert file.stat().st_mode & 0o777 == 0o644
            header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
            end = max(
                (entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"),
                default=0,
            )
            assert len(content) == 8 + int.from_bytes(content[:8], "little") + end  # tensors, nothing else


@pytest.mark.parametrize("file", ["shared.safetensors", "shared.json", "process-0.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "garbage"])
def test_a_damaged_file_is_named(tiny_run, file, damage):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=2):
        run.save()
    path = run.out / "checkpoints" / "00000002" / file
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"empty": b"", "cut": content[: len(content) // 2], "garbage": b"\x80" * 99}[damage])
    with pytest.raises(ValueError, match=rf"cannot read the checkpoint's file .*00000002/{file}: .*remove"):
        tiny_run()
    for each in path.parent.iterdir():
        each.unlink()
    path.parent.rmdir()  # the remedy that the sentence names
    assert tiny_run()[0].step == 1


@pytest.mark.parametrize(
    "file", ["shared.safetensors", "shared.json", "process-0.json", "process-0.safetensors"]
)
def test_a_flipped_bit_is_found_and_the_file_named(tiny_run, file):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=1):
        run.save()
    path = run.out / "checkpoints" / "00000001" / file
    folder = CheckpointFolder(path.parent.parent, 0, lambda message: [message])
    read = folder.read if "shared" in file else lambda each: folder.read_own(each, 0)
    good = path.read_bytes()
    for place in [*range(9, len(good), len(good) // 25), len(good) - 1]:
        content = bytearray(good)
        content[place] ^= 1 << place % 7
        path.write_bytes(content)
        with pytest.raises(
            ValueError, match=rf"cannot read the checkpoint's file .*00000001/{file}: .*remove"
        ):
            read(path.parent)
    path.write_bytes(good)
    assert tiny_run()[0].step == 1


@pytest.mark.parametrize(
    "tree", ["[]", "3", "null", '{"map": 3}', '{"map": [3]}', '{"a": 1, "b": 2}', "[" * 5000,
             '{"tensor": "x"}', '{"map": [[["a"], 1]]}'],
)  # fmt: skip
def test_states_of_any_content_are_one_sentence(tiny_run, tree):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=1):
        run.save()
    (run.out / "checkpoints" / "00000001" / "shared.json").write_text(tree)
    with pytest.raises(
        ValueError, match=r"cannot read the checkpoint's file .*shared.json: .*remove the folder"
    ):
        tiny_run()


@pytest.mark.parametrize(
    "change", [{"counters": 3}, {"counters": {}}, {"samples": 5}, {"optimizer_steps": None},
               {"registered": []}, {"processes": []}],
)  # fmt: skip
def test_well_formed_states_of_other_programs_are_one_sentence(tiny_run, change):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=1):
        run.save()
    folder = run.out / "checkpoints" / "00000001"
    write_state(folder, "shared", read_state(folder, "shared") | change)
    with pytest.raises(ValueError, match=r"00000001 (is not what this program writes|was written by|holds)"):
        tiny_run()


@pytest.mark.parametrize("damage", ["", "best", "nan", "\0\0", None])
def test_a_damaged_score_loses_no_checkpoint(tiny_run, capsys, damage):
    run, _, _, loader = tiny_run(keep_checkpoints=1)
    for _ in run.steps(loader, until=3):
        run.save(score={1: 5.0, 2: 9.0, 3: 1.0}[run.step])
    folder = run.out / "checkpoints"
    score = folder / "00000002" / "score"
    score.unlink() if damage is None else score.write_text(damage)
    capsys.readouterr()
    run, _, _, loader = tiny_run(keep_checkpoints=1)
    sentence = f"warning: the score of {folder / '00000002'} is damaged or missing; the checkpoint is kept"
    assert sentence in capsys.readouterr().err
    assert {"00000002", "00000003"} <= set(names(folder))
    assert (folder / "best").read_text() == "00000003\n"


def test_a_pickle_in_place_of_a_file_is_never_run(tiny_run, tmp_path):
    run, _, _, loader = tiny_run()
    for _ in run.steps(loader, until=1):
        run.save()
    marker = tmp_path / "executed"
    bomb = f"cposix\nsystem\n(S'touch {marker}'\ntR.".encode()
    (run.out / "checkpoints" / "00000001" / "shared.safetensors").write_bytes(bomb)
    with pytest.raises(ValueError, match=r"cannot read the checkpoint's file"):
        tiny_run()
    assert not marker.exists()


def test_pointers_and_pruning(tmp_path):
    checkpoints = alone(tmp_path, keep=2)
    for step, score in enumerate([1.0, 5.0, None, 5.0, 2.0, 3.0], start=1):
        checkpoints.write(step, {"step": step}, {}, score=score)
    assert names(tmp_path) == ["00000002", "00000005", "00000006", "best", "latest"]
    assert (tmp_path / "latest").read_text() == "00000006\n"
    assert (tmp_path / "best").read_text() == "00000002\n"  # the first of equals
    assert read_state(tmp_path / "00000002", "shared") == {"step": 2}


def test_lower_may_be_better(tmp_path):
    checkpoints = alone(tmp_path, keep=1)
    for step, score in enumerate([3.0, np.float64(-1.0), torch.tensor(2.0)], start=1):
        checkpoints.write(step, {}, {}, score=score, better="lower")
    assert names(tmp_path) == ["00000002", "00000003", "best", "latest"]
    assert checkpoints.best() == tmp_path / "00000002"


def test_better_is_one_of_two_words(tmp_path):
    with pytest.raises(ValueError, match='better must be "higher" or "lower"; got \'max\''):
        alone(tmp_path).write(1, {}, {}, score=1.0, better="max")
    assert names(tmp_path) == []


def test_a_copy_that_somebody_made_is_no_checkpoint(tmp_path):
    checkpoints = alone(tmp_path, keep=1)
    checkpoints.write(1, {}, {})
    (tmp_path / "00000001").rename(tmp_path / "00000001-good")
    for step in (2, 3):
        checkpoints.write(step, {}, {})
    assert names(tmp_path) == ["00000001-good", "00000003", "latest"]


def test_a_score_may_come_with_a_second_save_of_the_same_step(tmp_path):
    checkpoints = alone(tmp_path, keep=1)
    checkpoints.write(1, {"first": True}, {})
    checkpoints.write(1, {"first": False}, {}, score=9.0)
    checkpoints.write(2, {}, {}, score=1.0)
    assert (tmp_path / "best").read_text() == "00000001\n"
    assert read_state(tmp_path / "00000001", "shared") == {"first": True}


def test_without_scores_nothing_is_best(tmp_path):
    checkpoints = alone(tmp_path)
    assert checkpoints.newest() is None
    assert checkpoints.best() is None
    checkpoints.write(1, {}, {})
    assert checkpoints.best() is None
    assert names(tmp_path) == ["00000001", "latest"]


def test_what_a_kill_left_is_repaired(tiny_run):
    run, _, _, loader = tiny_run(keep_checkpoints=1)
    for _ in run.steps(loader, until=3):
        run.save(score={1: 5.0, 2: 9.0, 3: 1.0}[run.step])
    folder = run.out / "checkpoints"
    (folder / "latest").write_text("00000001\n")  # killed before the pointers moved
    (folder / "best").unlink()
    (folder / "00000001").mkdir()  # and before it was pruned, in the middle of another save
    (folder / ".writing-00000004").mkdir()
    (folder / ".writing-00000004" / "shared.json").write_text('{"ma')
    assert tiny_run(keep_checkpoints=1)[0].step == 3
    assert names(folder) == ["00000002", "00000003", "best", "latest"]
    assert (folder / "latest").read_text() == "00000003\n"
    assert (folder / "best").read_text() == "00000002\n"


def test_the_best_score_is_remembered_over_a_resume(tiny_run):
    run, _, _, loader = tiny_run(keep_checkpoints=1)
    for _ in run.steps(loader, until=2):
        run.save(score=10.0 - run.step)
    run, _, _, loader = tiny_run(keep_checkpoints=1)
    for _ in run.steps(loader, until=3):
        run.save(score=8.5)
    assert (run.out / "checkpoints" / "best").read_text() == "00000001\n"


def test_a_full_disk_is_one_sentence_and_the_checkpoint_before_stays(tmp_path):
    out = tmp_path / "run"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"error: could not save a checkpoint in {out / 'checkpoints'}: ")
    assert f"({out / 'checkpoints' / '00000001'} is complete and will be resumed from)" in last
    state = read_state(out / "checkpoints" / "00000001", "shared")
    assert state["counters"]["step"] == 1
    checkpoints = alone(out / "checkpoints")
    checkpoints.write(2, {"room": "again"}, {})
    assert names(out / "checkpoints") == ["00000001", "00000002", "latest"]


def test_an_error_on_another_process_stops_this_one_too(tmp_path):
    messages = iter(["", "No space left on device"])
    checkpoints = CheckpointFolder(tmp_path, 0, lambda message: [message, next(messages, "")])
    with pytest.raises(OSError, match=r"could not save .*: No space left on device; .*no earlier one"):
        checkpoints.write(1, {}, {})


def test_a_folder_that_cannot_be_written_to(tmp_path):
    (tmp_path / "file").touch()
    from gan_trainers import Run

    with pytest.raises(OSError, match=r"cannot write to .*file/run: Not a directory; choose another folder"):
        Run(tmp_path / "file" / "run")
