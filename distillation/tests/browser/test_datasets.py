"""A data set on its way through the browser: a zip with Chinese names in GBK, looked at, kept, seen; and trouble."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from distillation.models import Dataset
from distillation.services import uploads
from distillation.tests.console.datasets.archives import png
from distillation.tests.datasets.test_archives import windows_zip

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAIT = 60_000


@pytest.fixture
def cats(tmp_path: Path) -> Path:
    """As the compressed folder of a Chinese Windows."""
    entries = {}
    for number, (split, label) in enumerate((split, label) for split in ("train", "val") for label in ("猫", "狗")):
        for index in range(4):
            name = f"动物/{split}/{label}/图片{index}.png"
            entries[name.encode("gbk")] = png(10 * number + index, (40, 30))
    entries["动物/train/猫/Thumbs.db".encode("gbk")] = b"?"
    return windows_zip(tmp_path / "动物照片.zip", entries)


def test_a_zip_with_gbk_names_is_uploaded_looked_at_kept_and_seen(page, home, cats):
    page.goto("/admin/distillation/dataset/")
    page.click("a.dd-button[href$='/admin/data/new/'] >> nth=0")
    page.set_input_files("#archive", cats)
    page.wait_for_url("**/admin/data/draft/*/")
    expect(page.locator(".dd-tiles")).to_be_visible(timeout=WAIT)
    assert Dataset.objects.count() == 0
    assert [path for path in (home / "datasets").iterdir() if not path.name.startswith(".")] == []
    expect(page.locator(".dd-balance th")).to_have_text(["狗", "猫"])
    picture = page.locator("#samples img").first
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('#samples img').naturalWidth > 100")
    expect(page.locator("#samples figcaption small").first).to_contain_text("图片")
    page.select_option("#of-class", label="猫")
    page.click(".dd-choose button")
    expect(page.locator("#samples figcaption b")).to_have_text(["猫"] * 4)
    page.fill("[name=datasetName]", "两种动物")
    page.click("[form=keep-form]")
    page.wait_for_url("**/admin/data/set/*/")
    expect(page.locator(".dd-head h2")).to_have_text("两种动物")
    made = Dataset.objects.get()
    assert (made.dataset_id, made.create_by) == ("动物照片", "alice")
    assert len(list((home / "datasets" / "动物照片" / "train" / "猫").iterdir())) == 4
    page.click("a[href$='/change/']")
    page.click("a[href*='/admin/data/set/']")
    expect(page.locator(".dd-tiles")).to_be_visible()


def test_a_lost_connection_goes_on_and_a_proxy_s_limit_makes_smaller_pieces(page, tmp_path):
    big = tmp_path / "big.zip"
    big.write_bytes(b"PK\x03\x04" + bytes(1_500_000))
    seen: list[int] = []

    def proxy(route: Route) -> None:
        size = len(route.request.post_data_buffer or b"")
        seen.append(size)
        if size > 1_000_000:
            route.fulfill(status=413, body="<html>413 Request Entity Too Large</html>")
        elif len(seen) == 4:
            route.abort()
        else:
            route.continue_()

    page.goto("/admin/data/new/")
    page.route("**/data/uploads/*/?offset=*", proxy)
    page.set_input_files("#archive", big)
    page.wait_for_url("**/admin/data/draft/*/", timeout=WAIT)
    assert max(seen[2:]) <= 1_000_000
    expect(page.locator(".dd-notice-danger")).to_contain_text("压缩包", timeout=WAIT)


def test_a_proxy_that_takes_nothing_and_a_file_too_large_are_told_in_words(page, tmp_path, settings):
    settings.DISTILLATION_UPLOAD_LIMIT_MB = 1
    small, large = tmp_path / "small.zip", tmp_path / "large.zip"
    small.write_bytes(bytes(900_000))
    large.write_bytes(bytes(1_000_001))
    page.goto("/admin/data/new/")
    page.set_input_files("#archive", large)
    expect(page.locator("#upload .dd-error[role=alert]")).to_contain_text("DISTILLATION_UPLOAD_LIMIT_MB")
    page.route("**/data/uploads/*/?offset=*", lambda route: route.fulfill(status=413, body="no"))
    page.set_input_files("#archive", small)
    expect(page.locator("#upload .dd-error[role=alert]")).to_contain_text("413")


def test_cancelling_leaves_a_draft_that_can_be_taken_back(page, tmp_path):
    big = tmp_path / "big.zip"
    big.write_bytes(bytes(3_000_000))
    page.goto("/admin/data/new/")
    page.route("**/data/uploads/*/?offset=*", lambda route: None)  # hangs
    page.set_input_files("#archive", big)
    page.click("[data-cancel]")
    expect(page.locator("form[action$='/back/'] button")).to_be_visible()
    assert [draft.dropped for draft in uploads.drafts_of("alice")] == [True]
    page.click("form[action$='/back/'] button")
    page.wait_for_url("**/admin/data/draft/*/")
    assert [draft.dropped for draft in uploads.drafts_of("alice")] == [False]


def test_sample_data_is_made_and_registered(page, home):
    page.goto("/admin/data/new/")
    page.click("[data-sample$='/waves/'] button")
    page.wait_for_url("**/admin/data/folder/waves/", timeout=WAIT)
    expect(page.locator("#samples svg").first).to_be_visible(timeout=WAIT)
    page.click("[form=keep-form]")
    page.wait_for_url("**/admin/data/set/*/")
    assert Dataset.objects.get().dataset_id == "waves"


@pytest.mark.parametrize("width", [1440, 900, 390])
def test_no_page_is_wider_than_the_window(page, home, digits, width):
    (home / "datasets" / ("很长的名称" * 15)).mkdir()
    dataset = Dataset.objects.create(dataset_id="digits", dataset_name="很长的名称" * 12 + "averyveryverylongword" * 4)
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("new", f"set/{dataset.pk}", "folder/" + "很长的名称" * 15):
        page.goto(f"/admin/data/{path}/")
        if path != "new":
            expect(page.locator(".dd-tiles")).to_be_visible(timeout=WAIT)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
