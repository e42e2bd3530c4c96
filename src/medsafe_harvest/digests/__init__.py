"""A digest of new papers, as text, HTML or a mail, that tells how the harvest went.

``health`` says whether "nothing new" can be believed, ``content`` what a digest holds, ``text``,
``html`` and ``message`` how it is written, ``smtp`` sends it, ``book`` remembers what was sent.
Nothing here knows the time: moments are arguments.
"""
