package sagemaker

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

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
	set, err := s.served(ctx, k)
	if err != nil {
		return err
	}
	if set == nil || set.async == nil {
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
func (s *Service) late(ctx context.Context, of, k store.Key, i invocation, set *served) error {
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
func (s *Service) invokeNow(ctx, waits context.Context, k store.Key, i invocation, set *served) (r asyncResult, err error) {
	env := s.environment(k, set.role, "/aws/sagemaker/Endpoints/"+k.ID)
	body, kind, err := env.Open(ctx, i.Input)
	switch {
	case err != nil && ctx.Err() != nil:
		return r, ctx.Err()
	case err != nil && !delivery.Final(err):
		return r, err
	case err != nil:
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
	a, err := e.Invoke(limited, asked{contentType: filled(cmp.Or(i.ContentType, kind)), accept: filled(i.Accept), custom: filled(i.Custom), body: in}.request())
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
	var unwritten *unwrittenError
	if errors.As(err, &unwritten) {
		if !delivery.Final(err) {
			return r, err
		}
		return asyncResult{reason: err.Error()}, nil
	}
	return asyncResult{reason: "ModelError: " + err.Error()}, nil
}

// unwrittenError is of an answer that could not be written to S3.
type unwrittenError struct {
	to string
	error
}

func (u *unwrittenError) Error() string { return "Failed to write " + u.to + ": " + u.error.Error() }
func (u *unwrittenError) Unwrap() error { return u.error }

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// answered writes what the model answered to where it belongs.
func (s *Service) answered(ctx context.Context, env container.Environment, i invocation, a hosting.Answer) (r asyncResult, err error) {
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
		return r, &unwrittenError{to, err}
	}
	return r, nil
}

// ended writes that an invocation ended, and has the topic told of it.
func (s *Service) ended(ctx context.Context, of, k store.Key, i invocation, set *served, r asyncResult) error {
	now := s.Clock.Now()
	s.measuredAsync(k, metrics.Datum{Name: "InvocationsProcessed", Unit: "None", Value: 1},
		metrics.Datum{Name: "InvocationFailures", Unit: "None", Value: bit(r.reason != "")},
		metrics.Datum{Name: "TotalProcessingTime", Unit: "Milliseconds", Value: float64(now.Sub(i.Received).Milliseconds())})
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.invocations.Delete(tx, of); err != nil {
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			return err
		}
		if set == nil || set.async.OutputConfig.NotificationConfig == nil {
			return nil
		}
		n := set.async.OutputConfig.NotificationConfig
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

// bury does nothing: an invocation or a notice that was given up has nowhere to go.
func (s *Service) bury(_ context.Context, p delivery.Parcel) error {
	if p.Kind == noticeCourier {
		s.Logger.Warn("a notice could not be published", "failure", p.Failure)
	}
	return nil
}
