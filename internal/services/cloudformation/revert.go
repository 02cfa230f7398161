package cloudformation

import (
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// revert brings a resource back to what it was before the update. What the update made is left to cleaning up.
func (r *run) revert(name string) error {
	w, ok := r.row(name)
	if !ok {
		return nil
	}
	if d := w.Doing; d != nil && d.Back { // the server was killed meanwhile
		return r.carry(w, true)
	}
	w.unfinished()
	if w.Lost != nil && w.Now != nil && !sameThing(*w.Lost, *w.Now) { // of a replacement
		w.Trash = append(w.Trash[:len(w.Trash):len(w.Trash)], *w.Lost)
		w.Lost = nil
	}
	switch {
	case w.New || w.Was == nil && w.Lost == nil:
		if w.Status == types.ResourceStatusUpdateFailed && w.Now != nil {
			return r.become(w, types.ResourceStatusUpdateComplete, "")
		}
		return nil
	case slices.Contains(r.st.Skip, name):
		w.Was, w.Lost = nil, nil
		return r.become(w, types.ResourceStatusUpdateComplete, "")
	}
	if w.Was == nil { // a step failed at once
		was := *w.Now
		w.Was = &was
	}
	if !sameThing(*w.Was, *w.Now) {
		w.Trash = append(w.Trash[:len(w.Trash):len(w.Trash)], *w.Now)
		w.Now, w.Was, w.Lost = w.Was, nil, nil
		return r.become(w, types.ResourceStatusUpdateComplete, "")
	}
	if w.Lost == nil && !changed(w.Now.Properties, w.Was.Properties) {
		w.Now, w.Was = w.Was, nil
		if w.Status == types.ResourceStatusUpdateFailed {
			return r.become(w, types.ResourceStatusUpdateComplete, "")
		}
		return r.write(w)
	}
	if t := r.s.must(w.Type); t.Update == nil {
		return r.failed(w, updates, errors.New("the resource cannot be changed back"))
	}
	w.Doing = &step{Action: updates, To: *w.Was, Back: true}
	w.Doing.To.ID, w.Doing.To.Attributes = w.Now.ID, w.Now.Attributes
	return r.start(w, types.ResourceStatusUpdateInProgress, "")
}
