package sagemaker

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/hosting"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// Couriers of asynchronous inference: one makes the invocations, the other tells topics how they ended.
const (
	asyncCourier  = "sagemaker-async"
	noticeCourier = "sagemaker-notice"
)

const (
	maxAsyncInput  = 1 << 30   // bytes of an object
	maxAsyncOutput = 1 << 30   // bytes of an answer
	maxInNotice    = 128 << 10 // bytes of an answer that goes into a notice
	width          = 4         // invocations of an instance at a time, when the configuration names no number
)

// send hands something to a courier.
func (s *Service) send(tx *store.Tx, kind, place string, v any, p delivery.Parcel) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	p.Kind, p.Place, p.Data = kind, place, data
	if k, ok := v.(store.Key); ok {
		p.Account, p.Region = k.Account, k.Region
	}
	return s.Desk.Accept(tx, p)
}

// asyncSettings is what an asynchronous endpoint's invocations need of it.
type asyncSettings struct {
	config *types.AsyncInferenceConfig
	role   string
	slots  chan struct{} // as many as invocations may be made at a time
}

// asynchronous keeps in mind what an endpoint is, as catches does.
func (s *Service) asynchronous(k store.Key, e endpoint) {
	if e.Current == nil || e.Current.Async == nil {
		s.asyncs.Delete(fleetKey(k))
		return
	}
	n := width
	if c := e.Current.Async.ClientConfig; c != nil && c.MaxConcurrentInvocationsPerInstance != nil {
		n = int(*c.MaxConcurrentInvocationsPerInstance)
	}
	v := e.Current.Variants[0]
	s.asyncs.Store(fleetKey(k), &asyncSettings{e.Current.Async, aws.ToString(v.Model.In.ExecutionRoleArn), make(chan struct{}, n*int(max(v.Count, 1)))})
}

// settings are those of an asynchronous endpoint; nil when it is none.
func (s *Service) settings(ctx context.Context, k store.Key) (*asyncSettings, error) {
	if v, ok := s.asyncs.Load(fleetKey(k)); ok {
		return v.(*asyncSettings), nil
	}
	err := s.Store.View(ctx, func(tx *store.Tx) error { // the server was started a moment ago
		e, err := s.endpoints.Get(tx, k)
		if err == nil {
			s.asynchronous(k, e)
		}
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	v, _ := s.asyncs.Load(fleetKey(k))
	set, _ := v.(*asyncSettings)
	return set, nil
}

// invokeLater makes one invocation and writes how it ended, in one transaction with the notice. A row that is gone has ended before.
func (s *Service) invokeLater(ctx context.Context, p delivery.Parcel) error {
	var of store.Key
	if err := json.Unmarshal(p.Data, &of); err != nil {
		return delivery.Permanent(err)
	}
	var i invocation
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		i, err = s.invocations.Get(tx, of)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	k := store.Key{Account: of.Account, Region: of.Region, ID: i.Endpoint}
	set, err := s.settings(ctx, k)
	if err != nil {
		return err
	}
	if set == nil {
		return s.ended(ctx, of, k, i, nil, asyncResult{reason: "The endpoint is not there any more, or not asynchronous."})
	}
	waits, cancel := context.WithDeadline(ctx, time.Now().Add(i.Life-s.Clock.Now().Sub(i.Received)))
	defer cancel()
	select {
	case set.slots <- struct{}{}:
		defer func() { <-set.slots }()
	case <-waits.Done():
		return s.late(ctx, of, k, i, set)
	}
	began := s.Clock.Now()
	s.measuredAsync(k, metrics.Datum{Name: "TimeInBacklog", Unit: "Milliseconds", Value: float64(began.Sub(i.Received).Milliseconds())})
	result, err := s.invokeNow(ctx, waits, k, i, set)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded) && waits.Err() != nil:
		return s.late(ctx, of, k, i, set)
	case err != nil:
		return err
	}
	return s.ended(ctx, of, k, i, set, result)
}

// late ends an invocation for which no instance had time; when the server stops it comes again.
func (s *Service) late(ctx context.Context, of, k store.Key, i invocation, set *asyncSettings) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.ended(ctx, of, k, i, set, asyncResult{reason: fmt.Sprintf("The request expired: no instance had time for it within %s.", i.Life)})
}

// asyncResult is how an invocation ended.
type asyncResult struct {
	reason string // of a failure
	kind   string // content type of the answer
	answer []byte // the beginning of it
	whole  bool   // answer is all of it
}

// invokeNow has the model answer, and writes the answer. The error is one after which it shall be tried again.
func (s *Service) invokeNow(ctx, waits context.Context, k store.Key, i invocation, set *asyncSettings) (r asyncResult, err error) {
	env := s.environment(k, set.role, "/aws/sagemaker/Endpoints/"+k.ID)
	body, _, err := env.Open(ctx, i.Input)
	if err != nil {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		return asyncResult{reason: fmt.Sprintf("Failed to read the input %s: %v", i.Input, err)}, nil
	}
	in, err := io.ReadAll(io.LimitReader(body, maxAsyncInput+1))
	_ = body.Close()
	switch {
	case err != nil:
		return r, err
	case len(in) > maxAsyncInput:
		return asyncResult{reason: "The input has more than 1 GB."}, nil
	}
	e := s.Fleet.Endpoint(fleetKey(k))
	for ; e == nil; e = s.Fleet.Endpoint(fleetKey(k)) { // the server was started a moment ago
		select {
		case <-waits.Done():
			return r, waits.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	if err := e.Ready(waits); err != nil {
		return r, err
	}
	limited, cancel := context.WithTimeout(ctx, i.Timeout)
	defer cancel()
	a, err := e.Invoke(limited, asked{contentType: filled(i.ContentType), accept: filled(i.Accept), custom: filled(i.Custom), body: in}.request())
	if err == nil {
		defer func() { _ = a.Body.Close() }()
		r, err = s.answered(limited, env, i, a)
	}
	switch {
	case err == nil:
		return r, nil
	case ctx.Err() != nil:
		return r, ctx.Err()
	case limited.Err() != nil:
		return asyncResult{reason: "ModelError: The invocation timed out while waiting for a response from the container."}, nil
	}
	return asyncResult{reason: "ModelError: " + err.Error()}, nil
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// answered writes what the model answered to where it belongs.
func (s *Service) answered(ctx context.Context, env container.Environment, i invocation, a *hosting.Answer) (r asyncResult, err error) {
	body, err := io.ReadAll(io.LimitReader(a.Body, maxAsyncOutput+1))
	switch {
	case err != nil:
		return r, err
	case len(body) > maxAsyncOutput:
		return r, errors.New("the answer has more than 1 GB")
	}
	r = asyncResult{kind: a.Header.Get("Content-Type"), answer: body[:min(len(body), maxInNotice)], whole: len(body) <= maxInNotice}
	to := i.Output
	if a.Status >= 300 {
		side := "client"
		if a.Status >= 500 {
			side = "server"
		}
		r.reason = fmt.Sprintf("ModelError: Received %s error (%d) from primary with message %q.", side, a.Status, body[:min(len(body), maxModelMessage)])
		to = i.Failed
	}
	if to == "" {
		return r, nil
	}
	if r.kind == "" {
		r.kind = "application/octet-stream"
	}
	if err := env.Put(ctx, to, r.kind, bytes.NewReader(body)); err != nil {
		return r, fmt.Errorf("failed to write %s: %w", to, err)
	}
	return r, nil
}

// ended writes that an invocation ended, and has the topic told of it.
func (s *Service) ended(ctx context.Context, of, k store.Key, i invocation, set *asyncSettings, r asyncResult) error {
	now := s.Clock.Now()
	s.measuredAsync(k, metrics.Datum{Name: "InvocationsProcessed", Unit: "None", Value: 1},
		metrics.Datum{Name: "InvocationFailures", Unit: "None", Value: map[bool]float64{true: 1}[r.reason != ""]},
		metrics.Datum{Name: "TotalProcessingTime", Unit: "Milliseconds", Value: float64(now.Sub(i.Received).Milliseconds())})
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.invocations.Delete(tx, of); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		}
		if set == nil || set.config.OutputConfig.NotificationConfig == nil {
			return nil
		}
		n := set.config.OutputConfig.NotificationConfig
		topic, which := aws.ToString(n.SuccessTopic), types.AsyncNotificationTopicTypesSuccessNotificationTopic
		if r.reason != "" {
			topic, which = aws.ToString(n.ErrorTopic), types.AsyncNotificationTopicTypesErrorNotificationTopic
		}
		if topic == "" {
			return nil
		}
		return s.notify(tx, k, set.role, topic, i.notice(k.Region, now, r, slices.Contains(n.IncludeInferenceResponseIn, which)))
	})
}

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

func (s *Service) measuredAsync(k store.Key, data ...metrics.Datum) {
	for i := range data {
		data[i].Dimensions = []metrics.Dimension{{Name: "EndpointName", Value: k.ID}}
	}
	s.Metrics.Record(k.Account, k.Region, "AWS/SageMaker", data...)
}

// measureBacklogs records how many invocations wait at each asynchronous endpoint: what autoscaling looks at.
func (s *Service) measureBacklogs(ctx context.Context) {
	type backlog struct {
		n      int
		oldest time.Time
	}
	waiting := map[string]backlog{}
	var rows []store.Row[endpoint]
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		list, err := s.invocations.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		if err != nil {
			return err
		}
		for _, r := range list {
			key := fleetKey(store.Key{Account: r.Key.Account, Region: r.Key.Region, ID: r.Value.Endpoint})
			b := waiting[key]
			if b.n++; b.oldest.IsZero() || r.Value.Received.Before(b.oldest) {
				b.oldest = r.Value.Received
			}
			waiting[key] = b
		}
		rows, err = s.endpoints.List(tx, store.Range{AllAccounts: true, AllRegions: true})
		return err
	}); err != nil {
		if ctx.Err() == nil {
			s.Logger.Error("cannot count asynchronous invocations", "error", err)
		}
		return
	}
	for _, r := range rows {
		if r.Value.Current == nil || r.Value.Current.Async == nil {
			continue
		}
		b, count := waiting[fleetKey(r.Key)], float64(r.Value.Current.Variants[0].Count)
		data := []metrics.Datum{{Name: "ApproximateBacklogSize", Unit: "None", Value: float64(b.n)},
			{Name: "HasBacklogWithoutCapacity", Unit: "None", Value: map[bool]float64{true: 1}[b.n > 0 && count == 0]}}
		if count > 0 {
			data = append(data, metrics.Datum{Name: "ApproximateBacklogSizePerInstance", Unit: "None", Value: float64(b.n) / count})
		}
		if b.n > 0 {
			data = append(data, metrics.Datum{Name: "ApproximateAgeOfOldestRequest", Unit: "Seconds", Value: s.Clock.Now().Sub(b.oldest).Seconds()})
		}
		s.measuredAsync(r.Key, data...)
	}
}

// bury does nothing: an invocation or a notice that was given up has nowhere to go.
func (s *Service) bury(_ context.Context, p delivery.Parcel) error {
	if p.Kind == noticeCourier {
		s.Logger.Warn("a notice could not be published", "failure", p.Failure)
	}
	return nil
}
