"""The student in PyTorch, for which transformers has no class of its own: a linear layer on pooled tokens.

    from transformers import pipeline
    print(pipeline("text-classification", "student", trust_remote_code=True)("The text to label"))
"""
import torch
from transformers import AutoModel, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

ENCODERS = {"bert": "bert", "roberta": "roberta", "xlm-roberta": "roberta", "distilbert": "distilbert"}


class Student(PreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.pooling = config.tutelage["pooling"]
        self.encoder = ENCODERS[config.model_type]
        pooler = {} if config.model_type == "distilbert" else {"add_pooling_layer": False}
        setattr(self, self.encoder, AutoModel.from_config(config, **pooler))
        self.classifier = torch.nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(self, input_ids=None, attention_mask=None, labels=None, **_):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        tokens = getattr(self, self.encoder)(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "first":
            pooled = tokens[:, 0]
        else:
            weights = attention_mask.unsqueeze(-1).to(tokens.dtype)
            pooled = (tokens * weights).sum(1) / weights.sum(1)
        logits = self.classifier(pooled)
        loss = None if labels is None else torch.nn.functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)
