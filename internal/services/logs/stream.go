package logs

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/uuid"
)

// stream is one log stream. Its row has the id <id of the group>:<name>. ID is the name with what tells it from one of the same name that
// was deleted, as eventfile.Name reads it.
type stream struct {
	ID                string
	Created           int64
	eventfile.Summary // of what is in files
}

// streamName finds a stream's id.
type streamName struct{ group, name string }

// maxNames is how many ids of streams are kept in memory.
const maxNames = 100_000

func (g group) row(k store.Key, name string) store.Key {
	return store.Key{Account: k.Account, Region: k.Region, ID: g.ID + ":" + name}
}

func streamARN(k store.Key, name string) string { return groupARN(k) + ":log-stream:" + name }

// streamID reads the id of a stream.
func (s *Service) streamID(ctx context.Context, k store.Key, g group, name string) (string, error) {
	n := streamName{g.ID, name}
	if id, ok := s.names.Load(n); ok {
		return id.(string), nil
	}
	var st stream
	err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		st, err = s.streams.Get(tx, g.row(k, name))
		return err
	})
	if absent(err) {
		return "", errNoStream
	}
	if err != nil {
		return "", err
	}
	return st.ID, nil
}

// CreateLogStream makes a stream.
// Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func (s *Service) CreateLogStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	k, name := here(ctx, *in.LogGroupName), *in.LogStreamName
	if strings.ContainsRune(name, 0) { // no pattern forbids it, and no database takes it
		return nil, invalid("The log stream name has a character that is not allowed.")
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if absent(err) {
			return errNoGroup
		}
		if err != nil {
			return err
		}
		return s.streams.Insert(tx, g.row(k, name), stream{ID: name + ":" + uuid.NewString()[:8], Created: s.now()})
	})
	if errors.Is(err, store.ErrExists) {
		return nil, &types.ResourceAlreadyExistsException{Message: aws.String("The specified log stream already exists")}
	}
	if err != nil {
		return nil, err
	}
	return &cloudwatchlogs.CreateLogStreamOutput{}, nil
}

func (s *Service) createLogStreamTargets(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput) ([]wire.Target, error) {
	return s.target(ctx, here(ctx, *in.LogGroupName), *in.LogStreamName)
}

// DeleteLogStream removes a stream with its events.
func (s *Service) DeleteLogStream(ctx context.Context, in *cloudwatchlogs.DeleteLogStreamInput) (*cloudwatchlogs.DeleteLogStreamOutput, error) {
	k, name := here(ctx, *in.LogGroupName), *in.LogStreamName
	s.standing.Lock()
	defer s.standing.Unlock()
	var p eventfile.Place
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		g, err := s.groups.Get(tx, k)
		if absent(err) {
			return errNoGroup
		}
		if err != nil {
			return err
		}
		st, err := s.streams.Get(tx, g.row(k, name))
		if absent(err) {
			return errNoStream
		}
		if err != nil {
			return err
		}
		p = g.place(k, st.ID)
		g.Stored = max(g.Stored-st.Bytes, 0)
		if err := errors.Join(s.streams.Delete(tx, g.row(k, name)), s.groups.Put(tx, k, g)); err != nil {
			return err
		}
		_, err = tx.Enqueue(forgetJob, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.files.Hide(p)
	s.names.Delete(streamName{p.Group, name})
	return &cloudwatchlogs.DeleteLogStreamOutput{}, nil
}

func (s *Service) deleteLogStreamTargets(ctx context.Context, in *cloudwatchlogs.DeleteLogStreamInput) ([]wire.Target, error) {
	return s.target(ctx, here(ctx, *in.LogGroupName), *in.LogStreamName)
}

// sealed writes what came into files to the rows of streams and group, and takes out those that are gone.
func (s *Service) sealed(tx *store.Tx, at eventfile.Place, came map[string]eventfile.Summary) error {
	k, g, err := s.byID(tx, at)
	if err != nil {
		return err
	}
	if g.ID == "" {
		clear(came)
		return nil
	}
	for id, sum := range came {
		row := g.row(k, eventfile.Name(id))
		st, err := s.streams.Get(tx, row)
		if err != nil && !absent(err) {
			return err
		}
		if err != nil || st.ID != id {
			delete(came, id)
			continue
		}
		st.Summary.Add(sum)
		if err := s.streams.Put(tx, row, st); err != nil {
			return err
		}
		g.Stored += sum.Bytes
	}
	return s.groups.Put(tx, k, g)
}

// byID finds the group that a place names; one without an id when it is gone.
func (s *Service) byID(tx *store.Tx, at eventfile.Place) (k store.Key, g group, err error) {
	if err := s.image.Read(context.Background(), func() { k = s.ids[at.Group] }); err != nil || k.ID == "" {
		return k, g, err
	}
	g, err = s.groups.Get(tx, k)
	if absent(err) || g.ID != at.Group {
		return k, group{}, nil
	}
	return k, g, err
}

// selected is which streams of a group are read.
func selected(names []string, prefix *string) func(id string) bool {
	switch {
	case names != nil:
		set := make(map[string]bool, len(names))
		for _, n := range names {
			set[n] = true
		}
		return func(id string) bool { return set[eventfile.Name(id)] }
	case prefix != nil:
		return func(id string) bool { return strings.HasPrefix(eventfile.Name(id), *prefix) }
	}
	return nil
}
