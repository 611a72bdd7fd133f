"""What the demo says of its data and tasks is read in the reader's language; what people wrote stays."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from distillation.contract import demo_texts
from distillation.models import Dataset
from distillation.tests.admin.conftest import page_of
from distillation.tests.console.wizard_pages import ADD
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db
ENGLISH = demo_texts.DIGITS.format(labelled=1257, held_out=540)
CHINESE = "手写数字，1257 张训练图片全部有标注；另留 540 张作验证。"


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """The catalogue's own words are another test's subject."""
    real = translation.gettext

    def gettext(message):
        known = message == demo_texts.DIGITS and translation.get_language() == "zh-hans"
        return "手写数字，{labelled} 张训练图片全部有标注；另留 {held_out} 张作验证。" if known else real(message)

    monkeypatch.setattr("distillation.models.sentences.gettext", gettext)


@pytest.fixture
def places(console, digits):
    """Where such a text is shown."""
    (digits / "dataset.json").write_text(json.dumps({"name": "手写数字", "description": ENGLISH}))
    row = Dataset.objects.create(dataset_id="digits", dataset_name="手写数字", description=ENGLISH, create_by="alice")
    task = TaskFactory(description=ENGLISH)
    return [ADD, f"/admin/data/set/{row.pk}/", page_of(task)]


@pytest.mark.parametrize(("language", "said", "not_said"), [("zh-hans", CHINESE, ENGLISH), ("en", ENGLISH, CHINESE)])
def test_it_is_shown_in_the_language_of_the_reader(console, places, language, said, not_said):
    for url in places:
        page = console.get(url, HTTP_ACCEPT_LANGUAGE=language).content.decode()
        assert said in page, url
        assert not_said not in page, url
