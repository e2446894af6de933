"""HTML to a tagged PDF, in a process of its own: `python -m governance.reports.renderer < job > result`.

Pure. The only module that imports WeasyPrint, which takes seconds to load and which a hostile text may keep busy;
so it runs under limits of memory and time and can be killed. It fetches nothing: whatever address a text names is
refused, and what a page needs is in the job. Equal jobs give equal bytes.

A job is one line of JSON: `html`, `css`, `attachment` (text), `attachment_name`, `identifier` (hex),
`epoch` (seconds, the date of the file), `seconds`, `bytes` (limits).
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from datetime import UTC, datetime
from typing import Any, NoReturn

VARIANT = "pdf/a-3a"


def refuse(url: str, *_: Any, **__: Any) -> NoReturn:
    """The fetcher of every render: there is nothing outside the job."""
    raise ValueError(f"a report fetches nothing, not even {url[:80]!r}")


def limit(seconds: int, size: int) -> None:
    """Hard limits of this process: CPU seconds and address space in bytes. No core file, which would hold texts."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def render(job: dict[str, Any]) -> bytes:
    """The PDF of a job: PDF/A-3a, tagged, its data attached."""
    weasyprint = importlib.import_module("weasyprint")
    # without these the moment of rendering would be written into the file, and no two would be the same
    made = datetime.fromtimestamp(job["epoch"], UTC)
    data = weasyprint.Attachment(
        string=job["attachment"].encode(),
        name=job["attachment_name"],
        description="The data every figure of this report was made from",
        relationship="Data",
        created=made,
        modified=made,
        url_fetcher=refuse,
    )
    sheet = weasyprint.CSS(string=job["css"], url_fetcher=refuse)
    document = weasyprint.HTML(string=job["html"], url_fetcher=refuse, base_url="report:")
    pdf: bytes = document.write_pdf(
        stylesheets=[sheet],
        attachments=[data],
        pdf_variant=VARIANT,
        pdf_tags=True,
        pdf_identifier=bytes.fromhex(job["identifier"]),
        custom_metadata=False,
    )
    return pdf


def main() -> None:
    job = json.loads(sys.stdin.buffer.read())
    limit(job["seconds"], job["bytes"])
    sys.stdout.buffer.write(render(job))


if __name__ == "__main__":
    main()
