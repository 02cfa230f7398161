package cloudformation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// chain is a template of n queues, of which each needs the one before, with a delay that an update changes.
func chain(n int, delay string) string {
	var b strings.Builder
	b.WriteString("Resources:\n")
	for i := range n {
		needs := ""
		if i > 0 {
			needs = fmt.Sprintf("DependsOn: Q%d, ", i-1)
		}
		fmt.Fprintf(&b, "  Q%d: {Type: AWS::SQS::Queue, %sProperties: {QueueName: q%d, DelaySeconds: %s}}\n", i, needs, i, delay)
	}
	return b.String()
}

// TestFailureAtEachResource has each resource fail in turn: what there was before is there after.
func TestFailureAtEachResource(t *testing.T) {
	f := open(t)
	const n = 6
	for i := range n {
		name := fmt.Sprintf("c%d", i)
		f.fail = map[string]error{fmt.Sprintf("create Q%d", i): errors.New("no")}
		f.ok(f.create(name, chain(n, "1"), nil))
		f.ends(name, types.StackStatusRollbackComplete)
		f.equal("things after "+name, f.names(), []string{})
	}
	f.fail = map[string]error{}
	f.ok(f.create("u", chain(n, "1"), nil))
	f.ends("u", types.StackStatusCreateComplete)
	for i := range n {
		f.mu.Lock()
		f.fail = map[string]error{fmt.Sprintf("update Q%d", i): errors.New("no")}
		f.mu.Unlock()
		f.ok(f.update("u", chain(n, "2")+"  New: {Type: AWS::SNS::Topic, Properties: {TopicName: new}}\n", nil))
		f.ends("u", types.StackStatusUpdateRollbackFailed) // what cannot be changed cannot be changed back
		f.mu.Lock()
		f.fail = map[string]error{}
		f.mu.Unlock()
		f.proceed("u")
		f.equal("things", f.names(), []string{"q0", "q1", "q2", "q3", "q4", "q5"})
		for q, p := range f.things {
			f.equal(fmt.Sprintf("delay of %s after the update that failed at %d", q, i), p["DelaySeconds"], 1)
		}
	}
}
