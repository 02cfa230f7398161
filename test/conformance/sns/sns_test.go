// Package sns_test drives SNS with the Go SDK and boto3.
package sns_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // what version 1 of the signature asks for
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "sns.py")
}

// verify checks a message's signature from AWS's description of it alone.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
func verify(t *testing.T, m map[string]string) {
	t.Helper()
	page, err := http.Get(m["SigningCertURL"])
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil || page.StatusCode != http.StatusOK {
		t.Fatalf("certificate: %d %v", page.StatusCode, err)
	}
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if m["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	signed := ""
	for _, n := range names {
		if v, ok := m[n]; ok {
			signed += n + "\n" + v + "\n"
		}
	}
	sig, err := base64.StdEncoding.DecodeString(m["Signature"])
	if err != nil {
		t.Fatal(err)
	}
	hash, sum := crypto.SHA256, sha256.New()
	if m["SignatureVersion"] == "1" {
		hash, sum = crypto.SHA1, sha1.New() //nolint:gosec // what version 1 asks for
	}
	_, _ = io.WriteString(sum, signed)
	if err := rsa.VerifyPKCS1v15(c.PublicKey.(*rsa.PublicKey), hash, sum.Sum(nil), sig); err != nil {
		t.Errorf("signature of %s: %v", m["Type"], err)
	}
}

type post struct {
	header http.Header
	fields map[string]string
	body   string
}

// subscriber is an HTTP endpoint that keeps what it is sent.
func subscriber(t *testing.T) (url string, posts chan post) {
	posts = make(chan post, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		p := post{header: r.Header, body: string(b), fields: map[string]string{}}
		var all map[string]any
		if json.Unmarshal(b, &all) == nil {
			for k, v := range all {
				if text, ok := v.(string); ok {
					p.fields[k] = text
				}
			}
		}
		posts <- p
	}))
	t.Cleanup(s.Close)
	return s.URL, posts
}

func next[T any](t *testing.T, c chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestHTTP(t *testing.T) {
	ctx := t.Context()
	s := harness.StartWith(t, harness.Options{Args: []string{"--deliver-to-loopback", "true"}})
	c := sns.NewFromConfig(s.Root().Config())
	for _, version := range []string{"1", "2"} {
		url, posts := subscriber(t)
		topic := harness.Must(c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t" + version), Attributes: map[string]string{"SignatureVersion": version}}))(t).TopicArn
		sub, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &url})
		if err != nil || *sub.SubscriptionArn != "pending confirmation" {
			t.Fatalf("subscribe: %+v %v", sub, err)
		}
		asked := next(t, posts)
		if asked.header.Get("X-Amz-Sns-Message-Type") != "SubscriptionConfirmation" || asked.fields["TopicArn"] != *topic {
			t.Fatalf("got %+v", asked)
		}
		verify(t, asked.fields)
		if _, err := c.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("too early")}); err != nil {
			t.Fatal(err)
		}
		answer, err := http.Get(asked.fields["SubscribeURL"]) // nobody signs this
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("confirm: %+v %v", answer, err)
		}
		_ = answer.Body.Close()
		if _, err := c.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("hello\n<world>"), Subject: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
		got := next(t, posts)
		if got.fields["Message"] != "hello\n<world>" || got.fields["Subject"] != "s" || got.fields["SignatureVersion"] != version {
			t.Errorf("got %+v", got)
		}
		verify(t, got.fields)
		arn := got.header.Get("X-Amz-Sns-Subscription-Arn")
		if _, err := c.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: &arn, AttributeName: aws.String("RawMessageDelivery"),
			AttributeValue: aws.String("true")}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("raw")}); err != nil {
			t.Fatal(err)
		}
		if raw := next(t, posts); raw.body != "raw" || raw.header.Get("X-Amz-Sns-Rawdelivery") != "true" {
			t.Errorf("got %+v", raw)
		}
		left, err := http.Get(got.fields["UnsubscribeURL"])
		if err != nil || left.StatusCode != http.StatusOK {
			t.Fatalf("unsubscribe: %+v %v", left, err)
		}
		_ = left.Body.Close()
		list := harness.Must(c.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: topic}))(t)
		if len(list.Subscriptions) != 0 {
			t.Errorf("still subscribed: %+v", list.Subscriptions)
		}
	}
}

func TestClosedAddresses(t *testing.T) {
	ctx := t.Context()
	s := harness.Start(t)
	c := sns.NewFromConfig(s.Root().Config())
	url, posts := subscriber(t)
	topic := harness.Must(c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")}))(t).TopicArn
	if _, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &url}); err != nil {
		t.Fatal(err)
	}
	select {
	case p := <-posts:
		t.Errorf("the machine's own address was called: %+v", p)
	case <-time.After(500 * time.Millisecond):
	}
}

func TestFIFO(t *testing.T) {
	ctx := t.Context()
	s := harness.Start(t)
	cfg := s.Root().Config()
	c, q := sns.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	topic := harness.Must(c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t.fifo"), Attributes: map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"}}))(t).TopicArn
	arn := strings.Replace(*topic, ":sns:", ":sqs:", 1)
	queue := harness.Must(q.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("t.fifo"), Attributes: map[string]string{"FifoQueue": "true",
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`}}))(t).QueueUrl
	if _, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &arn, Attributes: map[string]string{"RawMessageDelivery": "true"}}); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 30 {
		for range 2 { // the second is a duplicate
			if _, err := c.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String(fmt.Sprint(i)), MessageGroupId: aws.String("g")}); err != nil {
				t.Fatal(err)
			}
		}
		want = append(want, fmt.Sprint(i))
	}
	var got []string
	for end := time.Now().Add(20 * time.Second); len(got) < len(want) && time.Now().Before(end); {
		out := harness.Must(q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10, WaitTimeSeconds: 1}))(t)
		for _, m := range out.Messages {
			got = append(got, *m.Body)
			if _, err := q.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// postbox is a mail server that keeps its letters.
func postbox(t *testing.T) (address string, letters chan string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	letters = make(chan string, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				say := func(s string) { _, _ = io.WriteString(c, s+"\r\n") }
				say("220 postbox")
				text, data := "", false
				for lines := bufio.NewScanner(c); lines.Scan(); {
					line := lines.Text()
					switch {
					case data && line == ".":
						data = false
						letters <- text
						say("250 taken")
					case data:
						text += line + "\n"
					case strings.HasPrefix(line, "DATA"):
						data = true
						say("354 go on")
					case strings.HasPrefix(line, "QUIT"):
						say("221 bye")
						return
					default:
						say("250 fine")
					}
				}
			}()
		}
	}()
	return l.Addr().String(), letters
}

func TestMail(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	address, letters := postbox(t)
	s := harness.StartWith(t, harness.Options{Args: []string{"--mail", "smtp://" + address + "?from=studio@example.com"}})
	c := sns.NewFromConfig(s.Root().Config())
	topic := harness.Must(c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t")}))(t).TopicArn
	if _, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic, Protocol: aws.String("email"), Endpoint: aws.String("a@example.com")}); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(next(t, letters), "=\n", ""), "=3D", "=")
	i := strings.Index(text, "http://")
	if i < 0 || !strings.Contains(text, "To: a@example.com") {
		t.Fatalf("got %s", text)
	}
	link, _, _ := strings.Cut(text[i:], "\n")
	answer, err := http.Get(link)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("confirm %s: %+v %v", link, answer, err)
	}
	_ = answer.Body.Close()
	if _, err := c.Publish(ctx, &sns.PublishInput{TopicArn: topic, Message: aws.String("hello"), Subject: aws.String("greeting")}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, letters); !strings.Contains(got, "Subject: greeting") || !strings.Contains(got, "\nhello\n") {
		t.Errorf("got %s", got)
	}
}
