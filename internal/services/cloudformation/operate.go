package cloudformation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// work is the input of an operation's job.
type work struct {
	Key       store.Key
	Operation string
}

// operate drives a stack's operation to its end: what is to be done next is what the stack's status and its rows say. An operation that another
// has taken the place of ends at once.
func (s *Service) operate(ctx context.Context, in work) error {
	r := s.begin(ctx, in.Key)
	defer s.finish(r)
	for wait := time.Second; ; {
		more, err := r.further(in.Operation)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && !more:
			return nil
		case err == nil:
			wait = time.Second
			continue
		}
		s.Logger.Error("stack waits", "stack", in.Key.ID, "error", err) // it may work later: the rows say where it stands
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
			wait = min(2*wait, longestWait)
		}
	}
}

// longestWait is how long an operation waits after a failure of ours until it is tried again.
const longestWait = 30 * time.Second

// further does the next phase, when the operation is still the stack's.
func (r *run) further(operation string) (more bool, err error) {
	if err := r.s.Store.View(r.ctx, func(tx *store.Tx) (err error) {
		r.st, err = r.s.stacks.Get(tx, r.k)
		if more = err == nil && r.st.Operation == operation; absent(err) {
			err = nil
		}
		return err
	}); err != nil || !more {
		return false, err
	}
	if err := r.load(); err != nil {
		return false, err
	}
	return true, r.phase()
}

// begin takes a stack's place among the runs, once the run before has let go of it.
func (s *Service) begin(ctx context.Context, k store.Key) *run {
	r := &run{s: s, k: k, ctx: ctx, calls: make(chan struct{}, atOnce), gone: make(chan struct{}), ended: make(chan struct{}), rows: map[string]row{}}
	r.config = sync.OnceValues(func() (aws.Config, error) { return s.config(ctx, k, &r.st) })
	for {
		s.mu.Lock()
		before := s.runs[k]
		if before == nil {
			s.runs[k] = r
			s.mu.Unlock()
			return r
		}
		s.mu.Unlock()
		before.giveUp("another operation has begun")
		<-before.ended
	}
}

func (s *Service) finish(r *run) {
	s.mu.Lock()
	delete(s.runs, r.k)
	s.mu.Unlock()
	close(r.ended)
}

// interrupt has the run of a stack begin nothing more.
func (s *Service) interrupt(k store.Key, why string) {
	s.mu.Lock()
	r := s.runs[k]
	s.mu.Unlock()
	if r != nil {
		r.giveUp(why)
	}
}

// tellEnd wakes who waits for the end of an operation.
func (s *Service) tellEnd() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.turned)
	s.turned = make(chan struct{})
}

// load reads the rows of a stack.
func (r *run) load() error {
	return r.s.Store.View(r.ctx, func(tx *store.Tx) error {
		list, err := r.s.rows.List(tx, prefixed(r.k, ""))
		r.rows = make(map[string]row, len(list))
		for _, w := range list {
			r.rows[w.Value.Logical] = w.Value
		}
		if err != nil {
			return err
		}
		r.secrets = nil
		for _, n := range []int{r.st.Now, r.st.Next} {
			v, err := r.s.revisions.Get(tx, revisionKey(r.k, n))
			if err != nil && !absent(err) {
				return err
			}
			for _, p := range v.Parameters {
				if p.Secret && p.Value != "" {
					r.secrets = append(r.secrets, p.Value)
				}
			}
		}
		return nil
	})
}

// masked is a text of JSON without the values of parameters that nobody shall see.
func (r *run) masked(text string) string {
	for _, secret := range r.secrets {
		b, err := json.Marshal(secret)
		if err != nil {
			continue
		}
		text = strings.ReplaceAll(text, string(b), `"****"`)
		if len(secret) >= 4 {
			text = strings.ReplaceAll(text, string(b[1:len(b)-1]), "****")
		}
	}
	return text
}

// phase does what a stack's status asks for, and gives the stack the next one.
func (r *run) phase() error {
	if r.st.Cancel != "" {
		r.giveUp(r.st.Cancel)
	}
	switch r.st.Status {
	case types.StackStatusCreateInProgress, types.StackStatusUpdateInProgress:
		return r.build()
	case types.StackStatusRollbackInProgress:
		return r.unbuild(types.StackStatusRollbackComplete, types.StackStatusRollbackFailed)
	case types.StackStatusDeleteInProgress:
		return r.unbuild(types.StackStatusDeleteComplete, types.StackStatusDeleteFailed)
	case types.StackStatusUpdateRollbackInProgress:
		return r.goBack()
	case types.StackStatusUpdateCompleteCleanupInProgress:
		return r.cleanup(types.StackStatusUpdateComplete)
	case types.StackStatusUpdateRollbackCompleteCleanupInProgress:
		return r.cleanup(types.StackStatusUpdateRollbackComplete)
	}
	return fmt.Errorf("stack %s is in status %s under way", r.st.arn(r.k), r.st.Status)
}

// turn gives the stack its next status. A final one ends the operation.
func (r *run) turn(status types.StackStatus, reason string, change func(tx *store.Tx, st *stack) error) error {
	return r.s.Store.Update(context.WithoutCancel(r.ctx), func(tx *store.Tx) error {
		st, err := r.s.stacks.Get(tx, r.k)
		if err != nil || st.Operation != r.st.Operation {
			return err // another operation has begun
		}
		if change != nil {
			if err := change(tx, &st); err != nil {
				return err
			}
		}
		if !strings.HasSuffix(string(status), "IN_PROGRESS") {
			st.Operation, st.Cancel, st.Deadline, st.Update, st.Skip = "", "", nil, "", nil
			tx.OnCommit(r.s.tellEnd)
		}
		if err := r.s.turn(tx, r.k, &st, status, reason); err != nil {
			return err
		}
		return r.s.ended(tx, r.k, &st)
	})
}

// build makes of the resources what the next revision says.
func (r *run) build() error {
	var v revision
	if err := r.s.Store.View(r.ctx, func(tx *store.Tx) (err error) {
		v, err = r.s.revisions.Get(tx, revisionKey(r.k, r.st.Next))
		return err
	}); err != nil {
		return err
	}
	config, err := r.config()
	if err == nil {
		r.plan, err = r.s.bind(r.ctx, r.k, &r.st, v, config)
	}
	if err != nil {
		if r.interrupted(err) {
			return err
		}
		return r.broken(messageOf(err))
	}
	for _, name := range r.names() {
		if w, _ := r.row(name); r.plan.Resource(name) == nil && w.Now != nil {
			if err := r.permits("Update:Delete", name, w.Type); err != nil {
				return r.broken(err.Error())
			}
		}
	}
	failed := walk(r.plan.graph, r.halted, false, func(name string) error {
		err := r.forward(name)
		if err != nil {
			r.giveUp("") // the others need not wait for what they have begun
		}
		return err
	})
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	switch {
	case len(failed) > 0:
		return r.broken(r.blame(failed))
	case r.halted():
		return r.broken(r.why())
	}
	outputs, err := r.outputs()
	if err != nil {
		if r.interrupted(err) {
			return err
		}
		return r.broken(messageOf(err))
	}
	var conflict error
	err = r.turn(r.built(), "", func(tx *store.Tx, st *stack) error {
		if conflict = r.s.export(tx, r.k, st, outputs, r.plan.Imports()); conflict != nil {
			return conflict
		}
		st.Outputs, st.Now, st.Next, st.Description, st.Tags = outputs, st.Next, 0, r.plan.Template.Description, v.Tags
		if st.Status == types.StackStatusUpdateInProgress {
			return r.prepare(tx)
		}
		return nil
	})
	if conflict != nil {
		return r.broken(messageOf(conflict))
	}
	return err
}

func (r *run) built() types.StackStatus {
	if r.st.Status == types.StackStatusUpdateInProgress {
		return types.StackStatusUpdateCompleteCleanupInProgress
	}
	return types.StackStatusCreateComplete
}

func revisionKey(k store.Key, n int) store.Key { return under(k, fmt.Sprintf("%06d", n)) }

func (r *run) why() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.canceled
}

// blame says which resources failed.
func (r *run) blame(failed map[string]error) string {
	var made, changed []string
	for _, name := range slices.Sorted(maps.Keys(failed)) {
		w, _ := r.row(name)
		if w.Status == types.ResourceStatusUpdateFailed {
			changed = append(changed, name)
		} else {
			made = append(made, name)
		}
	}
	var parts []string
	if len(made) > 0 {
		parts = append(parts, "The following resource(s) failed to create: ["+strings.Join(made, ", ")+"].")
	}
	if len(changed) > 0 {
		parts = append(parts, "The following resource(s) failed to update: ["+strings.Join(changed, ", ")+"].")
	}
	return strings.Join(parts, " ")
}

// broken gives an operation up that could not be done: back, or not, as the stack was asked for.
func (r *run) broken(why string) error {
	if r.st.Status == types.StackStatusUpdateInProgress {
		if r.st.OnFailure == types.OnFailureDoNothing {
			return r.turn(types.StackStatusUpdateFailed, why, nil)
		}
		return r.turn(types.StackStatusUpdateRollbackInProgress, why, nil)
	}
	if !strings.HasSuffix(why, ".") {
		why += "."
	}
	switch r.st.OnFailure {
	case types.OnFailureDoNothing:
		return r.turn(types.StackStatusCreateFailed, why, nil)
	case types.OnFailureDelete:
		return r.turn(types.StackStatusDeleteInProgress, why+" Delete requested by user.", nil)
	}
	return r.turn(types.StackStatusRollbackInProgress, why+" Rollback requested by user.", nil)
}

// order tells which resources each one stands on, as they are now and as they were.
func (r *run) order() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string][]string, len(r.rows))
	for name, w := range r.rows {
		list := []string{}
		for _, th := range []*thing{w.Now, w.Was, w.Lost} {
			if th != nil {
				list = append(list, th.Requires...)
			}
		}
		for _, th := range w.Trash {
			list = append(list, th.Requires...)
		}
		if w.Doing != nil {
			list = append(list, w.Doing.To.Requires...)
		}
		out[name] = list
	}
	return out
}

// never is for what nobody can give up.
func (r *run) never() bool { return r.ctx.Err() != nil }

// unbuild removes everything.
func (r *run) unbuild(good, bad types.StackStatus) error {
	failed := walk(reversed(r.order()), r.never, true, r.remove)
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if len(failed) > 0 && !r.st.Force {
		return r.turn(bad, "The following resource(s) failed to delete: ["+strings.Join(slices.Sorted(maps.Keys(failed)), ", ")+"].", nil)
	}
	return r.turn(good, "", func(tx *store.Tx, st *stack) error {
		if good != types.StackStatusDeleteComplete {
			return nil
		}
		now := r.s.Clock.Now()
		st.Deleted = &now
		if err := r.s.export(tx, r.k, st, nil, nil); err != nil {
			return err
		}
		return r.s.names.Delete(tx, store.Key{Account: r.k.Account, Region: r.k.Region, ID: st.Name})
	})
}

// goBack brings every resource that the update touched back to what it was.
func (r *run) goBack() error {
	failed := walk(reversed(r.order()), r.never, false, r.revert)
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if len(failed) > 0 {
		return r.turn(types.StackStatusUpdateRollbackFailed, r.blame(failed), nil)
	}
	return r.turn(types.StackStatusUpdateRollbackCompleteCleanupInProgress, "", func(tx *store.Tx, st *stack) error {
		st.Next = 0
		return r.prepare(tx)
	})
}

// prepare sorts out, in the transaction that ends the making, what is to be removed in cleaning up.
func (r *run) prepare(tx *store.Tx) error {
	rows, err := r.s.rows.List(tx, prefixed(r.k, ""))
	if err != nil {
		return err
	}
	back := r.st.Status == types.StackStatusUpdateRollbackInProgress
	for _, row := range rows {
		w := row.Value
		gone := w.New && back || !back && r.plan.Resource(w.Logical) == nil
		if !gone && w.Was == nil && !w.New {
			continue
		}
		if w.Was != nil && w.Now != nil && !sameThing(*w.Was, *w.Now) {
			w.Trash = append(w.Trash, *w.Was)
		}
		w.Was, w.New, w.Removed = nil, false, gone
		if err := r.s.rows.Put(tx, row.Key, w); err != nil {
			return err
		}
	}
	return nil
}

// cleanup removes what an update, or its rollback, has left. What cannot be removed stays, as in AWS: the stack is complete.
func (r *run) cleanup(good types.StackStatus) error {
	walk(reversed(r.order()), r.never, true, r.tidy)
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	return r.turn(good, "", nil)
}

// tidy removes what one resource no longer is, and the resource when it is no longer of the stack.
func (r *run) tidy(name string) error {
	w, ok := r.row(name)
	if !ok || !w.Removed && len(w.Trash) == 0 {
		return nil
	}
	var err error
	if w.Removed {
		err = r.remove(name)
	} else {
		if d := w.Doing; d != nil && d.Action == deletes { // the server was killed meanwhile
			w.Doing = nil
		}
		err = r.clear(&w)
	}
	if r.interrupted(err) {
		return err
	}
	return r.s.Store.Update(context.WithoutCancel(r.ctx), func(tx *store.Tx) error {
		if w.Removed {
			return r.s.rows.Delete(tx, under(r.k, name))
		}
		w, _ = r.row(name)
		w.Trash = nil
		return r.s.rows.Put(tx, under(r.k, name), w)
	})
}
