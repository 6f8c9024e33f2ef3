"""Templates: the shipped ones of templates/, and those people write, each in its own sandbox.

Compiled once, given plain data only, strict about undefined names, capped in output and time.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import FileSystemLoader, StrictUndefined, Template, TemplateNotFound, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from app.domain.slots import fill_slots
from app.errors import Invalid, NotFound, Problem, TooLarge
from app.templating.allowed import FILTERS, LOOP_FACTS, TESTS, problems_in
from app.templating.catalogues import load_notices
from app.templating.refusals import load_sayings
from app.templating.trees import load_trees
from app.templating.words import FALLBACK, Words, load_words

__all__ = ["OUTPUT_CAP", "Templating", "Words", "fill_slots"]

OUTPUT_CAP: Final = 64 * 1024
"""Characters an announcement or an authored template may become."""
PAGE_CAP: Final = 2 * 1024 * 1024
"""Characters a shipped page or feed may become."""
SECONDS_CAP: Final = 0.25
VARIABLES_CAP: Final = 64 * 1024
"""Characters of all variables of an authored template together."""
MEMBERS_CAP: Final = 2_000
"""List items and dict entries of those variables together."""

Plain = str | int | float | bool | dict[str, "Plain"] | list["Plain"] | None
"""What templates are given."""


class _Authored(ImmutableSandboxedEnvironment):
    """For templates people write: a dot or bracket reads an entry of a dict or list, never a Python attribute."""

    def getattr(self, obj: object, attribute: str) -> object:
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in LOOP_FACTS:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: object, argument: object) -> object:
        if isinstance(obj, dict) and argument in obj:
            return obj[argument]
        if isinstance(obj, list) and isinstance(argument, int) and -len(obj) <= argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))

    def is_safe_callable(self, obj: object) -> bool:
        return False


class Templating:
    """Renders from one root folder. Safe to share between threads; files are read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._words = load_words(root / "words")
        self.staff: Final = load_notices(root)
        """What notices to staff say, by language."""
        self.sayings: Final = load_sayings(root)
        """How refusals are said, by language; English has none."""
        self.trees: Final = load_trees(root / "triage")
        """The triage trees that ship, by slug."""
        loader = FileSystemLoader(root)
        self._shipped = {
            html: ImmutableSandboxedEnvironment(
                loader=loader,
                autoescape=html,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                auto_reload=False,
                cache_size=-1,
            )
            for html in (False, True)
        }
        self._authored = {html: _authored_environment(html=html) for html in (False, True)}
        self._compile = lru_cache(maxsize=512)(self._compile_source)
        self.version: Final = _digest(root)
        """SHA-256 of the announcement templates and words: goes into an update's content hash."""

    def render(self, name: str, variables: Mapping[str, object], *, html: bool, cap: int = PAGE_CAP) -> str:
        """A shipped template by its path below the root, e.g. `announcements/base/sms.txt`.

        `html` escapes every variable. Raises NotFound, Invalid (`unknown_variable`) or TooLarge.
        """
        try:
            template = self._shipped[html].get_template(name)
        except TemplateNotFound:
            raise NotFound(
                Problem("template_not_found", f"There is no template “{name}”.", "template", "Check its name.")
            ) from None
        return _capped(template, {key: plain(value) for key, value in variables.items()}, cap, None)

    def announcement(self, stage: str, part: str) -> str:
        """The path of a stage's own template, or of the one all stages share."""
        own = f"announcements/{stage}/{part}"
        return own if (self._root / own).is_file() else f"announcements/base/{part}"

    def check(self, source: str, allowed_variables: Collection[str]) -> tuple[Problem, ...]:
        """Why a template written by people cannot be used; empty = it can. Never compiles what it refuses."""
        return problems_in(self._authored[False], source, allowed_variables)

    def render_source(self, source: str, variables: Mapping[str, object], *, html: bool) -> str:
        """An authored template: checked, compiled once, capped at 64 KB and 0.25 s. Raises Invalid or TooLarge."""
        problems = self.check(source, variables)
        if problems:
            raise Invalid(problems)
        given = {key: plain(value) for key, value in variables.items()}
        _weigh(given)
        return _capped(self._compile(source, html=html), given, OUTPUT_CAP, SECONDS_CAP)

    def _compile_source(self, source: str, *, html: bool) -> Template:
        return self._authored[html].from_string(source)

    @property
    def every_words(self) -> Mapping[str, Words]:
        """By language."""
        return self._words

    def words(self, language: str) -> Words:
        """The words of a language, of its base language (`gu` for `gu-IN`), else English."""
        base = language.split("-", maxsplit=1)[0]
        return self._words.get(language) or self._words.get(base) or self._words[FALLBACK]

    def languages(self) -> tuple[str, ...]:
        """The languages with a file of words."""
        return tuple(self._words)


def _authored_environment(*, html: bool) -> _Authored:
    environment = _Authored(autoescape=html, undefined=StrictUndefined, cache_size=0, optimized=False)
    environment.globals.clear()
    for table, kept in ((environment.filters, FILTERS), (environment.tests, TESTS)):
        for name in [name for name in table if name not in kept]:
            del table[name]
    return environment


def plain(value: object) -> Plain:
    """Plain data, copied: str, numbers, bool, None, dict, list, and Markup as it is.

    Raises TypeError for anything else: an object handed to a template would show its attributes.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return value if isinstance(value, Markup) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    raise TypeError(f"templates get plain data only, not {type(value).__name__}")


def _weigh(variables: Mapping[str, object]) -> None:
    characters = members = 0
    stack: list[object] = [dict(variables)]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, dict):
            members += len(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            members += len(value)
            stack.extend(value)
        if characters > VARIABLES_CAP or members > MEMBERS_CAP:
            raise TooLarge(
                Problem("template_too_large", "The template's variables are too large.", "variables", "Shorten them.")
            )


def _capped(template: Template, variables: Mapping[str, object], cap: int, seconds: float | None) -> str:
    deadline = time.monotonic() + seconds if seconds else None
    chunks: list[str] = []
    size = 0
    try:
        for chunk in template.generate(variables):
            size += len(chunk)
            if size > cap or (deadline and time.monotonic() > deadline):
                raise TooLarge(
                    Problem(
                        "template_too_large",
                        f"The text became longer than {cap} characters or took too long.",
                        "source",
                        "Shorten the template or its loop.",
                    )
                )
            chunks.append(chunk)
    except UndefinedError as fault:
        raise Invalid(
            Problem("unknown_variable", f"{fault.message}.", "source", "Use only the variables that are given.")
        ) from None
    except SecurityError as fault:
        raise Invalid(Problem("template_refused", f"{fault.message}.", "source", "Remove that expression.")) from None
    return "".join(chunks)


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for folder in ("announcements", "words"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
