package logs

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
)

type event = eventfile.Event

const (
	courier = "logs.subscription"
	// principal is who calls functions. Policies name it also with the region.
	principal = "logs.amazonaws.com"
	// portion is how much a function gets at once before it is compressed, in bytes: what comes out has to fit into 256 KB.
	portion = 700 << 10
	// patience is for how long a delivery is tried.
	// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
	patience = 24 * time.Hour
	// maxPayload is what a function takes when nobody waits for it.
	maxPayload = 256 << 10
)

// envelope is what a function reads, compressed.
type envelope struct {
	MessageType         string         `json:"messageType"`
	Owner               string         `json:"owner"`
	LogGroup            string         `json:"logGroup"`
	LogStream           string         `json:"logStream"`
	SubscriptionFilters []string       `json:"subscriptionFilters"`
	LogEvents           []enclosedItem `json:"logEvents"`
}

type enclosedItem struct {
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	Message   string `json:"message"`
}

// sent is a parcel: the payload for a function.
type sent struct {
	Function, Group string
	Payload         json.RawMessage
}

// portions cuts events to what a function gets at once.
func portions(list []event) (out [][]event) {
	for len(list) > 0 {
		n, size := 0, int64(0)
		for n < len(list) && (n == 0 || size+list[n].Size() <= portion) {
			size += list[n].Size() + digits
			n++
		}
		out, list = append(out, list[:n]), list[n:]
	}
	return out
}

// pack adds the payloads of calls. What is too large for one, since it does not compress well, becomes two.
func pack(out []sent, k store.Key, stream string, f subscription, events []event) ([]sent, error) {
	e := envelope{MessageType: "DATA_MESSAGE", Owner: k.Account, LogGroup: k.ID, LogStream: stream, SubscriptionFilters: []string{f.Name}}
	for _, x := range events {
		e.LogEvents = append(e.LogEvents, enclosedItem{eventID(x.Time, x.Seq), x.Time, x.Message})
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(z).Encode(e), z.Close()); err != nil {
		return nil, err
	}
	payload, err := json.Marshal(map[string]any{"awslogs": map[string]string{"data": base64.StdEncoding.EncodeToString(b.Bytes())}})
	if err != nil {
		return nil, err
	}
	if n := len(events) / 2; n > 0 && len(payload) > maxPayload {
		if out, err = pack(out, k, stream, f, events[:n]); err != nil {
			return nil, err
		}
		return pack(out, k, stream, f, events[n:])
	}
	return append(out, sent{f.Destination, groupARN(k) + ":*", payload}), nil
}

func (s *Service) accept(tx *store.Tx, k store.Key, x sent) error {
	data, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return s.Desk.Accept(tx, delivery.Parcel{Kind: courier, Account: k.Account, Region: k.Region, Data: data, MaxAge: patience, MaxAttempts: -1})
}

// deliver calls a function with events.
func (s *Service) deliver(ctx context.Context, p delivery.Parcel) error {
	var x sent
	if err := json.Unmarshal(p.Data, &x); err != nil {
		return delivery.Permanent(err)
	}
	return delivery.Judged(s.invoke(ctx, p.Account, p.Region, x, lambdatypes.InvocationTypeEvent))
}

// invoke calls a function in the service's name, as its policy may have it.
func (s *Service) invoke(ctx context.Context, account, region string, x sent, kind lambdatypes.InvocationType) error {
	var err error
	for _, name := range []string{principal, "logs." + region + ".amazonaws.com"} {
		var config aws.Config
		config, err = s.Clients.Config(ctx, delivery.As{Service: name, Source: x.Group, Account: account}, region)
		if err != nil {
			return err
		}
		_, err = lambda.NewFromConfig(config).Invoke(ctx, &lambda.InvokeInput{FunctionName: &x.Function, InvocationType: kind, Payload: x.Payload})
		var api smithy.APIError
		if !errors.As(err, &api) || !strings.HasPrefix(api.ErrorCode(), "AccessDenied") {
			return err
		}
	}
	return err
}

// try asks whether a function can be called.
func (s *Service) try(ctx context.Context, k store.Key, f subscription) error {
	x := sent{Function: f.Destination, Group: groupARN(k) + ":*", Payload: json.RawMessage(`{}`)}
	err := s.invoke(ctx, k.Account, k.Region, x, lambdatypes.InvocationTypeDryRun)
	var api smithy.APIError
	if errors.As(err, &api) {
		return invalid("Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function. (%s: %s)",
			api.ErrorCode(), api.ErrorMessage())
	}
	return err
}
