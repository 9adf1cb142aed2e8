"""The ways in which Python answers with the same student's folder. Reads one JSON object a line on stdin, answers with one.

    {"load": "onnxruntime-int8" | "transformers", "folder": ..., "texts": [...]}   -> {"ready": true}
    {"run": "onnxruntime-int8" | "transformers", "batch": 32, "texts": 256 or all} -> {"seconds": ..., "labels": [...]}
    {"alone": "onnxruntime-int8" | "transformers", "texts": 300}                   -> {"milliseconds": [...]}
"""
import json, os, sys, tempfile, time

os.environ["TOKENIZERS_PARALLELISM"] = "true"
THREADS = 2
ways, texts = {}, []


def tokeniser(folder):
    from transformers import AutoTokenizer

    longest = json.load(open(f"{folder}/config.json"))["tutelage"]["max_length"]
    tokenizer = AutoTokenizer.from_pretrained(folder)
    return lambda batch, tensors: tokenizer(
        batch, truncation=True, max_length=longest, padding=True, return_tensors=tensors, return_token_type_ids=False
    )


def onnxruntime_int8(folder):
    """The student's float32 model, quantised by onnxruntime's own tool."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = os.path.join(tempfile.mkdtemp(), "quantised.onnx")
    quantize_dynamic(f"{folder}/model.onnx", path, per_channel=True, weight_type=QuantType.QInt8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    encode = tokeniser(folder)
    return lambda batch: session.run(["logits"], {k: v.astype("int64") for k, v in encode(batch, "np").items()})[0]


def transformers(folder):
    """In float32, by PyTorch."""
    import torch
    from transformers import AutoModelForSequenceClassification

    torch.set_num_threads(THREADS)
    model = AutoModelForSequenceClassification.from_pretrained(folder, trust_remote_code=True).eval()
    encode = tokeniser(folder)

    def answer(batch):
        with torch.inference_mode():
            return model(**encode(batch, "pt")).logits.numpy()

    return answer


def run(way, size, count):
    """Texts of similar lengths together, so that little is padded."""
    answers = [None] * len(texts[:count])
    started = time.perf_counter()
    order = sorted(range(len(answers)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        for row, label in zip(rows, way([texts[i] for i in rows]).argmax(-1)):
            answers[row] = int(label)
    return {"seconds": time.perf_counter() - started, "labels": answers}


def alone(way, count):
    spent = []
    for text in texts[:count]:
        started = time.perf_counter()
        way([text])
        spent.append(1000 * (time.perf_counter() - started))
    return {"milliseconds": spent}


loaders = {"onnxruntime-int8": onnxruntime_int8, "transformers": transformers}
for line in sys.stdin:
    asked = json.loads(line)
    if "load" in asked:
        texts = asked["texts"]
        ways[asked["load"]] = loaders[asked["load"]](asked["folder"])
        reply = {"ready": True}
    elif "run" in asked:
        reply = run(ways[asked["run"]], asked["batch"], asked.get("texts"))
    else:
        reply = alone(ways[asked["alone"]], asked["texts"])
    print(json.dumps(reply), flush=True)
