package lambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/bus/pattern"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// queueURL is where a queue is within the server.
func queueURL(a arn.ARN) string { return "http://atelier.internal/" + a.Account + "/" + a.Resource }

// mayPoll makes sure that a function's role may take messages from a queue, which has to hide them for as long as the function
// may take.
func (s *Service) mayPoll(ctx context.Context, k store.Key, v version, a arn.ARN) error {
	denied := func(action string) error {
		return invalid("The provided execution role does not have permissions to call %s on SQS", action)
	}
	config, err := s.Clients.Config(ctx, s.as(k, *v.Role), a.Region)
	if err != nil {
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	out, err := sqs.NewFromConfig(config).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: aws.String(queueURL(a)),
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if err != nil {
		if forbidden(err) {
			return denied("GetQueueAttributes")
		}
		return invalid("Error occurred while GetQueueAttributes. SQS Error: %v", err)
	}
	who, err := s.Directory.ServiceSession(ctx, principal, *v.Role, k.ID)
	if err != nil {
		return invalid("The role defined for the function cannot be assumed by Lambda.")
	}
	var policy *authz.Policy
	if document := out.Attributes["Policy"]; document != "" {
		if policy, err = authz.ParseResource([]byte(document)); err != nil {
			return err
		}
	}
	for _, action := range []string{"ReceiveMessage", "DeleteMessage"} {
		q := authz.Request{Principal: who, Action: "sqs:" + action, Resource: a.String(), ResourceAccount: a.Account,
			Context: authz.Context{"aws:SourceArn": {functionARN(k)}, "aws:SourceAccount": {k.Account}}}
		q.Context.SetTime(s.Clock.Now())
		d, err := s.Directory.Authorize(ctx, q, policy)
		if err != nil {
			return err
		}
		if d.Outcome != authz.Allowed {
			return denied(action)
		}
	}
	hidden, _ := strconv.Atoi(out.Attributes["VisibilityTimeout"])
	if limit := int(aws.ToInt32(v.Timeout)); hidden < limit {
		return invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", hidden, limit)
	}
	return nil
}

// sqsRecord is a message as functions read it.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
type sqsRecord struct {
	MessageID   string                  `json:"messageId"`
	Receipt     string                  `json:"receiptHandle"`
	Body        any                     `json:"body"`
	Attributes  map[string]string       `json:"attributes"`
	Given       map[string]sqsAttribute `json:"messageAttributes"`
	MD5         string                  `json:"md5OfBody"`
	MD5Given    string                  `json:"md5OfMessageAttributes,omitempty"`
	EventSource string                  `json:"eventSource"`
	SourceARN   string                  `json:"eventSourceARN"`
	Region      string                  `json:"awsRegion"`
}

type sqsAttribute struct {
	String   *string  `json:"stringValue,omitempty"`
	Binary   *string  `json:"binaryValue,omitempty"`
	Strings  []string `json:"stringListValues"`
	Binaries []string `json:"binaryListValues"`
	Type     string   `json:"dataType"`
}

func newRecord(m sqstypes.Message, queue, region string) sqsRecord {
	r := sqsRecord{MessageID: aws.ToString(m.MessageId), Receipt: aws.ToString(m.ReceiptHandle), Body: aws.ToString(m.Body), Attributes: m.Attributes,
		Given: map[string]sqsAttribute{}, MD5: aws.ToString(m.MD5OfBody), MD5Given: aws.ToString(m.MD5OfMessageAttributes),
		EventSource: "aws:sqs", SourceARN: queue, Region: region}
	for name, a := range m.MessageAttributes {
		given := sqsAttribute{String: a.StringValue, Strings: []string{}, Binaries: []string{}, Type: aws.ToString(a.DataType)}
		if a.BinaryValue != nil {
			given.Binary = aws.String(base64.StdEncoding.EncodeToString(a.BinaryValue))
		}
		r.Given[name] = given
	}
	return r
}

// encode writes JSON as it is sent to functions, with no character escaped that need not be.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	err := w.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// readFilters reads the patterns of a mapping.
func readFilters(c *types.FilterCriteria) (list []*pattern.Pattern, err error) {
	if c == nil {
		return nil, nil
	}
	for _, f := range c.Filters {
		p, err := pattern.Parse([]byte(aws.ToString(f.Pattern)))
		if err != nil {
			return nil, invalid("Invalid filter pattern definition.")
		}
		list = append(list, p)
	}
	return list, nil
}

// wanted tells whether a message passes a filter. Its body is looked into when it is JSON.
func wanted(filters []*pattern.Pattern, r sqsRecord) bool {
	if len(filters) == 0 {
		return true
	}
	if text, ok := r.Body.(string); ok && json.Valid([]byte(text)) {
		r.Body = json.RawMessage(text)
	}
	b, err := encode(r)
	if err != nil {
		return false
	}
	e, err := pattern.Read(b)
	if err != nil {
		return false
	}
	for _, p := range filters {
		if p.Match(e) {
			return true
		}
	}
	return false
}

// failed reads which messages of a batch a function says it has not done; all is true when none of them can be taken as done.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func failed(answer []byte, batch []sqsRecord) (ids map[string]bool, all bool) {
	if len(bytes.TrimSpace(answer)) == 0 || bytes.Equal(bytes.TrimSpace(answer), []byte("null")) {
		return nil, false
	}
	var out struct {
		Failures []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if bytes.TrimSpace(answer)[0] != '{' {
		return nil, false // a function that answers something else has done them
	}
	if json.Unmarshal(answer, &out) != nil {
		return nil, true
	}
	known := map[string]bool{}
	for _, r := range batch {
		known[r.MessageID] = true
	}
	ids = map[string]bool{}
	for _, f := range out.Failures {
		if f.ID == nil || !known[*f.ID] {
			return nil, true
		}
		ids[*f.ID] = true
	}
	return ids, false
}

// batches cuts messages so that each part is an event that a function can take.
func batches(list []sqsRecord) (out [][]sqsRecord) {
	size, from := 0, 0
	for i, r := range list {
		n := 1024 + len(r.Receipt)
		if text, ok := r.Body.(string); ok {
			n += 2 * len(text) // quotes and line ends are escaped
		}
		for name, a := range r.Given {
			n += len(name) + len(aws.ToString(a.String)) + len(aws.ToString(a.Binary)) + 128
		}
		if size+n > maxEvent && i > from {
			out, from, size = append(out, list[from:i]), i, 0
		}
		size += n
	}
	if from < len(list) {
		out = append(out, list[from:])
	}
	return out
}

// longest is how long a call waits for messages.
const longest = 20 * time.Second
