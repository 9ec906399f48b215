"""Files that importers take for photos: they do not look into them."""


def photo(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not looked into")
    return path


def labels(found):
    return [(row.make, row.model, row.year) for row in found.rows]
