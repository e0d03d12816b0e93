"""Optional slots in the runtime: what a trainer names in one is paired, checked and kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Literal, TypeVar

import pytest
from typing_extensions import override

from arctic_training.config.base import SectionConfig
from arctic_training.config.slots import SLOTS, ImportPath, Slot
from arctic_training.core.factory import Factory
from arctic_training.errors import RecipeError, RegistryError
from arctic_training.trainer.components import Parts
from tests.tiny import HandConfig, HandTrainer, hand_config, recipe


class AveragerConfig(SectionConfig, frozen=True):
    """Section of an averager."""

    type: Literal["exponential"] = "exponential"
    decay: float = 0.5
    """Share of the old average that is kept at each step."""


Averager_co = TypeVar("Averager_co", bound=AveragerConfig, covariant=True)


class AveragerFactory(Factory[Averager_co, float], Generic[Averager_co], root=True):
    """Makes an averager."""


class ExponentialAveragerFactory(AveragerFactory[AveragerConfig]):
    """Makes an exponential moving average."""

    name = "exponential"
    config_type = AveragerConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        if self.config.decay > 1:
            yield self.problem("decay", "above 1")

    @override
    def create(self) -> float:
        return self.config.decay


class AveragedConfig(HandConfig, frozen=True):
    """A recipe with the optional section."""

    averager: AveragerConfig = AveragerConfig()


@pytest.fixture
def slots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add an optional slot to the table."""
    slot = Slot(
        kind="averager",
        section="averager",
        key="averager_factory_type",
        maker="make_averager_factory",
        base=ImportPath(__name__, "AveragerFactory"),
        config_base=ImportPath(__name__, "AveragerConfig"),
        is_required=False,
    )
    monkeypatch.setattr("arctic_training.trainer.slots.SLOTS", (*SLOTS, slot))


@pytest.mark.usefixtures("slots")
def test_a_trainer_makes_and_checks_the_factory_of_an_optional_slot() -> None:
    """A trainer that names the slot pairs it with its section; one that does not has none."""

    class Averaged(HandTrainer, abstract=True):
        averager_factory_type = ExponentialAveragerFactory

    config = AveragedConfig.model_validate(recipe(type="hand", averager={"decay": 2.0}))
    (averager,) = Parts.of(Averaged.unbuilt(config)).optional
    assert isinstance(averager, ExponentialAveragerFactory)
    assert averager.create() == 2.0
    assert [problem.pointer for problem in averager.problems()] == [("averager", "decay")]
    assert Parts.of(HandTrainer.unbuilt(hand_config())).optional == []


@pytest.mark.usefixtures("slots")
def test_a_recipe_without_the_section_is_refused() -> None:
    """A trainer whose recipe has no section for its slot cannot be registered."""
    with pytest.raises(RegistryError, match="HandConfig has no field `averager`"):

        class Unpaired(HandTrainer):
            averager_factory_type = ExponentialAveragerFactory
