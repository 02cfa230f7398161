"""Queues by boto3, which checks the digests of all that it sends and receives. See sqs/sqs_test.go."""

import json

import boto3

from expect import fails

sqs = boto3.client("sqs")


def arn(url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


fails("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="nowhere")
dead = sqs.create_queue(QueueName="py-dead", tags={"team": "a"})["QueueUrl"]
queue = sqs.create_queue(QueueName="py", Attributes={
    "VisibilityTimeout": "20", "DelaySeconds": "5",
    "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn(dead), "maxReceiveCount": 1})})["QueueUrl"]
assert sqs.get_queue_url(QueueName="py")["QueueUrl"] == queue
assert sqs.list_queue_tags(QueueUrl=dead)["Tags"] == {"team": "a"}

attributes = {"n": {"DataType": "Number", "StringValue": "12"}, "b": {"DataType": "Binary.x", "BinaryValue": b"\x00\xff"},
              "s": {"DataType": "String", "StringValue": "grüße"}}
sqs.send_message(QueueUrl=queue, MessageBody="grüße & <b>", MessageAttributes=attributes, DelaySeconds=0,
                 MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-2-3"}})
got = sqs.receive_message(QueueUrl=queue, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=0)["Messages"]
assert got[0]["Body"] == "grüße & <b>" and got[0]["Attributes"]["AWSTraceHeader"] == "Root=1-2-3", got
assert got[0]["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\xff", got
assert "Messages" not in sqs.receive_message(QueueUrl=queue)  # came too often
moved = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["s"], MessageSystemAttributeNames=["DeadLetterQueueSourceArn"])["Messages"]
assert moved[0]["Attributes"]["DeadLetterQueueSourceArn"] == arn(queue) and list(moved[0]["MessageAttributes"]) == ["s"], moved
sqs.delete_message(QueueUrl=dead, ReceiptHandle=moved[0]["ReceiptHandle"])

fifo = sqs.create_queue(QueueName="py.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
sent = sqs.send_message_batch(QueueUrl=fifo, Entries=[
    {"Id": str(i), "MessageBody": str(i), "MessageGroupId": "g", "MessageDeduplicationId": str(i // 2)} for i in range(6)])
assert len({s["MessageId"] for s in sent["Successful"]}) == 3, sent
got = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10)["Messages"]
assert [m["Body"] for m in got] == ["0", "2", "4"], got
gone = sqs.delete_message_batch(QueueUrl=fifo, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)])
assert len(gone["Successful"]) == 3, gone
fails("MissingParameter", sqs.send_message, QueueUrl=fifo, MessageBody="x")

pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix="py", PaginationConfig={"PageSize": 1})
assert sum(len(p["QueueUrls"]) for p in pages) == 3
for url in (queue, dead, fifo):
    sqs.delete_queue(QueueUrl=url)
fails("AWS.SimpleQueueService.NonExistentQueue", sqs.send_message, QueueUrl=queue, MessageBody="x")
print("the story is told")
