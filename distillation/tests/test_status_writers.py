"""What a linter cannot see: only the state machine writes a task's status."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = {ROOT / "lifecycle.py", *(ROOT / "services" / f"{kind}_states.py" for kind in ("inference", "trial"))}
OTHER_TABLES = {"HttpResponse", "JsonResponse", "Response", "StreamingHttpResponse", "FileResponse"}
WRITERS = {"update", "create", "update_or_create", "get_or_create", "bulk_update", "TrainingTask"}


def status_writes(tree: ast.AST) -> list[int]:
    """Lines that assign ``.status`` or pass ``status=`` (or ``intent=``) to something that writes rows."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            lines += [t.lineno for t in targets if isinstance(t, ast.Attribute) and t.attr == "status"]
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name == "setattr" and any(isinstance(a, ast.Constant) and a.value == "status" for a in node.args):
                lines.append(node.lineno)
            if name in WRITERS and any(keyword.arg == "status" for keyword in node.keywords):
                lines.append(node.lineno)
            if name == "bulk_update" and any("status" in ast.dump(argument) for argument in node.args):
                lines.append(node.lineno)
        if isinstance(node, ast.Dict):
            lines += [
                node.lineno
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "status" and "TaskStatus" in ast.dump(value)
            ]
    return lines


def test_nobody_else_writes_a_status():
    found = {}
    for path in ROOT.rglob("*.py"):
        if path in ALLOWED or path.is_relative_to(ROOT / "tests") or path.is_relative_to(ROOT / "engine"):
            continue
        lines = status_writes(ast.parse(path.read_text(encoding="utf-8")))
        if lines:
            found[str(path.relative_to(ROOT))] = lines
    assert not found, f"only lifecycle.py may write a task's status: {found}"


def test_the_finder_finds_every_way_of_writing():
    code = """
task.status = "X"
setattr(task, "status", "X")
tasks.update(status="X")
TrainingTask(status="X")
tasks.bulk_update(rows, ["status"])
tasks.update(**{"status": TaskStatus.FAILED})
"""
    assert sorted(set(status_writes(ast.parse(code)))) == [2, 3, 4, 5, 6, 7]


def test_the_state_machine_itself_is_seen_by_the_finder():
    assert status_writes(ast.parse((ROOT / "lifecycle.py").read_text(encoding="utf-8")))
