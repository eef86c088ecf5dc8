"""A mail server for tests. Usage: mail_server.py plain|starttls WORD. Says its port, listens on 127.0.0.1 only.

Takes mail from `ada` with the word over TLS, or from anybody in clear if it is plain, and appends what it took
to mails.jsonl. Its certificate and key are certificate.pem and key.pem.
"""
import base64, email, email.policy, json, socket, ssl, sys, threading

kind, word = sys.argv[1:]


def converse(connection):
    tls, user, sender, to = False, None, None, []
    stream = connection.makefile("rwb")

    def say(line):
        stream.write(line.encode() + b"\r\n")
        stream.flush()

    say("220 localhost ready")
    while line := stream.readline():
        verb, _, rest = line.decode().strip().partition(" ")
        verb = verb.upper()
        if verb == "EHLO":
            offers = {"plain": ["localhost"], "starttls": ["localhost", "AUTH PLAIN"] if tls else ["localhost", "STARTTLS"]}
            lines = offers[kind]
            for offer in lines[:-1]:
                say(f"250-{offer}")
            say(f"250 {lines[-1]}")
        elif verb == "STARTTLS" and kind == "starttls" and not tls:
            say("220 go on")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain("certificate.pem", "key.pem")
            connection = context.wrap_socket(connection, server_side=True)
            stream, tls = connection.makefile("rwb"), True
        elif verb == "AUTH" and tls and rest.upper().startswith("PLAIN "):
            _, name, given = base64.b64decode(rest.split(" ")[1]).decode().split("\0")
            if (name, given) == ("ada", word):
                user = name
                say("235 welcome")
            else:
                say("535 the word is wrong")
        elif verb == "MAIL" and (user or kind == "plain"):
            sender, to = rest, []
            say("250 fine")
        elif verb == "RCPT" and sender:
            to.append(rest.partition("<")[2].partition(">")[0])
            say("250 fine")
        elif verb == "DATA" and to:
            say("354 speak")
            lines = []
            while (line := stream.readline().rstrip(b"\r\n")) != b".":
                lines.append(line[1:] if line.startswith(b".") else line)
            mail = email.message_from_bytes(b"\n".join(lines) + b"\n", policy=email.policy.default)
            taken = {"tls": tls, "user": user, "to": to, "subject": mail["Subject"], "text": mail.get_content()}
            with open("mails.jsonl", "a") as file:
                file.write(json.dumps(taken) + "\n")
            say("250 taken")
        elif verb == "QUIT":
            say("221 goodbye")
            break
        elif verb == "RSET":
            say("250 fine")
        else:
            say("503 not now")
    connection.close()


def guarded(connection):
    try:
        converse(connection)
    except OSError:
        pass  # the other side went away, or did not trust the certificate


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=guarded, args=(listener.accept()[0],), daemon=True).start()
