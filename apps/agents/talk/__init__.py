"""What a model does for any agent: fills its input from plain words, explains a result, answers, drafts a letter.

It works on what was computed and says nothing that counts as computed: each number in its text is looked up in the
result and in what it read of it. Without a model the result is explained in the agent's own words.
"""
