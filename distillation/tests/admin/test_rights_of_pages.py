"""Every address of the console, looked at by everybody: a new page without a row in the table fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver

from distillation.models import TrainingTask
from distillation.tests.admin.people import EVERYBODY, World, address, letter, make_world, row

pytestmark = pytest.mark.django_db

ARGUMENTS = {
    "trainingtask": lambda world: (world.task.pk,),
    "lorapreset": lambda world: (world.preset.pk,),
    "dataset": lambda world: (world.dataset.pk,),
    "scripttoken": lambda world: (world.token.prefix,),
    "teacheralias": lambda world: (world.alias.pk,),
    "auditentry": lambda world: (world.entry.pk,),
    "worker": lambda world: (world.worker.pk,),
    "inferencejob": lambda world: (world.job.pk,),
    "user": lambda world: (world.people["vera"].pk,),
    "team": lambda world: (world.team.pk,),
}
"""What an address needs; lists and empty forms need nothing."""

#                                         root adam · olga carl sten · anna vera · none anonymous
PAGES = {
    "index":                              "oo ooo oo LL",
    "login":                              "rr rrr rr oo",
    "logout":                             "mm mmm mm rr",
    "password_change":                    "oo ooo oo LL",
    "password_change_done":               "oo ooo oo LL",
    "autocomplete":                       "xx xxx xx LL",
    "jsi18n":                             "oo ooo oo LL",
    "search":                             "oo ooo oo LL",
    "view_on_site":                       "-- --- -- LL",
    "app_list":                           "oo ooo oo LL",
    "distillation_trainingtask_changelist": "oo ooo oo LL",
    "distillation_trainingtask_add":      "oo ooo xx LL",
    "distillation_trainingtask_add_check": "mm mmm mm LL",
    "distillation_trainingtask_edit":     "rr rx- xx LL",
    "distillation_trainingtask_edit_check": "mm mmm mm LL",
    "distillation_trainingtask_clone":    "oo oo- xx LL",
    "distillation_trainingtask_clone_check": "mm mmm mm LL",
    "distillation_trainingtask_change":   "oo oo- oo LL",
    "distillation_trainingtask_history":  "rr rr- rr LL",
    "distillation_trainingtask_delete":   "xx xx- xx LL",
    "distillation_trainingtask_do":       "mm mmm mm LL",
    "distillation_trainingtask_live":     "oo oo- oo LL",
    "distillation_trainingtask_stream":   "oo oo- oo LL",
    "distillation_trainingtask_results":  "-- --- -- LL",
    "distillation_trainingtask_model":    "oo oo- ox LL",
    "distillation_trainingtask_example":  "oo oo- ox LL",
    "overview":                           "oo ooo oo LL",
    "saved_views":                        "mm mmm mm LL",
    "saved_view":                         "mm mmm mm LL",
    "task_columns":                       "mm mmm mm LL",
    "theme":                              "mm mmm mm LL",
    "distillation_lorapreset_changelist": "oo ooo oo LL",
    "distillation_lorapreset_add":        "oo ooo xx LL",
    "distillation_lorapreset_change":     "oo oo- oo LL",
    "distillation_lorapreset_history":    "rr rr- rr LL",
    "distillation_lorapreset_delete":     "xx xx- xx LL",
    "distillation_lorapreset_do":         "mm mmm mm LL",
    "distillation_dataset_changelist":    "oo ooo oo LL",
    "distillation_dataset_add":           "oo ooo xx LL",
    "distillation_dataset_change":        "oo oo- oo LL",
    "distillation_dataset_history":       "rr rr- rr LL",
    "distillation_dataset_delete":        "xx xx- xx LL",
    "distillation_dataset_forget":        "mm mmm mm LL",
    "distillation_inferencejob_changelist": "oo ooo oo LL",
    "distillation_inferencejob_add":      "rr rrr rx LL",
    "distillation_inferencejob_change":   "rr rr- rr LL",
    "distillation_inferencejob_history":  "rr rr- rr LL",
    "distillation_inferencejob_delete":   "xx xx- xx LL",
    "distillation_worker_changelist":     "oo ooo oo LL",
    "distillation_worker_add":            "xx xxx xx LL",
    "distillation_worker_change":         "oo ooo oo LL",
    "distillation_worker_history":        "rr rrr rr LL",
    "distillation_worker_delete":         "xx xxx xx LL",
    "distillation_scripttoken_changelist": "oo ooo oo LL",
    "distillation_scripttoken_add":       "oo ooo oo LL",
    "distillation_scripttoken_change":    "oo o-- -- LL",
    "distillation_scripttoken_history":   "rr r-- -- LL",
    "distillation_scripttoken_delete":    "xx x-- -- LL",
    "distillation_scripttoken_revoke":    "mm mmm mm LL",
    "distillation_teacheralias_changelist": "oo xxx xx LL",
    "distillation_teacheralias_add":      "oo xxx xx LL",
    "distillation_teacheralias_change":   "oo xxx xx LL",
    "distillation_teacheralias_history":  "rr xxx xx LL",
    "distillation_teacheralias_delete":   "oo xxx xx LL",
    "distillation_auditentry_changelist": "oo xxx xx LL",
    "distillation_auditentry_add":        "xx xxx xx LL",
    "distillation_auditentry_change":     "oo xxx xx LL",
    "distillation_auditentry_history":    "rr xxx xx LL",
    "distillation_auditentry_delete":     "xx xxx xx LL",
    "auth_user_changelist":               "oo xxx xx LL",
    "auth_user_add":                      "oo xxx xx LL",
    "auth_user_change":                   "oo xxx xx LL",
    "auth_user_history":                  "rr xxx xx LL",
    "auth_user_delete":                   "xx xxx xx LL",
    "auth_user_password_change":          "oo xxx xx LL",
    "distillation_team_changelist":              "oo xxx xx LL",
    "distillation_team_add":                     "oo xxx xx LL",
    "distillation_team_change":                  "oo xxx xx LL",
    "distillation_team_history":                 "rr xxx xx LL",
    "distillation_team_delete":                  "oo xxx xx LL",
    "compare":                            "oo ooo oo LL",
    "compare_curves":                     "oo ooo oo LL",
    "compare_search":                     "oo ooo oo LL",
    "compare_export":                     "oo ooo oo LL",
    "try":                               "oo oo- ox LL",
    "trial":                             "-- o-- -- LL",
    "trial_live":                        "-- o-- -- LL",
    "trial_picture":                     "-- o-- -- LL",
    "trial_cancel":                      "mm mmm mm LL",
    "trial_left":                        "mm mmm mm LL",
    "label_choose":                      "oo ooo ox LL",
    "label_folders":                     "oo ooo ox LL",
    "label":                             "oo oo- ox LL",
    "labelling":                         "oo oo- oo LL",
    "labelling_live":                    "oo oo- oo LL",
    "labelling_do":                      "mm mmm mm LL",
    "labelling_picture":                 "oo oo- ox LL",
    "labelling_archive":                 "rr rr- rx LL",
    "data_new":                           "oo ooo xx LL",
    "data_sample":                        "oo ooo xx LL",
    "data_preview":                       "oo ooo oo LL",
    "data_begin":                         "mm mmm mm LL",
    "data_piece":                         "-- --- -- LL",
    "data_page":                          "oo oo- oo LL",
    "data_live":                          "oo oo- oo LL",
    "data_again":                         "mm mmm mm LL",
    "data_drop":                          "mm mmm mm LL",
    "data_back":                          "mm mmm mm LL",
    "data_classes":                       "mm mmm mm LL",
    "data_picture":                       "-- --- -- LL",
}  # fmt: skip

MANAGED = ("distillation_teacheralias", "distillation_auditentry", "auth_user", "distillation_team")
WORKED_WITH = ("distillation_trainingtask", "distillation_dataset", "distillation_inferencejob",
               "distillation_lorapreset", "distillation_worker")  # fmt: skip
OF_THE_CONSOLE = {
    "try": lambda world: (world.task.pk,),
    "trial": lambda world: (world.trial.trial_id,),
    "trial_live": lambda world: (world.trial.trial_id,),
    "trial_picture": lambda world: (world.trial.trial_id, 1),
    "trial_cancel": lambda world: (world.trial.trial_id,),
    "trial_left": lambda world: (world.trial.trial_id,),
    "label": lambda world: (world.task.pk,),
    "labelling": lambda world: (world.job.inference_id,),
    "labelling_live": lambda world: (world.job.inference_id,),
    "labelling_do": lambda world: (world.job.inference_id, "stop"),
    "labelling_picture": lambda world: (world.job.inference_id, 1),
    "labelling_archive": lambda world: (world.job.inference_id,),
}


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


def names(patterns) -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found |= names(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            found.add(pattern.name)
    return found


def arguments(name: str, world: World) -> tuple:
    if name == "view_on_site":
        return (ContentType.objects.get_for_model(TrainingTask).pk, world.task.pk)
    if name == "app_list":
        return ("distillation",)
    if name == "saved_view":
        return (1,)
    if name in OF_THE_CONSOLE:
        return OF_THE_CONSOLE[name](world)
    if name.startswith("data_"):
        return {
            "data_new": (), "data_begin": (), "data_preview": (), "data_sample": ("digits",), "data_piece": ("0" * 32,),
            "data_picture": ("set", world.dataset.pk, "train", 0),
        }.get(name, ("set", world.dataset.pk))  # fmt: skip
    model, _, rest = name.partition("_")[2].partition("_")
    if model not in ARGUMENTS or rest in ("changelist", "add", "add_check"):
        return ()
    more: dict[str, tuple] = {"do": ("stop",), "example": (1,), "results": ("x",)}
    if rest == "results":
        return more[rest]
    return (*ARGUMENTS[model](world), *more.get(rest, ()))


def test_every_address_of_the_console_is_in_the_table():
    assert names(admin.site.get_urls()) == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_everybody_opens_what_is_theirs_to_open(world, name):
    url = address(name, *arguments(name, world))
    assert {who: letter(world.client(who).get(url)) for who in EVERYBODY} == row(PAGES[name])


@pytest.mark.parametrize("who", EVERYBODY[:7])
def test_the_sidebar_leads_only_to_what_opens(world, who):
    page = world.client(who).get("/admin/").content.decode()
    shown = [model for model in (*WORKED_WITH, *MANAGED) if f'href="{address(f"{model}_changelist")}"' in page]
    assert shown == [*WORKED_WITH, *(MANAGED if who in ("root", "adam") else ())]


@pytest.mark.parametrize("who", EVERYBODY[:7])
@pytest.mark.parametrize("model", ["trainingtask", "lorapreset", "dataset", "scripttoken"])
def test_lists_hold_what_is_seen_and_no_more(world, who, model):
    page = world.client(who).get(address(f"distillation_{model}_changelist"))
    marks = {"trainingtask": world.task.task_id, "lorapreset": "olgas", "dataset": "Olgas data",
             "scripttoken": world.token.prefix}  # fmt: skip
    sees = who in ("root", "adam", "olga") if model == "scripttoken" else who != "sten"
    assert (marks[model] in page.content.decode()) == sees


def test_a_stranger_finds_nothing_by_counting_filtering_or_searching(world):
    sten = world.client("sten")
    front = sten.get("/admin/")
    assert {item["count"] for item in front.context["counts"]} == {"0"}
    assert (front.context["queue"], front.context["recent"], front.context["failed"]) == ([], [], [])
    page = sten.get(address("distillation_trainingtask_changelist"), {"q": "TASK", "deleted": "all"})
    assert page.context["total"] == 0
    assert {chip["count"] for chip in page.context["chips"]} == {0}
    assert "cnn-tiny" not in page.content.decode()  # the filter by student lists what is seen
    form = sten.get(address("distillation_trainingtask_add")).content.decode()
    for hidden in ("olgas", "Olgas data", "TASK_DONE0001"):
        assert hidden not in form


def test_private_rows_are_hidden_from_colleagues_and_rows_for_everyone_from_nobody(world):
    for rows in (type(world.task).objects, type(world.preset).objects, type(world.dataset).objects):
        rows.update(visibility="private")
    for model, found in (("trainingtask", world.task), ("lorapreset", world.preset), ("dataset", world.dataset)):
        url = address(f"distillation_{model}_change", found.pk)
        assert [letter(world.client(who).get(url)) for who in ("adam", "olga", "carl")] == ["o", "o", "-"]
        type(found).objects.update(visibility="everyone")
        assert letter(world.client("sten").get(url)) == "o"


def test_the_place_in_the_queue_counts_what_is_not_seen(world):
    hidden = world.queued
    type(hidden).objects.filter(pk=hidden.pk).update(priority=5, visibility="private")
    mine = type(hidden).objects.create(
        task_name="mine", student_model="cnn-tiny", create_by="carl", status="QUEUED", queued_at=hidden.queued_at
    )
    queue = world.client("carl").get("/admin/").context["queue"]
    assert [(line["task_id"], line["place"]) for line in queue] == [(mine.task_id, 2)]


def test_only_people_with_the_right_see_a_button(world):
    def offered(who: str, task: TrainingTask = world.queued) -> set[str]:
        page = world.client(who).get(address("distillation_trainingtask_change", task.pk)).content.decode()
        verbs = {verb: address("distillation_trainingtask_do", task.pk, verb) for verb in ("pause", "stop", "delete")}
        links = {verb: address(f"distillation_trainingtask_{verb}", task.pk) for verb in ("edit", "clone")}
        return {verb for verb, url in (verbs | links).items() if f'"{url}"' in page}

    assert offered("olga") == offered("adam") == offered("root") == {"pause", "stop", "clone", "delete"}
    assert offered("carl") == {"clone"}
    assert offered("anna") == offered("vera") == set()
    assert offered("olga", world.pending) == {"edit", "clone", "delete"}
    assert offered("carl", world.pending) == {"clone"}


def test_tables_of_installed_packages_have_no_pages():
    labels = {model._meta.app_label for model in admin.site._registry}
    assert labels == {"distillation", "auth"}


def test_no_page_holds_a_token_s_hash_or_secret(world):
    for who in ("root", "olga"):
        for url in (
            address("distillation_scripttoken_changelist"),
            address("distillation_scripttoken_change", world.token.prefix),
        ):
            page = world.client(who).get(url).content.decode()
            assert world.token.hashed_key not in page
            assert world.secret not in page
    groped = address("distillation_scripttoken_changelist") + "?hashed_key__startswith=a"
    assert letter(world.client("olga").get(groped)) != "o"


@pytest.mark.parametrize(
    ("who", "path", "words"),
    [
        ("vera", "auth/user/", "Your roles do not allow this"),
        ("sten", "distillation/trainingtask/{task}/change/", "There is nothing here that you may see"),
        ("root", "nothing/at/all/", "There is nothing here that you may see"),
    ],
)
def test_who_is_turned_away_is_told_why_and_finds_the_way_out(world, who, path, words):
    url = f"/admin/{path.format(task=world.task.pk)}"
    page = world.client(who).get(url, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert words in page
    assert 'href="/admin/"' in page
    assert world.task.task_name not in page


@pytest.mark.parametrize("page", ["x", "0", "-1", "99", "²"])
def test_the_search_for_pages_has_no_such_page(world, page):
    assert letter(world.client("vera").get("/admin/search/", {"s": "work", "page": page})) == "-"


@pytest.mark.parametrize("key", ["99999999999999999999999", "0", "-1", "abc", "%00", "1_2F"])
@pytest.mark.parametrize("model", ["distillation/trainingtask", "distillation/dataset", "distillation/lorapreset",
                                   "distillation/team", "distillation/auditentry", "auth/user"])  # fmt: skip
def test_an_address_that_leads_nowhere_is_not_found(world, model, key):
    for rest in ("change", "history", "delete"):
        assert world.client("root").get(f"/admin/{model}/{key}/{rest}/").status_code in (404, 403)
