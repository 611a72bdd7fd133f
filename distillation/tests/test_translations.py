"""The Chinese catalogue is complete: a new sentence without a translation fails here.

To bring it up to date: ``manage.py makemessages -l zh_Hans --no-wrap --no-location`` (ignoring .venv, var, build
and benchmarks), translate, ``manage.py compilemessages -l zh_Hans``, and commit both files.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.test import Client
from django.utils.translation import gettext, override
from django.utils.translation.template import templatize

from distillation.admin.unfold_words import UNFOLD_WORDS
from distillation.contract.sentence import Sentence
from distillation.models.sentences import translate
from distillation.tests.factories import HistoryFactory, PresetFactory, TaskFactory

PACKAGE = Path(__file__).parents[1]
ROOT = PACKAGE.parent
PO = PACKAGE / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"

MARKERS = frozenset({"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"})
IN_TEMPLATES = re.compile(r"""\b(?:_|n?gettext)\(u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")
CHINESE = re.compile("[\u4e00-\u9fff]+")


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(PO), wrapwidth=0)


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


# The catalogue


def test_nothing_is_untranslated_fuzzy_or_obsolete(catalogue):
    assert [entry.msgid for entry in catalogue if not entry.obsolete and not all(translations(entry))] == []
    assert [entry.msgid for entry in catalogue if entry.fuzzy] == []
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []


def test_every_translation_keeps_the_placeholders(catalogue):
    """Of a plural, Chinese has one form, which also says the number."""
    wrong = [
        (entry.msgid, text)
        for entry in catalogue
        for text in translations(entry)
        if set(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid)) != set(PLACEHOLDER.findall(text))
    ]
    assert wrong == []


def test_no_translation_shouts(catalogue):
    assert [text for entry in catalogue for text in translations(entry) if "!" in text or "！" in text] == []


def test_the_header_names_the_project_and_no_person(catalogue):
    assert catalogue.metadata["Project-Id-Version"] == "大小模型协同训练"
    assert catalogue.metadata["Language"] == "zh_Hans"
    assert catalogue.metadata["Content-Type"] == "text/plain; charset=UTF-8"
    assert catalogue.metadata["Plural-Forms"] == "nplurals=1; plural=0;"
    assert "@" not in catalogue.header + "".join(catalogue.metadata.values())
    assert not catalogue.metadata_is_fuzzy


def test_the_compiled_catalogue_is_the_written_one(catalogue):
    def texts(entries: Any) -> dict[tuple[str | None, str], list[str]]:
        return {(entry.msgctxt, entry.msgid): translations(entry) for entry in entries}

    assert texts(polib.mofile(str(PO.with_suffix(".mo")))) == texts(catalogue)


# The sources


def words_of_python(source: str) -> Iterator[str]:
    """What the code marks for translation, under whatever name the marker was imported.

    A literal handed to ``Sentence`` is meant for people too. What is put together at run time cannot be found by
    makemessages and is returned as its source text, so that the catalogue lacks it.
    """
    tree = ast.parse(source)
    names = {name: name for name in MARKERS}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {item.asname or item.name: item.name for item in node.names if item.name in MARKERS}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args):
        called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for argument in call.args[: 2 if names.get(called, "").startswith("n") else 1]:
            if called not in names and called != "Sentence":
                continue
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value
            elif isinstance(argument, (ast.JoinedStr, ast.BinOp)):
                yield ast.unparse(argument)


def words_of_template(source: str) -> list[str]:
    return [ast.literal_eval(literal) for literal in IN_TEMPLATES.findall(templatize(source))]


def known(catalogue: polib.POFile) -> set[str]:
    return {word for entry in catalogue if not entry.obsolete for word in (entry.msgid, entry.msgid_plural)}


def without_words(text: str) -> bool:
    """``{text}`` has nothing to translate."""
    return not re.search(r"\w", PLACEHOLDER.sub("", text))


def test_every_marked_text_of_the_code_is_in_the_catalogue(catalogue):
    """makemessages does not follow a renamed marker such as ``_t``: import it under its own name or as ``_``."""
    files = [path for folder in ("distillation", "distillation_site") for path in (ROOT / folder).rglob("*.py")]
    sources = [path for path in files if PACKAGE / "tests" not in path.parents]
    assert len(sources) > 50
    words = known(catalogue)
    missing = [
        (str(path.relative_to(ROOT)), text)
        for path in sources
        for text in words_of_python(path.read_text(encoding="utf-8"))
        if text not in words and not without_words(text)
    ]
    assert missing == []


def test_every_marked_text_of_the_templates_is_in_the_catalogue(catalogue):
    templates = list((ROOT / "templates").rglob("*.html"))
    assert templates
    words = known(catalogue)
    missing = [
        (str(path.relative_to(ROOT)), text)
        for path in templates
        for text in words_of_template(path.read_text(encoding="utf-8"))
        if text not in words
    ]
    assert missing == []


def test_marked_texts_are_found():
    code = (
        "from django.utils.translation import gettext as _t\n"
        "_t('one')\n"
        "translation.ngettext('a ' 'thing', 'things', 2)\n"
        "Sentence('four {x}', {})\n"
        "_t('five' + x); _t(x); other('six')\n"
    )
    assert set(words_of_python(code)) == {"one", "a thing", "things", "four {x}", "'five' + x"}
    page = "{% load i18n %}{% translate 'one' %}{% translate \"it's\" %}{% if a == _('two') %}{% endif %}"
    page += "{% blocktranslate count n=n %}a{% plural %}{{ n }} b{% endblocktranslate %}"
    assert words_of_template(page) == ["one", "it's", "two", "a"]


# What people see


def test_unfold_speaks_chinese():
    with override("zh-hans"):
        assert [word for word in UNFOLD_WORDS if not CHINESE.search(gettext(word))] == []


def test_every_sentence_can_be_filled_in(catalogue):
    """A translation that ``str.format`` cannot fill would silently be shown in English."""
    for entry in catalogue:
        params = dict.fromkeys(re.findall(r"\{(\w+)\}", entry.msgid), "7")
        if params:
            with override("zh-hans"):
                assert translate(Sentence(entry.msgid, params)) == entry.msgstr.format(**params)


@pytest.fixture
def console(admin_client: Client) -> Client:
    """An administrator's browser, with the language that the site has by default."""
    return admin_client


def test_a_task_page_is_chinese_by_default_and_english_on_request(console):
    task = HistoryFactory(task=TaskFactory(task_name="digits", status="RUNNING", create_by="bob")).task
    url = f"/admin/distillation/trainingtask/{task.pk}/change/"
    page = console.get(url).content.decode()
    for text in ("训练历史", "运行中", "教师模型", "软标签权重（alpha）", "剩余时间", "第 0 / 3 轮"):
        assert text in page
    for text in ("Training history", "Running", "Remaining time", "Learning rate", "Type to search"):
        assert text not in page
    page = console.get(url, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for text in ("Training history", "Running", "Teacher model", "Remaining time", "epoch 0 of 3"):
        assert text in page
    assert set(CHINESE.findall(page)) <= {"简体中文"}  # the name of the language, where one chooses it


def test_a_refusal_of_rest_is_chinese_by_default_and_english_on_request(console):
    PresetFactory(preset_name="mine")

    def answer(**headers: str) -> dict[str, Any]:
        body = {"presetName": "mine", "loraRank": 4}
        response = console.post("/model-distillation/lora-presets", body, "application/json", **headers)
        assert response.status_code == 409
        return response.json()

    assert answer()["message"] == "LoRA预设名称已存在"
    assert answer(HTTP_ACCEPT_LANGUAGE="en")["message"] == "The LoRA preset name already exists"


def test_a_refusal_with_values_is_chinese_by_default_and_english_on_request(console):
    task = TaskFactory(status="COMPLETED")
    url = f"/model-distillation/tasks/{task.task_id}/start"
    chinese, english = console.post(url), console.post(url, HTTP_ACCEPT_LANGUAGE="en")
    assert chinese.status_code == english.status_code == 409
    assert f"{task.task_id} 的状态为 COMPLETED" in chinese.json()["message"]
    assert f"{task.task_id} is COMPLETED" in english.json()["message"]
