"""A browser without a screen: cookies, redirects, forms. For proofs that need a sign-in, not a page.

It does what a person with scripts switched off could do: follow links, fill labelled fields, press named
buttons. The pages themselves are proven in a real Chromium (`tests/browser`).
"""

import http.client
import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: where it goes, its fields as the page filled them, its buttons by text."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    radios: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    """(text, name, value)."""


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.labels: dict[str, str] = {}
        self.text_by_id: dict[str, str] = {}
        self._form: Form | None = None
        self._capture: tuple[str, dict[str, str | None], list[str]] | None = None
        self._ids: list[tuple[str, str, list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = dict(attrs)
        if a.get("id") and tag not in ("input", "meta", "link", "img", "br", "hr"):
            self._ids.append((tag, a["id"] or "", []))
        if tag == "form":
            self._form = Form(a.get("action") or "", (a.get("method") or "get").lower())
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None and a.get("name"):
            name, value = a["name"] or "", a.get("value") or ""
            if a.get("type") in ("radio", "checkbox"):
                self._form.radios.setdefault(name, []).append(value)
                if "checked" in a:
                    self._form.fields[name] = value
            else:
                self._form.fields[name] = value
        elif tag in ("button", "a", "label"):
            self._capture = (tag, a, [])

    def handle_endtag(self, tag: str) -> None:
        if self._capture and self._capture[0] == tag:
            _, a, pieces = self._capture
            text = " ".join("".join(pieces).split())
            if tag == "button" and self._form is not None:
                self._form.buttons.append((text, a.get("name") or "", a.get("value") or ""))
            elif tag == "a":
                self.links.append((text, a.get("href") or ""))
            elif tag == "label" and a.get("for"):
                self.labels[text] = a["for"] or ""
            self._capture = None
        if tag == "form":
            self._form = None
        if self._ids and self._ids[-1][0] == tag:
            _, name, pieces = self._ids.pop()
            self.text_by_id[name] = "".join(pieces).strip()

    def handle_data(self, data: str) -> None:
        if self._capture:
            self._capture[2].append(data)
        for _, _, pieces in self._ids:
            pieces.append(data)


class FormBrowser:
    """One browser with one cookie jar."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), urllib.request.ProxyHandler({})
        )
        self.url = ""
        self.status = 0
        self.html = ""
        self.page = _Page()

    def open(self, url: str, data: bytes | None = None) -> None:
        """Go there, follow redirects, read the page. Error pages are pages too."""
        target = urllib.parse.urljoin(self.url, url)
        headers = {"User-Agent": "form-browser/1", "Sec-Fetch-Site": "same-origin" if self.url else "none"}
        if data is not None:
            parts = urllib.parse.urlsplit(target)
            headers["Origin"] = f"{parts.scheme}://{parts.netloc}"
        request = urllib.request.Request(target, data=data, headers=headers)
        try:
            answer: http.client.HTTPResponse | urllib.error.HTTPError = self._opener.open(request, timeout=30)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.url, self.status = answer.url, answer.status or 0
            self.html = answer.read().decode("utf-8", "replace")
        self.page = _Page()
        self.page.feed(self.html)

    def follow(self, text: str) -> None:
        """Follow the link with this text."""
        self.open(next(href for found, href in self.page.links if text in found))

    def press(self, text: str, **fields: str) -> None:
        """Fill fields by name and press the button whose text contains `text`."""
        for form in self.page.forms:
            for found, name, value in form.buttons:
                if text in found:
                    filled = {**form.fields, **fields} | ({name: value} if name else {})
                    encoded = urllib.parse.urlencode(filled)
                    if form.method == "get":
                        self.open(urllib.parse.urljoin(self.url, form.action).split("?")[0] + "?" + encoded)
                    else:
                        self.open(form.action or self.url, encoded.encode())
                    return
        raise AssertionError(f"no button {text!r} on {self.url}: {self.html[:2000]}")
