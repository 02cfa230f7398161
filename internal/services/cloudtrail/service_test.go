package cloudtrail_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/cloudtrail"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const a, b = "111111111111", "222222222222"

var ann = authz.Principal{Kind: authz.User, Account: a, ARN: "arn:aws:iam::" + a + ":user/ann", UserID: "AIDAX", Name: "ann", AccessKeyID: "AKIAX"}

func open(t *testing.T) (*service.Service, *clock.Manual) {
	t.Helper()
	c := clock.At(start)
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return service.New(service.Config{Store: st, Clock: c, Logger: slog.New(slog.DiscardHandler)}), c
}

func in(account, region string) context.Context {
	return wire.WithCall(context.Background(), &wire.Call{Region: region, Principal: authz.Principal{Account: account}})
}

func record(t *testing.T, s *service.Service, r audit.Record) {
	t.Helper()
	if err := s.Record(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func names(out *cloudtrail.LookupEventsOutput) string {
	var list []string
	for _, e := range out.Events {
		list = append(list, *e.EventName)
	}
	return strings.Join(list, " ")
}

func TestLookup(t *testing.T) {
	s, c := open(t)
	for i, r := range []audit.Record{
		{Service: "iam", Operation: "CreateRole", Region: "eu-west-1", Resources: []audit.Resource{{ARN: "arn:aws:iam::" + a + ":role/p/R", Type: "AWS::IAM::Role"}}},
		{Service: "sqs", Operation: "CreateQueue", Region: "us-east-1"},
		{Service: "sqs", Operation: "ListQueues", Region: "us-east-1", ReadOnly: true},
		{Service: "sqs", Operation: "CreateQueue", Region: "eu-west-1"},
		{Service: "s3", Operation: "PutObject", Region: "us-east-1", Data: true},
		{Service: "sns", Operation: "CreateTopic", Region: "us-east-1", ErrorCode: "AccessDenied"},
	} {
		r.Time, r.Principal = start.Add(time.Duration(i)*time.Minute), ann
		if i == 5 {
			r.Principal.AccessKeyID, r.Principal.Name = "AKIAY", "bob"
		}
		record(t, s, r)
	}
	c.Advance(10 * time.Minute)
	attribute := func(k types.LookupAttributeKey, v string) *cloudtrail.LookupEventsInput {
		return &cloudtrail.LookupEventsInput{LookupAttributes: []types.LookupAttribute{{AttributeKey: k, AttributeValue: &v}}}
	}
	for _, x := range []struct {
		in     *cloudtrail.LookupEventsInput
		region string
		want   string
	}{
		{&cloudtrail.LookupEventsInput{}, "us-east-1", "CreateTopic ListQueues CreateQueue CreateRole"},
		{&cloudtrail.LookupEventsInput{}, "eu-west-1", "CreateQueue"},
		{&cloudtrail.LookupEventsInput{StartTime: aws.Time(start.Add(time.Minute)), EndTime: aws.Time(start.Add(2 * time.Minute))}, "us-east-1", "ListQueues CreateQueue"},
		{attribute("EventName", "CreateQueue"), "us-east-1", "CreateQueue"},
		{attribute("EventSource", "sqs.amazonaws.com"), "us-east-1", "ListQueues CreateQueue"},
		{attribute("ReadOnly", "true"), "us-east-1", "ListQueues"},
		{attribute("Username", "bob"), "us-east-1", "CreateTopic"},
		{attribute("AccessKeyId", "AKIAX"), "us-east-1", "ListQueues CreateQueue CreateRole"},
		{attribute("ResourceName", "R"), "us-east-1", "CreateRole"},
		{attribute("ResourceName", "arn:aws:iam::"+a+":role/p/R"), "us-east-1", "CreateRole"},
		{attribute("ResourceType", "AWS::IAM::Role"), "us-east-1", "CreateRole"},
		{attribute("EventName", "Nothing"), "us-east-1", ""},
		{&cloudtrail.LookupEventsInput{EventCategory: types.EventCategoryInsight}, "us-east-1", ""},
	} {
		out, err := s.LookupEvents(in(a, x.region), x.in)
		if err != nil || names(out) != x.want {
			t.Errorf("%+v in %s: %s, %v; want %s", x.in, x.region, names(out), err, x.want)
		}
	}
	if out, err := s.LookupEvents(in(b, "us-east-1"), &cloudtrail.LookupEventsInput{}); err != nil || len(out.Events) != 0 {
		t.Errorf("another account sees %s, %v", names(out), err)
	}
	out, err := s.LookupEvents(in(a, "us-east-1"), attribute("EventName", "CreateRole"))
	if err != nil {
		t.Fatal(err)
	}
	same, err := s.LookupEvents(in(a, "us-east-1"), attribute("EventId", *out.Events[0].EventId))
	if err != nil || names(same) != "CreateRole" {
		t.Errorf("by id: %s, %v", names(same), err)
	}
}

func TestPagesAndBadInput(t *testing.T) {
	s, c := open(t)
	for i := range 250 {
		record(t, s, audit.Record{Time: start.Add(time.Duration(i) * time.Millisecond), Service: "sqs", Operation: fmt.Sprintf("Op%03d", i), Region: "us-east-1", Principal: ann, ReadOnly: i%25 == 0})
	}
	c.Advance(time.Minute)
	for what, x := range map[string]struct {
		in   cloudtrail.LookupEventsInput
		want int
	}{
		"all": {cloudtrail.LookupEventsInput{}, 250},
		"few": {cloudtrail.LookupEventsInput{MaxResults: aws.Int32(3), LookupAttributes: []types.LookupAttribute{{AttributeKey: "ReadOnly", AttributeValue: aws.String("true")}}}, 10},
	} {
		seen, last := 0, "Z"
		for {
			out, err := s.LookupEvents(in(a, "us-east-1"), &x.in)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range out.Events {
				if *e.EventName >= last {
					t.Errorf("%s: %s after %s", what, *e.EventName, last)
				}
				seen, last = seen+1, *e.EventName
			}
			if x.in.NextToken = out.NextToken; out.NextToken == nil {
				break
			}
		}
		if seen != x.want {
			t.Errorf("%s: %d events, want %d", what, seen, x.want)
		}
	}
	fails := func(in_ cloudtrail.LookupEventsInput, code string) {
		t.Helper()
		_, err := s.LookupEvents(in(a, "us-east-1"), &in_)
		var api interface{ ErrorCode() string }
		if !errors.As(err, &api) || api.ErrorCode() != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	fails(cloudtrail.LookupEventsInput{NextToken: aws.String("AAAA")}, "InvalidNextTokenException")
	fails(cloudtrail.LookupEventsInput{MaxResults: aws.Int32(51)}, "InvalidMaxResultsException")
	fails(cloudtrail.LookupEventsInput{StartTime: aws.Time(start), EndTime: aws.Time(start.Add(-time.Hour))}, "InvalidTimeRangeException")
	fails(cloudtrail.LookupEventsInput{LookupAttributes: make([]types.LookupAttribute, 2)}, "InvalidLookupAttributesException")
}

func TestBothAccounts(t *testing.T) {
	s, _ := open(t)
	role := "arn:aws:iam::" + b + ":role/R"
	record(t, s, audit.Record{Time: start, Service: "sts", Operation: "AssumeRole", Region: "us-east-1", Principal: ann, ReadOnly: true,
		Request:   &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("s"), Tags: []ststypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}},
		Response:  &sts.AssumeRoleOutput{Credentials: &ststypes.Credentials{AccessKeyId: aws.String("ASIAZ"), SecretAccessKey: aws.String("s3cret"), SessionToken: aws.String("t0ken"), Expiration: &start}},
		Resources: []audit.Resource{{ARN: role, Type: "AWS::IAM::Role", Account: b}}})
	var shared [2]string
	for i, account := range []string{a, b} {
		out, err := s.LookupEvents(in(account, "us-east-1"), &cloudtrail.LookupEventsInput{})
		if err != nil || len(out.Events) != 1 {
			t.Fatalf("%s: %+v, %v", account, out, err)
		}
		text := *out.Events[0].CloudTrailEvent
		if strings.Contains(text, "s3cret") || strings.Contains(text, "t0ken") {
			t.Errorf("a secret is in the record: %s", text)
		}
		var r struct {
			UserIdentity      struct{ Type, ARN, AccountID, UserName string }
			RequestParameters struct {
				RoleArn string
				Tags    []struct{ Key, Value string }
			}
			ResponseElements struct {
				Credentials struct{ AccessKeyID, Expiration string }
			}
			EventSource, RecipientAccountID, SharedEventID string
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		shared[i] = r.SharedEventID
		kind, user := "IAMUser", "ann"
		if account == b {
			kind, user = "AWSAccount", ""
		}
		if r.UserIdentity.Type != kind || r.UserIdentity.UserName != user || r.UserIdentity.AccountID != a || r.RecipientAccountID != account ||
			r.RequestParameters.RoleArn != role || len(r.RequestParameters.Tags) != 1 || r.RequestParameters.Tags[0].Value != "v" ||
			r.ResponseElements.Credentials.AccessKeyID != "ASIAZ" || r.EventSource != "sts.amazonaws.com" {
			t.Errorf("%s: %s", account, text)
		}
	}
	if shared[0] == "" || shared[0] != shared[1] {
		t.Errorf("shared ids %v", shared)
	}
	// A stranger's refused attempt is the stranger's alone.
	record(t, s, audit.Record{Time: start, Service: "sts", Operation: "AssumeRole", Region: "us-east-1", Principal: ann, ErrorCode: "AccessDenied",
		Resources: []audit.Resource{{ARN: role, Account: b}}})
	if out, err := s.LookupEvents(in(b, "us-east-1"), &cloudtrail.LookupEventsInput{}); err != nil || len(out.Events) != 1 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestRetention(t *testing.T) {
	s, c := open(t)
	record(t, s, audit.Record{Time: start, Service: "iam", Operation: "CreateUser", Principal: ann, Request: &iam.CreateUserInput{UserName: aws.String("u")}})
	c.Advance(service.Retention - time.Minute)
	record(t, s, audit.Record{Time: c.Now(), Service: "iam", Operation: "DeleteUser", Principal: ann})
	if n, err := s.Expire(t.Context()); n != 0 || err != nil {
		t.Fatalf("too early: %d, %v", n, err)
	}
	c.Advance(2 * time.Minute)
	out, err := s.LookupEvents(in(a, "us-east-1"), &cloudtrail.LookupEventsInput{})
	if err != nil || names(out) != "DeleteUser" {
		t.Errorf("events %s, %v", names(out), err)
	}
	if n, err := s.Expire(t.Context()); n != 1 || err != nil {
		t.Errorf("Expire = %d, %v", n, err)
	}
}
