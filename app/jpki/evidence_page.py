"""The pages of an evidence file: what was signed, when, and what was found. PDF, A4.

The attached text is what was signed; these pages are for reading. A character that the font lacks
is shown as the printers' 〓, a variant as its common form, and the page says so.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import structlog
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Flowable, HRFlowable, Paragraph, SimpleDocTemplate, Spacer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

log = structlog.get_logger(__name__)

_EMBEDDED, _VIEWERS_OWN = "Evidence", "HeiseiKakuGo-W5"
_MISSING: Final = "〓"
_LACKING: Final = (
    "この文書の書体にない文字は「〓」か、近い字形で表しています。"
    "署名された文字は添付のファイルにあります。"
)
_MARGIN = 20 * mm
_SMALL, _NORMAL, _LARGE = 8, 10, 16
_LEADING = 1.7


def write_pages(
    title: str, text: str, facts: Sequence[tuple[str, str]], *, subject: str, font: Path
) -> bytes:
    """The unsealed PDF: title, the signed text whole, then facts as name and value.

    ``font`` is a TrueType file, embedded as a subset; without it viewers use their own.
    """
    name, known = _font(font)
    shown = _readable(text, known)
    story: list[Flowable] = [_paragraph(title, name, _LARGE), Spacer(1, 6 * mm)]
    if shown != text:
        story.append(_paragraph(_LACKING, name, _SMALL))
    story += [_paragraph(line, name, _NORMAL) for line in shown.split("\n")]
    story += [Spacer(1, 6 * mm), HRFlowable(width="100%"), Spacer(1, 4 * mm)]
    story += [
        _paragraph(f"{label}　{_readable(value, known)}", name, _SMALL) for label, value in facts
    ]
    output = BytesIO()
    _template(output, title, subject).build(
        story, onFirstPage=_footer(name, subject), onLaterPages=_footer(name, subject)
    )
    return output.getvalue()


def _template(output: BytesIO, title: str, subject: str) -> SimpleDocTemplate:
    return SimpleDocTemplate(
        output,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=title,
        subject=subject,
        author="つなぐ",
        lang="ja",
        invariant=1,
    )


def _paragraph(text: str, font: str, size: int) -> Paragraph:
    style = ParagraphStyle(
        str(size), fontName=font, fontSize=size, leading=size * _LEADING, wordWrap="CJK"
    )
    return Paragraph(escape(text) or "&nbsp;", style)


def _footer(font: str, subject: str) -> Any:
    def draw(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont(font, _SMALL)
        canvas.drawString(_MARGIN, _MARGIN / 2, subject)
        canvas.drawRightString(A4[0] - _MARGIN, _MARGIN / 2, str(document.page))
        canvas.restoreState()

    return draw


@cache
def _font(path: Path) -> tuple[str, frozenset[int] | None]:
    """Register the font once; its name, and which code points it has (None: not known)."""
    try:
        font = TTFont(_EMBEDDED, str(path))
    except (TTFError, OSError) as error:
        log.warning("jpki.evidence_font_missing", kind=type(error).__name__)
        pdfmetrics.registerFont(UnicodeCIDFont(_VIEWERS_OWN))
        return _VIEWERS_OWN, None
    pdfmetrics.registerFont(font)
    return _EMBEDDED, frozenset(font.face.charToGlyph)


def _readable(text: str, known: frozenset[int] | None) -> str:
    if known is None:
        return text
    plain = (c for c in text if not _is_variation_selector(c))
    return "".join(c if c == "\n" or ord(c) in known else _MISSING for c in plain)


def _is_variation_selector(character: str) -> bool:
    """Whether it only chooses a variant of the character before it (UTS #37)."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
