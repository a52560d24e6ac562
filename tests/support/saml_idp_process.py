"""The process behind `support.saml_idp`: pysaml2's identity provider with a login form, on loopback, for one folder.

    options.json   read at each request: keys, signing, encryption, users (support.saml_idp writes it)
    sp/*.xml       metadata of the service providers it knows, read at each request

Run as `python saml_idp_process.py FOLDER`; prints its base URL when it listens.
"""

import base64
import html
import json
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from lxml import etree
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, Issuer, NameID
from saml2.server import Server

XMLSEC = "/usr/bin/xmlsec1"
NS = {"saml": "urn:oasis:names:tc:SAML:2.0:assertion", "samlp": "urn:oasis:names:tc:SAML:2.0:protocol"}
# pysaml2's own default is SHA-1.
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
FORM = """<form method="post" action="{action}"><p>
<label for="user">User name</label> <input id="user" name="user" autocomplete="off">
<label for="password">Password</label> <input id="password" name="password" type="password">
{hidden}<button>Log in</button></p></form>"""


class Idp:
    """What the process knows. `at` takes one request at a time: pysaml2 is not for threads."""

    def __init__(self, folder: Path, base: str) -> None:
        self.folder, self.base = folder, base
        self.lock = threading.Lock()
        self.sessions: dict[str, tuple[NameID, str, str]] = {}
        """By user: NameID, SessionIndex, entity id of the service provider, of the last sign-in."""

    @property
    def options(self) -> dict:
        return json.loads((self.folder / "options.json").read_text())

    def server(self) -> Server:
        options = self.options
        maps = self.folder / "attribute_maps"
        maps.mkdir(exist_ok=True)
        names = sorted({name for user in options["users"].values() for name in user["attributes"]})
        table = {"identifier": NAME_FORMAT_URI, "fro": {n: n for n in names}, "to": {n: n for n in names}}
        (maps / "ours.py").write_text(f"MAP = {table!r}\n")
        signing = options["signing_key"]
        service = {
            "endpoints": {
                "single_sign_on_service": [(self.base + "/sso", BINDING_HTTP_REDIRECT)],
                "single_logout_service": [(self.base + "/slo", BINDING_HTTP_REDIRECT)],
            },
            "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_URI}},
            "want_authn_requests_signed": options["want_signed_requests"],
            "name_id_format": [NAMEID_FORMAT_PERSISTENT],
        }
        known = sorted(str(path) for path in (self.folder / "sp").glob("*.xml"))
        config = {
            "entityid": self.base + "/metadata",
            "service": {"idp": service},
            "key_file": str(self.folder / f"{signing}.key.pem"),
            "cert_file": str(self.folder / f"{signing}.cert.pem"),
            "metadata": {"local": known} if known else {},
            "attribute_map_dir": str(maps),
            "xmlsec_binary": XMLSEC,
        }
        return Server(config=IdPConfig().load(config))

    def metadata(self) -> str:
        from saml2.metadata import entity_descriptor

        text = str(entity_descriptor(self.server().config))
        root = etree.fromstring(text.encode())
        space = "{urn:oasis:names:tc:SAML:2.0:metadata}"
        role = root.find(f"{space}IDPSSODescriptor")
        (descriptor, *_) = [d for d in role.findall(f"{space}KeyDescriptor") if d.get("use") != "encryption"]
        for d in role.findall(f"{space}KeyDescriptor"):
            role.remove(d)
        for place, name in enumerate(self.options["published_keys"]):
            pem = (self.folder / f"{name}.cert.pem").read_text()
            copy = etree.fromstring(etree.tostring(descriptor))
            copy.set("use", "signing")
            (target,) = copy.iter("{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
            target.text = "".join(line for line in pem.splitlines() if "-----" not in line)
            role.insert(place, copy)
        return etree.tostring(root).decode()

    # Pages.

    def sso(self, query: dict[str, str]) -> str:
        """A request by redirect: the login form, which carries what is needed to answer it."""
        request = self.server().parse_authn_request(
            query["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            relay_state=query.get("RelayState", ""),
            sigalg=query.get("SigAlg"),
            signature=query.get("Signature"),
        )
        if self.options["want_signed_requests"] and "Signature" not in query:
            raise ValueError("the request is not signed")
        message = request.message
        carried = {
            "in_response_to": message.id,
            "sp": message.issuer.text,
            "acs": message.assertion_consumer_service_url,
            "relay_state": query.get("RelayState", ""),
        }
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in carried.items()
        )
        return page("Log in", FORM.format(action="/login", hidden=hidden))

    def login(self, form: dict[str, str]) -> str:
        user = self.options["users"].get(form["user"])
        if user is None or user["password"] != form["password"]:
            return page("Log in", "<p>Wrong user name or password.</p>")
        return self.answer(
            form["user"], form["sp"], form["acs"], form["in_response_to"], form.get("relay_state", "")
        )

    def start(self, query: dict[str, str]) -> str:
        """IdP-initiated: no request, no password, straight to the form that posts the response."""
        server = self.server()
        (service,) = server.metadata.assertion_consumer_service(query["sp"], binding=BINDING_HTTP_POST)
        return self.answer(query["user"], query["sp"], service["location"], None, query.get("RelayState", ""))

    def answer(self, user: str, sp: str, acs: str, in_response_to: str | None, relay_state: str) -> str:
        xml = self.response(user, sp, acs, in_response_to)
        fields = {"SAMLResponse": base64.b64encode(xml).decode(), "RelayState": relay_state}
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
            for name, value in fields.items()
            if value
        )
        form = (
            f'<form method="post" action="{html.escape(acs)}">{inputs}<p><button>Continue</button></p></form>'
        )
        return page("Signed in", form)

    def response(self, user: str, sp: str, acs: str, in_response_to: str | None) -> bytes:
        """pysaml2's response; encryption is put between the two signatures, as the profile wants it."""
        options, server = self.options, self.server()
        who = options["users"][user]
        name_id = NameID(format=NAMEID_FORMAT_PERSISTENT, text=who.get("name_id", user))
        lifetime = options["session_seconds"]
        made = server.create_authn_response(
            identity=dict(who["attributes"]),
            in_response_to=in_response_to,
            destination=acs,
            sp_entity_id=sp,
            name_id=name_id,
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": self.base},
            sign_assertion=options["sign_assertion"],
            sign_response=options["sign_response"] and not options["encrypt"],
            sign_alg=RSA_SHA256,
            digest_alg=SHA256,
            session_not_on_or_after=instant(time.time() + lifetime) if lifetime else None,
        )
        root = etree.fromstring(str(made).encode())
        statement = root.find(".//saml:AuthnStatement", NS)
        self.sessions[user] = (name_id, statement.get("SessionIndex", ""), sp)
        if not options["encrypt"]:
            return str(made).encode()
        xml = self.encrypt(root, server, sp, options["encrypt"])
        if options["sign_response"]:
            return self.sign_response(server, xml)
        return xml

    def encrypt(self, root: etree._Element, server: Server, sp: str, cipher: str) -> bytes:
        """xmlsec1 by hand: pysaml2 itself only offers Triple DES."""
        certificate = server.metadata.certs(sp, "any", "encryption")[0][1]
        assertion = root.find("saml:Assertion", NS)
        alone = etree.tostring(
            assertion, with_tail=False
        )  # with every prefix it uses: it must be read by itself later
        wrapper = etree.Element(f"{{{NS['saml']}}}EncryptedAssertion")
        wrapper.text = "ASSERTION"
        root.replace(assertion, wrapper)
        document = etree.tostring(root).replace(b"ASSERTION", alone)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            place = Path(name)
            (place / "in.xml").write_bytes(document)
            (place / "template.xml").write_text(TEMPLATE.format(cipher=CIPHERS[cipher]))
            (place / "cert.pem").write_text(
                f"-----BEGIN CERTIFICATE-----\n{lines(certificate)}\n-----END CERTIFICATE-----\n"
            )
            words = [XMLSEC, "--encrypt", "--pubkey-cert-pem", str(place / "cert.pem")]
            words += ["--session-key", "aes-" + cipher[3:6], "--xml-data", str(place / "in.xml")]
            words += ["--node-xpath", "//*[local-name()='EncryptedAssertion']/*[local-name()='Assertion']"]
            words += ["--output", str(place / "out.xml"), str(place / "template.xml")]
            subprocess.run(words, check=True, capture_output=True)
            return (place / "out.xml").read_bytes()

    def sign_response(self, server: Server, xml: bytes) -> bytes:
        """pysaml2 fills in a signature template; the document is not rewritten, for what is encrypted uses its prefixes."""
        from saml2.sigver import pre_signature_part

        root = etree.fromstring(xml)
        template = pre_signature_part(
            root.get("ID"), server.sec.my_cert, 1, sign_alg=RSA_SHA256, digest_alg=SHA256
        )
        root.find("saml:Issuer", NS).addnext(etree.fromstring(str(template).encode()))
        text = etree.tostring(root).decode()
        signed = server.sec.sign_statement(text, f"{NS['samlp']}:Response", node_id=root.get("ID"))
        return signed.encode() if isinstance(signed, str) else signed

    def logout(self, query: dict[str, str]) -> str:
        """Where the browser is sent with a signed LogoutRequest for the user's last sign-in."""
        name_id, index, sp = self.sessions[query["user"]]
        server = self.server()
        (service,) = server.metadata.single_logout_service(sp, BINDING_HTTP_REDIRECT, "spsso")
        _, request = server.create_logout_request(
            service["location"],
            server.config.entityid,
            name_id=name_id,
            session_indexes=[index],
            expire=instant(time.time() + 120),
            sign=False,
        )
        request.issuer = Issuer(text=server.config.entityid)
        sent = server.apply_binding(
            BINDING_HTTP_REDIRECT,
            str(request),
            service["location"],
            relay_state=query.get("RelayState", ""),
            sign=True,
            sigalg=RSA_SHA256,
        )
        return dict(sent["headers"])["Location"]

    def slo(self, query: dict[str, str]) -> str:
        """The service provider's answer, by pysaml2's reading of it; its signature by hand over the query."""
        self.server().parse_logout_request_response(query["SAMLResponse"], BINDING_HTTP_REDIRECT)
        return page("Logged out", "<p>The service provider has ended the session.</p>")


CIPHERS = {
    "aes128-cbc": "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "aes256-cbc": "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "aes128-gcm": "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "aes256-gcm": "http://www.w3.org/2009/xmlenc11#aes256-gcm",
}
TEMPLATE = """<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">
<xenc:EncryptionMethod Algorithm="{cipher}"/><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>
<xenc:EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"/><xenc:CipherData><xenc:CipherValue/>
</xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo><xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>"""


def instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def lines(certificate: str) -> str:
    bare = "".join(certificate.split())
    return "\n".join(bare[start : start + 64] for start in range(0, len(bare), 64))


def page(title: str, body: str) -> str:
    return f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1>{body}"


class Threaded(socketserver.ThreadingMixIn, WSGIServer):
    """A browser opens connections it does not use yet; one thread would wait for them."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def main(folder: Path) -> None:
    idp: Idp

    def application(environ: dict, start_response: object) -> list[bytes]:
        path = environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        values = {k: v[0] for k, v in parse_qs(environ["QUERY_STRING"] + "&" + body).items()}
        status, headers, text = "200 OK", [("Content-Type", "text/html; charset=utf-8")], ""
        try:
            with idp.lock:
                if path == "/metadata":
                    text, headers = idp.metadata(), [("Content-Type", "application/samlmetadata+xml")]
                elif path == "/logout":
                    status, headers = "303 See Other", [("Location", idp.logout(values))]
                else:
                    pages = {"/sso": idp.sso, "/login": idp.login, "/start": idp.start, "/slo": idp.slo}
                    text = pages[path](values)
        except Exception as broken:
            print(f"{path}: {type(broken).__name__}: {broken}", file=sys.stderr, flush=True)
            status, text = (
                "400 Bad Request",
                page("Refused", html.escape(f"{type(broken).__name__}: {broken}")),
            )
        start_response(status, headers)  # type: ignore[operator]  # the WSGI callable
        return [text.encode()]

    port = json.loads((folder / "options.json").read_text())["port"]
    with make_server("127.0.0.1", port, application, server_class=Threaded, handler_class=Quiet) as server:
        idp = Idp(folder, f"http://127.0.0.1:{server.server_port}")
        print(idp.base, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
