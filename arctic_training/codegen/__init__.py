"""From a trainer definition to a generated package.

The stages: load (in ``document``), link, check, resolve, plan, render, verify, publish. Only the
first two read and only publish writes; ``definitions`` and ``pipeline`` put them in their order.
"""
