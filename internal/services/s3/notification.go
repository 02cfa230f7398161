package s3

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/versity/versitygw/s3err"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
)

const (
	courier   = "s3"
	principal = "s3.amazonaws.com"
)

// notification is a bucket's NotificationConfiguration.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
type notification struct {
	Queues    []destination `xml:"QueueConfiguration"`
	Topics    []destination `xml:"TopicConfiguration"`
	Functions []destination `xml:"CloudFunctionConfiguration"`
	Bus       *struct{}     `xml:"EventBridgeConfiguration"`
}

// destination is a queue, topic or function that is told of some events on some keys.
type destination struct {
	ID       string   `xml:"Id"`
	Queue    string   `xml:"Queue"`
	Topic    string   `xml:"Topic"`
	Function string   `xml:"CloudFunction"`
	Events   []string `xml:"Event"`
	Rules    []struct {
		Name  string `xml:"Name"`
		Value string `xml:"Value"`
	} `xml:"Filter>S3Key>FilterRule"`
}

func (d destination) arn() string { return d.Queue + d.Topic + d.Function }

// kinds are the events that are told of.
var kinds = []string{"s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectCreated:Post", "s3:ObjectCreated:Copy",
	"s3:ObjectCreated:CompleteMultipartUpload", "s3:ObjectRemoved:*", "s3:ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated"}

// silent are events that AWS has and that never happen here.
var silent = []string{"s3:ObjectRestore:", "s3:ReducedRedundancyLostObject", "s3:Replication:", "s3:LifecycleExpiration:", "s3:LifecycleTransition",
	"s3:IntelligentTiering", "s3:ObjectTagging:", "s3:ObjectAcl:Put"}

func refused(format string, args ...any) error {
	return s3err.APIError{Code: "InvalidArgument", Description: fmt.Sprintf(format, args...), HTTPStatusCode: 400}
}

// readNotification reads and checks a document.
func readNotification(body []byte) (n notification, err error) {
	if err := xml.Unmarshal(body, &n); err != nil {
		return n, s3err.GetAPIError(s3err.ErrMalformedXML)
	}
	for service, list := range map[string][]destination{"sqs": n.Queues, "sns": n.Topics, "lambda": n.Functions} {
		for _, d := range list {
			a, err := arn.Parse(d.arn())
			if err != nil || a.Service != service || strings.HasSuffix(a.Resource, ".fifo") {
				return n, refused("The ARN is not well formed")
			}
			if len(d.Events) == 0 {
				return n, s3err.GetAPIError(s3err.ErrMalformedXML)
			}
			for _, e := range d.Events {
				if !slices.Contains(kinds, e) && !slices.ContainsFunc(silent, func(s string) bool { return strings.HasPrefix(e, s) }) {
					return n, refused("A specified event is not supported for notifications")
				}
			}
			had := map[string]bool{}
			for _, r := range d.Rules {
				name := strings.ToLower(r.Name)
				if name != "prefix" && name != "suffix" || had[name] {
					return n, refused("filter rule name must be either prefix or suffix")
				}
				had[name] = true
			}
		}
	}
	return n, nil
}

// wants tells whether a destination is told of an event ("ObjectCreated:Put") on a key.
func (d destination) wants(event, key string) bool {
	group, _, _ := strings.Cut(event, ":")
	if !slices.Contains(d.Events, "s3:"+event) && !slices.Contains(d.Events, "s3:"+group+":*") {
		return false
	}
	for _, r := range d.Rules {
		if strings.EqualFold(r.Name, "prefix") && !strings.HasPrefix(key, r.Value) || strings.EqualFold(r.Name, "suffix") && !strings.HasSuffix(key, r.Value) {
			return false
		}
	}
	return true
}

// note is a message on its way to a destination.
type note struct{ Bucket, Destination, Body string }

// deliver brings a note.
func (g *guard) deliver(ctx context.Context, p delivery.Parcel) error {
	var n note
	if err := json.Unmarshal(p.Data, &n); err != nil {
		return delivery.Permanent(err)
	}
	as := delivery.As{Service: principal, Source: "arn:aws:s3:::" + n.Bucket, Account: p.Account}
	if strings.HasPrefix(n.Destination, "arn:aws:lambda:") {
		return g.cfg.Clients.Invoke(ctx, as, n.Destination, []byte(n.Body))
	}
	if strings.HasPrefix(n.Destination, "arn:aws:sns:") {
		return g.cfg.Clients.Publish(ctx, as, n.Destination, delivery.Message{Subject: "Amazon S3 Notification", Body: n.Body})
	}
	return g.cfg.Clients.Send(ctx, as, n.Destination, delivery.Message{Body: n.Body})
}

// Notes are tried for as long as they are of use.
const noteAge = 24 * time.Hour

func (n note) parcel(account, region string) (delivery.Parcel, error) {
	data, err := json.Marshal(n)
	return delivery.Parcel{Kind: courier, Account: account, Region: region, Data: data, MaxAttempts: -1, MaxAge: noteAge}, err
}

// validate sends a test event to every destination of a new document, as AWS does.
func (g *guard) validate(ctx context.Context, bucket string, n notification) error {
	if g.cfg.Clients == nil {
		return nil
	}
	b, err := g.bucket(ctx, bucket)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]string{"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": g.cfg.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"Bucket": bucket, "RequestId": uuid.NewString(), "HostId": "atelier"})
	if err != nil {
		return err
	}
	for _, d := range n.Functions { // they are asked whether S3 may, and not run
		as := delivery.As{Service: principal, Source: "arn:aws:s3:::" + bucket, Account: b.owner}
		if err := g.cfg.Clients.MayInvoke(ctx, as, d.arn()); err != nil {
			return refused("Unable to validate the following destination configurations: %s", d.arn())
		}
	}
	for _, d := range slices.Concat(n.Queues, n.Topics) {
		p, err := note{Bucket: bucket, Destination: d.arn(), Body: string(body)}.parcel(b.owner, g.cfg.Region)
		if err != nil {
			return err
		}
		if err := g.deliver(ctx, p); err != nil {
			return refused("Unable to validate the following destination configurations: %s", d.arn())
		}
	}
	return nil
}

// happened is an event on an object, as destinations are told of it.
type happened struct {
	Event, Bucket, Owner, Region, Requester, Address, RequestID string
	Key, ETag, Version                                          string
	Size                                                        int64
	Created                                                     bool
	Time                                                        time.Time
}

// record writes an event as destinations read it.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
func (h happened) record(configuration string) (string, error) {
	object := map[string]any{"key": strings.ReplaceAll(url.QueryEscape(h.Key), "%2F", "/"), "sequencer": fmt.Sprintf("%016X", h.Time.UnixNano())}
	if h.Created {
		object["size"] = h.Size
	}
	if h.ETag != "" {
		object["eTag"] = strings.Trim(h.ETag, `"`)
	}
	if h.Version != "" {
		object["versionId"] = h.Version
	}
	b, err := json.Marshal(map[string]any{"Records": []any{map[string]any{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": h.Region,
		"eventTime": h.Time.UTC().Format("2006-01-02T15:04:05.000Z"), "eventName": h.Event, "userIdentity": map[string]string{"principalId": h.Requester},
		"requestParameters": map[string]string{"sourceIPAddress": h.Address}, "responseElements": map[string]string{"x-amz-request-id": h.RequestID, "x-amz-id-2": h.RequestID},
		"s3": map[string]any{"s3SchemaVersion": "1.0", "configurationId": configuration, "object": object,
			"bucket": map[string]any{"name": h.Bucket, "ownerIdentity": map[string]string{"principalId": h.Owner}, "arn": "arn:aws:s3:::" + h.Bucket}}}}})
	return string(b), err
}

// notes are the parcels of an event.
func (n notification) notes(h happened) (out []delivery.Parcel, err error) {
	for _, d := range slices.Concat(n.Queues, n.Topics, n.Functions) {
		if !d.wants(h.Event, h.Key) {
			continue
		}
		body, err := h.record(d.ID)
		if err != nil {
			return nil, err
		}
		p, err := note{Bucket: h.Bucket, Destination: d.arn(), Body: body}.parcel(h.Owner, h.Region)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}
