package cloudformation

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/uuid"
)

// DeletionPolicy's and UpdateReplacePolicy's values.
const (
	retain          = "Retain"
	retainAfterward = "RetainExceptOnCreate"
)

// remove takes a resource away, with all that an update has left of it. What the template retains stays.
func (r *run) remove(name string) error {
	w, ok := r.row(name)
	if !ok || w.Now == nil && w.Lost == nil && w.Doing == nil && len(w.Trash) == 0 {
		if ok && w.Status != types.ResourceStatusDeleteComplete && w.Status != types.ResourceStatusDeleteSkipped {
			return r.become(w, types.ResourceStatusDeleteComplete, "")
		}
		return nil
	}
	w.unfinished()
	if w.Lost != nil { // what failed is removed before what it may stand beside
		if w.Now == nil || !sameThing(*w.Lost, *w.Now) {
			w.Trash = append(w.Trash[:len(w.Trash):len(w.Trash)], *w.Lost)
		}
		w.Lost = nil
	}
	if w.Was != nil && (w.Now == nil || !sameThing(*w.Was, *w.Now)) {
		w.Trash = append(w.Trash[:len(w.Trash):len(w.Trash)], *w.Was)
	}
	w.Was = nil
	if err := r.clear(&w); err != nil {
		return err
	}
	if w.Now == nil {
		return r.become(w, types.ResourceStatusDeleteComplete, "")
	}
	if r.kept(name, *w.Now) {
		w.Reason = ""
		return r.become(w, types.ResourceStatusDeleteSkipped, "")
	}
	return r.destroy(&w, *w.Now, func(w *row) { w.Last, w.Now = w.Now.ID, nil })
}

// kept tells whether a template, or the request, has a resource outlive its stack.
func (r *run) kept(name string, th thing) bool {
	rollback := r.st.Status == types.StackStatusRollbackInProgress || r.st.Status == types.StackStatusUpdateRollbackCompleteCleanupInProgress
	switch {
	case slices.Contains(r.st.Retain, name):
		return true
	case rollback && r.st.RetainExceptCreate:
		return false
	case th.Delete == retainAfterward:
		return !rollback
	}
	return th.Delete == retain
}

// unfinished makes of a step that a crash interrupted what a failed one leaves.
func (w *row) unfinished() {
	if d := w.Doing; d != nil && d.Action != deletes {
		w.Lost = &d.To
	}
	w.Doing = nil
}

// clear removes what an update has left of a resource.
func (r *run) clear(w *row) error {
	for len(w.Trash) > 0 {
		th := w.Trash[0]
		rest := w.Trash[1:]
		if r.st.Status == types.StackStatusUpdateCompleteCleanupInProgress && w.Now != nil && w.Now.Replace == retain {
			w.Trash = rest
			if err := r.write(*w, event{Status: types.ResourceStatusDeleteSkipped, Physical: th.ID}); err != nil {
				return err
			}
			continue
		}
		if err := r.destroy(w, th, func(w *row) { w.Trash = rest }); err != nil {
			return err
		}
	}
	return nil
}

// destroy removes one thing; after forgets it in the row.
func (r *run) destroy(w *row, th thing, after func(w *row)) error {
	status := w.Status
	t, known := r.s.typed(th.Type)
	beside := w.Now != nil && !sameThing(*w.Now, th) // what stands keeps its status
	w.Doing = &step{Action: deletes, Token: uuid.NewString(), To: th, Since: r.s.Clock.Now()}
	begun := event{Status: types.ResourceStatusDeleteInProgress, Physical: th.ID, Properties: compact(th.Properties)}
	if !beside {
		w.Status, w.Reason = begun.Status, ""
	}
	if err := r.write(*w, begun); err != nil {
		return err
	}
	q, err := r.request(w, th, w.Doing.Token)
	if err == nil && known {
		err = r.call(func(ctx context.Context) error {
			if q.ID == "" {
				if t.Find == nil {
					return nil
				}
				found, ok, err := t.Find(ctx, q)
				if delivery.Final(err) {
					return nil // who may not see it, or named it wrongly, has not made it
				}
				if err != nil || !ok {
					return err
				}
				q.ID, q.Attributes = found.ID, found.Attributes
			}
			return t.Delete(ctx, q)
		})
		if err == nil && t.Gone != nil && q.ID != "" {
			err = r.await(false, func(ctx context.Context) (bool, error) { return t.Gone(ctx, q) })
		}
	}
	if r.interrupted(err) {
		return err
	}
	if err != nil {
		return r.undeleted(w, th, status, beside, err)
	}
	w.Doing = nil
	after(w)
	done := event{Status: types.ResourceStatusDeleteComplete, Physical: th.ID, Properties: compact(th.Properties)}
	if !beside {
		w.Status, w.Reason = done.Status, ""
	} else {
		w.Status = status
	}
	if err := r.write(*w, done); err != nil {
		return err
	}
	*w, _ = r.row(w.Logical)
	return nil
}

// undeleted writes that something could not be removed.
func (r *run) undeleted(w *row, th thing, status types.ResourceStatus, beside bool, cause error) error {
	token := w.Doing.Token
	w.Doing = nil
	e := event{Status: types.ResourceStatusDeleteFailed, Reason: explained(cause, token), Physical: th.ID, Properties: compact(th.Properties)}
	if w.Status, w.Reason = e.Status, e.Reason; beside {
		w.Status, w.Reason = status, ""
	}
	if err := r.write(*w, e); err != nil {
		return err
	}
	return cause
}
