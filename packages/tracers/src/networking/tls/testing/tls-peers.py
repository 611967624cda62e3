# Serves HTTPS at one port or asks for it, with Python's ssl: blocking sockets, each with a thread of its own, or asyncio, where
# all are on one thread and the encrypted bytes go through memory. Answers GET /name/BYTES with so many bytes.
# tls-peers.py serve threads|asyncio FOLDER: prints the port
# tls-peers.py ask threads|asyncio|batch CONNECTIONS REQUESTS PORTS: as tls-client.mjs. "batch" reads from all connections before
# it decrypts anything, so that nobody could know by the order of its calls which one is which.
import asyncio
import json
import os
import socket
import ssl
import sys
import threading

role, kind = sys.argv[1:3]
log = []


def path_of(connection, request):
    return f"/{os.getpid()}-{connection}-{request}/{[0, 12, 1500, 17000, 100000][(connection + request) % 5]}"


def size_of(head):
    return int(head.split(b" ")[1].rsplit(b"/", 1)[1])


def answer_of(head):
    size = size_of(head)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"z" * size


def request_of(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def server_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
    return context


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def serve_one(connection, context):
    try:
        with context.wrap_socket(connection, server_side=True) as stream:
            pending = b""
            while data := stream.recv(65536):
                pending += data
                while b"\r\n\r\n" in pending:
                    head, pending = pending.split(b"\r\n\r\n", 1)
                    stream.sendall(answer_of(head))
    except (OSError, ssl.SSLError):
        pass


def serve_threads(folder):
    context = server_context(folder)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve_one, args=(connection, context), daemon=True).start()


async def serve_asyncio(folder):
    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(answer_of(head))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(folder), backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def ask_one(connection, requests, ports):
    port = ports[connection % len(ports)]
    with client_context().wrap_socket(socket.create_connection(("127.0.0.1", port))) as stream:
        local = stream.getsockname()[1]
        for index in range(requests):
            path = path_of(connection, index)
            stream.sendall(request_of(path))
            received = b""
            while b"\r\n\r\n" not in received:
                received += stream.recv(65536)
            body = received.split(b"\r\n\r\n", 1)[1]
            length = size_of(request_of(path))
            while len(body) < length:
                body += stream.recv(65536)
            log.append([path, local, port])


async def ask_one_asyncio(connection, requests, ports):
    port = ports[connection % len(ports)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context())
    local = writer.get_extra_info("sockname")[1]
    for index in range(requests):
        path = path_of(connection, index)
        writer.write(request_of(path))
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(size_of(request_of(path)))
        log.append([path, local, port])
    writer.close()


class MemorySession:
    """TLS whose encrypted bytes the program moves itself."""

    def __init__(self, port):
        self.port = port
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.local = self.socket.getsockname()[1]
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = client_context().wrap_bio(self.incoming, self.outgoing)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.flush()
                self.incoming.write(self.socket.recv(65536))
        self.flush()

    def flush(self):
        if data := self.outgoing.read():
            self.socket.sendall(data)

    def text(self):
        received = b""
        try:
            while data := self.tls.read(65536):
                received += data
        except ssl.SSLWantReadError:
            pass
        return received


def ask_batch(count, requests, ports):
    sessions = [MemorySession(ports[each % len(ports)]) for each in range(count)]
    for index in range(requests):
        # Of one length, all of them.
        paths = [f"/{os.getpid()}-{100 + each}-{index}/1000" for each in range(count)]
        for session, path in zip(sessions, paths):
            session.tls.write(request_of(path))
            session.flush()
        received = [b""] * count
        while not all(len(each) > 1000 for each in received):
            pending = [each for each in range(count) if len(received[each]) <= 1000]
            for each in pending:
                sessions[each].incoming.write(sessions[each].socket.recv(65536))
            for each in pending:
                received[each] += sessions[each].text()
        log.extend([path, session.local, session.port] for session, path in zip(sessions, paths))


if role == "serve":
    if kind == "threads":
        serve_threads(sys.argv[3])
    asyncio.run(serve_asyncio(sys.argv[3]))
count, requests = map(int, sys.argv[3:5])
ports = json.loads(sys.argv[5])
print("ready", flush=True)
sys.stdin.readline()
if kind == "threads":
    threads = [threading.Thread(target=ask_one, args=(each, requests, ports)) for each in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
elif kind == "batch":
    ask_batch(count, requests, ports)
else:

    async def ask_all():
        await asyncio.gather(*(ask_one_asyncio(each, requests, ports) for each in range(count)))

    asyncio.run(ask_all())
print(json.dumps(log), flush=True)
