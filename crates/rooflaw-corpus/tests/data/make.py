# The files beside this one, from voyage.jsonl: made with Python's tokenizers 0.23.3 and pyarrow 26.0.1; then `zstd voyage.jsonl`.
import json, pyarrow as pa, pyarrow.parquet as pq
from tokenizers import Tokenizer, models, pre_tokenizers, decoders, trainers, AddedToken
docs = [json.loads(l)["text"] for l in open("voyage.jsonl")]
t = Tokenizer(models.BPE())
t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
t.decoder = decoders.ByteLevel()
tr = trainers.BpeTrainer(vocab_size=400, special_tokens=[AddedToken("<|endoftext|>", special=True, normalized=False)], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
t.train_from_iterator(docs, tr)
t.save("tokenizer-400.json")
json.dump([t.encode(d).ids for d in docs], open("voyage.tokens.json","w"), separators=(",",":"))
table = pa.table({"id": list(range(len(docs))), "text": docs, "src": ["darwin"]*len(docs)})
pq.write_table(table, "voyage.snappy.parquet", compression="snappy", row_group_size=4)
pq.write_table(table, "voyage.zstd.parquet", compression="zstd", use_dictionary=False)
