package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// news is a queue that a topic's messages come to.
type news struct {
	client *sqs.Client
	url    string
}

// listen subscribes a queue of C's to a topic.
func (d *demo) listen(ctx context.Context, name, topic string) (*news, error) {
	n := &news{client: sqs.NewFromConfig(d.c.config())}
	arn := "arn:aws:sqs:" + region + ":" + d.c.account + ":" + name
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`
	made, err := n.client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": policy}})
	if err != nil {
		return nil, err
	}
	n.url = *made.QueueUrl
	_, err = sns.NewFromConfig(d.c.config()).Subscribe(ctx, &sns.SubscribeInput{TopicArn: &topic, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: map[string]string{"RawMessageDelivery": "true"}})
	return n, err
}

// wait takes messages until one is the one.
func (n *news) wait(ctx context.Context, limit time.Duration, is func(message []byte) bool) error {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		out, err := n.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &n.url, WaitTimeSeconds: 5})
		if err != nil {
			return err
		}
		for _, m := range out.Messages {
			if _, err := n.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &n.url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				return err
			}
			if is([]byte(aws.ToString(m.Body))) {
				return nil
			}
		}
	}
	return fmt.Errorf("nobody called back within %v", limit)
}

// call calls an HTTP API as C's administrator, and reads its answer.
func (d *demo) call(ctx context.Context, method, url string, in, into any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	keys, err := d.c.config().Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "execute-api", region, time.Now()); err != nil {
		return err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	out, err := io.ReadAll(a.Body)
	if err != nil {
		return err
	}
	if a.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s answers %s: %s", method, r.URL.Path, a.Status, out)
	}
	return json.Unmarshal(out, into)
}
