"""Configuration from the environment (CLARION_*). Providers, senders and their secrets live in the database."""

from __future__ import annotations

import os
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url


class Timings(BaseSettings):
    """Seconds. The defaults are the promises of DESIGN section 5; tests shorten them."""

    model_config = SettingsConfigDict(env_prefix="CLARION_TIMINGS_", frozen=True, extra="ignore")

    lease: float = 6.0
    renew: float = 2.0
    settle: float = 10.0
    """How long an unanswered call may still be accepted by the provider before we ask about it."""
    commit: float = 0.02
    control: float = 0.25
    control_stale: float = 0.5
    connect_timeout: float = 3.0
    call_timeout: float = 10.0
    site_bound: float = 2.0
    """The longest a broadcast waits for the site to be read back."""
    correction_gap: float = 10.0
    """How long after `send` a correction waits for those whose first message is still in flight."""
    retry_base: float = 1.0
    retry_cap: float = 60.0
    attend: float = 15.0
    """Between two looks for what staff must be told: a line nobody answers, a check that is overdue."""
    read_back: float = 30.0
    """Between two looks at the website from outside."""
    page_check: float = 300.0
    """Between two looks at the organisation's own pages that should carry the banner."""
    schedule: float = 1.0
    """Between two looks at what schedules have due."""
    schedule_gap: float = 900.0
    """Silent for longer while something came due, the scheduler asks before it goes on: `clarion schedule resume`."""
    dead_man: float = 60.0
    """Between two pings to CLARION_DEAD_MANS_SWITCH."""
    failover: float = 30.0
    """How long a breaker stays open, or an endpoint halted, before another one takes over what it has not begun."""
    failback: float = 30.0
    """Between two single deliveries by which an endpoint that lost its work is tried again."""
    poll_after: float = 180.0
    """An accepted message without a final receipt is asked about when the provider has had so long to tell."""
    poll_give_up: float = 43_200.0
    """Nothing is asked any more so long after an update was sent: no carrier delivers later."""
    poll_rate: float = 20.0
    """Questions a second about accepted messages, all endpoints together."""
    find_again: float = 60.0
    """Between two searches at the provider for a delivery we are unsure of."""


class Settings(BaseSettings):
    """Every key, its default and what it is for. Frozen: read once at start."""

    model_config = SettingsConfigDict(env_prefix="CLARION_", frozen=True, extra="ignore")

    database_url: str = "sqlite:///data/clarion.db"
    listen_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL behind a pooler: the server itself, for wake-ups; else DATABASE_URL is used.",
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs references and encrypts secrets. SQLite: made beside the database when unset.",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Where customers and providers reach this service; no trailing slash.",
    )
    publish_dir: Path = Path("data/site")
    log_level: str = "INFO"
    token: SecretStr = Field(
        default=SecretStr(""), description="CLI only: acts that need a role run as the user of this token."
    )
    default_language: str = "en"
    organisation: str = Field(default="", description="Its name, as pages and feeds show it.")
    timezone: str = Field(default="UTC", description="IANA zone in which dates are written for readers.")
    shortcut: bool = Field(
        default=True,
        description="Answer plain requests for the website in the packet they came in; false leaves them to uvicorn.",
    )
    live_visitors: int = Field(default=10_000, ge=0, description="Most connections that follow the website live.")
    sample_site: bool = Field(
        default=False,
        description="A customer's website at /sample/ to see the widget on; not for customers.",
    )
    metrics_host: str = Field(default="127.0.0.1", description="Where CLARION_METRICS_PORT listens.")
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="Numbers for Prometheus without a token, on a port of their own."
    )
    contact_shares: dict[str, Any] = Field(
        default_factory=dict,
        description="JSON: how many of a hundred who are told get in touch; over the defaults of domain.contact_load.",
    )
    sms_part_price: str = Field(
        default="",
        pattern=r"^$|^\d{1,6}(\.\d{1,6})? [A-Z]{3}$",
        description="What one part of a text message costs, such as `0.0075 USD`: previews then name a price.",
    )
    sign_up_media: str = Field(
        default="email sms", description="By what people may subscribe themselves; empty closes the form."
    )
    sign_up_countries: str = Field(
        default="",
        pattern=r"^$|^[A-Za-z]{2}([ ,]+[A-Za-z]{2})*$",
        description="Countries whose numbers may subscribe to texts, such as `GB IE`; none by default.",
    )
    sign_up_daily_cost: Decimal = Field(
        default=Decimal(5),
        ge=0,
        description="Most that confirming texts may cost in 24 hours, in the currency of CLARION_SMS_PART_PRICE.",
    )
    sign_up_endpoints: str = Field(
        default="", description="Endpoints that confirmations leave by; else the first of each medium."
    )
    keep_deliveries_weeks: int = Field(
        default=0, ge=0, description="Who got which message is forgotten after so many weeks; 0 = by hand only."
    )
    keep_replies_days: int = Field(default=90, ge=0, description="What people wrote back; 0 = for ever.")
    keep_sign_ups_days: int = Field(default=30, ge=0, description="Forms of people who subscribe; 0 = for ever.")
    keep_unused_addresses: bool = Field(
        default=True, description="false blanks an address nobody has any more, once no remembered delivery names it."
    )
    session_idle_minutes: int = Field(
        default=240, ge=5, description="Console: signed out after so long without a click."
    )
    session_hours: int = Field(default=24, ge=1, description="Console: signed out after so long whatever happens.")
    step_up_minutes: int = Field(
        default=15,
        ge=0,
        description="How long a code counts for approving live updates; 0 = no fresh code is asked for.",
    )
    dead_mans_switch: SecretStr = Field(
        default=SecretStr(""),
        description="An address fetched each minute while all is well; whoever runs it alarms you when it is not.",
    )
    timings: Timings = Field(default_factory=Timings)

    @property
    def subscribing(self) -> bool:
        """Whether people may subscribe themselves at all."""
        return bool(self.sign_up_media.strip())

    @property
    def place(self) -> tuple[str, str]:
        """The organisation's time zone and language."""
        return self.timezone, self.default_language

    @property
    def public_base(self) -> str:
        return self.public_url.rstrip("/")

    @property
    def names(self) -> dict[str, str]:
        """The organisation's, by language; {} while nobody has said it."""
        return {self.default_language: self.organisation} if self.organisation else {}

    @property
    def speaker(self) -> dict[str, object]:
        """Who speaks: {names{lang}, default_language, timezone}."""
        return {"names": self.names, "default_language": self.default_language, "timezone": self.timezone}

    def sqlite_path(self) -> Path | None:
        """The database file, or None when the database is not SQLite."""
        url = make_url(self.database_url)
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    def resolved_secret_key(self) -> str:
        """The configured key, or for SQLite one kept in `secret.key` beside the database (mode 0600).

        Raises RuntimeError when a server database is used without CLARION_SECRET_KEY.
        """
        configured = self.secret_key.get_secret_value()
        if configured:
            return configured
        database = self.sqlite_path()
        if database is None:
            raise RuntimeError(
                "CLARION_SECRET_KEY is not set. Set it to at least 32 random characters, the same on every machine."
            )
        return _kept_key(database.parent / "secret.key")


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_urlsafe(48)
        file.write(key)
    return key
