import os
import sys
import time


def handle(event, context):
    do, text = event.get("Do"), event.get("Text", "")
    print("doing", do)
    if do == "echo":
        return {"text": text}
    if do == "fail":
        raise Exception(text)
    if do == "exit":
        sys.stdout.flush()
        os._exit(3)
    if do == "sleep":
        time.sleep(event["MS"] / 1000)
        return "slept"
    if do == "env":
        return os.environ.get(text, "")
    if do == "read":
        with open(text) as f:
            return f.read().strip()
    if do == "context":
        return {"arn": context.invoked_function_arn, "version": context.function_version, "name": context.function_name}
    if do == "who":
        import boto3
        return boto3.client("sts").get_caller_identity()["Arn"]
    raise Exception("nothing to do for " + repr(do))
