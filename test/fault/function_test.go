package fault

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

var (
	messages = flag.Int("messages", 600, "messages through functions")
	kills    = flag.Int("kills", 2, "how often the server is killed meanwhile")
)

const (
	// hidden is for how long the queues hide what was received, in seconds.
	hidden = 10
	// poisonous is how many messages there are to one of poison.
	poisonous = 100
)

// TestKillFunctions has messages go from topics through queues and functions to queues while the server is killed again and
// again. Every message that was acknowledged arrives; those of the FIFO topic once and in order; poison ends in the dead-letter
// queue, and nothing else does.
func TestKillFunctions(t *testing.T) {
	p := &pipeline{t: t, options: harness.Options{DataDir: t.TempDir()}, sent: map[string]bool{}, poison: map[string]bool{}}
	p.serve()
	p.prepare()
	begun := time.Now()
	p.publish()
	p.t.Logf("%d messages and %d of poison acknowledged, %d kills, in %v", len(p.sent), len(p.poison), *kills, time.Since(begun).Round(time.Millisecond))
	p.collect()
	p.t.Logf("all arrived after %v", time.Since(begun).Round(time.Millisecond))
	p.bury()
	p.t.Logf("all poison was in the dead-letter queues after %v", time.Since(begun).Round(time.Millisecond))
	if err := p.now.server.Stop(); err != nil {
		t.Errorf("%v\n%s", err, p.now.server.Log())
	}
}

type pipeline struct {
	t       *testing.T
	options harness.Options
	topics  map[bool]*string // FIFO or not
	queues  map[string]string

	mu     sync.Mutex
	now    *living
	sent   map[string]bool
	poison map[string]bool
}

// living is a server and its clients. ended is closed when it is dead and the next one lives.
type living struct {
	server *harness.Server
	sns    *sns.Client
	sqs    *sqs.Client
	ended  chan struct{}
}

func (p *pipeline) serve() {
	p.t.Helper()
	s := start(p.t, p.options)
	topics, queues := clients(s)
	p.mu.Lock()
	before := p.now
	p.now = &living{s, topics, queues, make(chan struct{})}
	p.mu.Unlock()
	if before != nil {
		close(before.ended)
	}
}

func (p *pipeline) alive() *living {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *pipeline) ok(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// program is the function as an archive.
func (p *pipeline) program() []byte {
	p.t.Helper()
	at := filepath.Join(p.t.TempDir(), "bootstrap")
	c := exec.Command("go", "build", "-ldflags", "-s -w", "-tags", "lambda.norpc", "-o", at, "./function")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		p.t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(at)
	p.ok(err)
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	p.ok(err)
	_, err = w.Write(program)
	p.ok(err)
	p.ok(z.Close())
	return b.Bytes()
}

// prepare makes two lines of topic, queue, function and queue: one of them FIFO.
func (p *pipeline) prepare() {
	p.t.Helper()
	ctx, l := p.t.Context(), p.now
	role, err := l.server.Root().IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("function"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	p.ok(err)
	_, err = l.server.Root().IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("function"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"}]}`)})
	p.ok(err)
	functions := lambda.NewFromConfig(l.server.Root().Config())
	code := p.program()
	p.topics, p.queues = map[bool]*string{}, map[string]string{}
	for _, end := range []string{"", ".fifo"} {
		fifo := end != ""
		attributes := func(more map[string]string) map[string]string {
			if fifo {
				more["FifoQueue"] = "true"
			}
			return more
		}
		make := func(name string, a map[string]string) string {
			out, err := l.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String(name + end), Attributes: attributes(a)})
			p.ok(err)
			p.queues[name+end] = *out.QueueUrl
			got, err := l.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: out.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
			p.ok(err)
			return got.Attributes["QueueArn"]
		}
		dead := make("dead", map[string]string{})
		make("out", map[string]string{"VisibilityTimeout": "600"})
		in := make("in", map[string]string{"Policy": open, "VisibilityTimeout": fmt.Sprint(hidden),
			"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, dead, *kills+5)})
		topic := &sns.CreateTopicInput{Name: aws.String("topic" + end)}
		if fifo {
			topic.Attributes = map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"}
		}
		made, err := l.sns.CreateTopic(ctx, topic)
		p.ok(err)
		p.topics[fifo] = made.TopicArn
		_, err = l.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("sqs"), Endpoint: &in, Attributes: map[string]string{"RawMessageDelivery": "true"}})
		p.ok(err)
		name := aws.String("pass" + strings.TrimPrefix(end, "."))
		_, err = functions.CreateFunction(ctx, &lambda.CreateFunctionInput{FunctionName: name, Role: role.Role.Arn, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Code: &lambdatypes.FunctionCode{ZipFile: code}, Timeout: aws.Int32(hidden), Environment: &lambdatypes.Environment{Variables: map[string]string{"OUT": p.queues["out"+end]}}})
		p.ok(err)
		_, err = functions.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{FunctionName: name, EventSourceArn: &in, BatchSize: aws.Int32(10),
			FunctionResponseTypes: []lambdatypes.FunctionResponseType{lambdatypes.FunctionResponseTypeReportBatchItemFailures}})
		p.ok(err)
	}
}

// publish has writers publish until all is acknowledged, and kills the server meanwhile. Every other writer publishes to a group of
// its own of the FIFO topic.
func (p *pipeline) publish() {
	var done atomic.Int64
	var all sync.WaitGroup
	next := make(chan int64, *kills)
	for i := range *kills {
		next <- int64(*messages) * int64(i+1) / int64(*kills+1)
	}
	at := <-next
	reached := make(chan struct{}, *kills)
	var due sync.Mutex
	for w := range writers {
		all.Go(func() {
			for i := w; i < *messages; i += writers {
				p.send(w, i)
				n := done.Add(1)
				due.Lock()
				if at > 0 && n >= at {
					reached <- struct{}{}
					select {
					case at = <-next:
					default:
						at = 0
					}
				}
				due.Unlock()
			}
		})
	}
	for n := range *kills {
		<-reached
		p.alive().server.Kill()
		p.t.Logf("kill %d after %d messages", n+1, done.Load())
		p.serve()
	}
	all.Wait()
}

// send publishes a message until it is acknowledged, by whichever server lives.
func (p *pipeline) send(w, i int) {
	body, fifo := fmt.Sprintf("w%02d-%06d", w, i), w%2 == 1
	group := fmt.Sprint("g", w)
	poison := i%poisonous == poisonous-1
	if poison {
		body, group = "poison-"+body, "poison-"+body
	}
	in := &sns.PublishInput{TopicArn: p.topics[fifo], Message: &body}
	if fifo {
		in.MessageGroupId = &group
	}
	for {
		l := p.alive()
		_, err := l.sns.Publish(p.t.Context(), in)
		if err == nil {
			break
		}
		var api smithy.APIError
		if errors.As(err, &api) {
			p.t.Errorf("%s: %v", body, err)
			return
		}
		select {
		case <-l.ended:
		case <-time.After(time.Minute):
			p.t.Errorf("%s: %v", body, err)
			return
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if poison {
		p.poison[body] = true
	} else {
		p.sent[body] = true
	}
}

// take receives messages and deletes them.
func (p *pipeline) take(ctx context.Context, queue string, each func(sqstypes.Message)) error {
	url := p.queues[queue]
	out, err := p.now.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"MessageGroupId"}})
	if err != nil || len(out.Messages) == 0 {
		return err
	}
	var gone []sqstypes.DeleteMessageBatchRequestEntry
	for i, m := range out.Messages {
		each(m)
		gone = append(gone, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	_, err = p.now.sqs.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: gone})
	return err
}

// collect takes what arrives until all that was sent has.
func (p *pipeline) collect() {
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute+time.Duration(*messages)*10*time.Millisecond)
	defer cancel()
	got, last, twice := map[string]int{}, map[string]string{}, 0
	fifo := func(body string) bool { return (body[2]-'0')%2 == 1 }
	for _, queue := range []string{"out", "out.fifo"} {
		left := 0
		for body := range p.sent {
			if fifo(body) == (queue == "out.fifo") {
				left++
			}
		}
		for left > 0 {
			err := p.take(ctx, queue, func(m sqstypes.Message) {
				body := *m.Body
				if got[body]++; got[body] == 1 {
					left--
				} else if queue == "out" {
					twice++
				}
				if !p.sent[body] {
					p.t.Errorf("%s arrived and was not acknowledged", body)
				}
				if g := m.Attributes["MessageGroupId"]; g != "" {
					if got[body] > 1 {
						p.t.Errorf("%s came twice", body)
					}
					if last[g] > body {
						p.t.Errorf("%s came after %s", body, last[g])
					}
					last[g] = body
				}
			})
			if err != nil {
				p.t.Fatalf("%d messages of %s did not come: %v\n%s", left, queue, err, p.now.server.Log())
			}
		}
	}
	p.t.Logf("%d messages arrived, %d of the standard queue more than once", len(got), twice)
}

// bury waits until all poison is in the dead-letter queues. Messages are hidden for a short time from now on.
func (p *pipeline) bury() {
	ctx, cancel := context.WithTimeout(p.t.Context(), 3*time.Minute)
	defer cancel()
	for _, queue := range []string{"in", "in.fifo"} {
		_, err := p.now.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: aws.String(p.queues[queue]), Attributes: map[string]string{"VisibilityTimeout": "1"}})
		p.ok(err)
	}
	got := map[string]bool{}
	for len(got) < len(p.poison) {
		for _, queue := range []string{"dead", "dead.fifo"} {
			if err := p.take(ctx, queue, func(m sqstypes.Message) {
				if got[*m.Body] = true; !p.poison[*m.Body] {
					p.t.Errorf("%s is a dead letter", *m.Body)
				}
			}); err != nil {
				p.t.Fatalf("%d of %d dead letters did not come: %v", len(p.poison)-len(got), len(p.poison), err)
			}
		}
	}
}
