package bedrockruntime

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	bedrocktypes "github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/loglines"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// maxLogged is how many records wait to be written. Those that come when it is full are not kept.
const maxLogged = 1024

// service is Bedrock as policies and roles know it.
const service = "bedrock.amazonaws.com"

// source is in whose name logs are written.
func source(region, account string) string { return "arn:aws:bedrock:" + region + ":" + account + ":*" }

// record is a call that is logged.
type record struct {
	operation     string
	model         chosen
	input, output any
	usage         models.Usage
	took          time.Duration
	embedding     bool
}

// logged is a record on its way.
type logged struct {
	account, region string
	config          bedrocktypes.LoggingConfig
	body            []byte
	at              time.Time
}

// log keeps a call where the account's settings say. It never waits.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-invocation-logging.html
func (s *Service) log(ctx context.Context, r record) {
	call := wire.CallOf(ctx)
	s.measure(ctx, r)
	var c bedrocktypes.LoggingConfig
	err := s.Store.View(context.WithoutCancel(ctx), func(tx *store.Tx) (err error) {
		c, err = s.Shelf.Logging.Get(tx, store.Key{Account: call.Account(), Region: call.Region})
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return
	}
	if err != nil {
		s.Logger.Error("cannot read the settings of invocation logs", "error", err)
		return
	}
	wanted := aws.ToBool(c.TextDataDeliveryEnabled) || c.TextDataDeliveryEnabled == nil
	if r.embedding {
		wanted = aws.ToBool(c.EmbeddingDataDeliveryEnabled) || c.EmbeddingDataDeliveryEnabled == nil
	}
	entry := map[string]any{"schemaType": "ModelInvocationLog", "schemaVersion": "1.0", "timestamp": call.Time.UTC().Format(time.RFC3339),
		"accountId": call.Account(), "identity": map[string]string{"arn": call.Principal.ARN}, "region": call.Region, "requestId": call.RequestID,
		"operation": r.operation, "modelId": r.model.name}
	input := map[string]any{"inputContentType": jsonType, "inputTokenCount": r.usage.Input}
	output := map[string]any{"outputContentType": jsonType, "outputTokenCount": r.usage.Output}
	if wanted {
		input["inputBodyJson"], output["outputBodyJson"] = bodyOf(r.input), bodyOf(r.output)
	}
	entry["input"], entry["output"] = input, output
	body, err := json.Marshal(entry)
	if err != nil {
		s.Logger.Error("cannot write an invocation log", "error", err)
		return
	}
	if to := c.CloudWatchConfig; to != nil {
		s.Lines.Line(loglines.Stream{As: delivery.As{Service: service, Account: call.Account(), RoleARN: aws.ToString(to.RoleArn),
			Source: source(call.Region, call.Account())}, Region: call.Region, Group: aws.ToString(to.LogGroupName), Stream: "aws/bedrock/modelinvocations"}, call.Time, string(body))
	}
	if c.S3Config == nil {
		return
	}
	select {
	case s.logs <- logged{account: call.Account(), region: call.Region, config: c, body: body, at: call.Time}:
	default:
		s.Logger.Warn("an invocation log was left out: too many wait", "request", call.RequestID)
	}
}

func bodyOf(v any) any {
	if raw, ok := v.(json.RawMessage); ok {
		return raw
	}
	return camel(v)
}

// Run writes invocation logs until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-s.logs:
			if err := s.write(ctx, l); err != nil && ctx.Err() == nil {
				s.Logger.Warn("cannot deliver an invocation log", "account", l.account, "error", err)
			}
		}
	}
}

func (s *Service) write(ctx context.Context, l logged) error {
	config, err := s.Clients.Config(ctx, delivery.As{Service: service, Account: l.account, Source: source(l.region, l.account)}, l.region)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(append(l.body, '\n')); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	to := l.config.S3Config
	prefix := strings.TrimSuffix(aws.ToString(to.KeyPrefix), "/")
	if prefix != "" {
		prefix += "/"
	}
	at := l.at.UTC()
	key := prefix + "AWSLogs/" + l.account + "/BedrockModelInvocationLogs/" + l.region + "/" + at.Format("2006/01/02/15/") + at.Format("20060102T150405") + "Z_" +
		strings.ReplaceAll(uuid.NewString(), "-", "")[:16] + ".json.gz"
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: to.BucketName, Key: &key, Body: bytes.NewReader(packed.Bytes()),
		ContentType: aws.String(jsonType), ContentEncoding: aws.String("gzip")})
	return err
}
