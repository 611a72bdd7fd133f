"""People, roles and teams: what administrators write, and that nobody raises themselves above them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from distillation.models import AuditEntry, Role, Team
from distillation.selectors import rights
from distillation.tests.admin.people import World, address, letter, make_world
from distillation.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/user/"
TEAMS = "/admin/distillation/team/"
EVIL = '<script>alert(1)</script>"'


@pytest.fixture
def world(home: Path) -> World:
    return make_world(home)


@pytest.fixture
def adam(world: World) -> Client:
    return world.client("adam")


def page_of(user: User) -> str:
    return address("auth_user_change", user.pk)


def kept(user: User, **changes: object) -> dict[str, object]:
    """What the form of an account sends when nothing is changed but this."""
    names = list(user.groups.values_list("name", flat=True))
    return {
        "is_active": "on",
        "roles": [name for name in names if name in Role.values],
        "teams": [str(team.pk) for team in Team.objects.filter(user=user)],
        **changes,
    }


def new(name: str, **more: object) -> dict[str, object]:
    return {"username": name, "password1": "long-enough-9", "password2": "long-enough-9",
            "usable_password": "true", **more}  # fmt: skip


class TestAccounts:
    def test_a_new_account_has_its_roles_and_teams_at_once(self, world, adam):
        adam.post(f"{USERS}add/", new("dora", roles=["R_ENGINEER", "R_ANNOTATOR"], teams=[str(world.team.pk)]))
        found = rights(User.objects.get(username="dora"))
        assert (found.roles, found.teams) == ({"R_ENGINEER", "R_ANNOTATOR"}, {"blue"})
        noted = AuditEntry.objects.get(verb="create", kind="user")
        assert (noted.after["roles"], noted.after["teams"]) == (["R_ANNOTATOR", "R_ENGINEER"], ["blue"])
        login = {"username": "dora", "password": "long-enough-9"}
        assert Client().post("/admin/login/", login)["Location"] == "/admin/"

    def test_roles_and_teams_are_changed_and_noted_with_what_was_before(self, world, adam):
        vera, red = world.people["vera"], Team.objects.get(name="red")
        adam.post(page_of(vera), kept(vera, roles=["R_ENGINEER"], teams=[str(red.pk)], email="v@example.org"))
        assert set(vera.groups.values_list("name", flat=True)) == {"R_ENGINEER", "red"}
        noted = AuditEntry.objects.get(verb="edit", kind="user")
        assert noted.before == {"email": "", "roles": ["R_VIEWER"], "teams": ["blue"]}
        assert noted.after == {"email": "v@example.org", "roles": ["R_ENGINEER"], "teams": ["red"]}

    def test_a_closed_account_is_out_at_once(self, world, adam):
        vera = world.client("vera")
        assert vera.get("/admin/").status_code == 200
        adam.post(page_of(world.people["vera"]), kept(world.people["vera"], is_active=""))
        assert letter(vera.get("/admin/")) == "L"
        assert AuditEntry.objects.get(verb="edit", kind="user").after == {"is_active": False}

    def test_a_lost_role_is_lost_at_once(self, world, adam):
        adam.post(page_of(world.people["olga"]), kept(world.people["olga"], roles=["R_VIEWER"]))
        assert letter(world.client("olga").get(address("distillation_trainingtask_add"))) == "x"

    def test_the_form_says_what_each_role_may(self, adam):
        page = adam.get(f"{USERS}add/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
        for text in ("Administrator", "Engineer", "Annotator", "Viewer", "creates tasks, presets and data sets"):
            assert text in page

    @pytest.mark.parametrize("name", ["x" * 65, "OLGA", "olga", "", "a b", EVIL, "a/b"])
    def test_a_name_that_cannot_own_tasks_is_refused(self, world, adam, name):
        before = User.objects.count()
        assert adam.post(f"{USERS}add/", new(name)).context["adminform"].form.errors.keys() == {"username"}
        assert User.objects.count() == before

    def test_a_name_of_64_characters_is_kept(self, adam):
        adam.post(f"{USERS}add/", new("x" * 64))
        assert User.objects.filter(username="x" * 64).exists()

    def test_hostile_names_of_people_and_teams_do_no_harm(self, world, adam):
        team = Team.objects.create(name=EVIL)
        user = UserFactory(first_name=EVIL, last_name="长" * 150, email="a@b.c", is_superuser=False)
        user.groups.add(team)
        for url in (USERS, page_of(user), f"{USERS}?q={EVIL}", f"{USERS}?team={team.pk}", f"{USERS}?team=x",
                    f"{USERS}?role={EVIL}", TEAMS, address("distillation_team_change", team.pk),
                    address("distillation_team_delete", team.pk)):  # fmt: skip
            response = adam.get(url)
            assert response.status_code == 200
            assert "<script>alert(1)" not in response.content.decode()

    def test_lists_ask_the_database_as_often_for_many_as_for_few(self, world, adam):
        def cost(url: str) -> int:
            adam.get(url)
            with CaptureQueriesContext(connection) as captured:
                adam.get(url)
            return len(captured)

        few = [cost(USERS), cost(TEAMS)]
        for number in range(20):
            team = Team.objects.create(name=f"team {number}")
            for user in UserFactory.create_batch(2, is_superuser=False):
                user.groups.add(team, Group.objects.get(name="R_VIEWER"))
        assert [cost(USERS), cost(TEAMS)] == few

    @pytest.mark.parametrize(("role", "names"), [("R_ADMIN", {"adam"}), ("none", {"none"}), ("R_VIEWER", {"vera"})])
    def test_the_list_is_narrowed_by_role(self, adam, role, names):
        found = adam.get(USERS, {"role": role}).context["cl"].result_list
        assert {user.username for user in found} == names


class TestSuperusers:
    def test_an_administrator_makes_none(self, world, adam):
        adam.post(f"{USERS}add/", new("dora", is_superuser="on", is_staff="on"))
        for user in (world.people["adam"], world.people["vera"]):
            adam.post(page_of(user), kept(user, is_superuser="on", is_staff="on", user_permissions=["1"], groups=["1"]))
        made = User.objects.filter(username__in=["dora", "adam", "vera"])
        assert [(user.is_superuser, user.is_staff, user.user_permissions.count()) for user in made] == [
            (False, False, 0)
        ] * 3
        assert "is_superuser" not in adam.get(page_of(world.people["vera"])).content.decode()

    def test_an_administrator_looks_at_one_and_changes_nothing(self, world, adam):
        root = world.people["root"]
        assert adam.get(page_of(root)).status_code == 200
        assert adam.post(page_of(root), kept(root, is_active="")).status_code == 403
        data = {"password1": "long-enough-9", "password2": "long-enough-9", "set-password": "1"}
        assert adam.post(address("auth_user_password_change", root.pk), data).status_code == 403
        root.refresh_from_db()
        assert (root.is_active, root.check_password("old-password-9")) == (True, True)
        assert not AuditEntry.objects.filter(kind="user").exists()

    def test_a_superuser_makes_and_unmakes_one(self, world):
        root, vera = world.client("root"), world.people["vera"]
        root.post(page_of(vera), kept(vera, is_superuser="on"))
        vera.refresh_from_db()
        assert vera.is_superuser
        root.post(page_of(vera), kept(vera))
        vera.refresh_from_db()
        assert not vera.is_superuser


class TestTheLastAdministrator:
    @pytest.mark.parametrize("change", [{"roles": ["R_VIEWER"]}, {"roles": []}, {"is_active": ""}])
    def test_stays(self, world, adam, change):
        User.objects.filter(username="root").update(is_active=False)
        me = world.people["adam"]
        response = adam.post(page_of(me), kept(me, **change))
        assert response.status_code == 200
        assert response.context["adminform"].form.errors
        assert rights(User.objects.get(pk=me.pk)).administers
        assert User.objects.get(pk=me.pk).is_active

    def test_may_go_when_there_is_another(self, world, adam):
        me = world.people["adam"]
        adam.post(page_of(me), kept(me, roles=["R_VIEWER"]))
        assert not rights(User.objects.get(pk=me.pk)).administers

    def test_a_superuser_who_is_the_last_stays_one(self, world):
        world.people["adam"].groups.clear()
        me = world.people["root"]
        world.client("root").post(page_of(me), kept(me))
        me.refresh_from_db()
        assert me.is_superuser


class TestTeams:
    def test_a_team_gets_members_and_loses_them(self, world, adam):
        sten, carl = world.people["sten"], world.people["carl"]
        adam.post(f"{TEAMS}add/", {"name": "green", "members": [sten.pk, carl.pk]})
        team = Team.objects.get(name="green")
        assert set(team.user_set.all()) == {sten, carl}
        adam.post(address("distillation_team_change", team.pk), {"name": "greener", "members": [carl.pk]})
        made, changed = AuditEntry.objects.filter(kind="team").order_by("id")
        assert made.after == {"name": "green", "members": ["carl", "sten"]}
        assert (changed.before["members"], changed.after) == (
            ["carl", "sten"],
            {"name": "greener", "members": ["carl"]},
        )

    @pytest.mark.parametrize("name", ["R_ADMIN", "r_admin", "R_whatever", "blue", "", "x" * 151])
    def test_a_name_that_is_taken_or_a_role_s_is_refused(self, world, adam, name):
        response = adam.post(f"{TEAMS}add/", {"name": name})
        assert response.context["adminform"].form.errors.keys() == {"name"}

    @pytest.mark.parametrize("what", ["change", "delete"])
    def test_a_role_is_no_team(self, world, adam, what):
        role = Group.objects.get(name="R_ADMIN")
        url = address(f"distillation_team_{what}", role.pk)
        assert (adam.get(url).status_code, adam.post(url, {"name": "x", "post": "yes"}).status_code) == (404, 404)
        assert "R_ADMIN" not in adam.get(TEAMS).content.decode()
        assert Group.objects.filter(name="R_ADMIN").exists()

    def test_deleting_a_team_names_those_whom_it_concerns_and_keeps_them(self, world, adam):
        page = adam.get(address("distillation_team_delete", world.team.pk)).content.decode()
        assert "olga" in page
        adam.post(address("distillation_team_delete", world.team.pk), {"post": "yes"})
        assert set(world.people["olga"].groups.values_list("name", flat=True)) == {"R_ENGINEER"}
        assert AuditEntry.objects.get(kind="team").before["members"] == ["anna", "carl", "olga", "vera"]


@pytest.mark.parametrize(("language", "where"), [("zh-hans", "大小模型协同训练"), ("en", "Collaborative training")])
def test_the_path_above_people_begins_as_that_of_every_other_page(adam, language, where):
    adam.cookies["django_language"] = language
    paths = [adam.get(url).content.decode().split("<header", 1)[-1] for url in (USERS, TEAMS)]
    assert all(where in path for path in paths)
    assert not any("认证和授权" in path or "Authentication and" in path for path in paths)
