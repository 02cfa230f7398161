#!/usr/bin/env bash
# Two accounts share a bucket by role: the main job so far, with nothing but the AWS CLI.
set -euo pipefail
cd "$(dirname "$0")/.."
aws=$PWD/.venv/bin/aws
work=$(mktemp -d)
server=
stop() { [[ -z $server ]] || { kill "$server" 2>/dev/null && wait "$server" || true; }; rm -rf "$work"; }
trap stop EXIT
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { echo "demo: $*" >&2; exit 1; }
export AWS_PAGER= AWS_EC2_METADATA_DISABLED=true AWS_CONFIG_FILE=$work/none AWS_SHARED_CREDENTIALS_FILE=$work/none

say "1. Start the server with an empty data directory"
bin/atelier serve --listen 127.0.0.1:0 --data-dir "$work/data" >"$work/ready" 2>"$work/log" &
server=$!
for _ in $(seq 100); do grep -q ready "$work/ready" && break; kill -0 "$server" || { cat "$work/log" >&2; fail "the server ended"; }; sleep 0.1; done
cat "$work/ready"
eval "$(bin/atelier env --data-dir "$work/data")"
"$aws" sts get-caller-identity --output text --query Arn

say "2. Make two accounts: a producer and a consumer"
producer=$(bin/atelier account create producer) && consumer=$(bin/atelier account create consumer)
bin/atelier account list
allow='{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
key() { "$aws" iam create-access-key --user-name "$1" --output text --query 'AccessKey.[AccessKeyId,SecretAccessKey]'; }
as() { local id secret token; read -r id secret token <<<"$1"; shift
    AWS_ACCESS_KEY_ID=$id AWS_SECRET_ACCESS_KEY=$secret AWS_SESSION_TOKEN=${token:-} "$@"; }
assume() { "$aws" sts assume-role --role-arn "$1" --role-session-name demo --output text \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]'; }
"$aws" iam create-user --user-name operator >"$work/out"
"$aws" iam put-user-policy --user-name operator --policy-name all --policy-document "$allow"
operator=$(key operator)
p=$(as "$operator" assume "arn:aws:iam::$producer:role/OrganizationAccountAccessRole")
c=$(as "$operator" assume "arn:aws:iam::$consumer:role/OrganizationAccountAccessRole")

say "3. The producer uploads a file"
printf 'country,amount\nDE,10\nFR,32\n' >"$work/sales.csv"
as "$p" "$aws" s3 mb s3://sales
as "$p" "$aws" s3 cp --no-progress "$work/sales.csv" s3://sales/2026/sales.csv

say "4. and makes a role that the consumer's account may assume"
as "$p" "$aws" iam create-role --role-name reader --output text --query Role.Arn --assume-role-policy-document \
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"'"$consumer"'"},"Action":"sts:AssumeRole"}}'
as "$c" "$aws" iam create-user --user-name carla >"$work/out"
as "$c" "$aws" iam put-user-policy --user-name carla --policy-name work --policy-document "$allow"
carla=$(as "$c" key carla)
reader=$(as "$carla" assume "arn:aws:iam::$producer:role/reader")

say "5. Carla assumes it, and is denied: the role may do nothing yet"
if as "$reader" "$aws" s3 cp s3://sales/2026/sales.csv "$work/stolen.csv" 2>"$work/denied"; then fail "read before it was allowed"; fi
cat "$work/denied"
grep -q 403 "$work/denied" || fail "the error is another one"

say "6. The producer lets the role read, and Carla reads"
as "$p" "$aws" iam put-role-policy --role-name reader --policy-name read --policy-document \
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::sales/2026/*"}}'
as "$reader" "$aws" s3 cp --no-progress s3://sales/2026/sales.csv "$work/read.csv"
cmp "$work/sales.csv" "$work/read.csv" || fail "the file is another one"
if as "$reader" "$aws" s3 cp "$work/sales.csv" s3://sales/2026/mine.csv 2>"$work/denied"; then fail "wrote without a grant"; fi
cat "$work/read.csv"

say "7. CloudTrail has it, in the producer's account too"
as "$p" "$aws" cloudtrail lookup-events --region us-east-1 --lookup-attributes "AttributeKey=ResourceName,AttributeValue=arn:aws:iam::$producer:role/reader" \
    --output text --query 'Events[].[EventTime,EventName,Username]' | tee "$work/events"
grep -q AssumeRole "$work/events" || fail "AssumeRole was not recorded"

say "8. Stop"
kill "$server" && wait "$server" || fail "the server did not stop well"
server=
echo "done: nothing was made up on the way"
