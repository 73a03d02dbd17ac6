"""Jinja2's sandbox at speed: it remembers what is safe, and takes the short way to sentences and macros.

Nothing is allowed here that Jinja2's own sandbox does not allow.
"""

from __future__ import annotations

from collections.abc import Callable
from gettext import NullTranslations
from typing import Any

from jinja2 import nodes
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment of one language, with its sentences."""

    def __init__(self, catalogue: NullTranslations, **options: Any) -> None:
        super().__init__(**options)
        self._fields: dict[type, frozenset[str]] = {}
        self._safe: dict[tuple[type, str], bool] = {}
        self.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
        self._say, self._say_many = _sentences(catalogue)
        self.globals.update(_=self._say, gettext=self._say, ngettext=self._say_many)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Sentences without values are translated here, once: an environment has one language."""
        tree = super()._parse(source, name, filename)
        for output in tree.find_all(nodes.Output):
            output.nodes = [self._translate(node) for node in output.nodes]
        return tree

    def _translate(self, node: nodes.Expr) -> nodes.Expr:
        match node:
            case nodes.Call(
                node=nodes.Name(name="_" | "gettext"),
                args=[nodes.Const(value=str(message))],
                kwargs=[],
                dyn_args=None,
                dyn_kwargs=None,
            ):
                return nodes.TemplateData(str(self._say(message)), lineno=node.lineno)
        return node

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """As Jinja2 says, which looks at nothing but type and name."""
        key = (type(obj), attr)
        if key not in self._safe:
            self._safe[key] = super().is_safe_attribute(obj, attr, value)
        return self._safe[key]

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The short way to a field of one of our own records, which is what nearly every lookup is for."""
        kind = type(obj)
        fields = self._fields.get(kind)
        if fields is None:
            fields = self._fields[kind] = frozenset(getattr(kind, "__struct_fields__", ()))
        if attribute in fields and attribute[0] != "_":
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call from a template: sentences need no context, macros only how to escape; the rest as Jinja2 does."""
        is_macro = type(obj) is Macro
        if is_macro or obj is self._say or obj is self._say_many:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(context.eval_ctx, *args, **kwargs) if is_macro else obj(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)


def _sentences(catalogue: NullTranslations) -> tuple[Callable[..., Markup], Callable[..., Markup]]:
    """`gettext` and `ngettext` of templates: translated, marked as safe, with escaped values put in."""
    known: dict[str, Markup] = {}

    def say(message: str, /, **values: Any) -> Markup:
        if not values:
            if message not in known:
                known[message] = Markup(catalogue.gettext(message) % {})  # noqa: S704 - our own sentence
            return known[message]
        return _put_in(catalogue.gettext(message), values)

    def say_many(one: str, many: str, count: int, /, **values: Any) -> Markup:
        values.setdefault("num", count)
        return _put_in(catalogue.ngettext(one, many, count), values)

    return say, say_many


def _put_in(sentence: str, values: dict[str, Any]) -> Markup:
    return Markup(sentence % {name: escape(value) for name, value in values.items()})  # noqa: S704 - all escaped
