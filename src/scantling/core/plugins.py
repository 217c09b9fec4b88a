"""Registries whose plug-ins are imported when they are asked for: start-up is part of the speed."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TypeVar

Kind = TypeVar("Kind")


class Plugins(Mapping[str, Kind]):
    """Plug-ins by name, in the order given; each is the `PLUGIN` of its module.

    `modules` maps a plug-in's name to its module below `package`. Asking for the names imports
    nothing. TypeError: the module's PLUGIN is not of `kind`, which is our bug.
    """

    def __init__(self, package: str, kind: type[Kind], modules: Mapping[str, str]) -> None:
        self._package = package
        self._kind = kind
        self._modules = modules
        self._known: dict[str, Kind] = {}

    def __getitem__(self, name: str) -> Kind:
        plugin = self._known.get(name)
        if plugin is None:
            plugin = import_module(f"{self._package}.{self._modules[name]}").PLUGIN
            if not isinstance(plugin, self._kind):
                raise TypeError(f"{self._package}.{self._modules[name]}.PLUGIN is something else")
            self._known[name] = plugin
        return plugin

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)
