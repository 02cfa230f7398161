package sagemaker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// notice is the message about an invocation's end.
func (i invocation) notice(region string, now time.Time, r asyncResult, include bool) map[string]any {
	const form = "2006-01-02T15:04:05.000Z"
	m := map[string]any{"awsRegion": region, "eventTime": now.UTC().Format(form), "receivedTime": i.Received.UTC().Format(form),
		"invocationStatus": "Completed", "inferenceId": i.ID, "eventVersion": "1.0", "eventSource": "aws:sagemaker", "eventName": "InferenceResult"}
	request := map[string]string{"endpointName": i.Endpoint, "inputLocation": i.Input}
	if i.ContentType != "" {
		request["contentType"] = i.ContentType
	}
	if i.Accept != "" {
		request["accept"] = i.Accept
	}
	if i.Custom != "" {
		request["customAttributes"] = i.Custom
	}
	m["requestParameters"] = request
	response := map[string]any{}
	if r.reason != "" {
		m["invocationStatus"], m["failureReason"] = "Failed", r.reason
		if i.Failed != "" && r.answer != nil {
			response["outputLocation"] = i.Failed
		}
	} else {
		response["contentType"] = r.kind
		if i.Output != "" {
			response["outputLocation"] = i.Output
		}
	}
	if include && r.whole && r.answer != nil {
		if utf8.Valid(r.answer) {
			response["body"] = map[string]string{"content": string(r.answer), "encoding": "TEXT"}
		} else {
			response["body"] = map[string]string{"content": base64.StdEncoding.EncodeToString(r.answer), "encoding": "BASE64"}
		}
	}
	if len(response) > 0 {
		m["responseParameters"] = response
	}
	return m
}

// notice is a message on its way to a topic.
type notice struct{ Account, Region, Role, Topic, Text string }

func (s *Service) notify(tx *store.Tx, k store.Key, role, topic string, message map[string]any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return s.send(tx, noticeCourier, "", notice{k.Account, k.Region, role, topic, string(text)},
		delivery.Parcel{Account: k.Account, Region: k.Region, MaxAttempts: 20, MaxAge: time.Hour})
}

// tell publishes a notice, in the name of the model's role.
func (s *Service) tell(ctx context.Context, p delivery.Parcel) error {
	var n notice
	if err := json.Unmarshal(p.Data, &n); err != nil {
		return delivery.Permanent(err)
	}
	return s.Clients.Publish(ctx, delivery.As{Service: principal, Account: n.Account, RoleARN: n.Role}, n.Topic, delivery.Message{Body: n.Text})
}

// introduce tells the topics of a new asynchronous endpoint that they will be told of its results.
func (s *Service) introduce(tx *store.Tx, k store.Key, e endpoint) error {
	if e.Current == nil || e.Current.Async == nil || e.Current.Async.OutputConfig.NotificationConfig == nil {
		return nil
	}
	n := e.Current.Async.OutputConfig.NotificationConfig
	role := aws.ToString(e.Current.Variants[0].Model.In.ExecutionRoleArn)
	for _, topic := range []*string{n.SuccessTopic, n.ErrorTopic} {
		if topic == nil {
			continue
		}
		if err := s.notify(tx, k, role, *topic, map[string]any{"awsRegion": k.Region, "eventTime": s.Clock.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
			"eventVersion": "1.0", "eventSource": "aws:sagemaker", "eventName": "TestNotification",
			"requestParameters": map[string]string{"endpointName": k.ID}}); err != nil {
			return err
		}
	}
	return nil
}
