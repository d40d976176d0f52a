import gan_trainers


def test_inventory():
    assert gan_trainers.__all__ == [
        "EMA",
        "Count",
        "CountOrZero",
        "Fraction",
        "ImagePool",
        "Loader",
        "OptionError",
        "Positive",
        "Precision",
        "Probability",
        "Range",
        "Run",
        "RunOptions",
        "Seed",
        "StreamLoader",
        "Weight",
        "batched",
        "check_ranges",
        "cosine_decay",
        "draw_curves",
        "frozen",
        "global_mean",
        "linear_decay",
        "parse_options",
        "plain_errors",
        "read_scalars",
        "run_recipe",
        "seeded",
        "step_decay",
        "total",
        "warm_up",
        "write_animation",
        "write_grid",
    ]
    assert all(hasattr(gan_trainers, name) for name in gan_trainers.__all__)


def test_verbs_of_run():
    verbs = {name for name in vars(gan_trainers.Run) if not name.startswith("_")}
    assert verbs == {
        "averaged_weights", "draw", "draw_shared", "every", "grid", "has_checkpoint", "loader", "log",
        "needs_same_processes", "prepare", "register", "resume", "save", "set_lr", "shard", "step", "steps",
        "stream", "update",
    }  # fmt: skip
