"""All claims of a trainer, tried one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from arctic_training.conformance.claims import CLAIMS, BrokenClaimError, Claim, NotPromisedError
from arctic_training.conformance.subject import Subject
from arctic_training.errors import Pointer, TrainingError

__all__ = ["Outcome", "Verdict", "verdicts"]

Outcome: TypeAlias = Literal["kept", "broken", "not promised"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one claim; ``pointer`` is the key of the definition that it is about."""

    claim: str
    outcome: Outcome
    said: str
    hint: str = ""
    pointer: Pointer = ("loss",)


def verdicts(subject: Subject) -> Iterator[Verdict]:
    """Try all claims; where the first is broken, there is no loss to try the others with.

    Raises:
        RecipeError: the tiny recipe cannot be used, and so do the other errors of recipes.

    """
    for number, claim in enumerate(CLAIMS):
        verdict = _verdict(claim, subject)
        yield verdict
        if not number and verdict.outcome == "broken":
            return


def _verdict(claim: Claim, subject: Subject) -> Verdict:
    try:
        return Verdict(claim=claim.name, outcome="kept", said=claim.tried(subject))
    except NotPromisedError as reason:
        return Verdict(claim=claim.name, outcome="not promised", said=str(reason))
    except BrokenClaimError as error:
        said, hint, pointer = str(error), error.hint, error.pointer
    except TrainingError as error:
        said, hint, pointer = error.message, error.hint, ("loss",)
    return Verdict(claim=claim.name, outcome="broken", said=said, hint=hint, pointer=pointer)
