package duckdb

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2/mapping"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// instance is one database in memory with one connection. It serves one query and is closed.
type instance struct {
	db     mapping.Database
	conn   mapping.Connection
	dir    string // its own, for spilled and staged data; made when it is needed
	limits sql.Limits
}

// open makes a database that loads nothing from outside and keeps within the limits.
func open(dir string, l sql.Limits) (*instance, error) {
	var cfg mapping.Config
	if mapping.CreateConfig(&cfg) == mapping.StateError {
		return nil, fmt.Errorf("cannot make a configuration of the engine")
	}
	defer mapping.DestroyConfig(&cfg)
	for _, kv := range [][2]string{
		{"threads", strconv.Itoa(l.Threads)},
		{"memory_limit", strconv.FormatInt(l.Memory, 10) + "B"},
		{"max_temp_directory_size", strconv.FormatInt(l.Spill, 10) + "B"},
		{"autoinstall_known_extensions", "false"},
		{"autoload_known_extensions", "false"},
		{"allow_community_extensions", "false"},
		{"allow_persistent_secrets", "false"},
		{"enable_external_file_cache", "false"},
	} {
		if mapping.SetConfig(cfg, kv[0], kv[1]) == mapping.StateError {
			return nil, fmt.Errorf("cannot configure the engine: %s", kv[0])
		}
	}
	in := &instance{dir: dir, limits: l}
	var msg string
	if mapping.OpenExt(":memory:", &in.db, cfg, &msg) == mapping.StateError {
		return nil, fmt.Errorf("cannot open the engine: %s", msg)
	}
	if mapping.Connect(in.db, &in.conn) == mapping.StateError {
		mapping.Close(&in.db)
		return nil, fmt.Errorf("cannot connect to the engine")
	}
	err := in.exec(context.Background(), "SET TimeZone = 'UTC'; SET ieee_floating_point_ops = true; SET errors_as_json = true; SET Calendar = 'gregorian'; "+
		"SET preserve_insertion_order = false; SET temp_directory = "+literal(filepath.Join(dir, "spill")))
	if err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

// limit sets what is not set already: threads and memory take the engine a while.
func (in *instance) limit(l sql.Limits) error {
	var set []string
	if l.Threads != in.limits.Threads {
		set = append(set, "SET threads = "+strconv.Itoa(l.Threads))
	}
	if l.Memory != in.limits.Memory {
		set = append(set, "SET memory_limit = '"+strconv.FormatInt(l.Memory, 10)+"B'")
	}
	if l.Spill != in.limits.Spill {
		set = append(set, "SET max_temp_directory_size = '"+strconv.FormatInt(l.Spill, 10)+"B'")
	}
	if in.limits = l; len(set) == 0 {
		return nil
	}
	return in.exec(context.Background(), strings.Join(set, "; "))
}

func (in *instance) close() {
	mapping.Disconnect(&in.conn)
	mapping.Close(&in.db)
}

// exec runs statements of our own and drops what they give.
func (in *instance) exec(ctx context.Context, text string) error {
	return in.interruptible(ctx, func() error {
		var res mapping.Result
		defer mapping.DestroyResult(&res)
		if mapping.Query(in.conn, text, &res) == mapping.StateError {
			return engineError(mapping.ResultError(&res))
		}
		return nil
	})
}

// strings runs a query of our own that gives one column of text.
func (in *instance) strings(ctx context.Context, text string, params ...string) ([]string, error) {
	res, err := in.query(ctx, text, params...)
	if err != nil {
		return nil, err
	}
	defer mapping.DestroyResult(&res)
	var out []string
	for {
		chunk := mapping.FetchChunk(res)
		if chunk.Ptr == nil {
			return out, nil
		}
		v := mapping.DataChunkGetVector(chunk, 0)
		for i := range int(mapping.DataChunkGetSize(chunk)) {
			out = append(out, textAt(mapping.VectorGetData(v), i))
		}
		mapping.DestroyDataChunk(&chunk)
	}
}

// query runs one statement. The result is to be destroyed.
func (in *instance) query(ctx context.Context, text string, params ...string) (res mapping.Result, err error) {
	err = in.interruptible(ctx, func() error {
		var st mapping.PreparedStatement
		defer mapping.DestroyPrepare(&st)
		if mapping.Prepare(in.conn, text, &st) == mapping.StateError {
			return engineError(mapping.PrepareError(st))
		}
		for i, p := range params {
			mapping.BindVarchar(st, mapping.IdxT(i+1), p)
		}
		var pending mapping.PendingResult
		defer mapping.DestroyPending(&pending)
		if mapping.PendingPrepared(st, &pending) == mapping.StateError {
			return engineError(mapping.PendingError(pending))
		}
		if mapping.ExecutePending(pending, &res) == mapping.StateError {
			defer mapping.DestroyResult(&res)
			return engineError(mapping.ResultError(&res))
		}
		return nil
	})
	return res, err
}

// columns are the names and types that a query would give.
func (in *instance) columns(ctx context.Context, text string) (names []string, types []string, err error) {
	rows, err := in.strings(ctx, "SELECT column_name || chr(0) || column_type FROM (DESCRIBE "+text+")")
	for _, r := range rows {
		n, t, _ := strings.Cut(r, "\x00")
		names, types = append(names, n), append(types, t)
	}
	return names, types, err
}

// interruptible runs f and interrupts the connection, again and again, once the context ends.
func (in *instance) interruptible(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		for {
			mapping.Interrupt(in.conn)
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	err := f()
	close(done)
	<-watched
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
