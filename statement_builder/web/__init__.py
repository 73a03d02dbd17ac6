"""The operator's console: one billing office's mail in a browser.

It shows what `operations` reads and calls the same operations as the command line, with the signed-in user as the
actor. No rule, figure or state is decided here. Pages work without JavaScript; htmx only refreshes progress.
"""
