package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

// open lets topics send to every queue.
const open = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`

// TestKillDeliveries publishes from all sides to a topic and a FIFO topic while the server is killed. Every message that was
// acknowledged arrives in the topic's queue; those of the FIFO topic once and in order.
func TestKillDeliveries(t *testing.T) {
	o := harness.Options{DataDir: t.TempDir()}
	s := start(t, o)
	d := deliveries{t: t, acknowledged: map[string]bool{}, got: map[string]int{}}
	d.prepare(s)
	for n := range *rounds {
		d.publish(n, s)
		s = start(t, o)
	}
	d.collect(s)
	if err := s.Stop(); err != nil {
		t.Errorf("%v\n%s", err, s.Log())
	}
}

type deliveries struct {
	t            *testing.T
	topic, fifo  *string // ARNs
	mu           sync.Mutex
	acknowledged map[string]bool
	got          map[string]int
}

func clients(s *harness.Server) (*sns.Client, *sqs.Client) {
	cfg := s.Root().Config()
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	return sns.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
}

func (d *deliveries) prepare(s *harness.Server) {
	d.t.Helper()
	topics, queues := clients(s)
	make := func(name string, attributes map[string]string) *string {
		d.t.Helper()
		topic, err := topics.CreateTopic(d.t.Context(), &sns.CreateTopicInput{Name: &name, Attributes: attributes})
		if err != nil {
			d.t.Fatal(err)
		}
		in := &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": open, "VisibilityTimeout": "600"}}
		if attributes != nil {
			in.Attributes["FifoQueue"] = "true"
		}
		q, err := queues.CreateQueue(d.t.Context(), in)
		if err != nil {
			d.t.Fatal(err)
		}
		a, err := queues.GetQueueAttributes(d.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: q.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
		if err != nil {
			d.t.Fatal(err)
		}
		if _, err := topics.Subscribe(d.t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(a.Attributes["QueueArn"]),
			Attributes: map[string]string{"RawMessageDelivery": "true"}}); err != nil {
			d.t.Fatal(err)
		}
		return topic.TopicArn
	}
	d.topic = make("fault", nil)
	d.fifo = make("fault.fifo", map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"})
}

// publish lets the publishers run until the server is dead. Every other one publishes to a group of its own of the FIFO topic.
func (d *deliveries) publish(round int, s *harness.Server) {
	topics, _ := clients(s)
	at := int64(*writes) * int64(20+rand.IntN(60)) / 100
	var done atomic.Int64
	var all, dead sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range *writes / writers {
				body := fmt.Sprintf("r%d-w%d-%06d", round, w, i)
				in := &sns.PublishInput{TopicArn: d.topic, Message: &body}
				if w%2 == 1 {
					in.TopicArn, in.MessageGroupId = d.fifo, aws.String(fmt.Sprint("g", w))
				}
				if _, err := topics.Publish(d.t.Context(), in); err != nil {
					var api smithy.APIError
					if errors.As(err, &api) {
						d.t.Errorf("round %d: %v", round, err)
					}
					return // the server is gone
				}
				d.mu.Lock()
				d.acknowledged[body] = true
				d.mu.Unlock()
				if done.Add(1) == at {
					dead.Go(s.Kill)
				}
			}
		})
	}
	all.Wait()
	dead.Wait()
	d.t.Logf("round %d: killed after %d of %d messages", round, at, done.Load())
	if done.Load() < at {
		s.Kill()
	}
}

// collect takes what is in the queues, until all that was acknowledged has come.
func (d *deliveries) collect(s *harness.Server) {
	_, queues := clients(s)
	ctx, cancel := context.WithTimeout(d.t.Context(), 2*time.Minute)
	defer cancel()
	last := map[string]string{}
	for _, name := range []string{"fault", "fault.fifo"} {
		url, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
		if err != nil {
			d.t.Fatal(err)
		}
		for d.missing(name == "fault.fifo") > 0 {
			out, err := queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
				MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"MessageGroupId"}})
			if err != nil {
				d.t.Fatalf("%d messages of %s were acknowledged and did not come: %v", d.missing(name == "fault.fifo"), name, err)
			}
			var gone []sqstypes.DeleteMessageBatchRequestEntry
			for i, m := range out.Messages {
				d.got[*m.Body]++
				if g := m.Attributes["MessageGroupId"]; g != "" {
					if d.got[*m.Body] > 1 {
						d.t.Errorf("%s came twice", *m.Body)
					}
					if last[g] > *m.Body && last[g][:2] == (*m.Body)[:2] {
						d.t.Errorf("%s came after %s", *m.Body, last[g])
					}
					last[g] = *m.Body
				}
				gone = append(gone, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
			}
			if len(gone) == 0 {
				continue
			}
			if _, err := queues.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url.QueueUrl, Entries: gone}); err != nil {
				d.t.Fatal(err)
			}
		}
	}
	d.t.Logf("%d messages acknowledged, %d arrived", len(d.acknowledged), len(d.got))
}

// missing counts what was acknowledged and has not come, to the FIFO topic or the other.
func (d *deliveries) missing(fifo bool) (n int) {
	for body := range d.acknowledged {
		var r, w, i int
		_, _ = fmt.Sscanf(body, "r%d-w%d-%d", &r, &w, &i) // it is made like that
		if (w%2 == 1) == fifo && d.got[body] == 0 {
			n++
		}
	}
	return n
}
