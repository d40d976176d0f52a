"""CycleGAN's recipe end to end: each arm learns, stops, goes on, and meets bad input with one sentence."""

import json
import shutil
from pathlib import Path

import gan_nets
import pytest
import torch
from gan_data import find_images, read_image
from gan_metrics import psnr
from gan_projected import Backbone
from gan_trainers import plain_errors, read_scalars
from PIL import Image
from safetensors.torch import load_file

EMOJI = Path(__file__).parents[1] / "examples" / "images" / "emoji"
SMALL = {"size": 32, "load_size": 36, "width": 4, "blocks": 1, "layers": 2}
WORDS = [word for name, value in SMALL.items() for word in (f"--{name.replace('_', '-')}", str(value))]
TERMS = {
    "full": {"adversarial", "cycle_a", "cycle_b"},
    "cycle": {"cycle_a", "cycle_b"},
    "gan": {"adversarial"},
    "gan-forward": {"adversarial", "cycle_a"},
    "gan-backward": {"adversarial", "cycle_b"},
}


@pytest.fixture(scope="module")
def cyclegan(example):
    return example("cyclegan")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A few emoji in the paper's layout: more of A than of B, and four pairs to test with."""
    root = tmp_path_factory.mktemp("emoji")
    for folder, count in (("trainA", 7), ("trainB", 5), ("testA", 4), ("testB", 4)):
        (root / folder).mkdir()
        for file in sorted((EMOJI / folder).glob("*.png"))[:count]:
            shutil.copy(file, root / folder)
    return root


def tensors(folder):
    return {file.name: load_file(file) for file in sorted(folder.glob("*.safetensors"))}


def logged_terms(row):
    known = ("adversarial", "cycle_a", "cycle_b", "identity_a", "identity_b")
    return {name for name in known if any(key.startswith(name) for key in row)}


@pytest.mark.parametrize("order", ["joint", "alternating"])
@pytest.mark.parametrize("losses", TERMS)
def test_each_arm_trains_in_both_orders_and_leaves_what_it_promises(cyclegan, data, tmp_path, losses, order):
    cyclegan.main(
        (data,), out=tmp_path, losses=losses, order=order, counterparts=True,
        steps=4, validate_every=2, **SMALL,
    )  # fmt: skip
    row = read_scalars(tmp_path / "scalars.jsonl")[-1]
    assert row["step"] == 4
    assert logged_terms(row) == TERMS[losses]
    assert ("discriminator_a" in row) == ("discriminator_b" in row) == (losses != "cycle")
    for way in ("a_to_b", "b_to_a"):
        assert {f"{name}_{way}" for name in ("psnr", "ssim", "reconstruction", "untranslated")} <= row.keys()
        for step in (2, 4):
            with Image.open(tmp_path / "previews" / way / f"{step:08d}.png") as grid:
                # four pictures; real, translated, reconstructed, identity and the truth; enlarged to 96
                assert grid.size == (5 * 96 + 4 * 2, 4 * 96 + 3 * 2)
        with Image.open(tmp_path / f"{way}.webp") as history:
            assert history.n_frames == 2
        for state in ("real", "translated", "reconstructed"):
            assert len(list((tmp_path / "pictures" / way / state).glob("*.png"))) == 4
        net = gan_nets.load(tmp_path / way)
        assert net(torch.zeros(1, 3, 40, 48)).shape == (1, 3, 40, 48)


@pytest.mark.parametrize(("all_emoji", "count"), [(False, 57), (True, 200)])
def test_without_data_it_learns_the_emoji_of_this_repository(cyclegan, tmp_path, all_emoji, count):
    cyclegan.main(all_emoji=all_emoji, out=tmp_path, steps=1, width=4, blocks=1)
    (row,) = read_scalars(tmp_path / "scalars.jsonl")
    translated = find_images(tmp_path / "pictures" / "a_to_b" / "translated")
    assert len(translated) == count
    names = [path.name.partition("-")[2] for path in translated]
    a, b = (torch.stack([read_image(EMOJI / kind / name) for name in names]) for kind in ("testA", "testB"))
    assert row["untranslated_a_to_b"] == pytest.approx(psnr(a, b).item(), rel=1e-4)
    assert {"identity_a", "identity_b"} <= row.keys()
    settings = json.loads((tmp_path / "settings.json").read_text())["settings"]
    chosen = {name: settings[name] for name in ("size", "load_size", "identity_weight")}
    assert chosen == {"size": 64, "load_size": 64, "identity_weight": 5.0}


def test_identity_and_enlarging_are_the_papers_for_each_application(cyclegan, data, tmp_path):
    options = {"steps": 1, **SMALL}
    cyclegan.main((data,), out=tmp_path / "set", identity_weight=2.0, **options)
    (row,) = read_scalars(tmp_path / "set" / "scalars.jsonl")
    assert {"identity_a", "identity_b"} <= logged_terms(row)
    assert "psnr_a_to_b" not in row  # nobody said that test pictures of one name belong together
    assert cyclegan.identity_of("painting-to-photo", (data,), "full") == 0.5
    assert cyclegan.identity_of("photo-enhancement", (data,), "full") == 0.5
    assert cyclegan.identity_of("season-transfer", (data,), "full") == 0.0
    assert cyclegan.identity_of(None, (data,), "full") == 0.0
    assert cyclegan.identity_of(None, (), "full") == 0.5
    assert cyclegan.identity_of(None, (), "gan") == 0.0
    assert cyclegan.load_size_of("painting-to-photo", (data,), 256) is None
    assert cyclegan.load_size_of("season-transfer", (data,), 256) == "jitter"
    assert cyclegan.load_size_of(None, (data,), 256) == "jitter"
    assert cyclegan.load_size_of(None, (), 64) == 64


def test_pictures_that_are_equal_end_nothing(cyclegan, data, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(data, root)
    (same, *_) = sorted((root / "testA").iterdir())
    shutil.copy(same, root / "testB" / same.name)
    cyclegan.main((root,), out=tmp_path / "out", steps=1, counterparts=True, **SMALL)
    (row,) = read_scalars(tmp_path / "out" / "scalars.jsonl")
    assert "untranslated_a_to_b" not in row  # the mean of what is infinite for one
    assert {"psnr_a_to_b", "psnr_b_to_a"} <= row.keys()


def test_a_step_computes_what_the_equations_need_and_no_more(cyclegan, data, tmp_path, monkeypatch):
    """Forwards, backwards and images of each network in a step of the full objective with identity."""
    calls = []

    def counted(build):
        def make(*arguments, **options):
            net = build(*arguments, **options)
            index = len(calls)
            calls.append({"forwards": 0, "backwards": 0, "images": 0})

            def forward(_net, inputs):
                if torch.is_grad_enabled():  # else it is the test pictures' turn, by the average
                    calls[index]["forwards"] += 1
                    calls[index]["images"] += len(inputs[0])

            def backward(*_):
                calls[index]["backwards"] += 1

            net.register_forward_pre_hook(forward)
            net.register_full_backward_pre_hook(backward)
            return net

        return make

    monkeypatch.setattr(cyclegan, "cyclegan_resnet_paper", counted(cyclegan.cyclegan_resnet_paper))
    monkeypatch.setattr(cyclegan, "PatchDiscriminator", counted(cyclegan.PatchDiscriminator))
    cyclegan.main((data,), out=tmp_path, steps=1, identity_weight=5.0, **SMALL)
    # G_AB: a, b (identity) together, then G_BA(b). G_BA: b, a and G_AB(a) together.
    # D: the translation in the generators' turn; real and translated together in its own.
    generators = [
        {"forwards": 2, "backwards": 2, "images": 3},
        {"forwards": 1, "backwards": 1, "images": 3},
    ]
    discriminator = {"forwards": 2, "backwards": 2, "images": 3}
    assert calls == [*generators, discriminator, discriminator]


@pytest.mark.parametrize("order", ["joint", "alternating"])
def test_resuming_equals_an_uninterrupted_run_with_the_pool_half_full(cyclegan, data, tmp_path, order):
    options = {"steps": 6, "validate_every": 3, "pool_size": 6, "order": order, **SMALL}
    cyclegan.main((data,), out=tmp_path / "whole", **options)
    shutil.copytree(tmp_path / "whole", tmp_path / "killed")
    shutil.rmtree(tmp_path / "killed" / "checkpoints" / "00000006")
    half_full = load_file(tmp_path / "killed" / "checkpoints" / "00000003" / "process-0.safetensors")
    assert sum("pool_a" in name for name in half_full) == 3
    cyclegan.main((data,), out=tmp_path / "killed", **options)
    for name in ("shared", "process-0"):
        file = Path("checkpoints", "00000006", f"{name}.safetensors")
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()
    translator = Path("a_to_b", "model.safetensors")
    assert (tmp_path / "killed" / translator).read_bytes() == (tmp_path / "whole" / translator).read_bytes()


def pools(folder, process=0):
    """The images of pool A, in their order."""
    state = load_file(folder / f"process-{process}.safetensors")
    return [state[name] for name in sorted(name for name in state if "pool_a" in name)]


def test_two_processes_equal_one_but_for_the_pools_which_each_has_for_itself(launch, data, tmp_path):
    script = Path(__file__).parents[1] / "examples" / "cyclegan.py"
    shared = ["--data", data, "--steps", "3", "--validate-every", "3", "--counterparts", *WORDS]
    one, two = tmp_path / "one", tmp_path / "two"
    alone = launch("--cpu", script, "--out", one, "--batch-size", "2", *shared)
    assert alone.returncode == 0, alone.stderr
    together = launch(
        *["--multi_gpu", "--num_processes", "2", script, "--out", two, "--batch-size", "1", *shared],
        ACCELERATE_USE_CPU="true",
    )
    assert together.returncode == 0, together.stderr
    assert "2 processes on cpu" in together.stderr
    (whole,), (halves,) = (read_scalars(out / "scalars.jsonl") for out in (one, two))
    assert whole.keys() == halves.keys()
    for name in whole.keys() - {"seconds"}:
        assert halves[name] == pytest.approx(whole[name], rel=2e-3), name
    # A pool hands out what it is given until it is full: so far the two together hold what the one holds,
    # each the translations of its own part of the batch. Once full, each swaps with its own.
    step = Path("checkpoints", "00000003")
    first, second = pools(two / step, 0), pools(two / step, 1)
    assert len(first) == len(second) == 3
    interleaved = [image for pair in zip(first, second, strict=True) for image in pair]
    for got, expected in zip(interleaved, pools(one / step), strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=5e-3)
    assert not torch.equal(first[0], second[0])


def test_two_folders_of_any_name_and_a_set_without_test_pictures(cyclegan, tmp_path):
    first, second = tmp_path / "noto", tmp_path / "twemoji"
    for folder, source in ((first, "trainA"), (second, "trainB")):
        folder.mkdir()
        for file in sorted((EMOJI / source).glob("*.png"))[:40]:
            shutil.copy(file, folder)
    cyclegan.main((first, second), out=tmp_path / "two", steps=1, **SMALL)
    held_out = len(list((tmp_path / "two" / "pictures" / "a_to_b" / "real").glob("*.png")))
    assert 0 < held_out < 20
    first.rename(tmp_path / "trainA")
    second.rename(tmp_path / "trainB")
    cyclegan.main((tmp_path,), out=tmp_path / "one", steps=1, **SMALL)
    assert len(list((tmp_path / "one" / "pictures" / "a_to_b" / "real").glob("*.png"))) == held_out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"application": "season-transfer"},
            "season-transfer expects --data, such as summer2winter_yosemite",
        ),
        ({"data": 3}, "--data expects one folder, or one of A and one of B; got 3"),
        ({"all_emoji": True}, "--all-emoji is about the emoji of this repository"),
        ({"data": "missing"}, "expected a folder"),
        ({"data": "alone"}, "1 are in one of them alone, such as extra"),
        ({"data": "shuffled"}, "or stand in another order"),
        ({"order": "alternating", "accumulate": 2}, "--order alternating expects no --accumulate"),
        ({"data": "truncated"}, "broken.jpg"),
        ({"cycle_weight": -1.0}, "expected forward_cycle_weight to be 0 or more"),
    ],
)
def test_bad_input_ends_in_one_sentence(cyclegan, data, tmp_path, capsys, options, words):
    root = tmp_path / "data"
    shutil.copytree(data, root)
    kind = options.get("data")
    if kind == "missing":
        shutil.rmtree(root / "trainB")
    elif kind == "alone":
        shutil.copy(next((root / "testB").iterdir()), root / "testB" / "extra.png")
        options = {"counterparts": True}
    elif kind == "shuffled":
        first, second, *_ = sorted((root / "testB").iterdir())
        (root / "testB" / "a").mkdir()
        second.rename(root / "testB" / "a" / second.name)
        first.rename(root / "testB" / first.name)
        options = {"counterparts": True}
    elif kind == "truncated":
        with Image.open(next((root / "trainA").iterdir())) as image:
            image.resize((256, 256)).save(root / "trainA" / "broken.jpg")
        content = (root / "trainA" / "broken.jpg").read_bytes()
        (root / "trainA" / "broken.jpg").write_bytes(content[: len(content) // 2])
    folders = () if "application" in options else (root,) * (kind if isinstance(kind, int) else 1)
    others = {name: value for name, value in options.items() if name != "data"}
    with pytest.raises(SystemExit) as exit_, plain_errors():
        cyclegan.main(folders, out=tmp_path / "out", steps=20, **others, **SMALL)
    message = exit_.value.code  # Python prints a message itself; `plain_errors` has printed it for 1
    complaint = capsys.readouterr().err.strip().splitlines()[-1] if message == 1 else message
    assert complaint.startswith("error: ")
    assert words in complaint


def test_the_page_compares_every_arm_with_the_true_counterparts(example, cyclegan, data, tmp_path):
    arms = example("cyclegan_arms")
    for arm, options in arms.ARMS.items():
        named = {name.removeprefix("--").replace("-", "_"): value for name, value in options.items()}
        cyclegan.main((data,), out=arms.folder(tmp_path, arm), steps=1, counterparts=True, **named, **SMALL)
    arms.write_page(tmp_path, tmp_path / "page", 1, Backbone(weights="random"))
    text = (tmp_path / "page" / "README.md").read_text()
    for way, back in arms.WAYS.items():
        real = arms.pictures(tmp_path / "full" / "pictures" / way / "real")
        truth = arms.pictures(tmp_path / "full" / "pictures" / back / "real")
        assert f"| not translated | {psnr(real, truth):.3f} |" in text
        with Image.open(tmp_path / "page" / f"{way}.png") as grid:
            assert grid.size[0] == 8 * 96 + 7 * 2
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    for arm in arms.ARMS:
        figures = [line.split("|")[2:-1] for line in lines if line.startswith(f"| {arm} |")]
        assert len(figures) == 2  # one for each direction
        assert all(float(figure) > -1 for of_way in figures for figure in of_way)
    assert json.loads((tmp_path / "full" / "settings.json").read_text())["settings"]["losses"] == "full"
