"""The example in the docstring of every public name, with torch and the package's names at hand."""

import doctest
import inspect

import gan_nets
import pytest
import torch
from gan_nets import interop

PUBLIC = {name: getattr(module, name) for module in (gan_nets, interop) for name in module.__all__}


@pytest.mark.parametrize(
    "name", [name for name, value in PUBLIC.items() if inspect.isclass(value) or inspect.isroutine(value)]
)
def test_example(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finder = doctest.DocTestFinder(recurse=False, exclude_empty=False)
    (example,) = finder.find(PUBLIC[name], name, globs={"torch": torch, **PUBLIC})
    assert example.examples, f"expected an example in the docstring of {name}"
    report = []
    failed, _ = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=report.append)
    assert not failed, "".join(report)
