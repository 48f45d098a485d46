"""
``python -m orrery``: the command, where its script is not on the path.
"""

from orrery.cli import main

if __name__ == "__main__":
    main()
