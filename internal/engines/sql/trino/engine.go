package trino

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	client "github.com/trinodb/trino-go-client/trino"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// Config of the engine. URL is trino://user[:password]@host:port/catalog?account=123456789012[&region=…][&tls=true]: the
// catalog of Trino's that has the databases of an account in a region. A password needs TLS.
type Config struct {
	URL    string
	Limits sql.Limits // what a query gets that asks for nothing; Spill and Threads are for the cluster to say
}

// Engine runs queries on a cluster.
type Engine struct {
	db      *stdsql.DB
	catalog string
	owner   sql.Owner
	limits  sql.Limits

	ctx     context.Context
	stop    context.CancelFunc
	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

var _ sql.Engine = (*Engine)(nil)

// Check tells whether a URL names a cluster. Its errors hold no password.
func Check(text string) error {
	_, _, err := parse(text)
	return err
}

func parse(text string) (*client.Config, *Engine, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "trino" || u.Host == "" || u.User.Username() == "" {
		return nil, nil, fmt.Errorf("must be trino://user@host:port/catalog?account=123456789012")
	}
	q := u.Query()
	e := &Engine{catalog: strings.TrimPrefix(u.Path, "/"), owner: sql.Owner{Account: q.Get("account"), Region: q.Get("region")}}
	if e.owner.Region == "" {
		e.owner.Region = "us-east-1"
	}
	secure := q.Get("tls") == "true"
	_, password := u.User.Password()
	switch {
	case !plain(e.catalog):
		return nil, nil, fmt.Errorf("must name a catalog of Trino's after the host")
	case len(e.owner.Account) != 12:
		return nil, nil, fmt.Errorf("must say with account=… whose databases the catalog has")
	case password && !secure:
		return nil, nil, fmt.Errorf("must have tls=true when it has a password")
	}
	server := url.URL{Scheme: "http", User: u.User, Host: u.Host}
	if secure {
		server.Scheme = "https"
	}
	return &client.Config{ServerURI: server.String(), Source: "atelier", TimeZone: "UTC"}, e, nil
}

// New makes an engine. It does not yet speak to the cluster.
func New(cfg Config) (*Engine, error) {
	c, e, err := parse(cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("the address of Trino %w", err)
	}
	dsn, err := c.FormatDSN()
	if err != nil {
		return nil, fmt.Errorf("cannot use the address of Trino")
	}
	if e.db, err = stdsql.Open("trino", dsn); err != nil {
		return nil, fmt.Errorf("cannot use the address of Trino")
	}
	e.db.SetMaxIdleConns(4)
	if e.limits = cfg.Limits; e.limits.Time == 0 {
		e.limits.Time = 30 * time.Minute
	}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e, nil
}

// Close implements sql.Engine.
func (e *Engine) Close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	e.running.Wait()
	return e.db.Close()
}

// Query implements sql.Engine.
func (e *Engine) Query(ctx context.Context, r sql.Request) (sql.Rows, error) {
	begin := time.Now()
	q, err := e.start(ctx, r)
	if err != nil {
		return nil, err
	}
	rows, err := q.rows(q.st.SQL)
	if err != nil {
		q.release()
		return nil, err
	}
	rows.stats.Planned = time.Since(begin)
	return rows, nil
}

// query is one statement on its way.
type query struct {
	e       *Engine
	ctx     context.Context
	release func()
	st      *dialect.Statement
	args    []any
	scan    int64
	inputs  []sql.Name // tables that it names
}

// start writes the statement for the cluster.
func (e *Engine) start(ctx context.Context, r sql.Request) (*query, error) {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil, sql.Errorf(sql.Cancelled, "SERVER_SHUTTING_DOWN", "the engine is shutting down")
	}
	e.running.Add(1)
	e.mu.Unlock()
	l := e.limits
	for _, set := range []struct{ to, from *int64 }{{&l.Memory, &r.Limits.Memory}, {&l.Scan, &r.Limits.Scan}, {(*int64)(&l.Time), (*int64)(&r.Limits.Time)}} {
		if *set.from != 0 {
			*set.to = *set.from
		}
	}
	ctx, cancel := context.WithTimeout(ctx, l.Time)
	unhook := context.AfterFunc(e.ctx, cancel)
	q := &query{e: e, ctx: ctx, scan: l.Scan, release: sync.OnceFunc(func() {
		unhook()
		cancel()
		e.running.Done()
	})}
	var err error
	q.st, err = dialect.Bind(r.SQL, dialect.Options{Catalog: r.Session.Catalog, Database: r.Session.Database, User: r.Session.User,
		Params: r.Params, Lookup: q.lookup(ctx, r.Tables, 0)})
	if err != nil {
		q.release()
		return nil, sql.AsError(err)
	}
	properties := []string{"query_max_run_time=" + strconv.FormatInt(l.Time.Milliseconds(), 10) + "ms"}
	if l.Memory > 0 {
		properties = append(properties, "query_max_memory="+strconv.FormatInt(l.Memory, 10)+"B")
	}
	if l.Scan > 0 {
		properties = append(properties, "query_max_scan_physical_bytes="+strconv.FormatInt(l.Scan, 10)+"B")
	}
	q.args = []any{stdsql.Named("X-Trino-Session", strings.Join(properties, ",")), stdsql.Named("X-Trino-Client-Tags", "atelier")}
	return q, nil
}
