"""Lists of tasks that a person has given a name: the filters and the order, as the list's address has them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_NAME = 60
MAX_QUERY = 2000


class SavedView(models.Model):
    """One person's view; nobody else sees it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=MAX_NAME)
    query = models.CharField(_("filters"), max_length=MAX_QUERY, blank=True)
    """The query string of the list, without a question mark and without a page."""
    is_default = models.BooleanField(_("opens first"), default=False)

    class Meta:
        db_table = "md_saved_view"
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="uq_saved_view_name")]

    def __str__(self) -> str:
        return self.name
