"""daypass: browser sign-in for the terminal.

Importing this package imports nothing else: the credential-process path runs through here, and every
module costs it milliseconds.
"""
