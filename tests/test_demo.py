"""The page of `gan-nets demo` in a real browser, headless; the session `browser` of nox has what it needs."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from gan_nets import SRResNet, UNetGenerator, translate
from PIL import Image

pytest.importorskip("gradio", reason="the page is made with gradio: pip install 'gan-nets[demo]'")

TIMEOUT = 120_000  # milliseconds, enough for a busy machine


def serve(folder):
    """`gan-nets demo`, and its address."""
    command = [sys.executable, "-m", "gan_nets", "demo", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = process.stdout.readline()
    assert " is at http://127.0.0.1:" in printed
    return process, printed.split(" is at ")[1].split()[0]


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """A folder with a network that enlarges twice."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("enlarger")
    net = SRResNet(scale=2, blocks=1, width=4).eval()
    net.save_pretrained(folder)
    return folder, net


@pytest.fixture(scope="module")
def tab(browser, network):
    """The page, and the addresses that it requests."""
    process, address = serve(network[0])
    tab, requested = browser.new_page(viewport={"width": 1100, "height": 900}), []
    tab.set_default_timeout(TIMEOUT)
    tab.on("request", lambda request: requested.append(request.url))
    tab.goto(address)
    yield tab, requested
    process.terminate()
    process.wait(timeout=60)


def drop(page, file):
    """Drop a file in place of the last one."""
    dropzone, clear = page.locator("#picture input[type=file]"), page.locator("#picture [aria-label=Clear]")
    dropzone.or_(clear).first.wait_for(state="attached")
    if clear.count():
        clear.click()
    dropzone.set_input_files(file)


def test_a_picture_is_shown_before_and_after(tab, network, tmp_path):
    page, requested = tab
    picture = Image.effect_noise((30, 20), 60).convert("RGB")
    picture.save(tmp_path / "small.png")
    drop(page, tmp_path / "small.png")
    images = page.locator("#compared img")
    images.nth(1).wait_for()
    assert page.title() == "SRResNet - gan-nets"
    shown = [tmp_path / "before.png", tmp_path / "after.png"]
    for path, place in zip(shown, images.all(), strict=True):
        path.write_bytes(page.request.get(place.evaluate("image => image.src")).body())
    before, after = map(Image.open, shown)
    assert before.size == after.size == (60, 40)
    assert after.tobytes() == translate(network[1], picture).tobytes()
    assert {url.split("/")[2].split(":")[0] for url in requested if url.startswith("http")} == {"127.0.0.1"}


def test_a_file_that_is_not_a_picture_is_an_error_in_words(tab, tmp_path):
    page, _ = tab
    (tmp_path / "broken.png").write_text("no picture")
    drop(page, tmp_path / "broken.png")
    page.locator("#message", has_text="broken.png").wait_for()
    assert "is not an image, despite its name" in page.locator("#message").inner_text()
    assert page.locator("#compared img").count() == 0


def test_notes_and_modes(tmp_path):
    from gan_nets.commands._demo_page import compare
    from gan_nets.pictures.translate import Translator

    translator = Translator(UNetGenerator(1, 1, depth=2, width=2).eval())
    Image.effect_noise((9, 7), 60).convert("LA").save(tmp_path / "gray.png")
    Image.new("I;16", (9, 7), 30000).save(tmp_path / "sixteen_bit.png")
    for name, mode in (("gray.png", "RGBA"), ("sixteen_bit.png", "RGB")):
        pair, message = compare(translator, Path(tmp_path / name))
        assert message == ""
        assert [picture.mode for picture in pair] == [mode, mode]
    assert pair[0].getpixel((0, 0)) == (116, 116, 116)  # 30000 / 257
