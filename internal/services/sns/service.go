package sns

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Config is what the service needs.
type Config struct {
	Store     *store.Store
	Directory *identity.Directory
	Desk      *delivery.Desk
	Clients   *delivery.Clients
	Outward   *delivery.Outward
	Metrics   metrics.Recorder
	Mail      string // smtp://user:password@host:port?from=address; "": nothing is mailed
	Clock     clock.Clock
	Logger    *slog.Logger
}

// Service is SNS.
type Service struct {
	Config
	image         *store.Image
	topics        *store.Held[topic]                 // id: name
	subscriptions *store.Held[subscription]          // id: topic/uuid
	routes        map[store.Key]map[store.Key]*route // by topic; guarded by the image
	seen          *store.Table[sent]                 // deduplication
	signers       *store.Table[signerRow]
	policies      sync.Map // parsed, by key of topic

	signing sync.Mutex
	signer  *signer
	number  sequence
}

// sequence gives the numbers of FIFO messages.
type sequence struct {
	mu   sync.Mutex
	last int64
}

func (n *sequence) next() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last = max(n.last+1, time.Now().UnixNano()) // not the injected time: it has to grow over restarts alone
	return fmt.Sprintf("%020d", n.last)
}

// New makes the service and defines its courier.
func New(c Config) *Service {
	if c.Metrics == nil {
		c.Metrics = metrics.Discard{}
	}
	s := &Service{Config: c, image: store.NewImage(c.Store), routes: map[store.Key]map[store.Key]*route{}, seen: store.NewTable[sent](c.Store, "sns_sent"),
		signers: store.NewTable[signerRow](c.Store, "sns_signer")}
	s.topics = store.NewHeld(s.image, "sns_topic", func(k store.Key, _, _ *topic) { s.policies.Delete(k) })
	s.subscriptions = store.NewHeld(s.image, "sns_subscription", s.subscriptionChanged)
	c.Desk.Define(courier, delivery.Courier{Deliver: s.deliver, Bury: s.bury})
	return s
}

// Name is the service's name in the API facts.
func (*Service) Name() string { return "sns" }

// Pages are what is served beside the API: the certificate of the signatures.
func (s *Service) Pages() map[string]http.Handler {
	return map[string]http.Handler{certificatePath: http.HandlerFunc(s.certificate)}
}

// Run forgets deduplication ids that are past their time and subscriptions that nobody confirmed, once an hour, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.tidy(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("cannot tidy topics", "error", err)
		}
	}
}

// tidied is how many rows a transaction deletes at most, so that nobody waits long for the writer.
const tidied = 200

func (s *Service) tidy(ctx context.Context) error {
	now := s.Clock.Now()
	limit := bucket(now) - 1
	r := store.Range{AllAccounts: true, AllRegions: true, Limit: tidied}
	for {
		var rows []store.Row[sent]
		if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows, err = s.seen.List(tx, r)
			return err
		}); err != nil {
			return err
		}
		if err := s.Store.Update(ctx, func(tx *store.Tx) error {
			for _, row := range rows {
				r.After = row.Key.ID
				if row.Value.Bucket >= limit {
					continue
				}
				if err := s.seen.Delete(tx, row.Key); err != nil && !absent(err) {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		if len(rows) < tidied {
			break
		}
	}
	var late []store.Key
	if err := s.image.Read(ctx, func() {
		for k, b := range s.subscriptions.Rows() {
			if !b.Confirmed && now.Sub(b.Created) > tokenLife {
				late = append(late, k)
			}
		}
	}); err != nil || len(late) == 0 {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, k := range late {
			if err := s.subscriptions.DeleteIf(tx, k); err != nil {
				return err
			}
		}
		return nil
	})
}

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	return wire.Ops{
		wire.Op(s.AddPermission, wire.On(s.addPermissionTargets)),
		wire.Op(s.ConfirmSubscription, wire.On(s.confirmTargets), wire.Public()),
		wire.Op(s.CreateTopic, wire.On(s.createTargets)),
		wire.Op(s.DeleteTopic, wire.On(s.deleteTargets)),
		wire.Op(s.GetSubscriptionAttributes, wire.On(s.getSubscriptionTargets)),
		wire.Op(s.GetTopicAttributes, wire.On(s.getTopicTargets)),
		wire.Op(s.ListSubscriptions),
		wire.Op(s.ListSubscriptionsByTopic, wire.On(s.listByTopicTargets)),
		wire.Op(s.ListTagsForResource, wire.On(s.listTagsTargets)),
		wire.Op(s.ListTopics),
		wire.Op(s.Publish, wire.On(s.publishTargets), wire.Data()),
		wire.Op(s.PublishBatch, wire.On(s.publishBatchTargets), wire.Data()),
		wire.Op(s.RemovePermission, wire.On(s.removePermissionTargets)),
		wire.Op(s.SetSubscriptionAttributes, wire.On(s.setSubscriptionTargets)),
		wire.Op(s.SetTopicAttributes, wire.On(s.setTopicTargets)),
		wire.Op(s.Subscribe, wire.On(s.subscribeTargets)),
		wire.Op(s.TagResource, wire.On(s.tagTargets)),
		wire.Op(s.Unsubscribe, wire.On(s.unsubscribeTargets), wire.Public()),
		wire.Op(s.UntagResource, wire.On(s.untagTargets)),
	}
}

// topicKey reads the topic out of an ARN.
func topicKey(text *string) (store.Key, error) {
	if text == nil {
		return store.Key{}, invalid("TopicArn")
	}
	p := strings.Split(*text, ":")
	if len(p) != 6 || p[0] != "arn" || p[2] != "sns" || !topicName.MatchString(p[5]) || len(p[4]) != 12 {
		return store.Key{}, invalid("TopicArn Reason: An ARN must have at least 6 elements, not %d", len(p))
	}
	return store.Key{Account: p[4], Region: p[3], ID: p[5]}, nil
}
