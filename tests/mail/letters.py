"""Letters as people send them, sealed by the real gpg.

Every maker gives the bytes of a whole message with CRLF line ends.  Nothing
in here is a real report: names, numbers and products are made up, and what
looks like a coordinator's notice says that it is synthetic.
"""

import base64
import email.header
import email.utils
import itertools
import time

_serial = itertools.count(1)

POC = "psirt@vendor.example"
FINDER = "finder@research.example"
JPCERT = "vuls@jpcert.example"
CERT = "cert@cert.example"

ENGLISH = """\
Hello,

I found a flaw in the web server of the XYZ-100 controller.

Product: XYZ-100
Version: 2.3.1
Vulnerability type: CWE-120 Buffer copy without checking size of input
Impact: a remote attacker stops the controller with one request
Steps to reproduce: send GET /status with a Host header of 2000 bytes,
the marker word is xylophone-cabbage.
CVSS: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H

Regards,
Robin Finder
"""

JAPANESE = """\
脆弱性のご報告をいたします。

製品名: XYZ-100
バージョン: 2.3.1
脆弱性の種類: CWE-79 クロスサイトスクリプティング
再現手順: 設定画面の名称欄に文字列を入力し、保存します。合言葉は紫陽花です。
想定される影響: 管理者のブラウザ上で任意のスクリプトが実行されます。

以上、よろしくお願いいたします。
"""

NOTICE = """\
(SYNTHETIC: 試験用に作られた通知です。実在の案件ではありません。)

株式会社ベンダー PSIRT ご担当者様

製品開発者登録に基づき、下記の脆弱性関連情報の概要をご連絡いたします。

VN: JVN#12345678 / TN: JPCERT#91234567

製品名: XYZ-100
バージョン: 2.3.1 およびそれ以前
脆弱性の種類: CWE-22 パストラバーサル
概要: 遠隔の第三者が機器内のファイルを読み出せる可能性があります。

詳細情報の要否をご回答ください。
"""

OVERSEAS = """\
(SYNTHETIC: made for a test, not a real case.)

Hello,

we have received a report about one of your products, VU#582497.

Affected product: XYZ-100
Affected versions: before 2.4
Vulnerability type: CWE-306 Missing authentication
Impact: unauthenticated change of settings

We plan to publish 45 days after this first contact.

The coordination centre
"""


def message_id(domain="research.example"):
    return f"<{time.time_ns()}.{next(_serial)}@{domain}>"


def encoded(text, charset="utf-8"):
    """A header value, RFC 2047 encoded where it must be."""
    if text.isascii():
        return text
    return email.header.Header(text, charset, maxlinelen=70).encode()


def head(subject, sender=FINDER, name=None, to=POC, charset="utf-8",
         date=None, **fields):
    """The head of a letter; underscores of a field's name become hyphens."""
    rows = [("From", email.utils.formataddr((encoded(name, charset), sender))
             if name else sender),
            ("To", to),
            ("Subject", encoded(subject, charset)),
            ("Date", email.utils.formatdate(date or time.time())),
            ("Message-ID", fields.pop(
                "message_id", None) or message_id(sender.rpartition("@")[2])),
            ("MIME-Version", "1.0")]
    rows += [(key.replace("_", "-"), value) for key, value in fields.items()
             if value is not None]
    lines = "\n".join(f"{key}: {value}" for key, value in rows)
    return crlf(lines.encode())


def crlf(data):
    """CRLF line ends, without one at the end."""
    return b"\r\n".join(data.replace(b"\r\n", b"\n").rstrip(b"\n")
                        .split(b"\n"))


def text_part(text, charset="utf-8", subject=None):
    """A text/plain entity; subject: a protected one (RFC 9788)."""
    data = text.replace("\n", "\r\n").encode(charset)
    protected = ""
    rows = []
    if subject is not None:
        rows.append(f"Subject: {encoded(subject)}")
        protected = '; protected-headers="v1"'
    rows.append(f"Content-Type: text/plain; charset={charset}{protected}")
    if charset.lower() == "iso-2022-jp" or data.isascii():
        rows.append("Content-Transfer-Encoding: 7bit")
    else:
        rows.append("Content-Transfer-Encoding: base64")
        data = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return "\r\n".join(rows).encode() + b"\r\n\r\n" + data


def file_part(name, content, kind="application/octet-stream"):
    data = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (f'Content-Type: {kind}; name="{name}"\r\n'
            "Content-Transfer-Encoding: base64\r\n"
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
            ).encode() + data


def multipart(kind, parts, parameters=""):
    """One entity of the parts, which are entities themselves."""
    edge = f"edge-{next(_serial)}-{time.time_ns()}"
    out = (f'Content-Type: multipart/{kind}; boundary="{edge}"{parameters}'
           "\r\n\r\n").encode()
    for part in parts:
        out += f"--{edge}\r\n".encode() + part + b"\r\n"
    return out + f"--{edge}--\r\n".encode()


def with_key(entity, home, name="publickey.asc"):
    """The entity with the home's public key beside it."""
    key = crlf(home.public()) + b"\r\n"
    return multipart("mixed", [entity, (
        f'Content-Type: application/pgp-keys; name="{name}"\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
    ).encode() + key])


def pgp_encrypted(entity, home, to, sign=True, key=None, **how):
    """RFC 3156 multipart/encrypted of an entity."""
    return pgp_encrypted_with(
        home.encrypt(entity, to, sign=sign, key=key, **how))


def pgp_encrypted_with(sealed):
    """The same of an armored message."""
    return multipart("encrypted", [
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n'
        b'Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n'
        + crlf(sealed) + b"\r\n"],
        ';\r\n protocol="application/pgp-encrypted"')


def pgp_signed(entity, home, key=None):
    """RFC 3156 multipart/signed of an entity."""
    entity = entity.rstrip(b"\r\n") + b"\r\n"
    signature = crlf(home.sign_detached(entity, key)) + b"\r\n"
    return multipart("signed", [
        entity,
        b'Content-Type: application/pgp-signature; name="signature.asc"'
        b"\r\n\r\n" + signature],
        ';\r\n micalg=pgp-sha512;\r\n protocol="application/pgp-signature"')


def letter(heads, entity):
    return heads + b"\r\n" + entity


# ---- the letters of the issue -----------------------------------------------

def finder_report(finder, poc, text=ENGLISH, subject="Flaw in XYZ-100",
                  sign=True, key_attached=True, files=(), **fields):
    """PGP/MIME, encrypted and signed, the key attached."""
    entity = text_part(text, subject=subject)
    if files:
        entity = multipart("mixed", [entity] + [file_part(*f) for f in files])
    if key_attached:
        entity = with_key(entity, finder)
    fields.setdefault("name", "Robin Finder")
    return letter(head("...", **fields),
                  pgp_encrypted(entity, finder, [poc.fingerprint], sign))


def signed_report(finder, text=ENGLISH, subject="Flaw in XYZ-100", **fields):
    """Signed in clear."""
    return letter(head(subject, name="Robin Finder", **fields),
                  pgp_signed(with_key(text_part(text), finder), finder))


def japanese_inline(finder, poc, text=JAPANESE, sign=True,
                    sender="kenkyu@research.example", **fields):
    """ISO-2022-JP with the armor inside text/plain."""
    sealed = finder.encrypt(text.replace("\n", "\r\n").encode("iso-2022-jp"),
                            [poc.fingerprint], sign=sign)
    body = ("お世話になっております。以下、暗号化してお送りします。\n\n"
            + sealed.decode() + "\n山田\n")
    return letter(head("脆弱性のご報告", sender=sender, name="山田 太郎",
                       charset="iso-2022-jp", **fields),
                  text_part(body, "iso-2022-jp"))


def jpcert_notice(home, poc, text=NOTICE, sender=JPCERT, key=None,
                  vn="JVN#12345678", tn="JPCERT#91234567", **fields):
    """A coordinator's notice, signed and encrypted; synthetic."""
    text = text.replace("JVN#12345678", vn).replace("JPCERT#91234567", tn)
    subject = f"[VN: {vn} / TN: {tn}] 脆弱性関連情報の概要のご連絡"
    return letter(
        head(subject, sender=sender, name="JPCERT/CC (synthetic)",
             X_Synthetic="yes", **fields),
        pgp_encrypted(text_part(text, subject=subject), home,
                      [poc.fingerprint], key=key))


def overseas_notice(home, poc, text=OVERSEAS, **fields):
    subject = "VU#582497 report for your attention"
    return letter(
        head(subject, sender=CERT, name="Overseas CERT (synthetic)",
             X_Synthetic="yes", **fields),
        pgp_encrypted(text_part(text, subject=subject), home,
                      [poc.fingerprint]))


def reply(home, poc, number, in_reply_to=None, sender=FINDER,
          text="I forgot to say: version 2.2 is affected as well.\n",
          sign=True, name="Robin Finder", **fields):
    """A signed, encrypted answer with our number in its subject."""
    subject = f"Re: [{number}] your report"
    return letter(
        head(subject, sender=sender, name=name, In_Reply_To=in_reply_to,
             References=in_reply_to, **fields),
        pgp_encrypted(text_part(text, subject=subject), home,
                      [poc.fingerprint], sign))


def plain(text, subject="A question", sender="somebody@other.example",
          charset="utf-8", **fields):
    """In clear, unsigned."""
    return letter(head(subject, sender=sender, charset=charset, **fields),
                  text_part(text, charset))


def clear_report(**fields):
    return plain("Hello,\n\nyour controller XYZ-100 answers to a default "
                 "password.\n\nVersion: 2.1\nImpact: anybody may change "
                 "settings, the marker word is tangerine-anvil.\n",
                 subject="problem with XYZ-100", **fields)


def inquiry(**fields):
    return plain("Hello,\n\ndo you have a policy for reporting problems?\n",
                 **fields)


def spam(**fields):
    return plain("Dear sir,\n\nwe make the best cardboard boxes at the best "
                 "price. Ask for our catalogue!\n",
                 subject="Best boxes", sender="sales@boxes.example", **fields)


def out_of_office(sender="design@vendor.example", number=None,
                  in_reply_to=None, **fields):
    """RFC 3834: an automatic reply."""
    subject = "Automatic reply: " + (f"[{number}]" if number else "XYZ-100")
    return plain("I am out of the office until Monday. For the XYZ-100 "
                 "please ask my colleagues.\n", subject=subject,
                 sender=sender, In_Reply_To=in_reply_to,
                 Auto_Submitted="auto-replied", **fields)


def list_mail(**fields):
    return plain("A digest: XYZ-100, firmware, version 2.3, vulnerability.\n"
                 "Product: XYZ-100\nVersion: 2.3\n",
                 subject="[announce] digest", sender="list@lists.example",
                 List_Id="<announce.lists.example>", Precedence="list",
                 **fields)


def bounce(original_id, to="design@vendor.example"):
    """A delivery report (RFC 3464) about the mail with this Message-ID."""
    status = (b"Content-Type: message/delivery-status\r\n\r\n"
              b"Reporting-MTA: dns; mail.vendor.example\r\n\r\n"
              b"Final-Recipient: rfc822; " + to.encode() + b"\r\n"
              b"Action: failed\r\nStatus: 5.1.1\r\n")
    original = ("Content-Type: text/rfc822-headers\r\n\r\n"
                f"Message-ID: {original_id}\r\nTo: {to}\r\n"
                f"From: {POC}\r\nSubject: a mail of ours\r\n").encode()
    return letter(
        head("Mail delivery failed", sender="mailer-daemon@vendor.example",
             Auto_Submitted="auto-replied"),
        multipart("report", [text_part("It could not be delivered.\n"),
                             status, original],
                  "; report-type=delivery-status"))


def sealed_for_others(home, fingerprint, text=ENGLISH, **fields):
    """Encrypted, but not to us."""
    fields.setdefault("name", "Robin Finder")
    return letter(head("encrypted report", **fields),
                  pgp_encrypted(text_part(text), home, [fingerprint]))


def broken_for_us(finder, poc, **fields):
    """Names our key as its recipient, but its sealed data is damaged."""
    sealed = finder.encrypt(text_part(ENGLISH), [poc.fingerprint],
                            sign=True, armor=False)
    damaged = bytearray(sealed)
    for at in range(len(damaged) - 60, len(damaged) - 20):
        damaged[at] ^= 0x55
    body = base64.encodebytes(bytes(damaged)).replace(b"\n", b"\r\n")
    entity = multipart("encrypted", [
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + body],
        ';\r\n protocol="application/pgp-encrypted"')
    fields.setdefault("name", "Robin Finder")
    return letter(head("encrypted report", **fields), entity)


def of_size(octets, **fields):
    """A letter in clear with at least this many bytes."""
    line = "x" * 70 + "\n"
    return plain(line * (octets // 71 + 1), subject="large", **fields)
