"""Ruling: what follows from what reviewers said about an account.

One reviewer settles it, unless it was drawn to be judged twice: then the second answers blind.
Where two disagree, or one is unsure or asks for help, another one decides, who has not spoken. An
appeal is a new round for somebody who has not judged the account before.
"""

from collections.abc import Sequence

from wheeltapper.referral import (
    ALLOW,
    DECIDED,
    ESCALATE,
    ESCALATED,
    FRAUD,
    HOLD,
    HONEST,
    RATE_LIMIT,
    REMOVE,
    RESTORE,
    SECOND,
    UNSURE,
    VERIFY,
    Opinion,
    Referral,
    Ruling,
)

TAKEN_AWAY = (RATE_LIMIT, VERIFY, HOLD, REMOVE)
"""Steps that an honest account is given back from."""


def settle(account: Referral, opinions: Sequence[Opinion]) -> Ruling:
    """The state and step of an account, from the opinions of this round.

    Parameters
    ----------
    opinions   the newest of each reviewer, in the order in which they first spoke

    Raises
    ------
    ValueError   where nobody has spoken
    """
    if not opinions:
        raise ValueError(f"nobody has spoken about {account.account} in this round")
    said = [one.opinion for one in opinions]
    if account.gold:
        return Ruling(DECIDED, account.step, "a check on reviewers")
    pair, last = said[:2], said[-1]
    if account.double and account.round == 0:
        if len(said) == 1:
            return Ruling(SECOND, account.step, "waits for a second reviewer")
        if pair[0] == pair[1] and pair[0] in (FRAUD, HONEST):
            return _decided(account, pair[0], "two reviewers agree")
        if len(said) == 2:
            return Ruling(ESCALATED, account.step, f"two reviewers: {pair[0]} and {pair[1]}")
        return _third(account, last)
    if len(said) == 1 and last in (FRAUD, HONEST):
        return _decided(account, last, "on appeal" if account.round else "a reviewer")
    if len(said) == 1:
        return Ruling(ESCALATED, account.step, f"the first reviewer: {last}")
    return _third(account, last)


def _third(account: Referral, last: str) -> Ruling:
    if last in (UNSURE, ESCALATE):
        return Ruling(ESCALATED, account.step, f"the last reviewer: {last}")
    return _decided(account, last, "escalated")


def _decided(account: Referral, opinion: str, why: str) -> Ruling:
    if opinion == FRAUD:
        return Ruling(DECIDED, REMOVE, f"{why}: fraud")
    given_back = account.step in TAKEN_AWAY
    return Ruling(DECIDED, RESTORE if given_back else ALLOW, f"{why}: honest")


def truth(account: Referral, opinions: Sequence[Opinion]) -> str:
    """What people settled on (`fraud`, `honest`), or nothing yet.

    Nothing of gold, which was known before.

    Parameters
    ----------
    opinions   of the account's last round that anybody has spoken in
    """
    if not opinions or account.state != DECIDED or account.gold:
        return ""
    last = opinions[-1].opinion
    return last if last in (FRAUD, HONEST) else ""
