package eventbridge

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/bus/pattern"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const (
	forgetJob = "events.forget"
	// handful is how many rows a transaction of a job touches at most, so that nobody waits long for the writer.
	handful = 200
)

// archive keeps the events of a bus. They lie under its ID, in order of arrival.
type archive struct {
	ID, Name    string
	Key         store.Key
	Bus         store.Key
	Description string `json:",omitempty"`
	KMSKey      string `json:",omitempty"`
	Pattern     string `json:",omitempty"`
	Days        int32  // 0: for ever
	Created     time.Time
}

// kept is an event in an archive. The row that ends with the archive's ID alone has their number and size.
type kept struct {
	Event       json.RawMessage `json:",omitempty"`
	At          int64           // milliseconds
	Count, Size int64           `json:",omitempty"`
}

func archiveARN(k store.Key) string { return arn.New("events", k.Region, k.Account, "archive/"+k.ID) }

func (a archive) total() store.Key {
	return store.Key{Account: a.Key.Account, Region: a.Key.Region, ID: "total/" + a.ID}
}

func (s *Service) archiveChanged(k store.Key, old, now *archive) {
	if old != nil {
		delete(s.routesOf(old.Bus).archives, k)
	}
	if now == nil {
		return
	}
	r := &route{key: k, archive: *now}
	if now.Pattern != "" {
		p, err := pattern.Parse([]byte(now.Pattern))
		if err != nil {
			return // it was checked when it was set
		}
		r.pattern = p
	}
	s.routesOf(now.Bus).archives[k] = r
}

// keep writes an event into an archive, unless that was deleted meanwhile.
func (s *Service) keep(tx *store.Tx, a archive, p *plan) error {
	if now, err := s.archives.Get(tx, a.Key); absent(err) || err == nil && now.ID != a.ID {
		return nil
	} else if err != nil {
		return err
	}
	at := s.Clock.Now()
	total, err := s.kept.Get(tx, a.total())
	if err != nil && !absent(err) {
		return err
	}
	total.Count++
	total.Size += int64(len(p.document))
	if err := s.kept.Put(tx, a.total(), total); err != nil {
		return err
	}
	k := store.Key{Account: a.Key.Account, Region: a.Key.Region, ID: fmt.Sprintf("%s/%020d/%s", a.ID, at.UnixMilli(), p.event.ID)}
	return s.kept.Put(tx, k, kept{Event: p.document, At: at.UnixMilli()})
}

func (s *Service) archiveOps() wire.Ops {
	onArchive := func(ctx context.Context, name *string) ([]wire.Target, error) { return s.onOne(ctx, "archive", name) }
	onReplay := func(ctx context.Context, name *string) ([]wire.Target, error) { return s.onOne(ctx, "replay", name) }
	onConnection := func(ctx context.Context, name *string) ([]wire.Target, error) {
		return s.onOne(ctx, "connection", name)
	}
	onDestination := func(ctx context.Context, name *string) ([]wire.Target, error) {
		return s.onOne(ctx, "api-destination", name)
	}
	return wire.Ops{
		wire.Op(s.CancelReplay, wire.On(func(ctx context.Context, in *eventbridge.CancelReplayInput) ([]wire.Target, error) {
			return onReplay(ctx, in.ReplayName)
		})),
		wire.Op(s.CreateApiDestination, wire.On(func(ctx context.Context, in *eventbridge.CreateApiDestinationInput) ([]wire.Target, error) {
			return onDestination(ctx, in.Name)
		})),
		wire.Op(s.CreateArchive, wire.On(func(ctx context.Context, in *eventbridge.CreateArchiveInput) ([]wire.Target, error) {
			return onArchive(ctx, in.ArchiveName)
		})),
		wire.Op(s.CreateConnection, wire.On(func(ctx context.Context, in *eventbridge.CreateConnectionInput) ([]wire.Target, error) {
			return onConnection(ctx, in.Name)
		})),
		wire.Op(s.DeauthorizeConnection, wire.On(func(ctx context.Context, in *eventbridge.DeauthorizeConnectionInput) ([]wire.Target, error) {
			return onConnection(ctx, in.Name)
		})),
		wire.Op(s.DeleteApiDestination, wire.On(func(ctx context.Context, in *eventbridge.DeleteApiDestinationInput) ([]wire.Target, error) {
			return onDestination(ctx, in.Name)
		})),
		wire.Op(s.DeleteArchive, wire.On(func(ctx context.Context, in *eventbridge.DeleteArchiveInput) ([]wire.Target, error) {
			return onArchive(ctx, in.ArchiveName)
		})),
		wire.Op(s.DeleteConnection, wire.On(func(ctx context.Context, in *eventbridge.DeleteConnectionInput) ([]wire.Target, error) {
			return onConnection(ctx, in.Name)
		})),
		wire.Op(s.DescribeApiDestination, wire.On(func(ctx context.Context, in *eventbridge.DescribeApiDestinationInput) ([]wire.Target, error) {
			return onDestination(ctx, in.Name)
		})),
		wire.Op(s.DescribeArchive, wire.On(func(ctx context.Context, in *eventbridge.DescribeArchiveInput) ([]wire.Target, error) {
			return onArchive(ctx, in.ArchiveName)
		})),
		wire.Op(s.DescribeConnection, wire.On(func(ctx context.Context, in *eventbridge.DescribeConnectionInput) ([]wire.Target, error) {
			return onConnection(ctx, in.Name)
		})),
		wire.Op(s.DescribeReplay, wire.On(func(ctx context.Context, in *eventbridge.DescribeReplayInput) ([]wire.Target, error) {
			return onReplay(ctx, in.ReplayName)
		})),
		wire.Op(s.ListApiDestinations),
		wire.Op(s.ListArchives),
		wire.Op(s.ListConnections),
		wire.Op(s.ListReplays),
		wire.Op(s.StartReplay, wire.On(func(ctx context.Context, in *eventbridge.StartReplayInput) ([]wire.Target, error) {
			return onReplay(ctx, in.ReplayName)
		})),
		wire.Op(s.UpdateApiDestination, wire.On(func(ctx context.Context, in *eventbridge.UpdateApiDestinationInput) ([]wire.Target, error) {
			return onDestination(ctx, in.Name)
		})),
		wire.Op(s.UpdateArchive, wire.On(func(ctx context.Context, in *eventbridge.UpdateArchiveInput) ([]wire.Target, error) {
			return onArchive(ctx, in.ArchiveName)
		})),
		wire.Op(s.UpdateConnection, wire.On(func(ctx context.Context, in *eventbridge.UpdateConnectionInput) ([]wire.Target, error) {
			return onConnection(ctx, in.Name)
		})),
	}
}

func checkPattern(p *string) error {
	if aws.ToString(p) == "" {
		return nil
	}
	if _, err := pattern.Parse([]byte(*p)); err != nil {
		return badPattern(err)
	}
	return nil
}

// CreateArchive begins to keep the events of a bus.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateArchive.html
func (s *Service) CreateArchive(ctx context.Context, in *eventbridge.CreateArchiveInput) (*eventbridge.CreateArchiveOutput, error) {
	k, call := here(ctx, aws.ToString(in.ArchiveName)), wire.CallOf(ctx)
	of, ok := keyOfBus(aws.ToString(in.EventSourceArn))
	if !ok || of.Account != k.Account || of.Region != k.Region {
		return nil, invalid("Parameter EventSourceArn is not valid.")
	}
	if err := checkPattern(in.EventPattern); err != nil {
		return nil, err
	}
	a := archive{ID: newID(), Name: k.ID, Key: k, Bus: of, Description: aws.ToString(in.Description), KMSKey: aws.ToString(in.KmsKeyIdentifier),
		Pattern: aws.ToString(in.EventPattern), Days: aws.ToInt32(in.RetentionDays), Created: call.Time}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.busIn(tx, of); err != nil {
			return err
		}
		err := s.archives.Insert(tx, k, a)
		if err == store.ErrExists {
			return exists("Archive %s already exists.", a.Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.CreateArchiveOutput{ArchiveArn: aws.String(archiveARN(k)), CreationTime: &a.Created, State: types.ArchiveStateEnabled}, nil
}

func (s *Service) archive(tx *store.Tx, k store.Key) (archive, error) {
	a, err := s.archives.Get(tx, k)
	if absent(err) {
		err = missing("Archive %s does not exist.", k.ID)
	}
	return a, err
}

// UpdateArchive changes what an archive takes and how long it keeps it.
func (s *Service) UpdateArchive(ctx context.Context, in *eventbridge.UpdateArchiveInput) (*eventbridge.UpdateArchiveOutput, error) {
	if err := checkPattern(in.EventPattern); err != nil {
		return nil, err
	}
	k := here(ctx, aws.ToString(in.ArchiveName))
	out := &eventbridge.UpdateArchiveOutput{ArchiveArn: aws.String(archiveARN(k)), State: types.ArchiveStateEnabled}
	return out, s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.archive(tx, k)
		if err != nil {
			return err
		}
		for to, v := range map[*string]*string{&a.Description: in.Description, &a.Pattern: in.EventPattern, &a.KMSKey: in.KmsKeyIdentifier} {
			if v != nil {
				*to = *v
			}
		}
		if in.RetentionDays != nil {
			a.Days = *in.RetentionDays
		}
		out.CreationTime = &a.Created
		return s.archives.Put(tx, k, a)
	})
}

// DeleteArchive removes an archive with its events.
func (s *Service) DeleteArchive(ctx context.Context, in *eventbridge.DeleteArchiveInput) (*eventbridge.DeleteArchiveOutput, error) {
	k := here(ctx, aws.ToString(in.ArchiveName))
	return &eventbridge.DeleteArchiveOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.archive(tx, k)
		if err != nil {
			return err
		}
		if err := s.archives.Delete(tx, k); err != nil {
			return err
		}
		_, err = tx.Enqueue(forgetJob, a)
		return err
	})
}

// forget deletes the events of an archive that was deleted.
func (s *Service) forget(ctx context.Context, a archive) error {
	_, err := jobs.Step(ctx, "forget", func(ctx context.Context) (int, error) {
		for n := handful; n >= handful; {
			if err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
				if n, err = s.kept.DeleteAll(tx, store.Range{Account: a.Key.Account, Region: a.Key.Region, Prefix: a.ID + "/", Limit: handful}); err != nil {
					return err
				}
				if err := s.kept.Delete(tx, a.total()); err != nil && !absent(err) {
					return err
				}
				return nil
			}); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	return err
}

// expire deletes what archives have kept for long enough.
func (s *Service) expire(ctx context.Context) error {
	var list []archive
	if err := s.image.Read(ctx, func() { list = slices.Collect(maps.Values(s.archives.Rows())) }); err != nil {
		return err
	}
	for _, a := range list {
		limit := s.Clock.Now().AddDate(0, 0, -int(a.Days)).UnixMilli()
		for more := a.Days > 0; more; {
			if err := s.Store.Update(ctx, func(tx *store.Tx) error {
				rows, err := s.kept.List(tx, store.Range{Account: a.Key.Account, Region: a.Key.Region, Prefix: a.ID + "/", Limit: handful})
				if err != nil {
					return err
				}
				total, err := s.kept.Get(tx, a.total())
				if err != nil && !absent(err) {
					return err
				}
				more = len(rows) == handful
				for _, r := range rows {
					if r.Value.At >= limit {
						more = false
						break
					}
					total.Count--
					total.Size -= int64(len(r.Value.Event))
					if err := s.kept.Delete(tx, r.Key); err != nil {
						return err
					}
				}
				return s.kept.Put(tx, a.total(), total)
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// DescribeArchive tells of an archive.
func (s *Service) DescribeArchive(ctx context.Context, in *eventbridge.DescribeArchiveInput) (out *eventbridge.DescribeArchiveOutput, err error) {
	k := here(ctx, aws.ToString(in.ArchiveName))
	return out, s.Store.View(ctx, func(tx *store.Tx) error {
		a, err := s.archive(tx, k)
		if err != nil {
			return err
		}
		total, err := s.kept.Get(tx, a.total())
		if err != nil && !absent(err) {
			return err
		}
		out = &eventbridge.DescribeArchiveOutput{ArchiveArn: aws.String(archiveARN(k)), ArchiveName: &a.Name, EventSourceArn: aws.String(busARN(a.Bus)),
			Description: filled(a.Description), EventPattern: filled(a.Pattern), KmsKeyIdentifier: filled(a.KMSKey), RetentionDays: &a.Days,
			CreationTime: &a.Created, State: types.ArchiveStateEnabled, EventCount: total.Count, SizeBytes: total.Size}
		return nil
	})
}

// ListArchives lists the account's archives.
func (s *Service) ListArchives(ctx context.Context, in *eventbridge.ListArchivesInput) (*eventbridge.ListArchivesOutput, error) {
	of := here(ctx, "")
	out := &eventbridge.ListArchivesOutput{Archives: []types.Archive{}}
	err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.archives.List(tx, store.Range{Account: of.Account, Region: of.Region, Prefix: aws.ToString(in.NamePrefix)})
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(r store.Row[archive]) bool {
			return in.EventSourceArn != nil && *in.EventSourceArn != busARN(r.Value.Bus) || in.State != "" && in.State != types.ArchiveStateEnabled ||
				!strings.HasPrefix(r.Key.ID, aws.ToString(in.NamePrefix))
		})
		if rows, out.NextToken, err = page(ctx, rows, func(r store.Row[archive]) string { return r.Key.ID }, in.Limit, in.NextToken); err != nil {
			return err
		}
		for _, r := range rows {
			a := r.Value
			total, err := s.kept.Get(tx, a.total())
			if err != nil && !absent(err) {
				return err
			}
			out.Archives = append(out.Archives, types.Archive{ArchiveName: &a.Name, EventSourceArn: aws.String(busARN(a.Bus)), RetentionDays: &a.Days,
				CreationTime: &a.Created, State: types.ArchiveStateEnabled, EventCount: total.Count, SizeBytes: total.Size})
		}
		return nil
	})
	return out, err
}
