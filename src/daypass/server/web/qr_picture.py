"""A text as a QR picture inside a page: SVG markup, because the pages load no image from elsewhere (ISO/IEC 18004)."""

from markupsafe import Markup

__all__ = ["qr_svg"]


def qr_svg(text: str) -> Markup:
    """Dark modules on white with the quiet zone, whatever the colour scheme: scanners need it so."""
    import segno  # it brings half of urllib: only who adds a device pays

    svg = segno.make(text, error="m", micro=False).svg_inline(
        scale=4, border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=False
    )
    return Markup(svg)  # noqa: S704 - the library writes numbers only
