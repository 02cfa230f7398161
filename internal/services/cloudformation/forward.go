package cloudformation

import (
	"context"
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"
)

// What updates tell of a resource that they replace.
const (
	replacing = "Requested update requires the creation of a new physical resource; hence creating one."
	renamed   = "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename %s and update the stack again."
)

// forward makes of a resource what the template says.
func (r *run) forward(name string) error {
	w, ok := r.row(name)
	if !ok {
		w = row{Logical: name}
	}
	to, err := r.target(name)
	if w.Doing != nil && w.Doing.Action != deletes { // the server was killed meanwhile
		return r.carry(w, true)
	}
	w.Doing = nil
	t := r.s.must(to.Type)
	updating := r.st.Status == types.StackStatusUpdateInProgress
	begin, action := types.ResourceStatusCreateInProgress, creates
	if w.Now != nil {
		begin, action = types.ResourceStatusUpdateInProgress, updates
	}
	w.Type = to.Type
	switch {
	case err != nil:
		return r.failed(w, action, err)
	case w.Now == nil:
		w.New = updating
		to.Name = physicalName(t, r.st.Name, name)
		w.Doing = &step{Action: creates, To: to}
		return r.start(w, begin, "")
	case w.Lost == nil && !changed(w.Now.Properties, to.Properties):
		if sameSurroundings(*w.Now, to) {
			return nil
		}
		w.was()
		to.ID, to.Name, to.Attributes, to.Properties = w.Now.ID, w.Now.Name, w.Now.Attributes, w.Now.Properties
		w.Now = &to
		return r.write(w)
	}
	if p := t.NameProperty; replaces(t, *w.Now, to) {
		if p != "" && w.Now.Properties[p] != nil && resource.Same(w.Now.Properties[p], to.Properties[p]) {
			return r.failed(w, action, said(renamed, resource.Text(to.Properties[p])))
		}
		if err := r.permits("Update:Replace", name, to.Type); err != nil {
			return r.failed(w, action, err)
		}
		to.Name = physicalName(t, r.st.Name, name)
		w.Doing = &step{Action: creates, To: to, Replace: true}
		return r.start(w, begin, replacing)
	}
	if err := r.permits("Update:Modify", name, to.Type); err != nil {
		return r.failed(w, action, err)
	}
	w.was()
	to.ID, to.Name, to.Attributes = w.Now.ID, w.Now.Name, w.Now.Attributes
	w.Doing = &step{Action: updates, To: to}
	return r.start(w, begin, "")
}

// target is what the template makes of a resource now.
func (r *run) target(name string) (thing, error) {
	to := r.plan.thing(name)
	properties, err := r.plan.properties(r.ctx, name, r)
	to.Properties = properties
	return to, err
}

// was keeps what stood before the update.
func (w *row) was() {
	if w.Was == nil && !w.New {
		before := *w.Now
		w.Was = &before
	}
}

// start writes what is about to be done, and does it.
func (r *run) start(w row, status types.ResourceStatus, reason string) error {
	w.Doing.Token, w.Doing.Since, w.Drift = uuid.NewString(), r.s.Clock.Now(), nil
	if err := r.become(w, status, reason); err != nil {
		return err
	}
	w, _ = r.row(w.Logical)
	return r.carry(w, false)
}

// carry does what a row says is about to be done: once more, perhaps.
func (r *run) carry(w row, again bool) error {
	d := w.Doing
	t, known := r.s.typed(d.To.Type)
	if !known {
		return r.failed(w, d.Action, fmt.Errorf("unrecognized resource type %s", d.To.Type))
	}
	q, err := r.request(&w, d.To, d.Token)
	if err != nil {
		return r.failed(w, d.Action, err)
	}
	if d.Action == updates {
		from := w.Now.Properties
		if w.Lost != nil {
			from = w.Lost.Properties
		}
		q.Old = from
	}
	var state resource.State
	if d.Begun {
		state = resource.State{ID: d.To.ID, Attributes: d.To.Attributes}
	} else {
		err := r.call(func(ctx context.Context) (err error) {
			if d.Action == updates {
				state, err = t.Update(ctx, q)
				return err
			}
			state, err = r.create(ctx, t, q, again)
			return err
		})
		if r.interrupted(err) {
			return err
		}
		next := *d // the row that others read stays as it is
		if state.ID != "" {
			next.To.ID, next.To.Attributes = state.ID, state.Attributes
		}
		w.Doing, d = &next, &next
		if err != nil {
			return r.failed(w, d.Action, err)
		}
	}
	if t.Ready != nil {
		if err := r.ready(&w, t, q); err != nil {
			if r.interrupted(err) {
				return err
			}
			return r.failed(w, w.Doing.Action, err)
		}
	}
	if w.Doing.Action == creates && r.plan != nil {
		if err := r.signaled(w.Logical, w.Doing.Since); err != nil {
			return r.failed(w, creates, err)
		}
	}
	return r.succeeded(w, t)
}

// create asks for what is there before it makes anything: a name that is taken, or what was made before the server was killed.
func (r *run) create(ctx context.Context, t resource.Type, q resource.Request, again bool) (resource.State, error) {
	given := t.NameProperty == "" || q.Properties[t.NameProperty] != nil
	if t.Find != nil && (again || given) {
		found, ok, err := t.Find(ctx, q)
		switch {
		case delivery.Final(err) && !again: // making it says better what is wrong
		case err != nil:
			return resource.State{}, err
		case ok && again:
			return found, nil
		case ok:
			return resource.State{}, &taken{q, t, found.ID}
		}
	}
	return t.Create(ctx, q)
}

// ready waits until what was begun is done.
func (r *run) ready(w *row, t resource.Type, q resource.Request) error {
	d := w.Doing
	q.ID, q.Attributes = d.To.ID, d.To.Attributes
	if !d.Begun {
		d.Begun = true
		e := event{Status: types.ResourceStatusCreateInProgress, Reason: initiated, Physical: d.To.ID, Properties: compact(d.To.Properties)}
		var events []event
		if d.Action == creates && !d.Replace {
			w.Reason = initiated
			events = append(events, e)
		} else if d.Action == creates {
			e.Status = types.ResourceStatusUpdateInProgress
			events = append(events, e)
		}
		if err := r.write(*w, events...); err != nil {
			return err
		}
	}
	to := d.To
	err := r.await(!d.Back, func(ctx context.Context) (bool, error) {
		state, done, err := t.Ready(ctx, q)
		if state.ID != "" {
			to.ID = state.ID
		}
		if state.Attributes != nil {
			to.Attributes = state.Attributes
		}
		return done, err
	})
	next := *d
	next.To = to
	w.Doing = &next
	return err
}

const initiated = "Resource creation Initiated"

// succeeded writes that what was to be done is done.
func (r *run) succeeded(w row, t resource.Type) error {
	d := *w.Doing
	to := d.To
	e := event{Status: types.ResourceStatusCreateInProgress, Reason: initiated, Physical: to.ID, Properties: compact(to.Properties)}
	status, before := types.ResourceStatusCreateComplete, []event{e}
	if d.Action == updates || d.Replace {
		status, before[0].Status = types.ResourceStatusUpdateComplete, types.ResourceStatusUpdateInProgress
	}
	if t.Ready != nil || d.Action == updates {
		before = nil
	}
	if w.Now != nil && (d.Replace || to.ID != w.Now.ID) {
		if w.Was != nil && !sameThing(*w.Was, *w.Now) {
			w.Trash = append(w.Trash[:len(w.Trash):len(w.Trash)], *w.Now)
		} else {
			w.was()
		}
	}
	w.Doing, w.Lost, w.Now = nil, nil, &to
	if d.Back {
		w.Was = nil
	}
	return r.become(w, status, "", before...)
}

// sameThing tells whether two are one thing, perhaps with other properties.
func sameThing(a, b thing) bool { return a.ID == b.ID && a.Name == b.Name }

// failed writes that a resource is not what it should be, and gives the failure.
func (r *run) failed(w row, action string, cause error) error {
	if r.interrupted(cause) {
		return cause
	}
	status, canceled := types.ResourceStatusCreateFailed, "Resource creation cancelled"
	switch {
	case action == deletes:
		status = types.ResourceStatusDeleteFailed
	case action == updates || w.Now != nil:
		status, canceled = types.ResourceStatusUpdateFailed, "Resource update cancelled"
	}
	reason := canceled
	if !errors.Is(cause, errCanceled) {
		token := ""
		if w.Doing != nil {
			token = w.Doing.Token
		}
		reason = explained(cause, token)
	}
	if d := w.Doing; d != nil && d.Action != deletes {
		var t *taken
		if !errors.As(cause, &t) && (d.To.ID != "" || !resource.Taken(cause)) {
			w.Lost = &d.To
		}
	}
	physical := w.physical()
	w.Doing = nil
	w.Status, w.Reason = status, reason
	if err := r.write(w, event{Status: status, Reason: reason, Physical: physical, Properties: w.shown()}); err != nil {
		return err
	}
	return cause
}
