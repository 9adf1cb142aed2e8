"""Turns texts into the inputs of a linear student's model.onnx. Needs numpy, which onnxruntime brings.

    import onnxruntime, features
    session = onnxruntime.InferenceSession("model.onnx")
    print(session.run(["probabilities"], features.inputs(["The text to label"]))[0])
"""
import bisect, json, os, re, struct, unicodedata

FOLDER = os.path.dirname(os.path.abspath(__file__))
SPACES = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


def murmur3(code_points):
    h = 0
    for k in code_points:
        k = k * 0xCC9E2D51 & 0xFFFFFFFF
        k = (k << 15 | k >> 17) * 0x1B873593 & 0xFFFFFFFF
        h ^= k
        h = ((h << 13 | h >> 19) & 0xFFFFFFFF) * 5 + 0xE6546B64 & 0xFFFFFFFF
    h ^= 4 * len(code_points)
    h = (h ^ h >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    h = (h ^ h >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return h ^ h >> 16


def words(text):
    marked = "".join(c if c == "_" or unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return [word for word in marked.split(" ") if len(word) > 1]


def ngrams(text, unit, shortest, longest):
    if unit == "word":
        found = words(text)
        for start in range(len(found)):
            for length in range(shortest, min(longest, len(found) - start) + 1):
                yield " ".join(found[start : start + length])
        return
    for run in filter(None, re.split(f"[{SPACES}]+", text)):
        padded = f" {run} "
        least = min(shortest, len(padded))
        for start in range(len(padded) - least + 1):
            for length in range(least, min(longest, len(padded) - start) + 1):
                yield padded[start : start + length]


def counts(texts):
    """For each block of the model: for each text, {place in the model's tensors: how often}."""
    with open(os.path.join(FOLDER, "features.json"), encoding="utf-8") as file:
        blocks = json.load(file)["blocks"]
    with open(os.path.join(FOLDER, "features.bin"), "rb") as file:
        data = file.read()
    known = struct.unpack(f"<{len(data) // 4}I", data)
    first, result = 0, {}
    for block in blocks:
        buckets = known[first : first + block["known"]]
        first += block["known"]
        result[block["unit"]] = rows = []
        for text in texts:
            rows.append({})
            for ngram in ngrams(unicodedata.normalize("NFKC", text).lower(), block["unit"], *block["lengths"]):
                bucket = murmur3([ord(c) for c in ngram]) % block["buckets"]
                place = bisect.bisect_left(buckets, bucket)
                if place < len(buckets) and buckets[place] == bucket:
                    rows[-1][place + 1] = rows[-1].get(place + 1, 0) + 1
    return result


def inputs(texts):
    import numpy

    arrays = {}
    for unit, rows in counts(texts).items():
        width = max([1] + [len(row) for row in rows])
        indices = numpy.zeros((len(rows), width), numpy.int32)
        times = numpy.zeros((len(rows), width), numpy.float32)
        for i, row in enumerate(rows):
            indices[i, : len(row)] = list(row.keys())
            times[i, : len(row)] = list(row.values())
        arrays[f"{unit}_indices"], arrays[f"{unit}_counts"] = indices, times
    return arrays
