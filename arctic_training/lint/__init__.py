"""Advice on definitions that are right: what their authors would want to know.

``rules`` lists the rules, ``linter`` applies them, ``reads`` follows a config through the user's
functions. Nothing of the user's is imported.
"""
