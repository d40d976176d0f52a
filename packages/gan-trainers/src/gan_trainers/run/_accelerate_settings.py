"""Settings of accelerate that a run does not follow are refused, and never ignored."""

import os

from gan_trainers.base.errors import OptionError

_UNSUPPORTED = {
    "ACCELERATE_USE_FSDP": "FSDP",
    "ACCELERATE_USE_DEEPSPEED": "DeepSpeed",
    "ACCELERATE_USE_MEGATRON_LM": "Megatron-LM",
    "ACCELERATE_USE_PARALLELISM_CONFIG": "a parallelism config",
    "ACCELERATE_USE_IPEX": "IPEX",
}


def check_accelerate_settings(accumulate: int, compile_mode: str | None) -> None:
    """Check the settings of `accelerate launch` and its configuration file, which it passes on in variables.

    Args:
        accumulate: batches per step of this run.
        compile_mode: in which this run compiles its networks; None if it does not.

    Raises:
        OptionError: naming the setting and the option of the run, if there is one.
    """
    for name, setting in _UNSUPPORTED.items():
        if _value(name) in ("true", "1", "yes"):
            raise OptionError(
                f"accelerate's setting {setting} ({name}) is not supported: each process holds whole "
                "networks and their gradients are averaged; use accelerate launch --multi_gpu, or a "
                f"configuration without {setting}"
            )
    if "fp8" in (_value("ACCELERATE_MIXED_PRECISION"), _notebook_precision()):
        raise OptionError("accelerate's mixed_precision fp8 is not supported; use bf16, fp16 or no")
    _check_dynamo(compile_mode)
    steps = _value("ACCELERATE_GRADIENT_ACCUMULATION_STEPS") or "1"
    if steps not in ("1", str(accumulate)):
        raise OptionError(
            f"accelerate's gradient accumulation of {steps} steps is not followed, and this run has "
            f"accumulate {accumulate}; use --accumulate {steps} (Run(accumulate={steps})), or unset "
            "ACCELERATE_GRADIENT_ACCUMULATION_STEPS"
        )


def follow_notebook_launcher() -> None:
    """Pass on the precision of accelerate's notebook_launcher, which accelerate itself does not read."""
    precision = _notebook_precision()
    if precision:
        os.environ.setdefault("ACCELERATE_MIXED_PRECISION", precision)


def _notebook_precision() -> str:
    return _value("MIXED_PRECISION") if {"NPROC", "NODE_RANK"} <= os.environ.keys() else ""


def _check_dynamo(compile_mode: str | None) -> None:
    backend = _value("ACCELERATE_DYNAMO_BACKEND")
    mode = _value("ACCELERATE_DYNAMO_MODE")
    special = [
        f"dynamo_{name.lower()}"
        for name in ("USE_FULLGRAPH", "USE_DYNAMIC", "USE_REGIONAL_COMPILATION")
        if _value(f"ACCELERATE_DYNAMO_{name}") in ("true", "1", "yes")
    ]
    if backend in ("", "no"):
        return
    if backend != "inductor" or mode not in ("", "default", compile_mode) or special or compile_mode is None:
        words = ", ".join([f"dynamo_backend {backend}", *([f"dynamo_mode {mode}"] if mode else []), *special])
        raise OptionError(
            f"accelerate's setting {words} is not followed; use --compile (Run(compile=True)), or "
            "--compile MODE, which compiles with inductor, and dynamo_backend no"
        )


def _value(name: str) -> str:
    return os.environ.get(name, "").lower()
