package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
)

// signal is what a resource, or a wait condition, was told.
type signal struct {
	ID, Status   string
	Reason, Data string `json:",omitempty"`
}

const failure = "FAILURE"

// waved keeps a signal of a wait condition's handle.
func (s *Service) waved(tx *store.Tx, id string, h handle, body []byte) error {
	var b struct{ Status, UniqueId, Data, Reason string }
	if json.Unmarshal(body, &b) != nil || b.UniqueId == "" || b.Status == "" {
		b.Status, b.Reason, b.UniqueId = failure, "the signal has no Status or no UniqueId", "unknown"
	}
	k := under(under(h.Stack, id), b.UniqueId)
	if _, err := s.signals.Get(tx, k); !absent(err) {
		return err // the first of an id counts
	}
	return s.signals.Put(tx, k, signal{b.UniqueId, b.Status, b.Reason, b.Data})
}

// SignalResource tells a resource that waits for it that something is ready, or failed.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
func (s *Service) SignalResource(ctx context.Context, in *cloudformation.SignalResourceInput) (*cloudformation.SignalResourceOutput, error) {
	return &cloudformation.SignalResourceOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		k, st, err := s.alive(ctx, tx, text(in.StackName))
		if err != nil {
			return err
		}
		name := text(in.LogicalResourceId)
		w, err := s.rows.Get(tx, under(k, name))
		if absent(err) {
			return invalid("Resource %s does not exist for stack %s", name, st.Name)
		}
		if err != nil {
			return err
		}
		if !strings.HasSuffix(string(w.Status), "IN_PROGRESS") {
			return invalid("Resource %s is in %s state and cannot be signaled", name, w.Status)
		}
		key := under(under(k, name), text(in.UniqueId))
		if _, err := s.signals.Get(tx, key); !absent(err) {
			return err
		}
		e := event{Logical: name, Physical: w.physical(), Type: w.Type, Status: w.Status,
			Reason: fmt.Sprintf("Received %s signal with UniqueId %s", in.Status, text(in.UniqueId))}
		if err := s.tell(tx, k, &st, e); err != nil {
			return err
		}
		return s.signals.Put(tx, key, signal{ID: text(in.UniqueId), Status: string(in.Status)})
	})
}

// counted reads the signals under a prefix: how many say success, what data they bring, and which failed.
func (s *Service) counted(ctx context.Context, k store.Key) (n int, data map[string]string, failed *signal, err error) {
	data = map[string]string{}
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.signals.List(tx, prefixed(k, ""))
		for _, r := range rows {
			if v := r.Value; v.Status == failure {
				failed = &v
			} else {
				n++
				data[v.ID] = v.Data
			}
		}
		return err
	})
	return n, data, failed, err
}

// awaited tells how many signals a creation policy asks for, and for how long.
func (r *run) awaited(name string) (count int, patience time.Duration, ok bool) {
	t := r.plan.Resource(name)
	if t == nil || t.CreationPolicy == nil {
		return 0, 0, false
	}
	p, ok := t.CreationPolicy["ResourceSignal"].(map[string]any)
	count, patience = 1, 5*time.Minute
	if n, err := strconv.Atoi(resource.Text(p["Count"])); err == nil {
		count = n
	}
	if text := resource.Text(p["Timeout"]); strings.HasPrefix(text, "PT") {
		if d, err := time.ParseDuration(strings.ToLower(text[2:])); err == nil {
			patience = d
		}
	}
	return count, patience, ok
}

// signaled waits for the signals of a creation policy.
func (r *run) signaled(name string, since time.Time) error {
	count, patience, ok := r.awaited(name)
	if !ok {
		return nil
	}
	return r.await(true, func(ctx context.Context) (bool, error) {
		n, _, failed, err := r.s.counted(ctx, under(r.k, name))
		switch {
		case err != nil:
			return false, err
		case failed != nil:
			return false, said("Received %s signal with UniqueId %s", failure, failed.ID)
		case n < count && r.s.Clock.Now().After(since.Add(patience)):
			return false, said("Failed to receive %d resource signal(s) within the specified duration", count)
		}
		return n >= count, nil
	})
}

// waitHandle is AWS::CloudFormation::WaitConditionHandle: an address that signals are put to.
func (s *Service) waitHandle() resource.Type {
	return resource.Type{Name: "AWS::CloudFormation::WaitConditionHandle",
		Create: func(ctx context.Context, r resource.Request) (resource.State, error) {
			k, _, _ := stackOfARN(r.StackID)
			id, _, err := s.handleFor(ctx, k, r.Token, true)
			return resource.State{ID: *r.Config.BaseEndpoint + "/_atelier/" + site + "/" + id}, err
		},
		Delete: func(ctx context.Context, r resource.Request) error {
			k, _, _ := stackOfARN(r.StackID)
			id := r.ID[strings.LastIndexByte(r.ID, '/')+1:]
			return s.Store.Update(ctx, func(tx *store.Tx) error {
				if _, err := s.signals.DeleteAll(tx, prefixed(under(k, id), "")); err != nil {
					return err
				}
				h, err := s.handles.Get(tx, handleKey(id))
				if err != nil {
					if absent(err) {
						return nil
					}
					return err
				}
				if err := s.handles.Delete(tx, tokenKey(k, h.Token)); err != nil && !absent(err) {
					return err
				}
				return s.handles.Delete(tx, handleKey(id))
			})
		}}
}

// since is the attribute that keeps when a wait began.
const since = "::Since"

// waitCondition is AWS::CloudFormation::WaitCondition: it is there when enough was signaled.
func (s *Service) waitCondition() resource.Type {
	return resource.Type{Name: "AWS::CloudFormation::WaitCondition",
		Create: func(_ context.Context, r resource.Request) (resource.State, error) {
			return resource.State{ID: r.StackID + "/" + r.Name, Attributes: map[string]any{since: s.Clock.Now().Format(time.RFC3339Nano)}}, nil
		},
		Ready: func(ctx context.Context, r resource.Request) (resource.State, bool, error) {
			if r.Text("Handle") == "" { // a creation policy says what is waited for
				return resource.State{Attributes: map[string]any{"Data": "{}"}}, true, nil
			}
			k, _, _ := stackOfARN(r.StackID)
			handle := r.Text("Handle")
			n, data, failed, err := s.counted(ctx, under(k, handle[strings.LastIndexByte(handle, '/')+1:]))
			if err != nil {
				return resource.State{}, false, err
			}
			want, err := strconv.Atoi(r.Text("Count"))
			if err != nil {
				want = 1
			}
			seconds, err := strconv.Atoi(r.Text("Timeout"))
			if err != nil {
				return resource.State{}, false, said("Timeout must be a number of seconds")
			}
			began, _ := time.Parse(time.RFC3339Nano, resource.Text(r.Attributes[since]))
			switch {
			case failed != nil:
				return resource.State{}, false, said("WaitCondition received failed message: '%s' for uniqueId: %s", failed.Reason, failed.ID)
			case n >= want:
				b, err := json.Marshal(data)
				return resource.State{Attributes: map[string]any{"Data": string(b)}}, true, err
			case s.Clock.Now().After(began.Add(time.Duration(seconds) * time.Second)):
				return resource.State{}, false, said("WaitCondition timed out. Received %d conditions when expecting %d", n, want)
			}
			return resource.State{}, false, nil
		},
		Delete: func(context.Context, resource.Request) error { return nil }}
}
