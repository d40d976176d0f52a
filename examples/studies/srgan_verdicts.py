"""What article 003 and the papers state, held against the scores of the arms."""

from spread import Rows, column, higher, lower
from srgan_arms import (
    ALIASED,
    ARTICLE,
    AS_CONTENT,
    CONTENT,
    ESRGAN,
    PAPER,
    PIX2PIX,
    PIXELS,
    SQUASHED,
    SRGAN,
)
from srgan_scores import PATCHES, UNSEEN

PSNR, GRID = "PSNR-Y, dB", "grid, dB"


def verdicts(trivial: Rows, trained: Rows) -> dict[str, str]:
    """Each statement and what was found, such as "**Yes**: 28.1 ±0.1 against 26.9 (bicubic)".

    Args:
        trivial: the scores of the trivial rows.
        trained: the scores of the arms; a statement on arms that are not there is left out.
    """
    nearest_to_true = min(trivial, key=lambda name: trivial[name][UNSEEN].mean)
    best = max(trivial, key=lambda name: trivial[name][PSNR].mean)
    found: dict[str, str] = {
        "Pixels alone are already good: PSNR": higher(trained[PIXELS][PSNR], trivial[best][PSNR], best),
        "and features that no network was trained on": lower(
            trained[PIXELS][UNSEEN], trivial[nearest_to_true][UNSEEN], nearest_to_true, 3
        ),
    }
    # The statement, the arm, the other one, and the score that is to be lower.
    statements = [
        ("Content is nearer to the true images than pixels alone", CONTENT, PIXELS, UNSEEN),
        ("and its patches look more like true ones", CONTENT, PIXELS, PATCHES),
        ("Pixels alone leave less of a pattern than content", PIXELS, CONTENT, GRID),
        ("SRGAN's discriminator adds to content", SRGAN, CONTENT, UNSEEN),
        ("and to the look of patches", SRGAN, CONTENT, PATCHES),
        ("ESRGAN's discriminator adds to content", ESRGAN, CONTENT, UNSEEN),
        ("and to the look of patches, too", ESRGAN, CONTENT, PATCHES),
        ("ESRGAN's leaves less of a pattern than content", ESRGAN, CONTENT, GRID),
        ("Features are better content than pixels, the article's code", CONTENT, AS_CONTENT, UNSEEN),
        ("A sigmoid before the softmax, its code again, does harm", SRGAN, SQUASHED, UNSEEN),
        ("Small images without antialiasing do harm", SRGAN, ALIASED, UNSEEN),
        ("The paper's recipe is better than the article's", PAPER, ARTICLE, UNSEEN),
        ("pix2pix is better than SRGAN", PIX2PIX, SRGAN, UNSEEN),
    ]
    for statement, arm, other, score in statements:
        if arm in trained and other in trained:
            beyond = None if score == GRID else column(trivial, score)  # of the grid blur has the least
            found[statement] = lower(trained[arm][score], trained[other][score], other, 3, beyond)
    return found
