"""From a trainer definition to a generated package.

The stages: load (in ``document``), check, resolve, plan, render, verify, publish. Only load reads
and only publish writes; ``definitions`` and ``pipeline`` put them in their order.
"""
