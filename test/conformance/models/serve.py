"""Runs llama.cpp's own server on a model until standard input ends."""
import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx = 4096
params.n_parallel = int(sys.argv[2]) if len(sys.argv) > 2 else 1
params.cpuparams.n_threads = 1
server = xllamacpp.Server(params)
print("listening at", server.listening_address, flush=True)
sys.stdin.read()
