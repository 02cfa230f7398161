package cloudformation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

const (
	// principal is who roles have to trust.
	principal = "cloudformation.amazonaws.com"
	// atOnce is how many calls of one stack are on their way at a time.
	atOnce = 16
	// A resource that takes its time is asked first after firstLook, then less and less often.
	firstLook, longestLook = 20 * time.Millisecond, 2 * time.Second
)

// run drives one operation of a stack.
type run struct {
	s     *Service
	k     store.Key
	st    stack
	plan  *plan // what the stack shall be; nil when it is removed
	ctx   context.Context
	calls chan struct{}
	once  sync.Once
	gone  chan struct{} // closed when the operation shall be given up
	ended chan struct{}

	config func() (aws.Config, error)

	mu       sync.Mutex
	rows     map[string]row
	canceled string   // why it is given up
	secrets  []string // values of parameters that are not shown
}

// giveUp has a run begin nothing more and wait for nothing.
func (r *run) giveUp(why string) {
	r.mu.Lock()
	if r.canceled == "" {
		r.canceled = why
	}
	r.mu.Unlock()
	r.once.Do(func() { close(r.gone) })
}

// halted tells whether nothing more shall be begun: it was given up, its time is over, or the server stops.
func (r *run) halted() bool {
	if r.ctx.Err() != nil {
		return true
	}
	if r.st.Deadline != nil && r.s.Clock.Now().After(*r.st.Deadline) && r.st.Status == types.StackStatusCreateInProgress {
		r.giveUp(timedOut)
	}
	select {
	case <-r.gone:
		return true
	default:
		return false
	}
}

const timedOut = "Stack creation time exceeded the specified timeout"

func (r *run) row(name string) (row, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, ok := r.rows[name]
	return w, ok
}

func (r *run) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.rows))
}

// write puts a row, with the events that tell of it, in one transaction. It is done even when the server stops: what was made is known.
func (r *run) write(w row, events ...event) error {
	w.Time = r.s.Clock.Now()
	err := r.s.Store.Update(context.WithoutCancel(r.ctx), func(tx *store.Tx) error {
		if err := r.s.rows.Put(tx, under(r.k, w.Logical), w); err != nil {
			return err
		}
		for _, e := range events {
			e.Logical, e.Type, e.Properties = w.Logical, w.Type, r.masked(e.Properties)
			if err := r.s.tell(tx, r.k, &r.st, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		r.mu.Lock()
		r.rows[w.Logical] = w
		r.mu.Unlock()
	}
	return err
}

// become gives a row a status and writes it with the event of that.
func (r *run) become(w row, status types.ResourceStatus, reason string, before ...event) error {
	w.Status, w.Reason = status, reason
	e := event{Status: status, Reason: reason, Physical: w.physical(), Properties: w.shown()}
	return r.write(w, append(before, e)...)
}

// physical is what a row is known by outside.
func (w *row) physical() string {
	switch {
	case w.Doing != nil && w.Doing.To.ID != "":
		return w.Doing.To.ID
	case w.Now != nil:
		return w.Now.ID
	}
	return ""
}

// shown are the properties that events tell.
func (w *row) shown() string {
	switch {
	case w.Doing != nil && w.Doing.Action != deletes:
		return compact(w.Doing.To.Properties)
	case w.Now != nil:
		return compact(w.Now.Properties)
	}
	return ""
}

// interrupted is the server's stop: the job goes on later.
func (r *run) interrupted(err error) bool { return err != nil && r.ctx.Err() != nil }

// call makes one call of a type, of which few are on their way at a time.
func (r *run) call(f func(ctx context.Context) error) (err error) {
	select {
	case r.calls <- struct{}{}:
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
	defer func() { <-r.calls }()
	defer func() {
		if p := recover(); p != nil {
			r.s.Logger.Error("resource type panicked", "stack", r.st.Name, "panic", p)
			err = errors.New("internal failure")
		}
	}()
	return f(r.ctx)
}

// await looks again and again until f says that it is done. given tells whether giving up ends it.
func (r *run) await(given bool, f func(ctx context.Context) (bool, error)) error {
	gone := r.gone
	if !given {
		gone = nil
	}
	for wait := firstLook; ; wait = min(wait*3/2, longestLook) {
		done := false
		if err := r.call(func(ctx context.Context) (err error) { done, err = f(ctx); return err }); err != nil || done {
			return err
		}
		if given && r.halted() && r.ctx.Err() == nil {
			return errCanceled
		}
		select {
		case <-r.ctx.Done():
			return r.ctx.Err()
		case <-gone:
			return errCanceled
		case <-time.After(wait):
		}
	}
}

// errCanceled is what a resource is told whose siblings failed.
var errCanceled = errors.New("cancelled")

// request says to a type what is wanted of th.
func (r *run) request(w *row, th thing, token string) (resource.Request, error) {
	config, err := r.config()
	return resource.Request{Config: config, Account: r.k.Account, Region: r.k.Region, Partition: "aws", StackID: r.st.arn(r.k), StackName: r.st.Name,
		LogicalID: w.Logical, Name: th.Name, Token: token, ID: th.ID, Properties: th.Properties, Attributes: th.Attributes}, err
}

// config is the SDK's configuration for calls in the name of a stack's role, or of who asked for its operation.
func (s *Service) config(ctx context.Context, k store.Key, st *stack) (aws.Config, error) {
	as := func(p authz.Principal) aws.Config {
		c := s.As(p, k.Region)
		c.BaseEndpoint = some("http://" + st.Host) // what is answered with addresses has those that the caller reaches
		return c
	}
	if st.Role == "" {
		return as(st.Owner), nil
	}
	p, err := s.Directory.ServiceSession(ctx, principal, st.Role, "AWSCloudFormation")
	if errors.Is(err, identity.ErrNotTrusted) {
		return aws.Config{}, said("Role %s is invalid or cannot be assumed", st.Role)
	}
	if err != nil {
		return aws.Config{}, err
	}
	return as(p), nil
}

// physicalName is a name for what a template does not name: made of stack, resource and a random part.
func physicalName(t resource.Type, stackName, logical string) string {
	limit := t.NameMax
	if limit == 0 {
		limit = 64
	}
	tail := "-" + random(12)
	limit -= len(tail) + len(t.NameSuffix)
	name := stackName + "-" + logical
	if len(name) > limit { // each gets its half
		half := max(limit-1, 0) / 2
		left, right := min(len(stackName), max(half, limit-1-len(logical))), 0
		right = min(len(logical), max(limit-1-left, 0))
		name = strings.TrimRight(stackName[:max(left, 0)], "-") + "-" + logical[:right]
	}
	name += tail + t.NameSuffix
	if t.NameLower {
		name = strings.ToLower(name)
	}
	return name
}
