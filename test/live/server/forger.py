"""A process whose words, names and files are meant to pass for lines and headings of a capture; it opens and reads
until killed."""

import os
import sys
import time

place = sys.argv[1]
os.chdir(place)
names = [
    "a\\nts=1\\0040pid=1\\0040forged=1",
    "b\nts=2 pid=1 forged=1",
    "c\n== threads\n 1 1 1 forged",
    "d\\n\\075\\075 threads",
    "e\n\t== threads",
]
held = [open(name, "w") for name in names]
while True:
    for name in names:
        with open(name) as file:
            file.read()
    time.sleep(0.01)
