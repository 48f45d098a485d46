"""An IO manager that asks a local copy first, and the remote where the copy is missing or damaged."""

import hashlib
import pickle
from pathlib import Path

from orrery import IOManager, asset, materialize

REMOTE = {}


class Cached(IOManager):
    """Every value lies in the remote; a copy with its digest lies below *folder*."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def handle_output(self, context, obj):
        REMOTE[context.asset_key.to_user_string()] = pickle.dumps(obj)

    def load_input(self, context):
        name = context.asset_key.to_user_string()
        copy, digest = self.folder / f"{name}.pkl", self.folder / f"{name}.sha256"
        if copy.exists() and hashlib.sha256(copy.read_bytes()).hexdigest() == digest.read_text():
            print(name, "from the cache")
        else:
            print(name, "from the remote")
            self.folder.mkdir(exist_ok=True)
            copy.write_bytes(REMOTE[name])
            digest.write_text(hashlib.sha256(REMOTE[name]).hexdigest())
        return pickle.loads(copy.read_bytes())


@asset
def source():
    return [1, 2]


@asset
def reader(source):
    return len(source)


manager = Cached("copies")
materialize([source, reader], resources={"io_manager": manager})
materialize([source, reader], resources={"io_manager": manager}, selection=["reader"])
Path("copies", "source.pkl").write_bytes(b"damaged")
print(materialize([source, reader], resources={"io_manager": manager}, selection=["reader"]).asset_value("reader"))
# prints:
# source from the remote
# source from the cache
# source from the remote
# 2
