"""From a source's words to the record schema: identifiers, text, names, dates, venues, links.

Every cleaner is a total function: any text in, a canonical form or None out, nothing raised.
"""
