"""From a trainer definition to a generated package.

The stages: load (in ``document``), extend, link, check, resolve, plan, render, verify, publish.
Only the first three read documents and only publish writes; ``definitions`` and ``pipeline`` put
them in their order.
"""
