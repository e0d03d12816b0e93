"""``make bench``: what things cost, as ratios within one run; the machine may be busy."""

from __future__ import annotations

from tests.benchmarks import (
    commands,
    generator,
    memory,
    packed_rows,
    preparing,
    scale,
    starting,
    training_step,
)

_ALL = (commands, starting, generator, preparing, scale, packed_rows, training_step, memory)


def main() -> None:
    """Run every benchmark and print its lines."""
    for benchmark in _ALL:
        print(f"\n{(benchmark.__doc__ or '').splitlines()[0]}", flush=True)
        for line in benchmark.measure():
            print(f"  {line}", flush=True)


if __name__ == "__main__":
    main()
