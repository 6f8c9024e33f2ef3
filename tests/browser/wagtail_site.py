"""A Wagtail site made of docs/recipes/wagtail: prints its home page. A program, for Django is one per process."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.test import Client

RECIPE = Path(__file__).parents[2] / "docs" / "recipes" / "wagtail"
APPS = [
    "home", "wagtail.users", "wagtail.images", "wagtail.documents", "wagtail.admin", "wagtail", "taggit",
    "modelcluster", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
]  # fmt: skip


class NoMigrations:
    """Tables straight from the models: three hundred migrations take half a minute."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


def home_page(language: str) -> str:
    sys.path.insert(0, str(RECIPE))
    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [RECIPE / "templates"],
        "APP_DIRS": True,
    }
    settings.configure(
        SECRET_KEY="only for this test",
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=APPS,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        TEMPLATES=[{**engine, "OPTIONS": {"context_processors": ["django.template.context_processors.request"]}}],
        ROOT_URLCONF="wagtail.urls",
        STATIC_URL="/static/",
        LANGUAGE_CODE=language,
        WAGTAIL_SITE_NAME="Northwind",
        WAGTAILADMIN_BASE_URL="https://shop.example.com",
        MIGRATION_MODULES=NoMigrations(),
    )
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from home.models import HomePage
    from wagtail.models import Locale, Page, Site

    Locale.objects.create(language_code=language)
    root = Page.add_root(instance=Page(title="Root", slug="root"))
    home = root.add_child(instance=HomePage(title="Internet and phone", body="<h2>Spring offer</h2>"))
    Site.objects.create(hostname="localhost", root_page=home, is_default_site=True)
    return str(Client().get("/").content.decode())


if __name__ == "__main__":
    sys.stdout.write(home_page(sys.argv[1]))
