package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
	"github.com/aws/aws-sdk-go-v2/service/sagemakerruntime"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/atelier-studio/atelier/test/scenario"
)

const textImage = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"

// queued is how many asynchronous invocations are made.
const queued = 1000

// text serves what BlazingText has learnt from the reviews, in all ways.
func (b *servingBench) text(ctx context.Context) error {
	reviews, err := scenario.LoadReviews()
	if err != nil {
		return err
	}
	half := len(reviews) / 2
	data, err := b.put(ctx, "reviews/lines.txt", []byte(scenario.FastText(reviews[:half])))
	if err != nil {
		return err
	}
	if err := b.model(ctx, "text", textImage, data, map[string]string{"mode": "supervised", "epochs": "10", "min_count": "1", "vector_dim": "100", "word_ngrams": "1"}, nil); err != nil {
		return err
	}
	if err := b.deploy(ctx, "text", "text", nil); err != nil {
		return err
	}
	one, err := json.Marshal(map[string]any{"instances": []string{reviews[half].Text}})
	if err != nil {
		return err
	}
	past, err := b.direct("application/json", one)
	if err != nil {
		return err
	}
	b.out.WriteString(servingHead)
	if err := b.compare(ctx, "BlazingText", b.invoked("text", "application/json", one), past); err != nil {
		return err
	}
	lines := questions(reviews[half:])
	rate, err := b.most(ctx, lines)
	if err != nil {
		return err
	}
	if err := b.remove(ctx, "text"); err != nil {
		return err
	}
	batch, n, err := b.batch(ctx, lines, rate)
	if err != nil {
		return err
	}
	queue, err := b.queue(ctx, one)
	if err != nil {
		return err
	}
	fmt.Fprintf(&b.out, "\n| | | aim |\n|---|---:|---:|\n| batch transform of %d lines, from the first to the last, lines per second | %.0f | |\n"+
		"| the model server itself with the same requests, lines per second | %.0f | |\n| the one against the other | %.2f | 0.9 |\n"+
		"| %d asynchronous invocations, from accepted to ended, p50 | %.1f ms | 20 ms |\n| p99 | %.1f ms | |\n\n", n, batch, rate, batch/rate, queued,
		ms(percentile(queue, 50)), ms(percentile(queue, 99)))
	b.out.WriteString(servingHead)
	return nil
}

// questions are the lines of a batch.
func questions(reviews []scenario.Review) []byte {
	var out bytes.Buffer
	for i, r := range reviews {
		line, _ := json.Marshal(map[string]any{"id": i, "source": r.Text}) // text can be written
		out.Write(append(line, '\n'))
	}
	return out.Bytes()
}

// batchBytes is what a request of a batch may have.
const batchBytes = 1 << 20

// most is how many lines per second the model server answers in requests like those of a batch.
func (b *servingBench) most(ctx context.Context, lines []byte) (float64, error) {
	body := lines[:bytes.LastIndexByte(lines[:min(len(lines), batchBytes)], '\n')]
	past, err := b.direct("application/jsonlines", body)
	if err != nil {
		return 0, err
	}
	var rates []float64
	for range b.o.rounds {
		c := &benchmark{workers: 4, request: func(*server, int, int) *http.Request { return past.request() }}
		rate, err := c.measure(ctx, past.server, b.o.each)
		if err != nil {
			return 0, err
		}
		rates = append(rates, rate*float64(bytes.Count(body, []byte("\n"))+1))
	}
	return median(rates), nil
}

// batch transforms as many lines as the model server would answer in some seconds, and tells how many per second were. It ends all rounds
// with the median; the time is that from when the model is there.
func (b *servingBench) batch(ctx context.Context, lines []byte, rate float64) (perSecond float64, n int, err error) {
	const objects = 8
	each := bytes.Count(lines, []byte("\n"))
	times := max(int(rate*8)/each/objects, 1)
	n = times * each * objects
	object := bytes.Repeat(lines, times)
	for i := range objects {
		if _, err := b.put(ctx, fmt.Sprint("in/", i), object); err != nil {
			return 0, 0, err
		}
	}
	var rates []float64
	for round := range b.o.rounds {
		name := fmt.Sprint("batch-", round)
		in := &sagemaker.CreateTransformJobInput{TransformJobName: &name, ModelName: aws.String("text"), BatchStrategy: types.BatchStrategyMultiRecord,
			MaxPayloadInMB: aws.Int32(batchBytes >> 20), MaxConcurrentTransforms: aws.Int32(4),
			TransformInput: &types.TransformInput{ContentType: aws.String("application/jsonlines"), SplitType: types.SplitTypeLine, DataSource: &types.TransformDataSource{
				S3DataSource: &types.TransformS3DataSource{S3DataType: types.S3DataTypeS3Prefix, S3Uri: aws.String("s3://bench/in/")}}},
			TransformOutput:    &types.TransformOutput{S3OutputPath: aws.String("s3://bench/" + name), Accept: aws.String("application/jsonlines"), AssembleWith: types.AssemblyTypeLine},
			TransformResources: &types.TransformResources{InstanceType: types.TransformInstanceTypeMlM5Large, InstanceCount: aws.Int32(1)}}
		if _, err := b.models.CreateTransformJob(ctx, in); err != nil {
			return 0, 0, err
		}
		if err := await(ctx, 10*time.Minute, func() (bool, error) {
			d, err := b.models.DescribeTransformJob(ctx, &sagemaker.DescribeTransformJobInput{TransformJobName: &name})
			if err != nil || d.TransformJobStatus == types.TransformJobStatusInProgress {
				return false, err
			}
			if d.TransformJobStatus != types.TransformJobStatusCompleted {
				return false, errors.New(aws.ToString(d.FailureReason))
			}
			rates = append(rates, float64(n)/d.TransformEndTime.Sub(*d.TransformStartTime).Seconds())
			return true, nil
		}); err != nil {
			return 0, 0, err
		}
	}
	return median(rates), n, nil
}

// queue makes asynchronous invocations one after the other, and tells what each took from when it was accepted until its end, as its
// message says.
func (b *servingBench) queue(ctx context.Context, body []byte) (took []time.Duration, err error) {
	queues, topics, caller := sqs.NewFromConfig(b.cfg), sns.NewFromConfig(b.cfg), sagemakerruntime.NewFromConfig(b.cfg)
	q, err := queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("told"), Attributes: map[string]string{"Policy": `{"Version":"2012-10-17","Statement":[` +
		`{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`}})
	if err != nil {
		return nil, err
	}
	a, err := queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: q.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		return nil, err
	}
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("told")})
	if err != nil {
		return nil, err
	}
	if _, err := topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(a.Attributes["QueueArn"]),
		Attributes: map[string]string{"RawMessageDelivery": "true"}}); err != nil {
		return nil, err
	}
	if err := b.deploy(ctx, "later", "text", &types.AsyncInferenceConfig{OutputConfig: &types.AsyncInferenceOutputConfig{S3OutputPath: aws.String("s3://bench/later"),
		NotificationConfig: &types.AsyncInferenceNotificationConfig{SuccessTopic: topic.TopicArn, ErrorTopic: topic.TopicArn}}}); err != nil {
		return nil, err
	}
	input, err := b.put(ctx, "question.json", body)
	if err != nil {
		return nil, err
	}
	for range queued {
		if _, err := caller.InvokeEndpointAsync(ctx, &sagemakerruntime.InvokeEndpointAsyncInput{EndpointName: aws.String("later"), InputLocation: &input,
			ContentType: aws.String("application/json")}); err != nil {
			return nil, err
		}
	}
	for end := time.Now().Add(2 * time.Minute); len(took) < queued; {
		if time.Now().After(end) {
			return nil, fmt.Errorf("%d of %d invocations ended", len(took), queued)
		}
		out, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: q.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 600})
		if err != nil {
			return nil, err
		}
		for _, m := range out.Messages {
			var told struct {
				Name     string    `json:"eventName"`
				Status   string    `json:"invocationStatus"`
				Received time.Time `json:"receivedTime"`
				Ended    time.Time `json:"eventTime"`
			}
			if err := json.Unmarshal([]byte(*m.Body), &told); err != nil {
				return nil, err
			}
			switch {
			case told.Name == "TestNotification":
			case told.Status != "Completed":
				return nil, errors.New(*m.Body)
			default:
				took = append(took, told.Ended.Sub(told.Received))
			}
		}
	}
	return took, b.remove(ctx, "later")
}
