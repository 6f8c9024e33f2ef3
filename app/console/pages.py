"""Renders templates/console/ for a visit: autoescaped, in its language, with what every page needs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.console.assets import Assets
from app.console.entered import CSRF, FORM, ONCE, is_secret
from app.console.forgery import form_token
from app.console.notes import NOTES, mark
from app.console.spoken import say_actor, say_gap, say_place, say_reason, say_value
from app.console.words import Catalogues, Words
from app.errors import Problem
from app.keyring import Keyring

if TYPE_CHECKING:
    from app.console.visit import Visit

PLACES: Final = (
    ("/", "read", mark("Now")),
    ("/crises", "read", mark("Crises")),
    ("/manage", "read", mark("Manage")),
    ("/people", "create_user", mark("People")),
    ("/audit", "read_audit", mark("Audit")),
)
"""What the navigation offers: address, the act it takes, its name."""
NO_VALUES: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class FormView:
    """One form of a page: what stands in its fields and what is wrong with them."""

    name: str
    values: Mapping[str, Any]
    problems: Sequence[Problem] = ()

    def value(self, name: str) -> str:
        found = self.values.get(name, "")
        if isinstance(found, list | tuple):
            found = found[0] if found else ""
        return "" if is_secret(name) or found is None else str(found)

    def chosen(self, name: str, value: str) -> bool:
        """Whether this box is ticked, this option selected."""
        found = self.values.get(name, ())
        return value in found if isinstance(found, list | tuple | set | frozenset) else value == str(found)

    def many(self, name: str) -> list[str]:
        """Every value of this field, in its order."""
        found = self.values.get(name, ())
        return [str(one) for one in found] if isinstance(found, list | tuple) else [str(found)] if found else []

    def wrong(self, name: str) -> Problem | None:
        return next((one for one in self.problems if one.field == name), None)

    @property
    def first(self) -> str:
        """The field that gets the focus; "" = the list of what is wrong, or nothing is."""
        return self.problems[0].field if self.problems else ""


@dataclass(slots=True)
class Pages:
    catalogues: Catalogues
    assets: Assets
    keyring: Keyring
    organisation: str
    folder: Path
    _environments: dict[str, Environment] = field(default_factory=dict)

    def show(self, visit: Visit, template: str, data: Mapping[str, Any]) -> str:
        return self._environment(visit.words).get_template(template).render({**self._usual(visit), **data})

    def _environment(self, words: Words) -> Environment:
        if words.language not in self._environments:
            environment = Environment(
                loader=FileSystemLoader(self.folder),
                autoescape=True,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                extensions=["jinja2.ext.i18n"],
                auto_reload=False,
            )
            catalogue = words.catalogue
            environment.install_gettext_callables(  # type: ignore[attr-defined]  # of the extension
                catalogue.gettext, catalogue.ngettext, newstyle=True,
                pgettext=catalogue.pgettext, npgettext=catalogue.npgettext,
            )  # fmt: skip
            environment.globals.update(
                asset=self.assets.address, organisation=self.organisation, offered=self.catalogues.offered,
                names={"csrf": CSRF, "once": ONCE, "form": FORM},
            )  # fmt: skip
            environment.filters.update(
                refusal=words.sayings.problem,
                number=words.number,
                moment=words.moment,
                hour=words.hour,
                said=partial(say_value, words),
                why=partial(say_reason, words),
                who=partial(say_actor, words),
                gap=partial(say_gap, words),
                place=partial(say_place, words),
                sentence=words.sayings.say,
                language=words.named,
            )
            self._environments[words.language] = environment
        return self._environments[words.language]

    def _usual(self, visit: Visit) -> dict[str, Any]:
        actor = visit.resumed.actor if visit.resumed else None
        note = visit.query("said") or ""
        here = visit.request.url.path.removeprefix("/console") or "/"
        return {
            "visit": visit,
            "words": visit.words,
            "actor": actor,
            "now": visit.now,
            "csrf": form_token(self.keyring, visit.jar.session or visit.jar.visit),
            "once": lambda: secrets.token_urlsafe(12),
            "places": [(path, visit.say(name), _here(path, here)) for path, act, name in PLACES if visit.may(act)],
            "said": visit.say(NOTES[note]) if note in NOTES else "",
            "form": lambda name, values=NO_VALUES: _form(visit, name, values),
            "problems": _problems(visit),
            "apart": lambda at: visit.words.apart(at, visit.now),
        }


def _here(path: str, here: str) -> bool:
    return here == path or (path != "/" and here.startswith(f"{path}/"))


def _problems(visit: Visit) -> tuple[Problem, ...]:
    """What was refused, in the reader's language."""
    return tuple(visit.words.sayings.problem(problem) for problem in visit.problems)


def _form(visit: Visit, name: str, values: Mapping[str, Any]) -> FormView:
    if visit.entered.form == name:
        return FormView(name, dict(visit.entered.fields), _problems(visit))
    return FormView(name, values)
