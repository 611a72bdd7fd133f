"""Every option of the catalogue, and every choice of one, has a proof of what it does; ``option_proofs`` names them."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

from distillation.contract.options import OPTIONS
from distillation.tests.option_proofs import GROUPS, PROOFS, Proof

TESTS = Path(__file__).parent
SELDOM_RUN = ("skip", "xfail", "gpu", "mysql", "browser")


def named(proof: Proof) -> set[str]:
    return {*proof.tests, *proof.choices.values()}


@functools.cache
def functions(file: str) -> dict[str, str]:
    """The tests of a file, read and not run: the engine's would load torch."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {node.name: ast.unparse(node) for node in tree.body if isinstance(node, ast.FunctionDef)}


def missing(node: str) -> str:
    """What is wrong with a test that is named as a proof."""
    file, _, name = node.partition("::")
    source = functions(file).get(name) if (TESTS / file).is_file() else None
    if source is None or not name.startswith("test_"):
        return "no such test"
    if any(f"mark.{mark}" in source.partition("def ")[0] for mark in SELDOM_RUN):
        return "does not run everywhere"
    return "" if "assert" in source or "pytest.raises" in source else "compares nothing"


def test_every_option_has_a_proof_and_every_proof_an_option():
    assert {name: list(proofs) for name, proofs in GROUPS.items()} == {
        name: [option.name for option in OPTIONS if option.group == name] for name in GROUPS
    }


def test_every_choice_of_an_option_is_told_from_its_neighbours():
    wanted = {option.name: set(option.choices) for option in OPTIONS}
    assert {name: set(proof.choices) for name, proof in PROOFS.items()} == wanted


def test_a_proof_is_a_test_that_runs_everywhere_and_says_what_it_compares_with():
    assert all(proof.tests and proof.compared_with for proof in PROOFS.values())
    wrong = {node: missing(node) for proof in PROOFS.values() for node in named(proof)}
    assert {node: reason for node, reason in wrong.items() if reason} == {}


def test_what_acts_in_the_engine_is_proved_there():
    """The spec's own table shows only that an option arrives."""
    inside = {name for name, proof in PROOFS.items() if any(node.startswith("engine/") for node in named(proof))}
    assert {name for name, proof in PROOFS.items() if proof.where == "engine"} <= inside
