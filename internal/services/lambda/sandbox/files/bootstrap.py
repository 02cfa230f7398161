# Starts the official runtime client. What a function and its layers bring goes before what the runtime brings.
import sys

sys.path[0:1] = ["/var/task", "/opt/python/lib/python%d.%d/site-packages" % sys.version_info[:2], "/opt/python", "/var/runtime"]

from awslambdaric.__main__ import main

main(["awslambdaric", sys.argv[1]])
