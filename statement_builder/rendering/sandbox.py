"""A faster Jinja2 sandbox, with shortcuts for record fields, translated messages and macros.

It allows nothing that Jinja2's own sandbox refuses.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from gettext import NullTranslations
from types import AsyncGeneratorType, CodeType, CoroutineType, FrameType, FunctionType, GeneratorType, MethodType
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing
from markupsafe import Markup, _escape_inner, escape  # type: ignore[attr-defined]  # without its class, half the time

from statement_builder.billing.model import Record

_PLACEHOLDERS = re.compile(r"%(?:\((\w+)\)s|(%))")
"""Placeholders and escaped percent signs in a message."""
_BUILT_IN = frozenset(
    name
    for kind in (
        *(str, bytes, list, dict, set, deque, type, FunctionType, MethodType),
        *(CodeType, FrameType, GeneratorType, CoroutineType, AsyncGeneratorType),
    )
    for name in dir(kind)
)
"""Attribute names of built-in types, which include all that Jinja2's sandbox refuses."""


class _CodeGenerator(CodeGenerator):
    """Compiles a template to Python that reads fields of our records as plain attributes."""

    environment: Sandbox

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - named by Jinja2
        if node.attr not in self.environment.fields:
            super().visit_Getattr(node, frame)
            return
        self.visit(node.node, frame)
        self.write(f".{node.attr}")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape is True and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.write(")
        else:
            super()._output_child_pre(node, frame, finalize)


class _TrackedContext(Context):
    """A template's variables while it renders. It and its macros refer to each other: `Sandbox.close` breaks the
    cycle."""

    environment: Sandbox

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.environment.opened.append(self)


class Sandbox(ImmutableSandboxedEnvironment):
    """The environment of one language, with its translations."""

    code_generator_class = _CodeGenerator
    context_class = _TrackedContext

    def __init__(self, catalog: NullTranslations, **options: Any) -> None:
        super().__init__(**options)
        self.fields = frozenset(_fields_below(Record)) - _BUILT_IN
        """Names of our records' fields and properties, except names that a built-in type also has."""
        self.opened: list[Context] = []
        self._safe: dict[tuple[type, str], bool] = {}
        self.catalog = catalog
        """The translations."""
        self.install_gettext_translations(catalog, newstyle=True)  # type: ignore[attr-defined]
        self._gettext, self._ngettext = _translation_functions(catalog)
        self.globals.update(_=self._gettext, gettext=self._gettext, ngettext=self._ngettext)

    def close(self) -> None:
        """Free the variables of rendered templates now, without the cyclic garbage collector."""
        for context in self.opened:
            context.vars.clear()
            context.exported_vars.clear()
        self.opened.clear()

    @staticmethod
    def write(value: Any) -> str:
        """A value as a template writes it: like `escape`, but as a plain string, which is faster."""
        if type(value) is str:
            return _escape_inner(value)
        return value if type(value) is Markup else escape(value)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Translate messages when parsing, since an environment has one language."""
        tree = super()._parse(source, name, filename)
        for output in tree.find_all(nodes.Output):
            output.nodes = [part for node in output.nodes for part in self._translate(node)]
        return tree

    def _translate(self, node: nodes.Expr) -> Iterator[nodes.Expr]:
        """A message as text and values by turns; any other node unchanged."""
        match node:
            case nodes.Call(
                node=nodes.Name(name="_" | "gettext"),
                args=[nodes.Const(value=str(message))],
                kwargs=keywords,
                dyn_args=None,
                dyn_kwargs=None,
            ):
                yield from self._translate_message(
                    message, {keyword.key: keyword.value for keyword in keywords}, node.lineno
                )
            case _:
                yield node

    def _translate_message(self, message: str, values: dict[str, nodes.Expr], line: int) -> Iterator[nodes.Expr]:
        translation, end = self.catalog.gettext(message), 0
        for found in _PLACEHOLDERS.finditer(translation):
            yield nodes.TemplateData(translation[end : found.start()], lineno=line)
            yield values[found[1]] if found[1] else nodes.TemplateData("%", lineno=line)
            end = found.end()
        yield nodes.TemplateData(translation[end:], lineno=line)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Jinja2's result, cached: it depends only on type and name."""
        key = (type(obj), attr)
        if key not in self._safe:
            self._safe[key] = super().is_safe_attribute(obj, attr, value)
        return self._safe[key]

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call from a template, without a context for messages and macros.

        A macro is given only its arguments by position, as nearly always, in a third of the time.
        """
        is_macro = type(obj) is Macro
        if kwargs and (is_macro or obj is self._gettext or obj is self._ngettext):
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
        if is_macro:
            missing_count = obj._argument_count - len(args)
            takes_more = obj.caller or obj.catch_kwargs or obj.catch_varargs
            if kwargs or missing_count < 0 or takes_more or not context.eval_ctx.autoescape:
                return obj(context.eval_ctx, *args, **kwargs)
            return str.__new__(Markup, obj._func(*args, *(missing,) * missing_count))
        if obj is self._gettext or obj is self._ngettext:
            return obj(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)


def _fields_below(kind: type[Record]) -> Iterator[str]:
    for each in kind.__subclasses__():
        names = (*each.__struct_fields__, *(name for name, value in vars(each).items() if isinstance(value, property)))
        yield from (name for name in names if not name.startswith("_"))
        yield from _fields_below(each)


def _translation_functions(catalog: NullTranslations) -> tuple[Callable[..., Markup], Callable[..., Markup]]:
    """`gettext` and `ngettext` for templates: translated, marked as safe, with escaped values."""
    cache: dict[str, Markup] = {}

    def translate(message: str, /, **values: Any) -> Markup:
        if not values:
            if message not in cache:
                cache[message] = Markup(catalog.gettext(message) % {})  # noqa: S704 - our own message
            return cache[message]
        return _substitute(catalog.gettext(message), values)

    def translate_plural(one: str, many: str, count: int, /, **values: Any) -> Markup:
        values.setdefault("num", count)
        return _substitute(catalog.ngettext(one, many, count), values)

    return translate, translate_plural


def _substitute(translation: str, values: dict[str, Any]) -> Markup:
    return Markup(translation % {name: escape(value) for name, value in values.items()})  # noqa: S704 - all escaped
