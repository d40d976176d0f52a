import numpy as np
import pytest
import torch
from gan_trainers import write_animation, write_grid
from gan_trainers.logs.previews import read_grid
from PIL import Image


def decode(file):
    with Image.open(file) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGB")
        return np.asarray(picture)


def test_pictures_are_where_they_belong(tmp_path):
    torch.manual_seed(0)
    left, right = torch.rand(2, 3, 100, 120) * 2 - 1, torch.rand(2, 3, 100, 120) * 2 - 1
    write_grid(tmp_path / "deep" / "grid.png", left, right)
    picture = decode(tmp_path / "deep" / "grid.png")
    assert picture.shape == (2 * 100 + 2, 2 * 120 + 2, 3)
    for row in range(2):
        for column, images in enumerate((left, right)):
            cell = picture[row * 102 : row * 102 + 100, column * 122 : column * 122 + 120]
            expected = ((images[row] + 1) * 127.5).round().permute(1, 2, 0).numpy()
            assert (cell == expected).all()
    assert (picture[100:102] == 255).all()
    assert (picture[:, 120:122] == 255).all()


def test_extremes_are_black_and_white_and_outside_is_clipped(tmp_path):
    image = torch.tensor([-5.0, -1.0, 1.0, 5.0]).view(1, 1, 1, 4).expand(1, 3, 96, 4).repeat_interleave(24, 3)
    write_grid(tmp_path / "x.png", image)
    assert decode(tmp_path / "x.png")[0, ::24, 0].tolist() == [0, 0, 255, 255]


def test_gray_and_smaller_columns_join_the_largest(tmp_path):
    gray = torch.tensor([[-1.0, 1.0], [0.0, -1.0]])[None, None]
    write_grid(tmp_path / "x.png", gray, torch.ones(1, 3, 96, 192).bfloat16().requires_grad_())
    picture = decode(tmp_path / "x.png")
    assert picture.shape == (96, 2 * 192 + 2, 3)
    assert (picture[:48, :96] == 0).all()
    assert (picture[:48, 96:192] == 255).all()
    assert (picture[48:, :96] == 128).all()


def test_small_pictures_are_enlarged_by_a_whole_factor(tmp_path):
    write_grid(tmp_path / "x.png", torch.zeros(1, 3, 10, 20))
    assert decode(tmp_path / "x.png").shape == (100, 200, 3)


def test_rows_are_limited(tmp_path, tiny_run):
    write_grid(tmp_path / "x.png", torch.zeros(5, 3, 96, 96), rows=3)
    assert decode(tmp_path / "x.png").shape[0] == 3 * 98 - 2
    run, *_ = tiny_run()
    run.grid("faces", torch.zeros(9, 3, 96, 96))
    assert decode(run.out / "previews" / "faces" / "00000000.png").shape[0] == 8 * 98 - 2


def test_titles_are_above_their_columns_and_no_wider(tmp_path):
    columns = torch.rand(3, 3, 3, 96, 96).unbind()
    write_grid(tmp_path / "plain.png", *columns)
    write_grid(tmp_path / "titled.png", *columns, titles=["gray", "a title wider than its column", ""])
    plain, titled = decode(tmp_path / "plain.png"), decode(tmp_path / "titled.png")
    assert (titled[16:] == plain).all()
    inked = (titled[:16] < 128).any(axis=(0, 2))
    assert inked[:96].any()
    assert inked[98:194].any()
    assert not inked[196:].any()
    assert torch.equal(read_grid(tmp_path / "titled.png"), read_grid(tmp_path / "plain.png"))
    with pytest.raises(ValueError, match="expected a title for each of 3 columns; got gray, true"):
        write_grid(tmp_path / "x.png", *columns, titles=["gray", "true"])


def test_refusals(tmp_path):
    image = torch.zeros(2, 3, 4, 4)
    for columns, message in [
        ((), "expects columns of .* got none"),
        ((image, image[0]), r"got \(2, 3, 4, 4\), \(3, 4, 4\)"),
        ((image[:, :2],), r"N, 1 or 3, H, W\); got \(2, 2, 4, 4\)"),
        ((image, image[:1]), r"same N > 0; got \[2, 1\]"),
        ((image[:0],), r"same N > 0; got \[0\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            write_grid(tmp_path / "x.png", *columns)


def test_a_disk_that_refuses_is_one_sentence(tiny_run):
    run, *_ = tiny_run()
    (run.out / "previews").touch()
    with pytest.raises(OSError, match=r"^could not write .*previews/faces/00000000.png: .*; free disk space"):
        run.grid("faces", torch.zeros(1, 3, 4, 4))


def frames(folder, shades, size=(40, 30)):
    folder.mkdir(exist_ok=True)
    files = [folder / f"{index:02d}.png" for index in range(len(shades))]
    for file, shade in zip(files, shades, strict=True):
        Image.new("RGB", size, (shade, 0, 255 - shade)).save(file)
    return files


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_an_animation_shows_every_frame_in_order_and_rests_on_the_last(tmp_path, suffix):
    shades = [0, 100, 200, 250]
    file = tmp_path / "deep" / f"history{suffix}"
    write_animation(file, frames(tmp_path / "frames", shades), seconds=0.2)
    seen, durations = [], []
    with Image.open(file) as moving:
        for index in range(moving.n_frames):
            moving.seek(index)
            seen.append(moving.convert("RGB").getpixel((5, 5))[0])
            durations.append(moving.info["duration"])
    assert seen == pytest.approx(shades, abs=6)  # WebP loses a little
    if suffix != ".webp":  # Pillow reads a WebP frame's time from the next frame
        assert durations == [200, 200, 200, 800]


@pytest.mark.parametrize(
    ("suffix", "sizes", "message"),
    [
        (".webp", [], "expects frames of one size; got none"),
        (".webp", [(40, 30), (30, 40)], r"expects frames of one size; got \[\(30, 40\), \(40, 30\)\]"),
        (".mp4", [(40, 30)], "expected .webp or .gif"),
    ],
)
def test_an_impossible_animation_is_refused(tmp_path, suffix, sizes, message):
    files = [frames(tmp_path / str(index), [0], size)[0] for index, size in enumerate(sizes)]
    with pytest.raises(ValueError, match=message):
        write_animation(tmp_path / f"history{suffix}", files)
