"""After a line on its input: threads and children that each block, ask for non-blocking sockets, and end. Then it
stays."""

import os
import select
import socket
import sys
import threading
import time


def work():
    with socket.socket() as made:
        for _ in range(3):
            made.setblocking(False)
    select.select([], [], [], 0.01)


sys.stdin.readline()
for _ in range(30):
    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
for _ in range(20):
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    os.waitpid(child, 0)
work()
print("done", flush=True)
while True:
    time.sleep(0.1)
