#!/usr/bin/env bash
# The story with the AWS CLI. See story_test.go for what it needs in the environment.
set -euo pipefail
fail() { echo "story: $*" >&2; exit 1; }
producer() { AWS_ACCESS_KEY_ID=$PRODUCER_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$PRODUCER_SECRET_ACCESS_KEY "$AWS" "$@"; }

printf '%s' "$STORY_TEXT" >"$WORK/greeting.txt"
producer s3 mb "s3://$STORY_BUCKET"
producer s3 cp --quiet "$WORK/greeting.txt" "s3://$STORY_BUCKET/dir/greeting.txt"

read -r id secret token < <("$AWS" sts assume-role --role-arn "$STORY_ROLE_ARN" --role-session-name story \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
reader() { AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=$token "$AWS" "$@"; }
arn=$(reader sts get-caller-identity --query Arn --output text)
[[ $arn == *":assumed-role/$STORY_ROLE/story" ]] || fail "assumed $arn"

if reader s3api get-object --bucket "$STORY_BUCKET" --key dir/greeting.txt "$WORK/denied" 2>"$WORK/error"; then
    fail "read before it was allowed"
fi
grep -q 'AccessDenied' "$WORK/error" || fail "denied with $(cat "$WORK/error")"

producer iam put-role-policy --role-name "$STORY_ROLE" --policy-name read --policy-document "$STORY_POLICY"
reader s3 cp --quiet "s3://$STORY_BUCKET/dir/greeting.txt" "$WORK/got.txt"
cmp "$WORK/greeting.txt" "$WORK/got.txt" || fail "read something else"

count=$("$AWS" cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRole \
    --query "length(Events[?Username=='carla' && contains(CloudTrailEvent, '$STORY_ROLE_ARN')])" --output text)
[[ $count == 1 ]] || fail "CloudTrail shows $count events"
echo "the story is told"
