package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// What a job's end tells of: records are counted in files of so many bytes, and so many files are named to clients.
const (
	counted = 256 << 20
	named   = 200
)

// nextStep is what follows a job: EventBridge starts it when a job ended. It looks at what the job wrote, and tells the clients.
type nextStep struct {
	*batch
	topic string
	sns   *sns.Client
}

func newNextStep(cfg aws.Config, files store, env func(string) string) *nextStep {
	return &nextStep{newBatch(cfg, files, env), env("JOB_TOPIC"), sns.NewFromConfig(cfg)}
}

// ended is the event of a job, of SageMaker's or Bedrock's.
type ended struct {
	Time   time.Time `json:"time"`
	Detail struct {
		Transform       string `json:"TransformJobName"`
		TransformARN    string `json:"TransformJobArn"`
		TransformStatus string `json:"TransformJobStatus"`
		Reason          string `json:"FailureReason"`
		Batch           string `json:"batchJobName"`
		BatchARN        string `json:"batchJobArn"`
		BatchStatus     string `json:"status"`
		BatchReason     string `json:"failureMessage"`
	} `json:"detail"`
}

func (n *nextStep) handle(ctx context.Context, event json.RawMessage) (any, error) {
	var e ended
	if err := json.Unmarshal(event, &e); err != nil {
		return nil, err
	}
	d := e.Detail
	j := job{Name: d.Transform + d.Batch, ARN: d.TransformARN + d.BatchARN, Status: d.TransformStatus + d.BatchStatus, Reason: d.Reason + d.BatchReason, Ended: &e.Time}
	if !strings.HasPrefix(j.Name, n.prefix+"-") || !identifier.MatchString(j.Name) {
		return nil, fmt.Errorf("%q is no job of this blueprint", j.Name)
	}
	folder := batchOutput + j.Name + "/"
	j.Output = n.files.uri(folder)
	found, err := n.files.list(ctx, folder)
	if err != nil {
		return nil, err
	}
	total := 0
	for _, o := range found {
		p := produced{Path: n.files.uri(o.key), Bytes: o.size}
		if strings.HasSuffix(o.key, ".out") && !strings.HasSuffix(o.key, "/manifest.json.out") && o.size <= counted {
			lines, err := n.lines(ctx, o.key)
			if err != nil {
				return nil, err
			}
			p.Records = &lines
			total += lines
		}
		j.Outputs = append(j.Outputs, p)
	}
	j.Records = &total
	if err := n.files.keep(ctx, jobEndNote(j.Name), j); err != nil {
		return nil, err
	}
	j.Outputs = j.Outputs[:min(len(j.Outputs), named)] // a message has 256 KB at most
	b, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	if _, err := n.sns.Publish(ctx, &sns.PublishInput{TopicArn: &n.topic, Message: aws.String(string(b)), Subject: aws.String("Batch job " + short(j.Name) + ": " + j.Status)}); err != nil {
		return nil, fmt.Errorf("cannot tell of %s: %w", j.Name, err)
	}
	fmt.Printf("told of %s: %s, %d records\n", j.Name, j.Status, total)
	return nil, nil
}

// lines counts the lines of an object.
func (n *nextStep) lines(ctx context.Context, key string) (lines int, err error) {
	out, err := n.files.open(ctx, key)
	if err != nil {
		return 0, err
	}
	defer out.Body.Close()
	last := byte('\n')
	for buf := make([]byte, 256<<10); ; {
		k, err := out.Body.Read(buf)
		if k > 0 {
			lines += bytes.Count(buf[:k], []byte{'\n'})
			last = buf[k-1]
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if last != '\n' {
		lines++
	}
	return lines, nil
}
