"""Serves and trains with a user's script, as the toolkits in AWS's images of frameworks do.

https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html
https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

import collections
import http.server
import importlib.util
import inspect
import io
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import traceback

JSON, CSV, NPY, LIBSVM = "application/json", "text/csv", "application/x-npy", "text/libsvm"
CODE = os.environ.get("ATELIER_CODE_DIR", "/opt/ml/code")
KIND = os.environ.get("SAGEMAKER_FRAMEWORK", "sklearn")


class Refused(Exception):
    """What is the caller's fault."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


# What is done where a script has no functions of its own.


def decode(body, kind):
    import numpy

    if kind == JSON:
        return numpy.array(json.loads(body))
    if kind == CSV:
        text = body.decode() if isinstance(body, bytes) else body
        table = numpy.genfromtxt(io.StringIO(text), delimiter=",")
        if table.ndim < 2:  # one row or one column
            table = table.reshape(sum(1 for line in text.splitlines() if line.strip()), -1)
        return table
    if kind == NPY:
        return numpy.load(io.BytesIO(body), allow_pickle=False)
    raise Refused(415, f"Content-Type {kind} is not supported: it must be {JSON}, {CSV} or {NPY}")


def encode(value, kind):
    import numpy

    if hasattr(value, "detach"):  # a tensor
        value = value.detach().cpu().numpy()
    if kind == JSON:
        return json.dumps(value, default=lambda v: v.tolist() if hasattr(v, "tolist") else str(v))
    if kind == CSV:
        out = io.StringIO()
        numpy.savetxt(out, numpy.atleast_1d(value), delimiter=",", fmt="%s")
        return out.getvalue()
    if kind == NPY:
        out = io.BytesIO()
        numpy.save(out, value)
        return out.getvalue()
    raise Refused(406, f"Accept {kind} is not supported: it must be {JSON}, {CSV} or {NPY}")


def the_file(directory, *names):
    for name in names:
        if os.path.isfile(os.path.join(directory, name)):
            return os.path.join(directory, name)
    raise NotImplementedError(f"give a model_fn: there is none of {', '.join(names)} in {directory}")


def default_model(directory):
    if KIND == "xgboost":
        import xgboost

        booster = xgboost.Booster()
        booster.load_model(the_file(directory, "xgboost-model", "model.json", "model.ubj", "model.bin"))
        return booster
    if KIND == "pytorch":
        import torch

        return torch.jit.load(the_file(directory, "model.pth", "model.pt"), map_location="cpu").eval()
    if KIND == "huggingface":
        import transformers

        task = os.environ.get("HF_TASK")
        if not task:
            raise NotImplementedError("give a model_fn, or name the task in HF_TASK")
        return transformers.pipeline(task, model=directory)
    raise NotImplementedError("give a model_fn(model_dir) that loads the model in the script that SAGEMAKER_PROGRAM names")


def default_input(body, kind):
    if KIND == "huggingface":
        if kind != JSON:
            raise Refused(415, f"Content-Type {kind} is not supported: it must be {JSON}")
        return json.loads(body)
    if KIND == "xgboost":
        import xgboost

        if kind == LIBSVM:
            import tempfile

            with tempfile.NamedTemporaryFile("wb", suffix=".libsvm") as f:
                f.write(body.encode() if isinstance(body, str) else body)
                f.flush()
                return xgboost.DMatrix(f.name + "?format=libsvm")
        return xgboost.DMatrix(decode(body, kind))
    table = decode(body, kind)
    if KIND == "pytorch":
        import torch

        return torch.tensor(table, dtype=torch.float32)
    return table.astype("float32") if kind in (JSON, CSV) and table.dtype.kind in "iuf" else table


def default_predict(data, model):
    if KIND == "pytorch":
        import torch

        with torch.no_grad():
            return model(data)
    if KIND == "huggingface":
        return model(data["inputs"], **data.get("parameters", {})) if isinstance(data, dict) and "inputs" in data else model(data)
    return model.predict(data)


class Model:
    """A model with the functions of a script."""

    def __init__(self, directory, code, name="script"):
        self.directory = directory
        self.module = None
        program = os.environ.get("SAGEMAKER_PROGRAM") or "inference.py"
        path = os.path.join(code, program)
        if os.path.isfile(path):
            if code not in sys.path:
                sys.path.insert(0, code)
            module = os.path.basename(program).rsplit(".", 1)[0] if name == "script" else name
            spec = importlib.util.spec_from_file_location(module, path)
            self.module = importlib.util.module_from_spec(spec)
            sys.modules[module] = self.module  # pickles name classes by it
            spec.loader.exec_module(self.module)
        elif os.environ.get("SAGEMAKER_PROGRAM"):
            raise FileNotFoundError(f"{path}, which SAGEMAKER_PROGRAM names, is not there")
        own = lambda f, otherwise: getattr(self.module, f, None) or otherwise
        self.whole = own("transform_fn", None)
        if self.whole and any(own(f, None) for f in ("input_fn", "predict_fn", "output_fn")):
            raise ValueError("transform_fn cannot be used together with input_fn, predict_fn and output_fn")
        self.input, self.predict, self.output = own("input_fn", default_input), own("predict_fn", default_predict), own("output_fn", encode)
        self.parameters = own("execution_parameters_fn", None)
        self.model = self.call(own("model_fn", default_model), directory)

    @staticmethod
    def call(f, *args):
        """Calls a function, with a context where it takes one."""
        n = len(inspect.signature(f).parameters)
        return f(*args, None) if n == len(args) + 1 else f(*args)

    def transform(self, body, kind, accept):
        if kind in (JSON, CSV, LIBSVM, "text/plain"):
            body = body.decode("utf-8")
        if self.whole:
            out = self.call(self.whole, self.model, body, kind, accept)
        else:
            out = self.call(self.output, self.call(self.predict, self.call(self.input, body, kind), self.model), accept)
        if isinstance(out, tuple):
            out, accept = out[0], out[1]
        if isinstance(out, str):
            out = out.encode("utf-8")
        if not isinstance(out, (bytes, bytearray, memoryview)):
            raise TypeError(f"output_fn gave {type(out).__name__}, not text or bytes")
        return bytes(out), accept


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", kind="text/plain"):
        if not isinstance(body, bytes):
            body, kind = json.dumps(body).encode(), JSON
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while n := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(n))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def do(self, f):
        try:
            f()
        except Refused as e:
            self.answer(e.status, str(e).encode())
        except KeyError as e:
            traceback.print_exc()
            self.answer(404 if self.path.startswith("/models") and not self.path.endswith("/invoke") else 500, f"KeyError: {e}".encode())
        except MemoryError:
            traceback.print_exc()
            self.answer(507, b"there is not enough memory")
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception as e:
            traceback.print_exc()
            self.answer(500, f"{type(e).__name__}: {e}".encode())

    def do_GET(self):
        self.do(self.get)

    def get(self):
        models = self.server.models
        if self.path == "/ping":
            self.answer(200)
        elif self.path == "/execution-parameters":
            own = None if models is not None else self.server.model.parameters
            self.answer(200, own() if own else {"MaxConcurrentTransforms": workers(), "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6})
        elif models is not None and self.path == "/models":
            self.answer(200, {"models": [{"modelName": n, "modelUrl": m.directory} for n, m in models.items()]})
        elif models is not None and self.path.startswith("/models/"):
            m = models[self.path.split("/")[2]]
            self.answer(200, {"modelName": self.path.split("/")[2], "modelUrl": m.directory})
        else:
            self.answer(404)

    def do_POST(self):
        self.do(self.post)

    def post(self):
        body, models = self.body(), self.server.models
        part = self.path.split("?")[0].split("/")
        if models is None and part == ["", "invocations"]:
            model = self.server.model
        elif models is not None and part == ["", "models"]:
            return self.load(json.loads(body))
        elif models is not None and len(part) == 4 and part[1] == "models" and part[3] == "invoke":
            model = models.get(part[2])
            if model is None:
                return self.answer(404, b"the model is not loaded")
        else:
            return self.answer(404)
        kind = self.headers.get("Content-Type") or os.environ.get("SAGEMAKER_DEFAULT_CONTENT_TYPE") or JSON
        accept = self.headers.get("Accept") or "*/*"
        if accept == "*/*":
            accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or JSON
        out, kind = model.transform(body, kind.split(";")[0].strip().lower(), accept.split(",")[0].split(";")[0].strip())
        self.answer(200, out, kind)

    def load(self, wanted):
        name, directory = wanted["model_name"], wanted["url"]
        if name in self.server.models:
            return self.answer(409, b"the model is loaded")
        self.server.models[name] = Model(directory, os.path.join(directory, "code"), "script_" + name)
        self.answer(200, b"")

    def do_DELETE(self):
        self.do(self.unload)

    def unload(self):
        if self.server.models is None:
            return self.answer(404)
        del self.server.models[self.path.split("/")[2]]
        self.answer(200)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    model = models = None

    def __init__(self, listener):
        super().__init__(listener.getsockname(), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener


def workers():
    given = os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS", "")
    return max(int(given), 1) if given.isdigit() else min(len(os.sched_getaffinity(0)), 8)


def work(listener):
    """Is one worker: loads the model, then answers."""
    server = Server(listener)
    if os.environ.get("SAGEMAKER_MULTI_MODEL") == "true":
        server.models = {}
    else:
        server.model = Model("/opt/ml/model", CODE)
    server.serve_forever()


def serve():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))))
    listener.listen(1024)
    many = 1 if os.environ.get("SAGEMAKER_MULTI_MODEL") == "true" else workers()
    children = []
    for _ in range(many):
        pid = os.fork()
        if pid == 0:
            try:
                work(listener)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(1)
        children.append(pid)
    listener.close()

    def end(*_):
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    os.wait()  # one that ends takes all with it: the instance begins anew
    for pid in children:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return 1


def plain(value):
    """A parameter as it was before the SDK made JSON of it."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def text(value):
    return value if isinstance(value, str) else json.dumps(value)


def train():
    config = {}
    for name in ("hyperparameters", "inputdataconfig", "resourceconfig"):
        with open(f"/opt/ml/input/config/{name}.json") as f:
            config[name] = json.load(f)
    everything = {k: plain(v) for k, v in config["hyperparameters"].items()}
    parameters = {k: v for k, v in everything.items() if not k.startswith("sagemaker_")}
    program = everything.get("sagemaker_program") or os.environ.get("SAGEMAKER_PROGRAM")
    if not program:
        return failed("ConfigurationError: the hyperparameter sagemaker_program, or SAGEMAKER_PROGRAM, names the script to run", 1)
    channels = {c: f"/opt/ml/input/data/{c}" for c in config["inputdataconfig"]}
    hosts = config["resourceconfig"]
    args = []
    for k in sorted(parameters):
        args += [("-" if len(k) == 1 else "--") + k, text(parameters[k])]
    about = {"model_dir": "/opt/ml/model", "output_dir": "/opt/ml/output", "output_data_dir": "/opt/ml/output/data", "input_dir": "/opt/ml/input",
             "input_config_dir": "/opt/ml/input/config", "output_intermediate_dir": "/opt/ml/output/intermediate", "module_dir": CODE,
             "module_name": program.rsplit(".", 1)[0], "user_entry_point": program, "framework_module": f"{KIND}.training:main", "log_level": 20,
             "current_host": hosts["current_host"], "hosts": hosts["hosts"], "network_interface_name": hosts.get("network_interface_name", "lo"),
             "num_cpus": os.cpu_count(), "num_gpus": 0, "num_neurons": 0, "channels": sorted(channels), "hps": parameters, "user_args": args,
             "input_data_config": config["inputdataconfig"], "resource_config": hosts, "current_instance_type": hosts.get("current_instance_type", "")}
    env = dict(os.environ)
    env.update({"SM_" + k.upper(): text(v) for k, v in about.items()})
    env.update({"SM_CHANNEL_" + k.upper(): v for k, v in channels.items()})
    env.update({"SM_HP_" + k.upper().replace("-", "_"): text(v) for k, v in parameters.items()})
    env["SM_TRAINING_ENV"] = json.dumps({**about, "channel_input_dirs": channels, "hyperparameters": parameters, "job_name": os.environ.get("TRAINING_JOB_NAME", "")})
    path = os.path.join(CODE, program)
    if not os.path.isfile(path):
        return failed(f"{path}, which sagemaker_program names, is not there", 1)
    command = ["/bin/sh", "-c", " ".join(["./" + shlex.quote(program)] + [shlex.quote(a) for a in args])] if program.endswith(".sh") else [sys.executable, path] + args
    print("Invoking script with the following command:\n\n" + " ".join(shlex.quote(c) for c in command) + "\n", flush=True)
    child = subprocess.Popen(command, cwd=CODE, env=env, stderr=subprocess.PIPE)
    signal.signal(signal.SIGTERM, lambda *_: child.send_signal(signal.SIGTERM))
    last = collections.deque(maxlen=40)

    def pass_on():
        for line in child.stderr:
            last.append(line.decode("utf-8", "replace"))
            sys.stderr.buffer.write(line)
            sys.stderr.flush()

    reader = threading.Thread(target=pass_on, daemon=True)
    reader.start()
    code = child.wait()
    reader.join(5)
    if code == 0:
        return 0
    return failed('ExecuteUserScriptError:\nExitCode %d\nErrorMessage "%s"\nCommand "%s"' % (code, "".join(last).strip()[-700:], " ".join(command)), code)


def failed(reason, code):
    print(reason, file=sys.stderr)
    with open("/opt/ml/output/failure", "w") as f:
        f.write(reason)
    return code if code > 0 else 1


if __name__ == "__main__":
    sys.exit({"serve": serve, "train": train}[sys.argv[1]]())
