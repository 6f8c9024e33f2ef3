"""What a template written by people may contain: a small list, everything else is refused before it is compiled.

Jinja's sandbox stops the known escapes but not the harms: `'x'*300000000` or `9**999999` is already computed by
the optimiser at compile time, and a chain of filters can double a text thirty times. Allowed here are printing,
conditions, one level of loops over a variable, and filters that cannot make a text much longer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.errors import Problem

SOURCE_CAP: Final = 8 * 1024
"""Characters of one authored template."""
DEPTH_CAP: Final = 24
NODES_CAP: Final = 600
"""Parts of one authored template: compiling is what costs, and it is linear in them."""
FILTERS: Final = frozenset(
    {"capitalize", "default", "e", "escape", "first", "last", "length", "lower", "title", "trim", "upper"}
)
TESTS: Final = frozenset({"defined", "none", "undefined"})
LOOP_FACTS: Final = frozenset({"first", "index", "last", "length"})

_PLAIN: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
)


def problems_in(
    environment: ImmutableSandboxedEnvironment, source: str, allowed_variables: Collection[str]
) -> tuple[Problem, ...]:
    """Every reason not to use this template; empty when it is safe and all its variables are known."""
    if len(source) > SOURCE_CAP:
        return (_refused(f"The template is longer than {SOURCE_CAP} characters"),)
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as fault:
        return (
            Problem(
                "template_syntax",
                f"The template cannot be read: {str(fault.message)[:200]} (line {fault.lineno}).",
                "source",
                "Correct the marks in that line.",
            ),
        )
    except (RecursionError, ValueError, MemoryError):
        # The parser is recursive, and Python refuses to read numbers of thousands of digits.
        return (_refused("The template is nested too deeply or holds too long a number"),)
    return tuple(_faults(tree, frozenset(allowed_variables)))


def _faults(tree: nodes.Template, allowed: frozenset[str]) -> Iterator[Problem]:
    stack: list[tuple[nodes.Node, int, frozenset[str]]] = [(tree, 0, allowed)]
    unknown: set[str] = set()
    seen = 0
    while stack:
        node, depth, names = stack.pop()
        seen += 1
        reason = _reason(node, depth, names - allowed) if seen <= NODES_CAP else "It has too many parts"
        if reason:
            yield _refused(reason)
            return
        if isinstance(node, nodes.Name) and node.ctx == "load" and node.name not in names:
            unknown.add(node.name)
        if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
            inside = names | {node.target.name, "loop"}
            stack.append((node.iter, depth + 1, names))
            stack.extend((part, depth + 1, inside) for part in [*node.body, *node.else_])
        else:
            stack.extend((child, depth + 1, names) for child in node.iter_child_nodes())
    for name in sorted(unknown):
        yield unknown_variable(name, allowed)


def _reason(node: nodes.Node, depth: int, loop_names: frozenset[str]) -> str:
    """Why this node is refused, "" when it is fine."""
    if depth > DEPTH_CAP:
        return "It is nested too deeply"
    if isinstance(node, _PLAIN):
        return ""
    if isinstance(node, nodes.Name):
        return "It sets a variable" if node.ctx != "load" else _hidden(node.name)
    if isinstance(node, nodes.Getattr):
        return _hidden(node.attr)
    if isinstance(node, nodes.Getitem):
        constant = isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int)
        return _hidden(str(node.arg.value)) if constant and isinstance(node.arg, nodes.Const) else "It computes a key"
    if isinstance(node, nodes.For):
        return _loop_reason(node, loop_names)
    if isinstance(node, nodes.Filter):
        return "" if node.node is not None and node.name in FILTERS else f"The filter “{node.name}” is not allowed"
    if isinstance(node, nodes.Test):
        return "" if node.name in TESTS else f"The test “{node.name}” is not allowed"
    return f"“{type(node).__name__}” is not allowed"


def _loop_reason(node: nodes.For, loop_names: frozenset[str]) -> str:
    if loop_names:
        return "A loop inside a loop is not allowed"
    if node.recursive or node.test is not None or not isinstance(node.target, nodes.Name):
        return "Only “for item in list” is allowed"
    if not isinstance(node.iter, nodes.Name | nodes.Getattr):
        return "A loop may only go over a variable"
    return _hidden(node.target.name)


def _hidden(name: str) -> str:
    return f"The name “{name[:40]}” is not allowed" if name.startswith("_") else ""


def _refused(reason: str) -> Problem:
    return Problem(
        "template_refused",
        f"{reason}.",
        "source",
        "Use printed variables, conditions and one loop over a list; compute nothing in a template.",
    )


def unknown_variable(name: str, allowed: Collection[str]) -> Problem:
    """The same problem wherever a name is mistyped, with the names that exist."""
    listed = ", ".join(sorted(allowed)) or "none"
    return Problem("unknown_variable", f"There is no variable “{name}”.", "source", f"Use one of: {listed}.")
