"""The image service of the Container Runtime Interface, asked as a kubelet asks it.

Only the messages and fields needed here, in Protocol Buffers' own encoding: a message is {field number: [values]}; a value
is an int (varint) or bytes (string, bytes, or a message inside). Source: k8s.io/cri-api, pkg/apis/runtime/v1/api.proto;
https://protobuf.dev/programming-guides/encoding/.
"""

import dataclasses
import os
import subprocess

_PYTHON = "/usr/bin/python3"  # Debian's, to which its python3-grpcio belongs
_GRPC_CALL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "grpc_call.py")
_SERVICE = "/runtime.v1.ImageService/"
_VARINT, _FIXED64, _DELIMITED, _FIXED32 = 0, 1, 2, 5
_FIXED_BYTES = {_FIXED64: 8, _FIXED32: 4}


class CallFailed(Exception):
    """What the runtime answered instead: "NOT_FOUND: ..."."""


@dataclasses.dataclass(frozen=True)
class ImageStatus:
    """The runtime's view of one image."""

    id: str
    tags: tuple
    digests: tuple
    size: int


def why_not_cri():
    """None when CRI calls can be made here, else the reason."""
    try:
        done = subprocess.run([_PYTHON, "-c", "import grpc"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else f"{_PYTHON} has no grpc: install python3-grpcio"


class ImageService:
    """The one behind a containerd's socket."""

    def __init__(self, socket):
        self._socket = socket

    def pull(self, image, seconds=90, user=()):
        """Pulls and unpacks; the image's id. `user` is (name, password): what a kubelet has from an imagePullSecret."""
        auth = encode({2: [encode({1: [user[0].encode()], 2: [user[1].encode()]})]}) if user else b""
        return decode(self._call("PullImage", _request(image) + auth, seconds))[1][0].decode()

    def status(self, image, seconds=20):
        """ImageStatus, or None when the image is not there."""
        answer = decode(self._call("ImageStatus", _request(image), seconds))
        if 1 not in answer:
            return None
        fields = decode(answer[1][0])
        return ImageStatus(fields[1][0].decode(), _texts(fields.get(2)), _texts(fields.get(3)), fields[4][0])

    def remove(self, image, seconds=20):
        self._call("RemoveImage", _request(image), seconds)

    def _call(self, method, request, seconds):
        done = subprocess.run([_PYTHON, _GRPC_CALL, self._socket, _SERVICE + method, str(seconds)],
                              input=request, capture_output=True, timeout=seconds + 10, check=False)
        if done.returncode != 0:
            raise CallFailed(done.stderr.decode(errors="replace").strip())
        return done.stdout


def _request(image):
    """PullImageRequest, ImageStatusRequest and RemoveImageRequest all begin with an ImageSpec, whose first field names it."""
    return encode({1: [encode({1: [image.encode()]})]})


def _texts(values):
    return tuple(sorted(value.decode() for value in values or ()))


def encode(message):
    """The bytes of a message, fields in the order given."""
    out = b""
    for number, values in message.items():
        for value in values:
            if isinstance(value, int):
                out += _varint(number << 3 | _VARINT) + _varint(value)
            else:
                out += _varint(number << 3 | _DELIMITED) + _varint(len(value)) + value
    return out


def decode(data):
    """Every field of a message; ValueError for what is not one."""
    message, position = {}, 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        kind = tag & 7
        if kind == _VARINT:
            value, position = _read_varint(data, position)
        else:
            if kind == _DELIMITED:
                length, position = _read_varint(data, position)
            elif kind in _FIXED_BYTES:
                length = _FIXED_BYTES[kind]
            else:
                raise ValueError(f"wire type {kind}")
            value, position = data[position:position + length], position + length
            if len(value) != length:
                raise ValueError("cut off")
        message.setdefault(tag >> 3, []).append(value)
    return message


def _varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data, position):
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ValueError("cut off")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("a varint of more than ten bytes")
