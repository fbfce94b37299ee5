"""Sources: the page in the output that says what is real, what was changed, what is simulated."""

from wheeltapper.simulate.diary import Calendar
from wheeltapper.simulate.truth import Truth

_INTRO = """\
# Where these logs come from

Meridian does not exist. Its {people} people, their work, the service accounts and all their
records from {start} for {days} days (seed {seed}) were **simulated** by `wheeltapper simulate`.
Names are combined by chance. Addresses are drawn by chance from ranges that providers give to
customers in the country in question, so that a geo database has an answer. **Whoever has them in
reality has nothing to do with any of this**: also where an attack below is said to come from there,
it never happened. Machines that guess passwords at the bastions have addresses reserved for
documentation.
"""

_NONE = "\nNo record is real.\n"

_PLANTED = """
## Attacks that were invented

These were written and performed by the simulator; the ids of their records (of lines of sshd, the
lines) stand in `truth.ndjson`:

{plays}
"""

_REAL = """
## Real records: {scenario}

{n:,} CloudTrail records between {start:%Y-%m-%d %H:%M:%S} and {end:%H:%M:%S} UTC, under the name of
{actor} and of the roles used in that hour, are **real**.
Their `eventID`s stand in `truth.ndjson`. They were published as
{origin}.

What was changed in them, and nothing else:

{changes}

The records of another, ordinary user of that account and of AWS services acting by themselves were
left out. Everything else in these logs, also under the same name before, during and after, is
simulated.

{licence}"""

LICENCE = """\
> MIT License
>
> Copyright (c) 2023 Invictus Incident Response
>
> Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
> associated documentation files (the "Software"), to deal in the Software without restriction,
> including without limitation the rights to use, copy, modify, merge, publish, distribute,
> sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
> furnished to do so, subject to the following conditions:
>
> The above copyright notice and this permission notice shall be included in all copies or
> substantial portions of the Software.
>
> THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
> NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
> NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
> DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
> OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def text(people: int, calendar: Calendar, truths: tuple[Truth, ...]) -> str:
    """SOURCES.md of the output."""
    intro = _INTRO.format(
        people=people, start=calendar.start, days=calendar.days, seed=calendar.seed
    )
    parts = [
        _REAL.format(
            scenario=t.scenario,
            n=len(t.native_ids),
            start=t.start,
            end=t.end,
            actor=t.actor,
            origin=t.origin,
            changes="\n".join(f"- {sentence};" for sentence in t.changed)[:-1] + ".",
            licence=LICENCE,
        )
        for t in truths
        if t.real
    ]
    plays = [f"- {t.scenario}: {t.about} ({t.actor})." for t in truths if not t.real]
    planted = _PLANTED.format(plays="\n".join(plays)) if plays else ""
    return intro + ("".join(parts) or _NONE) + planted
