"""What stories expect of calls that must fail, and of what becomes so in time."""

import time

from botocore.exceptions import ClientError


def fails(code, call, /, **kwargs):
    """Makes a call that must fail with a code, and gives the answer."""
    try:
        call(**kwargs)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        return e.response
    raise AssertionError(f"{call} did not fail with {code}")


def refused(code, text, call, /, **kwargs):
    """Makes a call that must fail with a code and a message that holds text, and gives the answer."""
    response = fails(code, call, **kwargs)
    assert text in response["Error"]["Message"], response
    return response


def until(what, said):
    """Asks what until it says so, for 15 seconds at most."""
    for _ in range(150):
        got = what()
        if got == said:
            return
        time.sleep(0.1)
    raise AssertionError(f"{got} is not {said}")


def wait(client, name, **kwargs):
    """Waits with a client's waiter, which looks ten times a second."""
    w = client.get_waiter(name)
    w.config.delay, w.config.max_attempts = 0.1, 300
    w.wait(**kwargs)
