package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"
)

// event is a line of a stack's history.
type event struct {
	ID, Logical, Physical, Type string
	Status                      types.ResourceStatus
	Reason                      string `json:",omitempty"`
	Properties                  string `json:",omitempty"` // JSON
	Token                       string `json:",omitempty"`
	Time                        time.Time
}

const stackType = "AWS::CloudFormation::Stack"

// sequence gives numbers that grow, over restarts too.
type sequence struct {
	mu   sync.Mutex
	last int64
}

func (n *sequence) next() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = max(n.last+1, time.Now().UnixNano()) // not the injected time: it has to grow over restarts alone
	return n.last
}

// tell writes an event of a stack or of one of its resources, puts it on the bus and sends it to the stack's topics.
func (s *Service) tell(tx *store.Tx, k store.Key, st *stack, e event) error {
	e.Time, e.Token = s.Clock.Now(), st.Token
	if e.Type == stackType && e.Physical == st.arn(k) {
		e.ID = uuid.NewString()
	} else {
		e.ID = e.Logical + "-" + string(e.Status) + "-" + e.Time.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	if err := s.events.Insert(tx, under(k, fmt.Sprintf("%016x", uint64(1)<<63-uint64(s.number.next()))), e); err != nil {
		return err
	}
	if err := s.emit(tx, k, st, e); err != nil {
		return err
	}
	return s.notify(tx, k, st, e)
}

// emit puts an event on the bus.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-eventbridge-event-details.html
func (s *Service) emit(tx *store.Tx, k store.Key, st *stack, e event) error {
	kind := "CloudFormation Resource Status Change"
	detail := map[string]any{"stack-id": st.arn(k), "status-details": map[string]string{"status": string(e.Status), "status-reason": e.Reason},
		"client-request-token": e.Token}
	if e.Physical == st.arn(k) {
		kind = "CloudFormation Stack Status Change"
	} else {
		detail["logical-resource-id"], detail["physical-resource-id"], detail["resource-type"] = e.Logical, e.Physical, e.Type
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.cloudformation", DetailType: kind, Account: k.Account, Region: k.Region, Time: e.Time,
		Resources: []string{st.arn(k)}, Detail: b})
}

// turn gives a stack another status, tells of it and writes the stack.
func (s *Service) turn(tx *store.Tx, k store.Key, st *stack, status types.StackStatus, reason string) error {
	st.Status, st.Reason = status, reason
	if err := s.stacks.Put(tx, k, *st); err != nil {
		return err
	}
	return s.tell(tx, k, st, event{Logical: st.Name, Physical: st.arn(k), Type: stackType, Status: types.ResourceStatus(status), Reason: reason})
}

// DescribeStackEvents tells a stack's history, the newest event first.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html
func (s *Service) DescribeStackEvents(ctx context.Context, in *cloudformation.DescribeStackEventsInput) (*cloudformation.DescribeStackEventsOutput, error) {
	after, err := wire.PagePosition(ctx, in.NextToken)
	if err != nil {
		return nil, paged(err)
	}
	out := &cloudformation.DescribeStackEventsOutput{}
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		k, st, err := s.named(ctx, tx, text(in.StackName))
		if err != nil {
			if isMissing(err) {
				return invalid("Stack [%s] does not exist", text(in.StackName))
			}
			return err
		}
		r := prefixed(k, "")
		r.Limit = pageSize + 1
		if after != "" {
			r.After = k.ID + "/" + after
		}
		rows, err := s.events.List(tx, r)
		if err != nil {
			return err
		}
		if len(rows) > pageSize {
			rows = rows[:pageSize]
			out.NextToken = wire.PageToken(ctx, rows[pageSize-1].Key.ID[len(k.ID)+1:])
		}
		for _, r := range rows {
			e := r.Value
			out.StackEvents = append(out.StackEvents, types.StackEvent{EventId: &e.ID, StackId: some(st.arn(k)), StackName: &st.Name, Timestamp: &e.Time,
				ClientRequestToken: filled(e.Token), LogicalResourceId: &e.Logical, PhysicalResourceId: some(e.Physical), ResourceType: &e.Type,
				ResourceStatus: e.Status, ResourceStatusReason: filled(e.Reason), ResourceProperties: filled(e.Properties)})
		}
		return nil
	})
}
