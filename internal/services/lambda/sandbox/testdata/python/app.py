"""The Python function of the tests: the same as the one in Go."""
import os
import signal
import socket
import subprocess
import sys
import threading

print("initialized")


def handler(event, context):
    do = event.get("do", "")
    name = event.get("name", "")
    n = event.get("n", 0)
    if do == "":
        return {"hello": name.upper(), "n": n * 2}
    if do == "fail":
        raise ValueError("no " + name)
    if do == "log":
        print("saw", name)
        return None
    if do == "env":
        return os.environ.get(name, "")
    if do == "context":
        return {"AwsRequestID": context.aws_request_id, "InvokedFunctionArn": context.invoked_function_arn}
    return hostile(do, name, n)


def hostile(do, name, n):
    if do == "leak":
        kept = []
        while True:
            kept.append(bytearray(b"1" * (1 << 20)))
    if do == "spin":
        while True:
            pass
    if do == "fork":
        started = 0
        while True:
            try:
                subprocess.Popen(["/bin/sleep", "60"])
            except OSError as e:
                return "%d then %s" % (started, e)
            started += 1
    if do == "fill":
        written = 0
        try:
            with open("/tmp/full", "wb") as f:
                while True:
                    f.write(b"1" * (1 << 20))
                    f.flush()
                    written += 1
        except OSError as e:
            os.remove("/tmp/full")
            return "%d MB then %s" % (written, e)
    if do == "exit":
        sys.stdout.flush()
        os._exit(n)
    if do == "read":
        with open(name) as f:
            return f.read()
    if do == "dial":
        host, port = name.split(":")
        socket.create_connection((host, int(port)), 1).close()
        return "connected"
    if do == "kill":
        for pid in range(1, 5000):
            if pid != os.getpid():
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
        return "killed"
    if do == "background":
        def count():
            i = 0
            while True:
                with open("/tmp/count", "w") as f:
                    f.write(str(i))
                i += 1
        threading.Thread(target=count, daemon=True).start()
        return "answered"
    raise ValueError("cannot " + do)
