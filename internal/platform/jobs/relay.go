package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // lets DBOS use SQLite
)

// handful is how many jobs are handed on at a time.
const handful = 100

// relay hands the jobs of the outbox to DBOS. DBOS is started when there is work for it, not before: a server that
// has no jobs starts faster and uses less memory without.
func (r *Runner) relay(ctx context.Context) {
	defer close(r.done)
	wait := time.Duration(0)
	for {
		n, more, err := r.hand(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			r.cfg.Logger.Error("cannot hand jobs on", "error", err)
			wait = min(max(2*wait, 100*time.Millisecond), 30*time.Second)
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			continue
		}
		wait = 0
		if n == handful {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		}
	}
}

func (r *Runner) hand(ctx context.Context) (int, <-chan struct{}, error) {
	pending, more, err := r.cfg.Store.Outbox(ctx, handful)
	if err != nil {
		return 0, more, err
	}
	if r.engine == nil && (len(pending) > 0 || r.interrupted()) {
		if err := r.launch(); err != nil {
			return 0, more, err
		}
	}
	ids := make([]string, 0, len(pending))
	for _, p := range pending {
		// The id makes this idempotent: an id that DBOS knows is not started again.
		if _, err := dbos.RunWorkflow(r.engine, r.run, envelope{Job: p.Name, Input: p.Input}, dbos.WithWorkflowID(p.ID)); err != nil {
			return 0, more, fmt.Errorf("cannot start job %s %s: %w", p.Name, p.ID, err)
		}
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		return 0, more, nil
	}
	return len(ids), more, r.cfg.Store.HandedOn(ctx, ids)
}

// interrupted says whether an earlier run may have left jobs.
func (r *Runner) interrupted() bool {
	if r.cfg.Database != "" {
		return true
	}
	_, err := os.Stat(r.path())
	return err == nil
}

func (r *Runner) path() string { return filepath.Join(r.cfg.Dir, "jobs.db") }

func (r *Runner) launch() error {
	cfg := dbos.Config{
		AppName: "atelier", DatabaseURL: r.cfg.Database, Logger: slog.New(quiet{r.cfg.Logger.Handler()}),
		// One version for ever: jobs go on after the program was replaced.
		ApplicationVersion: "1", ExecutorID: "atelier",
	}
	if r.cfg.Database == "" {
		// A handle of our own, because DBOS's would be synced only at checkpoints: a job must not be lost with the
		// power after its row left the outbox.
		q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(5000)", "journal_mode(WAL)",
			"synchronous(FULL)", "foreign_keys(ON)"}}
		source := url.URL{Scheme: "file", Opaque: (&url.URL{Path: r.path()}).EscapedPath(), RawQuery: q.Encode()}
		db, err := sql.Open("sqlite", source.String())
		if err != nil {
			return fmt.Errorf("cannot open jobs: %w", err)
		}
		db.SetMaxOpenConns(8)
		db.SetMaxIdleConns(4)
		cfg.SQLiteSystemDB = db
	}
	engine, err := dbos.NewContext(context.Background(), cfg)
	if err != nil {
		return fmt.Errorf("cannot open jobs: %w", err)
	}
	dbos.RegisterWorkflow(engine, r.run, dbos.WithWorkflowName("job"), dbos.WithMaxRecoveryAttempts(1000))
	if err := dbos.Launch(engine); err != nil {
		return fmt.Errorf("cannot start jobs: %w", err)
	}
	r.mu.Lock()
	r.engine = engine
	r.mu.Unlock()
	close(r.started)
	return nil
}

// quiet passes on what DBOS has to say from warnings upwards.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}
