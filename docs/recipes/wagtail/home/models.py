"""A page as Wagtail's own tutorial makes it; nothing in it knows about the widget."""

from wagtail.fields import RichTextField
from wagtail.models import Page


class HomePage(Page):
    body = RichTextField()
    template = "home_page.html"
