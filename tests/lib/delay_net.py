#!/usr/bin/python3
"""A network with a round trip: runs a command in a network namespace of its own, from which 10.99.0.1 is the namespace
that this was started in; each packet takes a while, in both directions, the SYN like all others.

    delay_net.py --delay 50 -- gate443 audit --connect-to 10.99.0.1 www.peer.test     (100 ms there and back)

Two TUN devices and a relay between them, as not every kernel has netem. Needs root, and is meant to be run inside a
namespace that nobody else is in (unshare --net)."""
import argparse
import ctypes
import fcntl
import heapq
import os
import select
import struct
import subprocess
import sys
import time

CLONE_NEWNET, TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x40000000, 0x400454CA, 1, 0x1000


def open_tun(address, peer):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    name = struct.unpack("16sH14x", fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH14x", b"delay%d", IFF_TUN | IFF_NO_PI)))[0]
    name = name.rstrip(b"\0").decode()
    for command in [f"addr add {address} peer {peer} dev {name}", f"link set {name} up", "link set lo up"]:
        subprocess.run(["ip", *command.split()], check=True)
    return fd


def enter_new_namespace():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")


def relay(ends, delay, until):
    """Packets in the order of their time; ends: the two descriptors."""
    waiting, count = [], 0
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    while until() is None:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else 0.05
        for fd in select.select(ends, [], [], min(pause, 0.05))[0]:
            try:
                packet = os.read(fd, 65536)
            except BlockingIOError:
                continue
            count += 1
            heapq.heappush(waiting, (time.monotonic() + delay, count, other[fd], packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, to, packet = heapq.heappop(waiting)
            try:
                os.write(to, packet)
            except OSError:
                pass                                             # the network loses packets: so may we
    return until()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--delay", type=float, default=50, help="ms, each way")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    here = open_tun("10.99.0.1", "10.99.0.2")
    enter_new_namespace()
    there = open_tun("10.99.0.2", "10.99.0.1")
    process = subprocess.Popen(args.command)
    return relay([here, there], args.delay / 1000, process.poll)


if __name__ == "__main__":
    sys.exit(main())
