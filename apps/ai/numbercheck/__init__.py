"""Whether the numbers in a model's text are those of a computation.

`figures_of` tells what may be quoted: the figures, texts and lengths of lists of a result or of a tool's answer.
`check` reads a text and says of each number in it where it comes from:

- **matched**: it is a figure, rounded to what the text shows of it, and off by no more than 5 % for that;
- **plain**: no claim of a figure, and it stands in the data: a date, a part of a name, the length of a list, the number
  of an item of a list;
- **unmatched**: anything else. No sum, difference or ratio that the model worked out itself is ever matched.

What is unmatched may be right. It is marked, as nobody has computed it.
"""

from apps.ai.numbercheck.checking import Checked, Verdict, check
from apps.ai.numbercheck.figures import Figure, figures_of

__all__ = ["Checked", "Figure", "Verdict", "check", "figures_of"]
