"""What Python answers with an encoder student's folder. Arguments: the folder, a JSON file with the texts. Prints one JSON object:
probabilities [texts][labels] of each way, labels in the order of the student's."""
import json, sys
import numpy, onnxruntime, optimum.onnxruntime, transformers

folder, file = sys.argv[1:]
texts = json.load(open(file))
config = json.load(open(f"{folder}/config.json"))
labels = [config["id2label"][str(i)] for i in range(len(config["id2label"]))]
tokenizer = transformers.AutoTokenizer.from_pretrained(folder)


def by_onnxruntime(model):
    session = onnxruntime.InferenceSession(f"{folder}/{model}")
    answers = []
    for text in texts:
        longest = config["tutelage"]["max_length"]
        inputs = tokenizer([text], truncation=True, max_length=longest, return_tensors="np", return_token_type_ids=False)
        inputs = {name: value.astype("int64") for name, value in inputs.items()}
        answers.append(session.run(["probabilities"], inputs)[0][0].tolist())
    return answers


def by_pipeline(**how):
    answer = transformers.pipeline("text-classification", top_k=None, **how)
    scores = [{each["label"]: each["score"] for each in answer(text, truncation=True)[0]} for text in texts]
    return [[row[label] for label in labels] for row in scores]


model = optimum.onnxruntime.ORTModelForSequenceClassification.from_pretrained(folder, file_name="model.onnx")
ways = {
    "onnxruntime, model.onnx": by_onnxruntime("model.onnx"),
    "onnxruntime, model_quantized.onnx": by_onnxruntime("model_quantized.onnx"),
    "optimum's pipeline, model.onnx": by_pipeline(model=model, tokenizer=tokenizer),
    "transformers' pipeline, model.safetensors": by_pipeline(model=folder, trust_remote_code=True),
}
versions = {each.__name__: each.__version__ for each in (transformers, onnxruntime, numpy)}
versions["optimum"] = __import__("importlib.metadata").metadata.version("optimum")
print(json.dumps({"versions": versions, "ways": ways}))
