"""Whose fault a refusal of an e-mail is: the recipient's address, or our sending (RFC 3463; RFC 7372; RFC 5248).

A sender's fault says nothing about the recipient: a blocked IP address, SPF, DKIM or DMARC, a relay that refuses us,
missing encryption, too many messages, a message that is too large or looks like spam. Servers use codes loosely, so
their words about the recipient decide before the code. A refusal for good that gives no reason is no fault of the
recipient's either: nobody loses their e-mail for it.
"""

from __future__ import annotations

import re

_SENDER_CODES = re.compile(r"1\.[78]|2\.3|3\.\d+|4\.(?!4$|310$)\d+|6\.\d+|7\.(?!1[78]$)\d+")
"""Subject and detail. 1.7, 1.8: the sender's address. 2.3, 3.4: too large. 3, 4: the mail system and the network,
except 4.4 and Microsoft's 4.310: the recipient's domain has no server. 6: content. 7: security and policy, except 7.17
and 7.18: the mailbox or the domain has another owner."""
_TEMPORARY_SENDER_CODES = re.compile(r"7\.2[0-9]")
"""RFC 7372: SPF, DKIM and the like; Google's rate limits (7.28)."""
_VAGUE = re.compile(r"(?:[45]\.[05]\.\d+|5\.[1-7]\.0|4\.7\.\d+)?")
"""Detail 0 is "other or undefined"; gateways write `5.1.0` and `5.2.0` for whatever the next server said."""
_LOGIN_REQUIRED = re.compile(r"\s*5(?:30|34|35|38)\b")
"""Replies about the login and the encryption (RFC 4954; RFC 3207, 4)."""

_SENDER_ADDRESS = re.compile(
    r"sender(?:'s)? (?:address|domain|verif\w{1,10}) (?:rejected|failed|refused|invalid|unknown|not found)"
    r"|domain of sender|(?:forged|spoofed|fake|invalid|unknown) sender|anti-?spoof",
    re.IGNORECASE,
)
_RECIPIENT = re.compile(
    r"(?:user|recipient|mailbox|account|address(?:ee)?)s?\b[^.\n]{0,40}\b"
    r"(?:unknown|not found|(?:does not|doesn.?t) exist|"
    r"disabled|suspended|inactive|locked|closed|deactivated|invalid|not (?:valid|known|listed|active)|"
    r"(?:is |over ?|exceeded )?(?:full|quota)|no longer)"
    r"|(?:user|recipient|account|addressee)s?\b[^.\n]{0,40}\bunavailable|user (?:does not|doesn.?t) have an? "
    r"|(?<!too many )(?:unknown|invalid|no such|no valid|bad destination|non-?existent|inactive|disabled|unroute?able) "
    r"(?:local )?(?:user|recipient|mailbox|account|address(?! error)|person|local.part)"
    r"|no mailbox (?:by|here)|over ?quota|(?:disk|storage) quota|quota exceeded|mailbox full"
    r"|domain is not reachable|no such domain|host (?:unknown|not found)",
    re.IGNORECASE,
)
"""`Unknown address error` is what a Cisco gateway writes before whatever the next server said."""
_PERHAPS_RECIPIENT = re.compile(
    r"(?:recipient|address)(?: address)? rejected|mailbox[^.\n]{0,40}\bunavailable", re.IGNORECASE
)
"""Words that servers use for refusals of the sender too: `Recipient address rejected: No relaying`, `mailbox
unavailable. Reject due to policy restrictions`. The text of reply 550 covers both (RFC 5321, 4.2.3)."""
_ACCESS_DENIED = re.compile(r"access denied", re.IGNORECASE)
"""`Relay access denied` is about the sender, Microsoft's `Recipient address rejected: Access denied` is not."""
_SENDER = re.compile(
    r"\brelay(?:ing)?\b[^.\n]{0,30}\b(?:denied|not (?:permitted|allowed)|prohibited)|\bno relay|relay quota|"
    r"(?:unable|not (?:permitted|allowed|configured)|refus\w{1,10}|do(?:es)?(?: not|n.?t)) (?:to )?relay|mail relay"
    r"|\b(?:spf|dkim|dmarc|dane|ptr|rdns|dnsbl|rbl)\b|reverse dns|\bhelo\b|unauthenticated|not authenticated|"
    r"authentication (?:is )?(?:required|failed|information)|sender (?:id|policy|verif)|un-?authori[sz]ed|"
    r"not (?:authori[sz]ed|allowed|permitted) to (?:connect|deliver|relay|send|use)"
    r"|\b(?:start)?tls\b[^.\n]{0,40}\b(?:required|first|must|need)|(?:require[sd]?|must (?:issue|use)) (?:a |an? )?"
    r"(?:start)?(?:tls|encrypt)"
    r"|\bblock(?:ed|ing|list(?:ed)?)?\b|black-?list|deny-?list|listed (?:at|by|on|in)\b|barracuda|"
    r"reputation|banned|poor standing|\b(?:client|source|sending) (?:host|ip)\b|invalid ip|\bip address|"
    r"network not allowed|connection (?:denied|refused|rejected)"
    r"|rate[ -]?limit|throttl|too (?:many|frequent)|frequency limit|sending (?:limit|rate|quota)|user complaints|"
    r"unexpected volume|(?:exceed|unusual)\w{0,10}[^.\n]{0,30}\brate\b"
    r"|too (?:large|big)|size (?:limit|exceed)|(?:message|mail|maximum) size|exceed\w{0,10}[^.\n]{0,30}\bsize|"
    r"length exceed|line (?:limit|length|too long)"
    r"|(?:\b|anti-?)spam\w{0,10}|\bjunk ?mail|unsolicited|\bbulk mail|phish|suspicious|virus|malware|"
    r"content (?:was )?(?:rejected|denied|blocked|filter|restriction)|attachment[^.\n]{0,30}\b(?:denied|not allowed|"
    r"prohibited|rejected)|\brfc ?\d{3,4}[ -]complian|not complian|bare (?:lf|newline)|protocol (?:error|violation)"
    r"|(?:sender|from)(?: address| domain)?\b[^.\n]{0,30}\b"
    r"(?:rejected|denied|refused|not (?:allowed|permitted|accepted))"
    r"|administrative(?:ly)? prohibit|prohibited by"
    r"|(?:due to|violat\w{1,10}|against|by|under)[^.\n]{0,20}\bpolic(?:y|ies)|"
    r"(?:access|content|local|mail|security|server|site) polic(?:y|ies)|"
    r"policy (?:block|reasons?|rejection|restrictions?|violation)",
    re.IGNORECASE,
)
_CHARACTERS_MAX = 20_000
"""Of a server's words. Real ones have a few hundred."""
_GREYLIST = re.compile(r"gr[ea]y-?list", re.IGNORECASE)


def names_recipient(status: str, text: str) -> bool:
    """Whether a permanent refusal surely is about the recipient. Many others in a row are a relay's that refuses
    everybody."""
    text = text[:_CHARACTERS_MAX]
    is_coded = re.fullmatch(r"5\.(?:1\.(?![78]$)|2\.(?!3$)|4\.4$|4\.310$|7\.1[78]$)\d*", status) is not None
    return not is_sender_fault(status, text) and (is_coded or _says_recipient(text))


def is_sender_fault(status: str, text: str) -> bool:
    """Whether a server's code or words say that it refused the message because of the sender and not because of its
    recipient.

    `status` is the enhanced code, such as `5.7.1`, or empty; `text` is the server's reply or diagnostic.
    """
    text = text[:_CHARACTERS_MAX]
    if _SENDER_ADDRESS.search(text):
        return not status.startswith("4")
    if _says_recipient(text) or _GREYLIST.search(text):
        return False
    if _LOGIN_REQUIRED.match(text) or _is_sender_code(status):
        return True
    return _VAGUE.fullmatch(status) is not None and (
        _SENDER.search(text) is not None or _ACCESS_DENIED.search(text) is not None
    )


def _says_recipient(text: str) -> bool:
    if _RECIPIENT.search(text):
        return True
    return _PERHAPS_RECIPIENT.search(text) is not None and _SENDER.search(text) is None


def _is_sender_code(status: str) -> bool:
    codes = {"5": _SENDER_CODES, "4": _TEMPORARY_SENDER_CODES}.get(status[:1])
    return codes is not None and codes.fullmatch(status.partition(".")[2]) is not None
