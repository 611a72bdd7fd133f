"""People, data sets and tokens as an administrator uses them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from distillation.models import AuditEntry, Dataset, ScriptToken, TeacherAlias, Team
from distillation.tests.factories import UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG = "很长的名称" * 12 + "averyveryverylongword" * 4
PAGES = ("auth/user", "distillation/team", "distillation/dataset", "distillation/teacheralias",
         "distillation/scripttoken", "distillation/auditentry")  # fmt: skip


def test_an_account_is_made_with_its_role_and_team(page):
    Team.objects.create(name="视觉组")
    page.goto("/admin/auth/user/add/")
    page.fill("[name=username]", "dora")
    page.fill("[name=password1]", "long-enough-9")
    page.fill("[name=password2]", "long-enough-9")
    page.check("[name=roles][value=R_ENGINEER]")
    page.click(".field-teams .select2-selection")
    page.click(".select2-results__option")
    page.click("[name=_save]")
    page.wait_for_url("**/change/")
    assert set(User.objects.get(username="dora").groups.values_list("name", flat=True)) == {"R_ENGINEER", "视觉组"}


def test_a_token_is_made_copied_and_revoked(page):
    page.goto("/admin/distillation/scripttoken/add/")
    page.fill("[name=name]", "夜间脚本")
    page.click("[form=token-form]")
    secret = page.inner_text("#secret")
    page.click("[data-copy]")
    assert page.evaluate("getSelection().toString()") == secret
    page.click("[popovertarget=ask-revoke]")
    page.click("#ask-revoke [type=submit], #ask-revoke form button:not([popovertarget])")
    expect(page.locator("[popovertarget=ask-revoke]")).to_have_count(0)
    assert ScriptToken.objects.get().revoked


@pytest.mark.parametrize("width", [1440, 900, 390])
def test_no_page_is_wider_than_the_window(page, digits, width):
    user = UserFactory(username="w" * 64, first_name=LONG[:150], is_superuser=False)
    team = Team.objects.create(name=LONG)
    team.user_set.add(user)
    dataset = Dataset.objects.create(dataset_id="x" * 100, dataset_name=LONG, create_by="w" * 64)
    alias = TeacherAlias.objects.create(alias="a" * 100, teacher="t" * 100)
    token, _secret = ScriptToken.objects.create_key(name="n" * 50, user=user)
    entry = AuditEntry.objects.create(actor="w" * 64, via="rest", verb="edit", kind="dataset", object_id="9" * 64,
                                      object_name=LONG, before={"a": LONG}, after={"a": LONG * 2})  # fmt: skip
    keys = (user.pk, team.pk, dataset.pk, alias.pk, token.prefix, entry.pk)
    page.set_viewport_size({"width": width, "height": 800})
    for model, key in zip(PAGES, keys, strict=True):
        added = [] if model.endswith("auditentry") else [f"/admin/{model}/add/"]
        for path in (f"/admin/{model}/", f"/admin/{model}/{key}/change/", *added):
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
