"""One unary gRPC call over a Unix socket: `grpc_call.py SOCKET METHOD SECONDS`, request on standard input, answer on output.

A program of its own, because gRPC's threads do not survive the forks of a test run, and because Debian's python3-grpcio
belongs to Debian's Python, whichever Python runs the tests.
"""

import sys

import grpc


def main():
    socket, method, seconds = sys.argv[1:]
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        try:
            answer = channel.unary_unary(method)(sys.stdin.buffer.read(), timeout=float(seconds))
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            return 1
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
