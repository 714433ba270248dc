"""OpenAI's protocol, which most services of models speak: what is sent, what comes back, and what may go wrong.

Kinds of providers are put together from it. The library is imported when something is asked: it takes half a second.
"""
