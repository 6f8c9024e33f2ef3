"""What a template of one's own is sent as."""

from __future__ import annotations

from pydantic import Field

from app.api.schemas import Sent, Slug
from app.domain.crisis import Stage
from app.domain.message import Medium
from app.domain.template_documents import Part


class Template(Sent):
    slug: Slug
    medium: Medium
    source: str = Field(max_length=20_000)
    variables: list[str] = Field([], description="The gaps it may use; empty = all of its medium")
    part: Part = Field(Part.TEXT, description="subject and html: of e-mail")
    language: str = Field("", description="Of the readers; empty = whatever they read")
    stages: list[Stage] = Field([], description="Of the updates; empty = all")
