"""Rehearse a storyboard: python -m viz.workshop first_look; in German with `de`; against other luck with `luck`.

Change this file to print something else before a workshop. What is printed are the facilitator's words and every answer
the towns will give, worked out as they will be on the day.
"""

from __future__ import annotations

import sys

from viz.workshop.flow import by_luck, rehearsed
from viz.workshop.luck import PAIRS
from viz.workshop.plan import PlanError
from viz.workshop.storyboards import broken, storyboard, storyboards
from viz.workshop.towns import warm
from viz.workshop.words import ENGLISH, languages

LUCK = "luck"


def main(given: list[str]) -> int:
    """Print the storyboard that is named; where none is, those there are."""
    name, *more = given or [""]
    if not name or not set(more) <= {LUCK, *languages()}:
        print(f"python -m viz.workshop NAME [{'|'.join(languages())}] [{LUCK}]   NAME: {', '.join(storyboards())}")
        for problem in broken().values():
            print(problem, file=sys.stderr)
        return 2
    language = next((each for each in more if each != LUCK), ENGLISH)
    try:
        board = storyboard(name)
    except PlanError as problem:
        print(problem, file=sys.stderr)
        return 2
    warm()
    print(by_luck(board, PAIRS, language) if LUCK in more else rehearsed(board, language))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
