#!/usr/bin/env python3
"""Makes pods and containers as the kubelet does: CRI messages over containerd's socket.

No Debian has crictl, and gRPC is little: one HTTP/2 request, whose body is a message behind its length
(https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). Numbers of fields are those of
k8s.io/cri-api, pkg/apis/runtime/v1/api.proto.

usage: cri.py pod NAME HANDLER                         prints its id
       cri.py container POD NAME HANDLER [OPTION...]   likewise; runs "sleep" in the image of --image
          --image IMAGE  --env NAME=VALUE  --mount HOST:CONTAINER  --annotation NAME=VALUE  --cdi DEVICE
       cri.py exec CONTAINER ARG...                    prints what it printed
       cri.py update CONTAINER BYTES                   limits its memory
       cri.py remove POD
"""

import argparse
import socket
import struct
import sys

SOCKET = "/run/containerd/containerd.sock"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field(number, value):
    """A field of a message: an integer, a text, or a message that is already bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def pair(number, text):
    """An entry of a map, or a KeyValue: both have the name as field 1 and the value as field 2."""
    name, value = text.split("=", 1)
    return field(number, field(1, name) + field(2, value))


def fields(message):
    """Numbers and values of a message's fields; all of those that are asked for here are short."""
    at = 0

    def number():
        nonlocal at
        result = shift = 0
        while True:
            byte = message[at]
            at += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return result

    while at < len(message):
        key = number()
        value = number()
        if key & 7 == 2:
            at += value
            value = message[at - value : at]
        yield key >> 3, value


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def header(name, value):
    # RFC 7541, 6.2.2: a literal that goes into no table.
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def request(method, message):
    headers = b"".join(
        header(name, value)
        for name, value in (
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/runtime.v1.RuntimeService/" + method),
            (":authority", "localhost"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        )
    )
    return (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        + frame(SETTINGS, 0, 0, b"")
        + frame(HEADERS, END_HEADERS, 1, headers)
        + frame(DATA, END_STREAM, 1, b"\0" + struct.pack(">I", len(message)) + message)
    )


def call(method, message):
    """The answer to a request. An error comes as headers alone, and stands in containerd's log too."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(200)
    connection.connect(SOCKET)
    connection.sendall(request(method, message))
    stream = connection.makefile("rb")
    body = b""
    while True:
        head = stream.read(9)
        if len(head) < 9:
            break
        kind, flags = head[3], head[4]
        payload = stream.read(int.from_bytes(head[:3], "big"))
        if kind == DATA:
            body += payload
        if kind in (SETTINGS, PING) and not flags & ACK:
            connection.sendall(frame(kind, ACK, 0, payload if kind == PING else b""))
        if kind in (RST_STREAM, GOAWAY) or kind in (DATA, HEADERS) and flags & END_STREAM:
            break
    if len(body) < 5:
        sys.exit(f"cri.py: {method} failed: see journalctl -u containerd")
    return dict(fields(body[5:]))


def pod_config(name, handler):
    # Namespaces of the host's network (NODE, 2), as there is none to give.
    security = field(1, field(1, 2))
    metadata = field(1, name) + field(2, name + "-" + handler) + field(3, "default")
    # Name servers as the kubelet always says them; else those of the host count, which has none.
    linux = field(1, "kubepods.slice") + field(2, security)
    return field(1, metadata) + field(4, field(1, "127.0.0.1")) + field(8, linux)


def container_config(options):
    config = field(1, field(1, options.name)) + field(2, field(1, options.image))
    config += field(3, "sleep") + field(4, "1000")
    config += b"".join(pair(6, text) for text in options.env)
    for text in options.mount:
        host, inside = text.split(":")
        config += field(7, field(1, inside) + field(2, host))
    config += b"".join(pair(10, text) for text in options.annotation)
    # Namespaces as the kubelet asks for them: the host's network, processes of its own (CONTAINER, 1).
    config += field(15, field(2, field(3, field(1, 2) + field(2, 1))))
    return config + b"".join(field(17, field(1, device)) for device in options.cdi)


def make_container(options):
    sandbox = pod_config(options.pod_name, options.handler)
    message = field(1, options.pod) + field(2, container_config(options)) + field(3, sandbox)
    answer = call("CreateContainer", message)
    call("StartContainer", field(1, answer[1].decode()))
    return answer[1].decode()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    pod = commands.add_parser("pod")
    pod.add_argument("name")
    pod.add_argument("handler")
    container = commands.add_parser("container")
    for word in ("pod", "name", "pod_name", "handler"):
        container.add_argument(word)
    container.add_argument("--image", required=True)
    for word in ("--env", "--mount", "--annotation", "--cdi"):
        container.add_argument(word, action="append", default=[])
    execution = commands.add_parser("exec")
    execution.add_argument("container")
    execution.add_argument("words", nargs=argparse.REMAINDER)
    update = commands.add_parser("update")
    update.add_argument("container")
    update.add_argument("bytes", type=int)
    commands.add_parser("remove").add_argument("pod")
    options = parser.parse_args()

    if options.command == "pod":
        config = pod_config(options.name, options.handler)
        print(call("RunPodSandbox", field(1, config) + field(2, options.handler))[1].decode())
    elif options.command == "container":
        print(make_container(options))
    elif options.command == "exec":
        words = b"".join(field(2, word) for word in options.words)
        answer = call("ExecSync", field(1, options.container) + words + field(3, 60))
        sys.stdout.write((answer.get(1, b"") + answer.get(2, b"")).decode())
        sys.exit(answer.get(3, 0))
    elif options.command == "update":
        limits = field(4, options.bytes)
        call("UpdateContainerResources", field(1, options.container) + field(2, limits))
    else:
        call("StopPodSandbox", field(1, options.pod))
        call("RemovePodSandbox", field(1, options.pod))


main()
