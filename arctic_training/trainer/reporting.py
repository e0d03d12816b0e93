"""What a trainer reports: to a person, and to the trackers that its recipe asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

from typing_extensions import override

from arctic_training.callback.phases import Observed
from arctic_training.config.trainer import TrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.core.reports import STANDARD, EvaluationReport, Report, StepReport
from arctic_training.core.state import TrainingState
from arctic_training.core.totals import Reduction, Totals
from arctic_training.errors import TrainingError
from arctic_training.losses.validation import number
from arctic_training.tracker.tracker import Tracker
from arctic_training.trainer.progress import Progress, new_progress
from arctic_training.trainer.stop_requests import StopRequests
from arctic_training.trainer.unbuilt_attributes import BuiltLater

__all__ = ["Reporting"]


Config_co = TypeVar("Config_co", bound=TrainerConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])


class Reporting(BuiltLater[Config_co, BatchT], Observed, ABC, Generic[Config_co, BatchT]):
    """Says what each optimizer step and each evaluation came to, wherever a run is followed."""

    metrics: Mapping[str, Reduction] = {}
    """The terms that the loss returns, and how each is reduced."""

    @override
    def _initialize(self) -> None:
        super()._initialize()
        self.mesh = Mesh.of_environment()
        self.progress: Progress = new_progress(self.config, self.mesh)
        self.state = TrainingState()
        self.evaluations: dict[str, EvaluationReport] = {}
        self.is_stopping = False
        self._stop_requests = StopRequests(self.config.kill_switch_path, self.mesh)
        self._trackers: list[Tracker] = []
        self._logged: dict[str, float] = {}

    @property
    @abstractmethod
    def training_horizon(self) -> int:
        """Optimizer steps in the whole run."""

    def note(self, text: str) -> None:
        """Tell the user something, once."""
        self.progress.note(text)

    def log(self, name: str, value: float) -> None:
        """Report a custom figure with the optimizer step that ends next.

        It is reported among the metrics; of several processes, the value
        of the first counts. Callbacks call it, at `post-backward` or `pre-optimizer-step`.

        Raises:
            TrainingError: the step is reported with another figure of that name, or the value is
                not a number.

        """
        if name in STANDARD or name in self.metrics:
            message = f"each step is reported with a figure `{name}` already"
            raise TrainingError(message, hint="log it under another name")
        self._logged[name] = number(value, name)

    def _tell(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.note(line)

    def _report(self, totals: Totals, learning_rate: float) -> None:
        report = StepReport(
            step=self.state.global_step,
            horizon=self.training_horizon,
            epoch=self.state.epoch_idx,
            loss=totals.loss,
            learning_rate=learning_rate,
            tokens=totals.tokens,
            gradient_norm=self.engine.gradient_norm,
            measures=self._meter.measure(totals),
            terms=totals.terms | self._logged,
        )
        self._logged.clear()
        self.progress.show(report)
        self._track(report)

    def _report_evaluation(self, name: str, totals: Totals) -> None:
        step, epoch = self.state.global_step, self.state.epoch_idx
        report = EvaluationReport(
            step=step, horizon=self.training_horizon, epoch=epoch, name=name, totals=totals
        )
        self.evaluations[name] = report
        self.note(report.as_text())
        self._track(report)

    def _track(self, report: Report) -> None:
        """Give a report to each tracker; one that fails stops the run once it is saved."""
        for tracker in self._trackers:
            try:
                tracker.log(report)
            except (TrainingError, OSError) as error:
                self._stop_with(error)

    def _stop_with(self, error: TrainingError | OSError) -> None:
        """Let the run stop after this step, or after the next one where other processes train."""
        if self._stop_requests.failure is None:
            failure = error if isinstance(error, TrainingError) else TrainingError(str(error))
            self._stop_requests.failure = failure
            self.note(f"warning: {failure.message}; stopping once the run is saved")
        self.is_stopping |= self.mesh.num_processes == 1
