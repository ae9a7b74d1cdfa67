"""Real mail servers on loopback: Dovecot (IMAP) and Exim (submission).

Both run from a private configuration in a temporary folder, unprivileged,
on ports chosen free at start.  Five addresses of loopback show five
certificates for the same server:

    127.0.0.1  good          127.0.0.2  for another host name
    127.0.0.3  expired       127.0.0.4  by a CA that nobody trusts
    127.0.0.5  made for clients alone

Exim demands TLS and AUTH, delivers each known address into its Maildir,
refuses others with 550, answers 451 for the domain later.example, and for
every recipient while the file `defer` lies in its folder.
"""

import pathlib
import subprocess

from process import Server, free_ports, listens, own_by_server, until

HOST = "mail.vendor.example"
GOOD, WRONG_HOST, EXPIRED, UNKNOWN_CA, FOR_CLIENTS = (
    "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
CERTIFICATES = {GOOD: "good", WRONG_HOST: "wrong-host", EXPIRED: "expired",
                UNKNOWN_CA: "unknown-ca", FOR_CLIENTS: "for-clients"}


def _openssl(folder, *args):
    done = subprocess.run(["openssl", *args], cwd=folder,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {args[0]}: {done.stderr}")


def make_certificates(folder):
    """A throw-away CA and one certificate a kind, all for one server key."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes"]
    for ca in ("ca", "other-ca"):
        _openssl(folder, "req", "-x509", *new_key, "-keyout", f"{ca}.key",
                 "-out", f"{ca}.pem", "-days", "2", "-subj",
                 f"/CN=throw-away test {ca}", "-addext",
                 "keyUsage=critical,keyCertSign")
    _openssl(folder, "req", "-new", *new_key, "-keyout", "server.key",
             "-out", "server.csr", "-subj", f"/CN={HOST}")
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("1000\n")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca = d\n[d]\ndatabase = index.txt\n"
        "serial = serial\nnew_certs_dir = .\ndefault_md = sha256\n"
        "policy = p\nunique_subject = no\n[p]\ncommonName = supplied\n"
        f"[host]\nsubjectAltName = DNS:{HOST}\n"
        "[other]\nsubjectAltName = DNS:mail.elsewhere.example\n"
        f"[client]\nsubjectAltName = DNS:{HOST}\n"
        "extendedKeyUsage = clientAuth\n")
    rows = {"good": ("ca", "host", []),
            "wrong-host": ("ca", "other", []),
            "expired": ("ca", "host", ["-startdate", "20200101000000Z",
                                       "-enddate", "20200201000000Z"]),
            "unknown-ca": ("other-ca", "host", []),
            "for-clients": ("ca", "client", [])}
    for name, (ca, names, dates) in rows.items():
        _openssl(folder, "ca", "-batch", "-config", "ca.cnf", "-notext",
                 "-cert", f"{ca}.pem", "-keyfile", f"{ca}.key", "-in",
                 "server.csr", "-out", f"{name}.pem", "-extensions", names,
                 *(dates or ["-days", "1"]))
    for path in folder.iterdir():
        path.chmod(0o644)


DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
auth_verbose = yes
verbose_ssl = yes
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_vsz_limit = 512M
protocols = imap
listen = {addresses}
ssl = required
ssl_key = <{tls}/server.key
ssl_cert = <{tls}/good.pem
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{mail}/%u
mail_home = {folder}/home/%u
first_valid_uid = 0
maildir_very_dirty_syncs = no
mail_max_userip_connections = 50
{extra}
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {plain}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
"""


class Dovecot:
    """IMAPS on .port, IMAP with STARTTLS on .starttls_port."""

    def __init__(self, folder, tls, mail, accounts, extra=""):
        self.folder = pathlib.Path(folder)
        self.port, self.starttls_port = free_ports(2)
        self.log = self.folder / "dovecot.log"
        for path in (self.folder, self.folder / "run", self.folder / "state",
                     self.folder / "home"):
            path.mkdir(parents=True, exist_ok=True)
            own_by_server(path)
        (self.folder / "users").write_text("".join(
            f"{address}:{{PLAIN}}{password}::::::\n"
            for address, password in accounts.items()))
        uid, gid, user, group = _server_ids()
        text = DOVECOT.format(
            folder=self.folder, tls=tls, mail=mail, user=user, group=group,
            uid=uid, gid=gid, plain=self.starttls_port, port=self.port,
            addresses=", ".join(CERTIFICATES), extra=extra)
        for address, name in CERTIFICATES.items():
            text += (f"local {address} {{\n"
                     f"  ssl_cert = <{tls}/{name}.pem\n}}\n")
        (self.folder / "dovecot.conf").write_text(text)
        self.server = None

    def start(self):
        self.server = Server(["/usr/sbin/dovecot", "-F", "-c",
                              str(self.folder / "dovecot.conf")],
                             self.folder / "dovecot.out")
        _wait_for(self.server, self.port, "dovecot")
        return self

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def logins(self, user):
        """The log's lines of successful logins of this user."""
        return [line for line in self.log.read_text().splitlines()
                if "imap-login: Info: Login:" in line
                and f"user=<{user}>" in line]

    def attempts(self):
        """Lines that show that somebody sent a name or a password."""
        marks = ("Login:", "auth failed", "Aborted login (auth",
                 "tried to use", "Password mismatch", "unknown user")
        return [line for line in self.log.read_text().splitlines()
                if any(m in line for m in marks)]


EXIM = r"""
exim_path = /usr/sbin/exim4
primary_hostname = @host@
spool_directory = @folder@/spool
log_file_path = @folder@/%s.log
pid_file_path = @folder@/exim.pid
log_selector = +received_recipients +smtp_protocol_error \
  +smtp_syntax_error +tls_certificate_verified +smtp_connection
never_users =
exim_user = @user@
exim_group = @group@
deliver_drop_privilege
keep_environment =
local_interfaces = @addresses@
daemon_smtp_ports = @plain@ : @port@
tls_on_connect_ports = @port@
tls_advertise_hosts = *
tls_certificate = @tls@/${lookup{$received_ip_address}\
  lsearch{@folder@/certificates}{$value}{good}}.pem
tls_privatekey = @tls@/server.key
acl_smtp_rcpt = rcpt
acl_smtp_auth = auth
message_size_limit = 60M
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 100
smtp_accept_max_per_host = 100
smtp_accept_queue_per_connection = 0
bounce_return_message = false
message_body_visible = 0
check_spool_space = 0
check_spool_inodes = 0

begin acl
auth:
  deny    message = 5.7.0 not without TLS
         !encrypted = *
  accept
rcpt:
  require message = 5.7.0 not without TLS and AUTH
          encrypted = *
          authenticated = *
  defer   message = 4.3.0 try again later
          condition = ${if exists{@folder@/defer}}
  defer   message = 4.3.0 try again later
          domains = later.example
  deny    message = 5.1.1 no such mailbox here
         !condition = ${lookup{$local_part@$domain}\
            lsearch{@folder@/mailboxes}{yes}{no}}
  accept

begin routers
mailbox:
  driver = accept
  address_data = ${lookup{$local_part@$domain}\
    lsearch{@folder@/mailboxes}{$value}fail}
  transport = maildir

begin transports
maildir:
  driver = appendfile
  maildir_format
  directory = $address_data
  create_directory
  return_path_add
  envelope_to_add

begin retry
*  *  F,1h,1s

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_advertise_condition = ${if def:tls_in_cipher}
  server_condition = ${if and{{def:auth2}{eq{$auth3}\
    {${lookup{$auth2}lsearch{@folder@/users}{$value}fail}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_advertise_condition = ${if def:tls_in_cipher}
  server_condition = ${if and{{def:auth1}{eq{$auth2}\
    {${lookup{$auth1}lsearch{@folder@/users}{$value}fail}}}}}
  server_set_id = $auth1
"""


class Exim:
    """SMTP over TLS on .port, SMTP with STARTTLS on .starttls_port."""

    def __init__(self, folder, tls, mailboxes, accounts):
        """mailboxes: address to Maildir; accounts: user to password."""
        self.folder = pathlib.Path(folder)
        self.port, self.starttls_port = free_ports(2)
        self.log = self.folder / "main.log"
        for path in (self.folder, self.folder / "spool"):
            path.mkdir(parents=True, exist_ok=True)
            own_by_server(path)
        for name, rows in (("mailboxes", mailboxes), ("users", accounts),
                           ("certificates", CERTIFICATES)):
            (self.folder / name).write_text("".join(
                f'{key}: {value}\n' for key, value in rows.items()))
        _, _, user, group = _server_ids()
        text = EXIM
        for name, value in {
                "folder": self.folder, "tls": tls, "host": HOST,
                "user": user, "group": group, "port": self.port,
                "plain": self.starttls_port,
                "addresses": " : ".join(CERTIFICATES)}.items():
            text = text.replace(f"@{name}@", str(value))
        (self.folder / "exim.conf").write_text(text)
        self.server = None

    def start(self):
        self.server = Server(["/usr/sbin/exim4", "-C",
                              str(self.folder / "exim.conf"), "-bdf"],
                             self.folder / "exim.out")
        _wait_for(self.server, self.port, "exim")
        return self

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None

    def defer(self, yes):
        """Answer every RCPT with 451 while yes."""
        path = self.folder / "defer"
        if yes:
            path.write_text("")
        else:
            path.unlink(missing_ok=True)

    def text(self):
        return self.log.read_text() if self.log.exists() else ""

    def accepted(self, to):
        """Lines of letters taken for this recipient."""
        return [line for line in self.text().splitlines()
                if " <= " in line and line.endswith(f" for {to}")]

    def attempts(self, user):
        """Lines that show that this user's name was sent to AUTH."""
        reject = self.folder / "reject.log"
        text = self.text() + (reject.read_text() if reject.exists() else "")
        marks = (f":{user}", f"set_id={user}", "AUTH command")
        return [line for line in text.splitlines()
                if any(m in line for m in marks)]


def _server_ids():
    import grp
    import os
    import pwd
    from process import SERVER_USER
    entry = (pwd.getpwnam(SERVER_USER) if SERVER_USER
             else pwd.getpwuid(os.getuid()))
    return (entry.pw_uid, entry.pw_gid, entry.pw_name,
            grp.getgrgid(entry.pw_gid).gr_name)


def _wait_for(server, port, name):
    def up():
        if not server.alive():
            raise RuntimeError(f"{name}: {server.log.read_text()}")
        return listens(port)
    until(up, 10, f"{name} to listen")
