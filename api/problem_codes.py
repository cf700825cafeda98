"""Every code that a problem, or the error of a stage, may have: what it means and what to do.

`docs/problems.md` is made of it: `python -m api.problem_codes > docs/problems.md`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """One code; `status` is that of its answers, None for what only a stage's error has."""

    code: str
    status: int | None
    meaning: str
    remedy: str


_AGAIN: Final = "Try again after `Retry-After`, and ever later."
_LATER: Final = "It was tried several times: retry the stage, and tell the operator."
_MEND: Final = "Mend the request: trying it again as it is changes nothing."

CODES: Final = (
    Code("bad_request", 400, "It is no HTTP, its address or a header cannot be read, or its body "
         "ended early.", _MEND),
    Code("unauthorized", 401, "There are no credentials, or they do not hold.",
         "Sign in, or send another token."),
    Code("challenge_ended", 401, "What was begun five minutes ago has ended, was used or was tried "
         "too often, or it is another browser's.", "Begin again: sign in anew."),
    Code("passkey_refused", 401, "The passkey is not known here, did not ask who uses it, or is "
         "a copy.", "Sign in otherwise, and look at your passkeys."),
    Code("wrong_code", 401, "The code of the second factor is wrong, was used, or has ended.",
         "Ask for the app's next code; a challenge takes five."),
    Code("quota_exceeded", 403, "The tenant may not have so much of what `quota` names: `limit` "
         "and `used`; for `stored_bytes` `reserved`, `free` and `wanted`, too, all in bytes.",
         "Remove something for good, or have the quota raised."),
    Code("forbidden", 403, "Whoever asks may not do this.", "Ask somebody who may."),
    Code("not_found", 404, "There is no such thing, or none that may be seen.",
         "Look for it in the list."),
    Code("method_not_allowed", 405, "The address takes other methods: see `Allow`.", _MEND),
    Code("request_timeout", 408, "The request, or the next piece of it, took too long to come.",
         "Send it again over a better line; uploads go on where they were."),
    Code("conflict", 409, "What the thing is at the moment forbids it.",
         "Look at it again, then decide."),
    Code("cancelled", 409, "Somebody has cancelled the work.", "Begin it again if that was wrong."),
    Code("account_exists", 409, "The address that another has verified has an account here.",
         "Sign in there as always, then link the other identity."),
    Code("idempotency_key_in_use", 409, "Another request with this Idempotency-Key is being "
         "answered.", _AGAIN),
    Code("reauthorisation_required", 409, "The permission of a connected account has ended.",
         "Have a person connect it again."),
    Code("gone", 410, "It was here and has ended.", "Begin it anew, or ask for a new address."),
    Code("length_required", 411, "The body must be announced.", "Send `Content-Length`."),
    Code("precondition_failed", 412, "The thing is not what `If-Match` says any more, or the "
         "protocol's version is another.", "Look at it again, then decide."),
    Code("too_large", 413, "There are more bytes than are taken, or than were announced.", _MEND),
    Code("uri_too_long", 414, "The address is too long.", _MEND),
    Code("unsupported_media_type", 415, "The body is of a kind that is not taken here.",
         "Send `application/json`, or what the document names."),
    Code("range_not_satisfiable", 416, "The file has no such range: see `Content-Range`.", _MEND),
    Code("invalid_request", 422, "Parts of the request break a rule: `errors` names each by a "
         "pointer.", "Show each `detail` beside the field that its `pointer` names."),
    Code("rejected", 422, "The input cannot be used; `detail` says why.", _MEND),
    Code("oidc_refused", 422, "What the identity's provider says does not hold.",
         "Begin again; tell the operator if it goes on."),
    Code("email_unverified", 422, "The identity's provider has verified no address.",
         "Verify it there, or sign up by mail."),
    Code("idempotency_key_reused", 422, "The Idempotency-Key was used for another request.",
         "Use a key of its own for each."),
    Code("locked", 423, "Somebody else is at it.", "Try again in a moment."),
    Code("precondition_required", 428, "A change without a condition could undo another's.",
         "Send `If-Match` with the ETag that was seen, or `*`."),
    Code("rate_limited", 429, "Too many requests, or too much under way: `violated-policies` or "
         "`quota` says of what.", _AGAIN),
    Code("request_header_fields_too_large", 431, "The headers, or the cookies, are too large.",
         "Remove cookies of this origin."),
    Code("checksum_mismatch", 460, "The body does not have the checksum that was sent with it.",
         "Send it again from the same offset."),
    Code("internal", 500, "Something is wrong on our side.",
         "Tell the operator the `request_id`, which is in the log."),
    Code("seal_broken", 500, "A secret that is kept sealed does not open.", "Tell the operator."),
    Code("lease_lost", 500, "Work was overtaken by another worker's.", "Tell the operator."),
    Code("misconfigured", 503, "A setting is missing or wrong.", "Tell the operator."),
    Code("retryable", 503, "It failed for a reason that may pass.", _AGAIN),
    Code("unavailable", 503, "A part of the service does not answer, or the tenant is being moved.",
         _AGAIN),
    Code("insufficient_storage", 507, "The installation has no room.",
         "Tell the operator; trying again helps when there is room."),
    Code("disk_full", None, "A worker's scratch space was full.", _LATER),
    Code("killed", None, "The program at work was killed, most often for memory.", _LATER),
    Code("limit_reached", None, "The program at work met a bound of time or memory.", _LATER),
    Code("not_on_grid", None, "A part of a film does not begin where it should.", _LATER),
    Code("output_wrong", None, "What was made is not what it should be.", _LATER),
    Code("parts_differ", None, "Parts of a film do not fit together.", _LATER),
    Code("tool_failed", None, "A program failed; the log has its last words.", _LATER),
)  # fmt: skip

_HEAD: Final = """# Problems

Made by `python -m api.problem_codes`: change `api/problem_codes.py`.

Each refusal is `application/problem+json` (RFC 9457). Its `type` is `urn:brand-automator:problem:`
and the `code`; both stay as they are. `detail` is for people, `request_id` stands in the log.
`errors` names the fields: `pointer` is `/query/NAME`, `/header/NAME`, `/path`, or `/body` with the
way to the member as in RFC 6901; `detail` says which rule it breaks. Codes without a status stand
in the error of a stage alone; others may stand there, too.

| status | code | what it means | what to do |
|---|---|---|---|
"""


def render() -> str:
    """The page."""
    rows = (
        f"| {one.status or ''} | `{one.code}` | {one.meaning} | {one.remedy} |\n" for one in CODES
    )
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    import sys

    sys.stdout.write(render())
