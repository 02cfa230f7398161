"""Topics by boto3. See sns/sns_test.go."""

import json

import boto3

from expect import fails

sns, sqs = boto3.client("sns"), boto3.client("sqs")

topic = sns.create_topic(Name="py", Tags=[{"Key": "team", "Value": "a"}])["TopicArn"]
assert sns.create_topic(Name="py")["TopicArn"] == topic
account = topic.split(":")[4]
queue_arn = topic.replace(":sns:", ":sqs:")
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage",
                                                   "Resource": queue_arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}]}
queue = sqs.create_queue(QueueName="py", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
sub = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, ReturnSubscriptionArn=True,
                    Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"kind": ["a", {"prefix": "b"}], "n": [{"numeric": [">", 3]}]})})["SubscriptionArn"]


def publish(body, **attributes):
    sns.publish(TopicArn=topic, Message=body, MessageAttributes={
        k: {"DataType": "Number" if isinstance(v, int) else "String", "StringValue": str(v)} for k, v in attributes.items()})


publish("no", kind="c", n=4)
publish("yes", kind="bc", n=4)
publish("no", kind="a", n=3)
got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10, MessageAttributeNames=["All"])["Messages"]
assert got[0]["Body"] == "yes" and got[0]["MessageAttributes"]["n"] == {"StringValue": "4", "DataType": "Number"}, got
sqs.delete_message(QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"])

sns.set_subscription_attributes(SubscriptionArn=sub, AttributeName="FilterPolicyScope", AttributeValue="MessageBody")
sns.set_subscription_attributes(SubscriptionArn=sub, AttributeName="FilterPolicy", AttributeValue=json.dumps({"a": {"b": [1]}}))
sns.set_subscription_attributes(SubscriptionArn=sub, AttributeName="RawMessageDelivery", AttributeValue="false")
out = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
    {"Id": "1", "Message": "no json"}, {"Id": "2", "Message": '{"a":{"b":1}}', "Subject": "s"}, {"Id": "3", "Message": ""}])
assert [len(out["Successful"]), len(out["Failed"])] == [2, 1], out
got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
body = json.loads(got[0]["Body"])
assert body["Message"] == '{"a":{"b":1}}' and body["Subject"] == "s" and body["TopicArn"] == topic and body["Type"] == "Notification", body

assert sns.get_subscription_attributes(SubscriptionArn=sub)["Attributes"]["PendingConfirmation"] == "false"
assert [s["SubscriptionArn"] for p in sns.get_paginator("list_subscriptions").paginate() for s in p["Subscriptions"]] == [sub]
assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == [{"Key": "team", "Value": "a"}]
assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"
fails("InvalidParameter", sns.subscribe, TopicArn=topic, Protocol="email", Endpoint="a@example.com")
fails("InvalidParameter", sns.publish, TopicArn=topic, Message="{}", MessageStructure="json")
fails("NotFound", sns.publish, TopicArn=topic + "2", Message="x")
sns.unsubscribe(SubscriptionArn=sub)
sns.delete_topic(TopicArn=topic)
fails("NotFound", sns.get_topic_attributes, TopicArn=topic)
print("the story is told")
