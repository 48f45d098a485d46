"""
Write N small files whole, without any orchestrator: files.py MODULE N.

What the disk asks for the values of a persistent run of N steps: for each a new file of 200 bytes under a temporary name,
then one sync of the file system, then a rename each, then a sync of their folder. MODULE is loaded, and does nothing.
"""

import ctypes
import os
from typing import Any

from common_api import StopWatch, run, work_folder


def main(og: Any, count: str) -> None:
    watch = StopWatch()
    syncfs = ctypes.CDLL(None).syncfs
    content = bytes(200)
    with work_folder() as folder:
        values = os.path.join(folder, "values")
        os.mkdir(values)
        names = [os.path.join(values, f"step_{i}") for i in range(int(count))]
        with watch.part("total"):
            for name in names:
                file = os.open(f"{name}.tmp", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
                os.write(file, content)
                os.close(file)
            file = os.open(values, os.O_RDONLY)
            assert syncfs(file) == 0
            for name in names:
                os.replace(f"{name}.tmp", name)
            os.fsync(file)
            os.close(file)
        assert len(os.listdir(values)) == len(names)
    watch.report()


if __name__ == "__main__":
    run(main)
