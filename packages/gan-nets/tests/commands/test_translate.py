"""`gan-nets translate` on files, folders and globs."""

import os
import sys

import numpy as np
import pytest
import torch
from gan_nets import SRResNet, UNetGenerator, Usage, init_icnr_, translate
from gan_nets.commands import main
from PIL import Image

MODES = {
    ".png": ["L", "LA", "P", "RGB", "RGBA", "I;16"],
    ".jpg": ["L", "RGB", "CMYK"],
    ".tif": ["1", "RGB"],
    ".webp": ["RGB"],
    ".bmp": ["RGB"],
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    torch.manual_seed(0)
    net = SRResNet(scale=2, blocks=1, width=2).eval()
    init_icnr_(net)
    folder = tmp_path_factory.mktemp("checkpoint")
    net.save_pretrained(folder)
    return folder


def random_image(mode, size, rng):
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 65_536, size, dtype=np.uint16))
    if mode == "1":
        return Image.fromarray(rng.random(size) > 0.5)
    planes = len(Image.new(mode, (1, 1)).getbands())
    image = Image.frombytes(mode, size[::-1], rng.integers(0, 256, (*size, planes), dtype=np.uint8).tobytes())
    if mode == "P":
        image.putpalette(rng.integers(0, 256, 768, dtype=np.uint8).tobytes())
    return image


def write_pictures(folder, count):
    """Pictures of all modes and formats, some of them in folders: their paths, modes and sizes."""
    rng = np.random.default_rng(0)
    kinds = [(suffix, mode) for suffix, modes in MODES.items() for mode in modes]
    written = {}
    for i in range(count):
        suffix, mode = kinds[i % len(kinds)]
        size = (1, 9) if i == 3 else tuple(rng.integers(1, 12, 2).tolist())
        name = f"{'a/b/' if i % 7 == 0 else ''}{i:03}{suffix.upper() if i % 5 == 0 else suffix}"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        random_image(mode, size, rng).save(folder / name)
        written[name] = (mode, size[::-1])
    return written


def write_broken(folder):
    """Ten files that are broken or not pictures; their names."""
    whole = folder / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(whole)
    data = whole.read_bytes()
    Image.open(whole).save(folder / "whole.jpg")
    photo = (folder / "whole.jpg").read_bytes()
    Image.open(whole).save(folder / "whole.tif", compression="tiff_lzw")
    layers = (folder / "whole.tif").read_bytes()
    for path in folder.glob("whole.*"):
        path.unlink()
    contents = {
        "empty.png": b"", "text.jpg": b"not a picture", "cut.png": data[: len(data) // 2],
        "head.png": data[:20], "cut.jpg": photo[: len(photo) // 2], "zeros.bmp": bytes(100),
        "cut.tif": layers[:300], "page.webp": b"<html>", "header.jpg": photo[:4],
        "swapped.png": data[:60] + data[61:],
    }  # fmt: skip
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return set(contents)


def test_a_folder_of_a_hundred_with_ten_broken_ones(checkpoint, tmp_path, capsys):
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    expected = write_pictures(pictures, 90)
    broken = write_broken(pictures)
    (pictures / "notes.txt").write_text("not a picture by its name")
    (pictures / ".hidden.png").write_bytes(b"")
    with pytest.raises(SystemExit) as stopped:
        main(["translate", str(checkpoint), str(pictures), "-o", str(out)])
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    assert "translated 90 of 100 into" in printed.out
    named = [line for line in printed.err.splitlines() if line.startswith("error: ")]
    assert {line.split(": ")[1].rsplit("/", 1)[-1] for line in named} == broken
    assert all(len(line.split(": ", 2)[2]) > 10 for line in named)
    written = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert written == set(expected)
    for name, (mode, (width, height)) in expected.items():
        with Image.open(out / name) as result:
            assert (result.mode, result.size) == (mode, (2 * width, 2 * height))


def test_a_file_gives_the_result_of_translate(checkpoint, tmp_path):
    from gan_nets import load

    rng = np.random.default_rng(1)
    random_image("RGB", (5, 6), rng).save(tmp_path / "in.png")
    for precision in ("auto", "bf16"):
        out = tmp_path / f"{precision}.png"
        main(
            ["translate", str(checkpoint), str(tmp_path / "in.png"), "-o", str(out), "--precision", precision]
        )
        net = load(checkpoint)
        net.use_cpu_kernels_()
        expected = translate(net, tmp_path / "in.png", precision=precision)
        with Image.open(out) as result:
            assert np.array_equal(np.asarray(result), np.asarray(expected))


def test_globs_and_several_files_are_written_to_a_folder(checkpoint, tmp_path):
    rng = np.random.default_rng(1)
    for name in ("a/1.png", "a/b/2.png", "a/b/3.jpg", "c/4.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        random_image("RGB", (4, 4), rng).save(tmp_path / name)
    out = tmp_path / "out"
    glob, file = str(tmp_path / "a" / "**" / "*.png"), str(tmp_path / "c" / "4.png")
    main(["translate", str(checkpoint), glob, file, "-o", str(out), "--tile", "64", "--device", "cpu"])
    found = sorted(str(path.relative_to(out)) for path in out.rglob("*.*"))
    assert found == ["1.png", "4.png", "b/2.png"]
    main(["translate", str(checkpoint), file, "-o", str(tmp_path / "single")])
    assert (tmp_path / "single" / "4.png").is_file()


def test_a_glob_leaves_out_hidden_files_and_earlier_results(checkpoint, tmp_path, capsys):
    pictures, out = tmp_path / "pictures", tmp_path / "pictures" / "out"
    for name in ("1.png", ".hidden.png", ".thumbnails/2.png", "out/old/3.png"):
        (pictures / name).parent.mkdir(parents=True, exist_ok=True)
        random_image("RGB", (4, 4), np.random.default_rng(1)).save(pictures / name)
    main(["translate", str(checkpoint), f"{pictures}/**/*.png", "-o", str(out)])
    assert "translated 1 of 1" in capsys.readouterr().out
    main(["translate", str(checkpoint), f"{out}/old/*.png", "-o", str(out)])  # named explicitly
    assert "translated 1 of 1" in capsys.readouterr().out
    assert sorted(path.name for path in out.glob("*.png")) == ["1.png", "3.png"]


def test_files_are_replaced_only_with_overwrite(checkpoint, tmp_path, capsys):
    rng = np.random.default_rng(1)
    pictures, out = tmp_path / "pictures", tmp_path / "pictures" / "out"
    out.mkdir(parents=True)
    for name in ("1.png", "2.png"):
        random_image("RGB", (4, 4), rng).save(pictures / name)
    (out / "1.png").write_bytes(b"mine")
    command = ["translate", str(checkpoint), str(pictures), "-o", str(out)]
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 1
    assert (out / "1.png").read_bytes() == b"mine"
    assert "1.png exists already" in capsys.readouterr().err
    assert (out / "2.png").is_file()
    main([*command, "--overwrite"])  # results in OUT are not inputs, though OUT is inside IN
    assert "translated 2 of 2" in capsys.readouterr().out
    with Image.open(out / "1.png") as result:
        assert result.size == (8, 8)


def test_the_mean_of_views_is_what_the_folder_says_or_the_command(tmp_path, capsys):
    torch.manual_seed(0)
    net = UNetGenerator(1, 2, depth=2, width=2).eval()
    net.usage = Usage("colorize", "ycrcb", ensemble=True)
    net.save_pretrained(tmp_path / "net")
    random_image("L", (16, 12), np.random.default_rng(0)).save(tmp_path / "gray.png")

    def result(*options):
        command = ["translate", str(tmp_path / "net"), str(tmp_path / "gray.png"), *options]
        main([*command, "--overwrite", "-o", str(tmp_path / "color.png")])
        with Image.open(tmp_path / "color.png") as image:
            return image.tobytes()

    mean, one = result(), result("--no-ensemble")
    assert mean != one
    assert result("--ensemble") == mean
    assert result("--saturation", "0.5") not in (mean, one)
    capsys.readouterr()
    with pytest.raises(SystemExit):
        result("--saturation", "-1")
    assert "saturation" in capsys.readouterr().err


def test_results_with_the_same_path_are_errors(checkpoint, tmp_path, capsys):
    rng = np.random.default_rng(1)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        random_image("RGB", (4, 4), rng).save(tmp_path / folder / "1.png")
    with pytest.raises(SystemExit):
        main(["translate", str(checkpoint), f"{tmp_path}/a", f"{tmp_path}/b", "-o", str(tmp_path / "out")])
    printed = capsys.readouterr()
    assert "b/1.png: its result would replace that of" in printed.err
    assert "translated 1 of 1" in printed.out


def test_a_colorizer_colorizes_and_a_warning_is_a_note(tmp_path, capsys):
    torch.manual_seed(0)
    net = UNetGenerator(1, 2, depth=2, width=2, norm="instance")
    net.usage = Usage(task="colorize", color_space="ycrcb")
    net.save_pretrained(tmp_path / "net")
    image = random_image("L", (90, 30), np.random.default_rng(1))
    image.save(tmp_path / "in.png")
    tiles = ["--tile=64", "--statistics=tile"]
    main(["translate", str(tmp_path / "net"), str(tmp_path / "in.png"), "-o", f"{tmp_path}/o.png", *tiles])
    assert (
        capsys.readouterr().err.count("note: UNetGenerator normalizes by statistics of the whole image") == 1
    )
    with Image.open(tmp_path / "o.png") as result:
        assert result.mode == "RGB"
        assert np.ptp(np.asarray(result).astype(int), axis=-1).max() > 5
        pixels = np.asarray(result)
    luma = pixels @ [0.299, 0.587, 0.114]
    inside = ((pixels > 0) & (pixels < 255)).all(-1)  # where no color was clipped
    assert np.abs(luma - np.asarray(image))[inside].max() < 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["absent.png", "-o", "out"], 1, "error: absent.png: there is no such picture or video"),
        (["in.png", "-o", "out.xyz"], 1, "expected a suffix of a format that can be written"),
        (["in.png", "-o", "o.png", "--device", "abacus"], 1, "error: --device abacus is not available here"),
        (["in.png", "in.png", "-o", "in.png"], 2, "error: expected OUT to be a folder for several files"),
        (["in.png"], 2, 'error: Command "translate" parameter --out requires an argument.'),
        (["in.png", "-o", "o.png", "--tile", "0"], 2, 'error: Invalid value "0" for --tile. Must be >= 1.'),
        (["in.png", "-o", "o.png", "--statistics", "tiles"], 2, 'Did you mean "tile"?'),
        (["in.png", "-o", "o.png", "--size", "0"], 2, 'Invalid value "0" for --size. Must be >= 1.'),
        (["in.png", "-o", "o.png", "--size", "32"], 1, "expected a colorizer for size 32"),
        (["in.png", "-o", "o.png", "--precision", "fp8"], 2, 'Invalid value "fp8" for --precision.'),
        (
            ["in.png", "-o", "o.png", "--precision=fp16", "--device=cpu"],
            2,
            "error: --precision fp16 needs a GPU",
        ),
        (["in.png", "-o", "o.png", "--overwrit"], 2, "error: Unknown option: --overwrit. Did you mean"),
    ],
)
def test_errors_are_one_sentence(checkpoint, tmp_path, monkeypatch, capsys, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (4, 4)).save("in.png")
    with pytest.raises(SystemExit) as stopped:
        main(["translate", str(checkpoint), *arguments])
    assert stopped.value.code == code
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(errors) == 1
    assert message in errors[0]


@pytest.mark.parametrize(
    ("module", "name", "extra"), [("PIL", "in.png", "pictures"), ("av", "in.mp4", "video")], ids=["PIL", "av"]
)
def test_a_missing_extra_is_named(checkpoint, tmp_path, monkeypatch, capsys, module, name, extra):
    (tmp_path / name).write_bytes(b"")
    monkeypatch.delitem(sys.modules, "gan_nets.pictures.video", raising=False)
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    with pytest.raises(SystemExit):
        main(["translate", str(checkpoint), str(tmp_path / name), "-o", str(tmp_path / "out")])
    assert f'this needs the module {module}; install it with: pip install "gan-nets[{extra}]"' in (
        capsys.readouterr().err
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_messages_name_file_and_remedy_and_any_name_is_printed_on_one_line(checkpoint, tmp_path, capsys):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "new\nline\x1b[31m.png").write_bytes(b"<html>")
    (pictures / "notes.txt").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    arguments = [
        "translate",
        str(checkpoint),
        str(pictures),
        str(tmp_path / "pipe.mp4"),
        "-o",
        f"{tmp_path}/out",
    ]
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("note: ", "error: "))]
    assert lines == [
        f"note: {pictures}: passed over 1 file of other kinds (1 .txt)",
        f"error: {pictures}/new\\nline\\x1b[31m.png: holds a web page instead of an image; download it again "
        "or delete it",
        f"error: {tmp_path}/pipe.mp4: cannot be opened (a named pipe, not a regular file); check the path "
        "and its permissions",
    ]


def test_a_full_disk_is_told_of_the_output(checkpoint, tmp_path, capsys, full_disk):
    random_image("RGB", (40, 40), np.random.default_rng(1)).save(tmp_path / "in.png")
    arguments = ["translate", str(checkpoint), str(tmp_path / "in.png"), "-o", str(tmp_path / "out.png")]
    with full_disk(1000), pytest.raises(SystemExit):
        main(arguments)
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(
        f"error: {tmp_path}/in.png: {tmp_path}/out.png can't be written (file too large); free"
    )
