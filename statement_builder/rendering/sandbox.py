"""Jinja2's sandbox at speed: it takes the short way to fields, sentences and macros.

Nothing is allowed here that Jinja2's own sandbox does not allow.
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
from markupsafe import Markup, _escape_inner, escape  # type: ignore[attr-defined]  # without its class, half the time

from statement_builder.billing.model import Record

_VALUES = re.compile(r"%(?:\((\w+)\)s|(%))")
"""Where a sentence has a value put in, or a per cent sign."""
_BUILT_IN = frozenset(
    name
    for kind in (
        *(str, bytes, list, dict, set, deque, type, FunctionType, MethodType),
        *(CodeType, FrameType, GeneratorType, CoroutineType, AsyncGeneratorType),
    )
    for name in dir(kind)
)
"""Among these is all that Jinja2's sandbox refuses."""


class _Writer(CodeGenerator):
    """Writes a template as Python, in which the fields of our own records are read as Python reads them."""

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


class _OpenContext(Context):
    """What a template knows while it is rendered. Its macros know it, and it knows them: `Sandbox.close` parts them."""

    environment: Sandbox

    def __init__(self, *facts: Any, **more: Any) -> None:
        super().__init__(*facts, **more)
        self.environment.opened.append(self)


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment of one language, with its sentences."""

    code_generator_class = _Writer
    context_class = _OpenContext

    def __init__(self, catalogue: NullTranslations, **options: Any) -> None:
        super().__init__(**options)
        self.fields = frozenset(_fields_below(Record)) - _BUILT_IN
        """What our own records hold, by name, as far as nothing else has anything of that name."""
        self.opened: list[Context] = []
        self._safe: dict[tuple[type, str], bool] = {}
        self._catalogue = catalogue
        self.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
        self._say, self._say_many = _sentences(catalogue)
        self.globals.update(_=self._say, gettext=self._say, ngettext=self._say_many)

    def close(self) -> None:
        """After a document: whatever it left behind goes at once, and not with the collector of cyclic garbage."""
        for context in self.opened:
            context.vars.clear()
            context.exported_vars.clear()
        self.opened.clear()

    @staticmethod
    def write(value: Any) -> str:
        """What a template writes for a value: `escape`, without the mark that nobody asks for any more."""
        if type(value) is str:
            return _escape_inner(value)
        return value if type(value) is Markup else escape(value)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Sentences are translated here, once: an environment has one language."""
        tree = super()._parse(source, name, filename)
        for output in tree.find_all(nodes.Output):
            output.nodes = [part for node in output.nodes for part in self._translate(node)]
        return tree

    def _translate(self, node: nodes.Expr) -> Iterator[nodes.Expr]:
        """A sentence as its words and the values between them; anything else as it is."""
        match node:
            case nodes.Call(
                node=nodes.Name(name="_" | "gettext"),
                args=[nodes.Const(value=str(message))],
                kwargs=keywords,
                dyn_args=None,
                dyn_kwargs=None,
            ):
                yield from self._compose(message, {keyword.key: keyword.value for keyword in keywords}, node.lineno)
            case _:
                yield node

    def _compose(self, message: str, values: dict[str, nodes.Expr], line: int) -> Iterator[nodes.Expr]:
        sentence, end = self._catalogue.gettext(message), 0
        for found in _VALUES.finditer(sentence):
            yield nodes.TemplateData(sentence[end : found.start()], lineno=line)
            yield values[found[1]] if found[1] else nodes.TemplateData("%", lineno=line)
            end = found.end()
        yield nodes.TemplateData(sentence[end:], lineno=line)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """As Jinja2 says, which looks at nothing but type and name."""
        key = (type(obj), attr)
        if key not in self._safe:
            self._safe[key] = super().is_safe_attribute(obj, attr, value)
        return self._safe[key]

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call from a template: sentences need no context, macros only how to escape; the rest as Jinja2 does."""
        is_macro = type(obj) is Macro
        if is_macro or obj is self._say or obj is self._say_many:
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return obj(context.eval_ctx, *args, **kwargs) if is_macro else obj(*args, **kwargs)
        return super().call(context, obj, *args, **kwargs)


def _fields_below(kind: type[Record]) -> Iterator[str]:
    for each in kind.__subclasses__():
        yield from (name for name in each.__struct_fields__ if not name.startswith("_"))
        yield from _fields_below(each)


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
