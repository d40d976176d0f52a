import subprocess
import sys

from gan_data import IMAGE_SUFFIXES, image_formats
from gan_data.files.formats import FORMATS
from PIL import Image


def test_every_format_of_the_list_is_pillows_of_these_suffixes():
    registered = Image.registered_extensions()
    for name in image_formats():
        assert {registered[suffix] for suffix in FORMATS[name].suffixes} <= {name, "MPO"}, name


def test_only_pictures_decoded_within_the_process():
    formats = image_formats()
    assert formats[:3] == ("JPEG", "PNG", "WEBP")
    assert not {"EPS", "WMF", "PDF", "FITS", "HDF5"} & {*formats}
    assert formats[-1] == "TGA"  # it has no signature: any file could be one


def test_suffixes_are_in_lower_case_and_name_one_format():
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)
    assert len(IMAGE_SUFFIXES) == sum(len(each.suffixes) for each in FORMATS.values())
    assert {".avif", ".jp2", ".heic", ".dib", ".pcx"} <= IMAGE_SUFFIXES


def test_plugins_of_other_formats_are_not_imported():
    code = "import sys, gan_data; gan_data.image_formats(); sys.exit('PIL.EpsImagePlugin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
