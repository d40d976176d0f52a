import gan_trainers


def test_inventory():
    assert gan_trainers.__all__ == [
        "EMA",
        "CycleGAN",
        "Fakes",
        "FastGAN",
        "ImagePool",
        "Judged",
        "Loader",
        "Pix2Pix",
        "Pix2PixHD",
        "Precision",
        "ProjectedGAN",
        "Run",
        "cosine_decay",
        "draw_curves",
        "frozen",
        "linear_decay",
        "plain_errors",
        "read_scalars",
        "seeded",
        "step_decay",
        "warm_up",
        "write_animation",
        "write_grid",
    ]
    assert all(hasattr(gan_trainers, name) for name in gan_trainers.__all__)


def test_verbs_of_run():
    verbs = {name for name in vars(gan_trainers.Run) if not name.startswith("_")}
    assert verbs == {
        "every", "grid", "keep", "loader", "log", "resume", "save", "set_lr", "step", "steps", "update",
    }  # fmt: skip
