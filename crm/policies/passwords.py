"""What a password must be."""

from __future__ import annotations

from crm.errors import InvalidInputError

SHORTEST = 10
LONGEST = 200

# The first of every published list of leaked passwords that are long enough to pass the length rule.
LEAKED = frozenset(
    [
        "1234567890",
        "0123456789",
        "0987654321",
        "1q2w3e4r5t",
        "qwertyuiop",
        "1qaz2wsx3edc",
        "q1w2e3r4t5",
        "password123",
        "password1234",
        "passw0rd123",
        "administrator",
        "adminadmin",
        "admin12345",
        "iloveyou123",
        "letmein123",
        "welcome123",
        "welcome1234",
        "changeme123",
        "1111111111",
        "0000000000",
        "1122334455",
        "12345678910",
        "123456789a",
        "123456789q",
        "a123456789",
        "abcdefghij",
        "abcd123456",
        "asdfghjkl123",
        "zxcvbnm123",
        "qwerty12345",
        "qwerty123456",
        "qwertyuiop123",
        "9876543210",
        "football123",
        "baseball123",
        "superman123",
        "sunshine123",
        "princess123",
        "dragon12345",
        "monkey12345",
        "master12345",
        "shadow12345",
        "michael123",
        "jennifer123",
        "tehran12345",
        "iran123456",
        "salam12345",
        "salamsalam",
        "dostetdaram",
        "09120000000",
        "09123456789",
    ]
)


class WeakPasswordError(InvalidInputError):
    """A password that would be guessed; `code` is short, long, leaked, email or same."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def check(password: str, email: str = "", old: str = "") -> None:
    """Raise :class:`WeakPasswordError` where `password` is too easily guessed (NIST SP 800-63B, 5.1.1.2).

    Neither is it `old`, which may be a one-time password that somebody else knows.
    """
    folded = password.casefold()
    if old and password == old:
        raise WeakPasswordError("same", "The new password is the old one; choose another.")
    if len(password) < SHORTEST:
        raise WeakPasswordError(
            "short", f"A password needs at least {SHORTEST} characters; this one has {len(password)}."
        )
    if len(password) > LONGEST:
        raise WeakPasswordError("long", f"A password has at most {LONGEST} characters; this one has {len(password)}.")
    if folded in LEAKED or len(set(folded)) <= 3:
        raise WeakPasswordError("leaked", "This password stands in the lists of leaked ones; choose another.")
    if email and folded in {email.casefold(), email.casefold().partition("@")[0]}:
        raise WeakPasswordError("email", "The password must not be the e-mail address.")
