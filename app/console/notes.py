"""What a screen says first after something was done: `visit.go("/people", said="invited")`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final


def mark(message: str) -> str:
    """For the extraction of strings; said in the reader's language by whoever shows it."""
    return message


NOTES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "acknowledged": mark("You take care of this notice. Nobody else is told any more."),
        "signed_out": mark("You are signed out."),
        "session_ended": mark("The session is ended."),
        "sessions_ended": mark("All other sessions are ended."),
        "password_changed": mark("Your password is changed. You are signed out everywhere else."),
        "authenticator_changed": mark("From now on codes come from the new app."),
        "token_revoked": mark("The token is revoked."),
        "confirmed": mark("The code is right. It counts for the next minutes."),
        "user_changed": mark("Saved. If anything changed, they have to sign in again."),
        "welcome": mark("You are in. Keep the recovery codes where you find them at night."),
        "declared": mark("The crisis is open and the first word is drafted. It has not left yet."),
        "declared_only": mark(
            "The crisis is open and the first word is drafted, but something stands against sending it. See below."
        ),
        "approved": mark("You approved it. It leaves when somebody presses “Send it”."),
        "sent": mark("It leaves now."),
        "releasing": mark("It leaves in a moment. Until then you can take it back."),
        "sent_before": mark("It was sent already."),
        "holding_approved": mark(
            "You said yes to these first words. With a second person's yes one may send them alone."
        ),
        "holding_withdrawn": mark("Nobody may send these first words alone any more."),
        "correction_drafted": mark(
            "The correction is drafted, for those who got the wrong words. Write what is right."
        ),
        "all_clear_drafted": mark("The all-clear is drafted, for those who were told. Fill what is left open."),
        "severity_changed": mark(
            "Saved. The website shows it with the next publication; people hear of it with the next update you send."
        ),
        "resolved": mark("It is over. The banner goes with the next publication."),
        "handed_over": mark("It is written down for the next one."),
        "resent": mark("What surely never left goes again."),
        "unknown_decided": mark("Decided. It stands in the timeline with your name."),
        "undone": mark("Taken back in time: nothing has left. Let it go on, or cancel it for good."),
        "undone_late": mark("Stopped, but some of it had left already."),
        "returned": mark("It is back with its author, with your reason."),
        "rejected": mark("It is rejected for good."),
        "decided": mark("Somebody has decided about it already, or it was taken back."),
        "begun": mark("The crisis is open. Write the first word: it is saved while you type, and nothing leaves yet."),
        "written": mark("Saved."),
        "filled": mark("Every language is filled. Read it once more."),
        "translation_asked": mark("Send the link below to whoever translates. They need no account."),
        "translation_revoked": mark("The link opens nothing any more."),
        "translation_waived": mark("It may stay as it is. Your reason is shown to whoever approves."),
        "translation_saved": mark(
            "Thank you. Your words are in the draft, with your name; you can still correct them."
        ),
        "links_checked": mark("The links were opened just now."),
        "written_with": mark("Saved, with what somebody else changed meanwhile."),
        "submitted": mark("It waits for the second person."),
        "paused": mark("It is paused. Nothing leaves until somebody lets it go on."),
        "resumed": mark("It goes on."),
        "woken": mark("Whoever slept gets it now."),
        "cancelled": mark("It is cancelled."),
        "saved": mark("Saved. It counts from now on."),
        "removed": mark("It is taken away."),
        "brought_back": mark("The earlier version counts again."),
        "status_set": mark("Customers are told so from now on."),
        "overridden": mark("Set. It ends by itself."),
        "wait_posted": mark("The wait is shown from now on."),
        "presence_posted": mark("Noted."),
        "tried": mark("A test is on its way to you. Look here in a moment for what became of it."),
        "halted": mark("Nothing more leaves by it. What waits stays until somebody lets it go on."),
        "schedule_paused": mark("It is paused. Nothing fires until somebody lets it go on."),
        "schedule_approved": mark("Approved in advance. It goes by itself until somebody changes it."),
        "plan_confirmed": mark("It goes at its time."),
        "plan_snoozed": mark("You are asked again later."),
        "upkeep_noted": mark("Noted. Thank you for looking after it."),
        "suppressed": mark("Nothing is sent to this address any more, in what goes out right now too."),
        "suppression_lifted": mark("The address may be written to again."),
        "reply_seen": mark("Noted: you have read it."),
        "reply_handled": mark("Seen to. It stays in the list of all replies."),
        "import_waits": mark("It begins in a moment. You can leave this page; it goes on by itself."),
        "import_stops": mark("It stops after the rows it is at. It can go on from there."),
        "audit_whole": mark("The audit trail is whole: every entry follows from the one before."),
    }
)
