"""Fine-tuning steps as most people would run them: transformers on PyTorch, CPU. One JSON request a line, one answer each."""
import json
import sys
import time

import torch
from transformers import AutoModel

model = None


class Classifier(torch.nn.Module):
    def __init__(self, folder, labels):
        super().__init__()
        self.encoder = AutoModel.from_pretrained(folder, attn_implementation="sdpa")
        self.dropout = torch.nn.Dropout(0.1)
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, labels)

    def forward(self, ids, mask):
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask.unsqueeze(-1).float()
        return self.head(self.dropout((hidden * weights).sum(1) / weights.sum(1)))


def pad(texts):
    longest = max(map(len, texts))
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    return ids, mask


def peak_memory():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return round(int(status["VmHWM"].split()[0]) / 1024)


for line in sys.stdin:
    request = json.loads(line)
    if "encoder" in request:
        torch.set_num_threads(request["threads"])
        model = Classifier(request["encoder"], request["labels"]).train()
        optimizer = torch.optim.AdamW(model.parameters(), lr=request["rate"], weight_decay=0.01)
        print(json.dumps({"ready": True}), flush=True)
        continue
    started = time.perf_counter()
    for batch in request["batches"]:
        targets = torch.tensor(batch["targets"], dtype=torch.float32)
        loss = -(targets * model(*pad(batch["ids"])).log_softmax(-1)).sum(-1).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    print(json.dumps({"seconds": time.perf_counter() - started, "peakMemoryMb": peak_memory()}), flush=True)
