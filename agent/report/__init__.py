"""`report.html`: everything about a run in one static file that opens without a network.

```
from agent.report import write_report
write_report(Path("runs/first"))
```
`digest.py` says what the page is given of each record, `page.py` puts data, styles and scripts into one file, and
`page/` holds those styles and scripts.
"""

from agent.report.build import write_report

__all__ = ["write_report"]
