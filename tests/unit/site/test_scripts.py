"""A script made small still does the same."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from app.publishing.scripts import small

PROGRAM = r"""
/* a comment with "quotes" */
(() => {
  "use strict";
  // names that stand for variables get short, properties and words stay
  const greeting = "const greeting = 1; // no comment", numbers = [3, 1, 2];
  let total = 0, missing;
  const add = (amount, rest) => { total = total + +amount; return { total: total, rest: rest ?? "none" }; };
  for (const number of numbers) add(number);
  const pattern = /[/"'`]+\/(\w+)/g, half = 6 / 2 / 1;
  const sheet = `:host(${greeting.length}){color:red}
    .total{color:${total}}`;
  const [first, second] = numbers.map((number) => number * 2);
  const late = async () => { try { return await first; } catch (error) { return missing; } finally { total++; } };
  late();
  class Thing { start() { return total; } }
  console.log(JSON.stringify([greeting, add(1), pattern.source, half, sheet, first, second, new Thing().start(),
    typeof missing, total > 0 ? greeting.length : missing, - -total, a_b$ => a_b$]));
})();
"""


def run(script: str) -> object:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to run the script with")
    done = subprocess.run([node, "-e", script], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_a_small_script_does_what_the_long_one_does() -> None:
    assert len(small(PROGRAM)) < len(PROGRAM) * 0.7
    was, now = run(PROGRAM), run(small(PROGRAM))
    assert isinstance(was, list)
    assert isinstance(now, list)
    assert [*was[:4], was[4].replace("\n    ", ""), *was[5:]] == now


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("const long = 1;\nlong.long = { long: long };", "let e=1;e.long={long:e};"),
        ("const one = (two) => two - -one;", "let e=t=>t- -e;".replace("t=>t", "(t)=>t")),
        ('put("/* no comment */", a /b/ c);', 'put("/* no comment */",a/b/c);'),
        ("const e = document, door = e;", "let e=document,t=e;"),
    ],
)
def test_names_get_short_and_nothing_else_changes(source: str, result: str) -> None:
    assert small(source) == result


def test_a_name_that_is_used_but_not_declared_is_nobodys_short_name() -> None:
    assert small("const long = e;") == "let t=e;"


@pytest.mark.parametrize("source", ["const a = {b};", "const {b, c} = d;", "const a = `${`b`}`;", "f({a, b: 1});"])
def test_what_could_go_wrong_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"in full|inside a gap"):
        small(source)
