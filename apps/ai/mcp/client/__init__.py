"""MCP servers that a tenant's people have connected, whose tools custom agents may read with.

What a server says is text from outside. Which of its tools may be used is said by an administrator for each tool as it
was then: a tool that has changed since is refused until somebody has looked at it again.
"""
