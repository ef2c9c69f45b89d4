"""Something to do as soon as a module has been imported, whenever that is."""

from __future__ import annotations

import importlib.abc
import sys

from labproof.run.records import harmless

_actions = {}  # name of a module -> functions of it


def after(name: str, action) -> None:
    """Call `action(module)` once the module `name` is imported, at once where it is already."""
    action = harmless(action)
    if name in sys.modules:
        action(sys.modules[name])
        return
    _actions.setdefault(name, []).append(action)
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the other finders find, with a loader that acts afterwards."""

    def find_spec(self, name, path=None, target=None):
        if name not in _actions:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not self else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """Another loader, whose place it leaves as soon as the module begins to load."""

    def __init__(self, loader):
        self.loader = loader

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.loader
        self.loader.exec_module(module)
        for action in _actions.pop(module.__name__, []):
            action(module)
