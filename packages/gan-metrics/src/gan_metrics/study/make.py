"""Making a study of folders of pictures."""

import random
import secrets
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from PIL import Image

from gan_metrics.study._pictures import break_picture, open_clean
from gan_metrics.study._selection import Selection, select_pictures
from gan_metrics.study._study import PICTURES, Study, picture_path, write_study
from gan_metrics.study.settings import Settings


def make_study(out: Path, real: Path, fakes: Mapping[str, Path], settings: Settings) -> list[str]:
    """Make a study: a folder with its description, and with copies of its pictures.

    The copies are PNG without metadata, and their names say nothing. It is made completely or not at all.

    Args:
        out: the folder to make, which must not exist.
        real: the folder of the real pictures.
        fakes: the folders of the fakes by the algorithms' names.
        settings: what the study is like.

    Returns:
        Sentences for the study's maker: how pictures are paired, and what could give away the fakes.

    Raises:
        ValueError: a folder has too few pictures, or one that cannot be read.
        OSError: `out` exists, or cannot be written.
    """
    if out.exists() or out.is_symlink():
        raise FileExistsError(f"{out}: exists already; choose another name, or delete it")
    selection = select_pictures(real, fakes, settings)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name[:40]}.") as temporary:
        copies = _Copies(Path(temporary, "study"), settings.longest)
        study = _copy(selection, settings, copies)
        write_study(study, copies.folder)
        shutil.move(copies.folder, out)
    return [*map(_sentence, [study] * len(study.fake), study.fake), *_sizes(copies)]


class _Copies:
    """The copies of pictures in the folder of a study that is being made."""

    def __init__(self, folder: Path, longest: int) -> None:
        (folder / PICTURES).mkdir(parents=True)
        self.folder = folder
        self.longest = longest
        self.sizes: dict[str, Counter[tuple[int, int]]] = {}

    def add_all(self, sources: Mapping[str, Path], kind: str) -> dict[str, str]:
        """The ids of pictures, which are copied, by their names."""
        return {name: self._add(path, kind) for name, path in sources.items()}

    def _add(self, source: Path, kind: str) -> str:
        image = open_clean(source, self.longest)
        self.sizes.setdefault(kind, Counter())[image.size] += 1
        return self.save(image)

    def save(self, image: Image.Image) -> str:
        """The id of a picture, which is stored under it."""
        picture = secrets.token_hex(16)  # without the seed, of which participants could make a guess
        image.save(picture_path(self.folder, picture))
        return picture


def _copy(selection: Selection, settings: Settings, copies: _Copies) -> Study:
    real = copies.add_all(selection.real, "real")
    fake = {name: copies.add_all(each, name) for name, each in selection.fake.items()}
    by_names = [name for name, pairing in selection.pairing.items() if pairing == "names"]
    partners = {picture: real[key] for name in by_names for key, picture in fake[name].items()}
    return Study(
        id=secrets.token_hex(8),
        title=settings.page_title,
        consent=settings.consent_text,
        mode=settings.mode,
        seconds=settings.seconds_shown,
        practice=settings.practice,
        counted=settings.counted,
        attention=settings.attention,
        seed=settings.seed,
        aspect=median(width / height for width, height in copies.sizes["real"].elements()),
        pairing=selection.pairing,
        real=_by_id(real),
        fake={name: _by_id(each) for name, each in fake.items()},
        broken=_break(sorted(real.items()), settings, copies),
        partners=partners,
    )


def _by_id(pictures: Mapping[str, str]) -> dict[str, str]:
    return {picture: _printable(name) for name, picture in sorted(pictures.items(), key=lambda item: item[1])}


def _break(real: list[tuple[str, str]], settings: Settings, copies: _Copies) -> list[str]:
    """The ids of the broken pictures, which are made."""
    rng = random.Random(settings.seed)
    broken: list[str] = []
    for _ in range(settings.attention):
        name, picture = rng.choice(real)
        with Image.open(picture_path(copies.folder, picture)) as image:
            broken.append(copies.save(break_picture(image, f"{settings.seed} {name} {len(broken)}")))
    return broken


def _printable(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()


def _sentence(study: Study, algorithm: str) -> str:
    """How many fakes of an algorithm take part, and beside which real pictures."""
    count = f"{algorithm}: {len(study.fake[algorithm])} fakes"
    if study.mode == "single":
        return f"{count} and {len(study.real)} real pictures, one at a time"
    if study.pairing[algorithm] == "names":
        return f"{count}, each beside the real picture of the same name"
    return f"{count}, each beside one of {len(study.real)} real pictures at random, since the names differ"


def _sizes(copies: _Copies) -> list[str]:
    """A warning if real and fake pictures can be told apart by their sizes."""
    usual = {kind: sizes.most_common(1)[0][0] for kind, sizes in copies.sizes.items()}
    odd = [f"{width}x{height} ({kind})" for kind, (width, height) in usual.items()]
    if len(set(usual.values())) == 1:
        return []
    return [f"warning: the most frequent sizes differ, {', '.join(odd)}; participants may see it"]
