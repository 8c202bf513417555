"""Smallcap Watch: are small caps being left behind, why, and does it matter?

The version below is the only one: the package, the changelog test and `meta.build` read it.
"""

__version__ = "0.1.0"
