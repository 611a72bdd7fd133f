"""An archive on its way: in pieces, resumed, refused, kept or thrown away; and what is left of each."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.db import IntegrityError

from distillation.models import AuditEntry, Dataset
from distillation.selectors import Rights
from distillation.services import audit, background, dataset_drafts, surveys, uploads
from distillation.storage import drafts
from distillation.tests.admin.people import World, make_world
from distillation.tests.console.datasets.archives import address, archive, begin, png, send, surveyed, upload
from distillation.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


def visible(home: Path) -> set[str]:
    return {path.name for path in (home / "datasets").iterdir() if not path.name.startswith(".")}


def hidden(home: Path) -> set[str]:
    return {path.name for path in (home / "datasets").iterdir() if path.name.startswith(".")}


class TestTheWayThrough:
    def test_an_archive_is_seen_before_it_is_kept_and_then_whole_at_once(self, world, home):
        olga = world.client("olga")
        page = upload(olga, archive(), pieces=3)
        looked = surveyed(olga, page)
        assert visible(home) == {"registered", "free"}  # nothing of it yet
        report = looked.context["report"]
        assert [one["samples"] for one in report["splits"]] == ["6", "6"]
        assert report["problem"] == ""
        assert looked.context["form"].initial["datasetId"] == "cats"
        kept = olga.post(page, {"datasetId": "cats", "datasetName": "猫", "visibility": "private"})
        made = Dataset.objects.get(dataset_id="cats")
        assert kept.headers["Location"] == address("page", "set", made.pk)
        assert (made.create_by, made.visibility, made.dataset_name) == ("olga", "private", "猫")
        assert len(list((home / "datasets" / "cats").rglob("*.png"))) == 12
        assert hidden(home) == set()
        assert list((home / "uploads").iterdir()) == []
        assert AuditEntry.objects.get(kind="dataset", verb="create").actor == "olga"
        shown = olga.get(kept.headers["Location"])
        assert shown.context["survey"].phase == "ready"  # the survey went along

    def test_pieces_that_come_twice_or_early_are_told_where_the_file_stands(self, world):
        olga, content = world.client("olga"), archive()
        url = begin(olga, content).json()["url"]
        send(olga, url, 0, content[:100])
        for offset in (0, 50, 200, -1):
            answer = send(olga, url, offset, content[100:150])
            assert (answer.status_code, answer.json()) == (409, {"received": 100})
        assert olga.post(url, b"x", content_type="application/octet-stream").status_code == 409
        assert olga.get(url).json()["received"] == 100

    def test_the_same_file_goes_on_where_it_stopped_and_another_does_not(self, world):
        olga, content = world.client("olga"), archive()
        first = begin(olga, content).json()
        send(olga, first["url"], 0, content[:100])
        assert begin(olga, content).json() == {**first, "received": 100}
        assert begin(olga, content, stamp="2").json()["url"] != first["url"]
        assert begin(world.client("carl"), content).json()["url"] != first["url"]

    def test_more_than_was_announced_is_refused(self, world):
        olga = world.client("olga")
        url = begin(olga, b"1234").json()["url"]
        assert send(olga, url, 0, b"12345").status_code == 400

    def test_what_is_left_out_and_wrong_is_told(self, world):
        olga = world.client("olga")
        entries = {
            f"d/train/{label}/{n}.png": png(n + 10 * number) for number, label in enumerate("ab") for n in range(4)
        }
        entries |= {"d/val/a/1.png": png(1), "d/val/b/9.png": png(99), "d/train/a/hurt.png": png(5)[:60]}
        looked = surveyed(olga, upload(olga, archive({**entries, "__MACOSX/x": b"", "d/Thumbs.db": b""})))
        report = looked.context["report"]
        assert report["junk"] == 2
        words = " ".join(one["words"] for one in report["findings"])
        assert "train/a/hurt.png" in words
        assert "train/a/1.png" in words  # in training and validation both


class TestRefusals:
    def test_a_large_archive_is_refused_before_it_is_sent_with_the_setting_s_name(self, world, settings):
        settings.DISTILLATION_UPLOAD_LIMIT_MB = 1
        olga = world.client("olga")
        answer = olga.post("/admin/data/uploads/", {"name": "a.zip", "size": 1_000_001})
        assert answer.status_code == 400
        assert "DISTILLATION_UPLOAD_LIMIT_MB" in answer.json()["error"]
        assert "1 MB" in olga.get(address("new")).content.decode()

    @pytest.mark.parametrize("size", ["0", "-5", "x", "", "1e9", "9" * 40])
    def test_sizes_that_cannot_be_are_refused(self, world, size):
        assert world.client("olga").post("/admin/data/uploads/", {"name": "a", "size": size}).status_code == 400

    def test_a_full_disk_is_told_before(self, world, monkeypatch):
        monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 10**6, "total": 1})())
        answer = begin(world.client("olga"), b"12")
        assert answer.status_code == 400
        assert "1 MB" in answer.json()["error"]

    def test_nobody_fills_the_disk_with_drafts(self, world):
        olga = world.client("olga")
        answers = [begin(olga, b"12", stamp=str(number)).status_code for number in range(uploads.MOST_DRAFTS + 1)]
        assert answers == [200] * uploads.MOST_DRAFTS + [400]

    @pytest.mark.parametrize("content", [b"no archive at all", archive({"d/../../../evil": b"x"})])
    def test_an_archive_that_is_refused_leaves_no_file_and_cannot_be_kept(self, world, home, content):
        olga = world.client("olga")
        page = upload(olga, content)
        looked = surveyed(olga, page)
        assert looked.context["survey"].phase == "refused"
        assert looked.context["why"]
        assert hidden(home) == set()
        olga.post(page, {"datasetId": "evil"})
        assert not Dataset.objects.filter(dataset_id="evil").exists()

    @pytest.mark.parametrize(
        "folder", ["", "..", ".hidden", "a/b", "/etc", "x" * 101, "a\x00b", "a\nb", "registered", "free"]
    )
    def test_a_folder_s_name_is_judged(self, world, home, folder):
        olga = world.client("olga")
        page = upload(olga, archive())
        surveyed(olga, page)
        answer = olga.post(page, {"datasetId": folder})
        assert list(answer.context["form"].errors) == ["datasetId"]
        assert visible(home) == {"registered", "free"}

    def test_a_name_that_others_train_on_is_not_given_to_new_data(self, world):
        TaskFactory(dataset_id="gone", create_by="olga")
        carl = world.client("carl")
        page = upload(carl, archive())
        surveyed(carl, page)
        assert list(carl.post(page, {"datasetId": "gone"}).context["form"].errors) == ["datasetId"]


class TestTwoAtOnce:
    def test_one_gets_the_name_and_the_other_is_told(self, world, home):
        pages = {who: upload(world.client(who), archive(), name="same.zip") for who in ("olga", "carl")}
        for who, page in pages.items():
            surveyed(world.client(who), page)
        assert world.client("olga").post(pages["olga"], {"datasetId": "same"}).status_code == 302
        answer = world.client("carl").post(pages["carl"], {"datasetId": "same"})
        assert "same" in str(answer.context["form"].errors["datasetId"])
        assert world.client("carl").post(pages["carl"], {"datasetId": "other"}).status_code == 302
        assert {"same", "other"} <= visible(home)

    def test_a_folder_that_appears_in_the_last_moment_is_never_replaced(self, world, home, monkeypatch):
        olga = world.client("olga")
        page = upload(olga, archive())
        surveyed(olga, page)
        monkeypatch.setattr(dataset_drafts, "_folder_problems", lambda *asked: [])  # both had asked before
        (home / "datasets" / "cats").mkdir()
        (home / "datasets" / "cats" / "theirs").touch()
        answer = olga.post(page, {"datasetId": "cats"})
        assert "cats" in str(answer.context["form"].non_field_errors())
        assert {path.name for path in (home / "datasets" / "cats").iterdir()} == {"theirs"}
        assert not Dataset.objects.filter(dataset_id="cats").exists()
        assert len(hidden(home)) == 1  # the draft is still there to get another name

    def test_a_row_that_cannot_be_written_leaves_the_draft(self, world, home, monkeypatch):
        olga = world.client("olga")
        page = upload(olga, archive())
        surveyed(olga, page)

        def fails(*args: object) -> None:
            raise IntegrityError

        monkeypatch.setattr(audit, "note", fails)
        answer = olga.post(page, {"datasetId": "cats"})
        assert answer.context["form"].errors
        assert visible(home) == {"registered", "free"}

    def test_keeping_twice_is_told(self, world):
        olga = world.client("olga")
        page = upload(olga, archive())
        surveyed(olga, page)
        olga.post(page, {"datasetId": "cats"})
        assert olga.post(page, {"datasetId": "cats2"}).status_code == 404


class TestHalfDone:
    def test_what_has_not_come_whole_is_no_data_set_and_cannot_be_kept(self, world, home):
        olga, content = world.client("olga"), archive()
        begun = begin(olga, content).json()
        send(olga, begun["url"], 0, content[:100])
        page = olga.get(begun["page"])
        assert page.context["survey"].phase == "receiving"
        assert olga.get(f"{begun['page']}live/").json()["over"] is False
        olga.post(begun["page"], {"datasetId": "half"})
        assert visible(home) == {"registered", "free"}

    def test_a_survey_that_was_killed_while_unpacking_begins_anew(self, world, home):
        olga, content = world.client("olga"), archive()
        draft = uploads.begin("cats.zip", len(content), "", olga_rights())
        (draft.folder / "archive").write_bytes(content)
        draft.root.mkdir()
        (draft.root / "half").write_text("of a file")
        (draft.folder / "order.json").write_text(json.dumps({"attempt": 1}))
        looked = surveyed(olga, address("page", "draft", draft.key))
        assert looked.context["survey"].phase == "ready"
        assert not (draft.root / "half").exists()

    def test_one_that_is_killed_every_time_is_told_as_broken(self, world):
        draft = uploads.begin("cats.zip", 2, "", olga_rights())
        (draft.folder / "archive").write_bytes(b"12")
        (draft.folder / "order.json").write_text(json.dumps({"attempt": surveys.ATTEMPTS}))
        looked = world.client("olga").get(address("page", "draft", draft.key))
        assert looked.context["survey"].phase == "broken"
        world.client("olga").post(address("again", "draft", draft.key))
        assert surveyed(world.client("olga"), address("page", "draft", draft.key)).context["survey"].phase == "refused"

    def test_only_one_survey_of_a_folder_runs(self, world, tmp_path):
        assert background.start(["sleep", "20"], tmp_path)
        try:
            assert background.running(tmp_path)
            assert not background.start(["sleep", "20"], tmp_path)
        finally:
            for child in background._children:
                child.kill()
                child.wait()
        assert not background.running(tmp_path)

    def test_thrown_away_can_be_taken_back(self, world):
        olga = world.client("olga")
        page = upload(olga, archive())
        surveyed(olga, page)
        olga.post(f"{page}drop/")
        assert olga.get(address("new")).context["drafts"][0]["dropped"]
        olga.post(page, {"datasetId": "cats"})
        assert not Dataset.objects.filter(dataset_id="cats").exists()
        olga.post(f"{page}back/")
        assert olga.post(page, {"datasetId": "cats"}).status_code == 302

    def test_old_drafts_and_orphans_are_tidied_up_and_young_ones_stay(self, world, home):
        old, young, dropped = (uploads.begin(f"{n}.zip", 2, str(n), olga_rights()) for n in range(3))
        uploads.drop(dropped)
        for draft in (old, young, dropped):
            draft.root.mkdir()
        orphan, kept = drafts.unpacked_dir("f" * 32), home / "datasets" / "free"
        orphan.mkdir()
        now = old.begun
        for path in (old.folder, *old.folder.iterdir()):
            os.utime(path, (now - 2 * uploads.IDLE_SECONDS,) * 2)
        for path in (dropped.folder, *dropped.folder.iterdir()):
            os.utime(path, (now - 2 * uploads.DROPPED_SECONDS,) * 2)
        assert uploads.tidy() == 3
        assert [draft.key for draft in uploads.drafts_of("olga")] == [young.key]
        assert hidden(home) == {young.root.name}
        assert kept.is_dir()

    def test_a_draft_that_is_being_unpacked_is_not_tidied_up(self, world):
        draft = uploads.begin("a.zip", 2, "", olga_rights())
        assert background.start(["sleep", "20"], draft.folder)
        try:
            assert uploads.tidy(now=draft.begun + 10 * uploads.IDLE_SECONDS) == 0
        finally:
            for child in background._children:
                child.kill()
                child.wait()


def olga_rights():
    return Rights("olga", frozenset({"R_ENGINEER"}))
