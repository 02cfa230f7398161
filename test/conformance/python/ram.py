"""A producer shares a table with a consumer, by boto3. See ram/share_test.go for what it needs in the environment."""

import os

import boto3

import expect

env = os.environ
table = env["TABLE"]
producer = boto3.Session().client("ram")
consumer = boto3.Session(env["CONSUMER_ACCESS_KEY_ID"], env["CONSUMER_SECRET_ACCESS_KEY"]).client("ram")


def fails(code, call, **kwargs):
    assert expect.fails(code, call, **kwargs)["ResponseMetadata"]["HTTPStatusCode"] == 400


share = producer.create_resource_share(name="orders", resourceArns=[table], principals=[env["CONSUMER"]],
                                       tags=[{"key": "team", "value": "sales"}])["resourceShare"]
arn = share["resourceShareArn"]
assert share["status"] == "ACTIVE" and share["tags"] == [{"key": "team", "value": "sales"}], share

invitations = consumer.get_resource_share_invitations(resourceShareArns=[arn])["resourceShareInvitations"]
assert [i["status"] for i in invitations] == ["PENDING"], invitations
assert consumer.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"] == []
accepted = consumer.accept_resource_share_invitation(
    resourceShareInvitationArn=invitations[0]["resourceShareInvitationArn"])["resourceShareInvitation"]
assert accepted["status"] == "ACCEPTED", accepted
fails("ResourceShareInvitationAlreadyAcceptedException", consumer.accept_resource_share_invitation,
      resourceShareInvitationArn=accepted["resourceShareInvitationArn"])

pages = consumer.get_paginator("list_resources").paginate(resourceOwner="OTHER-ACCOUNTS", PaginationConfig={"PageSize": 1})
assert [r["arn"] for p in pages for r in p["resources"]] == [table]
fails("UnknownResourceException", consumer.get_resource_shares, resourceOwner="SELF", resourceShareArns=[arn])

assert producer.delete_resource_share(resourceShareArn=arn)["returnValue"]
assert consumer.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"] == []
print("the story is told")
