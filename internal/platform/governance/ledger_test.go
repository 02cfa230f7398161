package governance_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

func TestMayPass(t *testing.T) {
	fx := open(t)
	n := 0
	f := func(script string, p governance.Permissions, s governance.Scope, want bool) {
		t.Helper()
		n++
		region := fmt.Sprintf("p-%d", n)
		fx.run(region, script)
		a, err := fx.Access(t.Context(), fx.caller("alice"), region, resource("db.t"))
		if err != nil || a.MayPass(p, s) != want {
			t.Errorf("%s: %v on %+v may be passed: %v, want %v; %v", script, p.Names(), s, !want, want, err)
		}
	}
	sel, alter := governance.Select, governance.Alter
	all := governance.ScopeOf(nil, "")
	cols := func(names ...string) governance.Scope {
		return governance.ScopeOf(&governance.Columns{Names: names}, "")
	}
	but := func(names ...string) governance.Scope {
		return governance.ScopeOf(&governance.Columns{Excluded: names}, "")
	}
	f("alice SELECT+ on db.t", sel, all, true)
	f("alice SELECT on db.t", sel, all, false)
	f("alice SELECT+ on db.t", sel, cols("id"), true)
	f("alice SELECT+ on db.t", sel|alter, all, false)
	f("alice SELECT+,ALTER+ on db.t", sel|alter, all, true)
	f("alice SELECT+ on db.t; alice ALTER+ on db.*", sel|alter, all, true)
	f("alice SELECT+ on db.t cols id,name", sel, cols("ID"), true)
	f("alice SELECT+ on db.t cols id,name", sel, cols("id", "country"), false)
	f("alice SELECT+ on db.t cols id; alice SELECT+ on db.* cols name", sel, cols("id", "name"), true)
	f("alice SELECT+ on db.t cols id", sel, all, false)
	f("alice SELECT+ on db.t cols id; alice SELECT on db.t cols name", sel, cols("name"), false)
	f("alice SELECT+ on db.t but id", sel, but("ID", "name"), true)
	f("alice SELECT+ on db.t but id", sel, but("name"), false)
	f("alice SELECT+ on db.t but id", sel, cols("name"), true)
	f("alice SELECT+ on db.t but id", sel, all, false)
	f(deF+"alice SELECT+ on db.t filter de", sel, governance.ScopeOf(&governance.Columns{Names: []string{"id"}}, "country='DE'"), true)
	f(deF+"alice SELECT+ on db.t filter de", sel, cols("id"), false)
	f(deF+"alice SELECT+ on db.t filter de", sel, governance.ScopeOf(&governance.Columns{Names: []string{"id"}}, "1=1 OR (country='DE')"), false)
	f("admin alice", sel|alter, all, true)
	f("make alice db.t", sel|alter, all, true)
}

func TestFromOutside(t *testing.T) {
	f := open(t)
	n := 0
	check := func(script, account string, want ...string) {
		t.Helper()
		n++
		region := fmt.Sprintf("o-%d", n)
		f.run(region, script)
		list, err := f.FromOutside(t.Context(), accounts[account], region)
		var got []string
		for _, r := range list {
			name := r.Database
			if r.Kind == governance.Table {
				name += "." + r.Table
			}
			got = append(got, name)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %s has %v, want %v; %v", script, account, got, want, err)
		}
	}
	check("", "M")
	check("M SELECT on db.t", "M")
	check(toM, "M", "db.t")
	check(toM, "C")
	check(toM, "P")
	check(toC, "C", "db.t")
	check(toM+"M: M/bob SELECT on db.t; share M db; M DESCRIBE on db", "M", "db", "db.t")
	check("share M db.t; M/bob SELECT on db.t", "M", "db.t")
	check("share M db.t; share C db.t; org SELECT on db.t", "M", "db.t")
	check("share M db.t; share C db.t; org SELECT on db.t", "C")
	check(toM+"revoke M SELECT+,DESCRIBE+ on db.t", "M")
	check("alice SELECT on db.t", "P")
}

func TestLeftToIAM(t *testing.T) {
	f := open(t)
	f.run("a", "iam ALL on db.t; iam ALL on db2; optin alice db.t; govern")
	for at, want := range map[string]bool{"db.t": true, "db": false, "db2": true, "db2.t": false, "catalog": false, "M!catalog": true} {
		if ok, err := f.LeftToIAM(t.Context(), "a", resource(at)); err != nil || ok != want {
			t.Errorf("%s left to IAM: %v, %v", at, ok, err)
		}
	}
}

func TestListing(t *testing.T) {
	f := open(t)
	f.run("a", toC+"alice SELECT on db.t cols id; alice DESCRIBE on db; alice DESCRIBE on tags:table:k=v; bob DESCRIBE on tags:table:k=w; P/* SELECT on db.u")
	count := func(at string, under bool, want int) {
		t.Helper()
		list, err := f.On(t.Context(), "a", resource(at), under)
		if err != nil || len(list) != want {
			t.Errorf("on %s: %d, want %d; %v", at, len(list), want, err)
		}
		if !slices.IsSortedFunc(list, func(a, b governance.Grant) int { return cmp(a.Key().ID, b.Key().ID) }) {
			t.Errorf("on %s: not in order", at)
		}
	}
	count("db.t", false, 3)
	count("db", false, 1)
	count("db", true, 5)
	count("tags:table:k=v", false, 1)
	count("db2", true, 0)
	list, err := f.All(t.Context(), func(g governance.Grant) bool { return g.Principal == f.principal("alice") })
	if err != nil || len(list) != 3 {
		t.Errorf("of alice: %d, %v", len(list), err)
	}
}

func cmp(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Whatever is undone with its transaction never counts, also when the first question was asked within it.
func TestUndone(t *testing.T) {
	f := open(t)
	undo := errors.New("undo")
	err := f.st.Update(t.Context(), func(tx *store.Tx) error {
		if err := f.do(tx, "a", []string{"alice", "SELECT", "on", "db.t"}); err != nil {
			return err
		}
		if _, err := f.Access(tx.Context(t.Context()), f.caller("alice"), "a", resource("db.t")); err != nil {
			return err
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	a, err := f.Access(t.Context(), f.caller("alice"), "a", resource("db.t"))
	if err != nil || a.Any() {
		t.Errorf("%v, %v", a.Permissions().Names(), err)
	}
	// In a View, before anything was loaded.
	l := governance.New(governance.Config{Store: f.st, Directory: f.d, Clock: clock.System{}})
	if err := f.st.View(t.Context(), func(tx *store.Tx) error {
		_, err := l.SettingsOf(tx.Context(t.Context()), p, "a")
		return err
	}); err != nil {
		t.Error(err)
	}
}

// A change that is committed while the ledger is being loaded is neither lost nor undone.
func TestLoadBesideChanges(t *testing.T) {
	f := open(t)
	for round := range 20 {
		region := fmt.Sprintf("l-%d", round)
		for i := range 50 {
			f.run(region, fmt.Sprintf("alice SELECT on db.t%d", i))
		}
		l := governance.New(governance.Config{Store: f.st, Directory: f.d, Clock: clock.System{}})
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := l.Load(context.Background()); err != nil {
				t.Error(err)
			}
		})
		for i := range 50 {
			if err := f.st.Update(t.Context(), func(tx *store.Tx) error {
				g := f.grant(region, []string{"alice", "SELECT", "on", fmt.Sprintf("db.t%d", i)})
				if i%2 == 0 {
					return l.Grants.Delete(tx, g.Key())
				}
				g.Permissions |= governance.Insert
				return l.Grants.Put(tx, g.Key(), g)
			}); err != nil {
				t.Fatal(err)
			}
		}
		wg.Wait()
		for i := range 50 {
			a, err := l.Access(t.Context(), f.caller("alice"), region, resource(fmt.Sprintf("db.t%d", i)))
			if err != nil || a.Any() != (i%2 == 1) || a.May(governance.Insert) != (i%2 == 1) {
				t.Fatalf("round %d, table %d: %v, %v", round, i, a.Permissions().Names(), err)
			}
		}
	}
}

// A hundred thousand tables with two grants each stay small, and are decided quickly.
func BenchmarkAccess(b *testing.B) {
	st, err := store.Open(b.Context(), store.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	const n = 100_000
	l := governance.New(governance.Config{Store: st, Clock: clock.System{}})
	table := func(i int) governance.Resource {
		return governance.Resource{Kind: governance.Table, Catalog: p, Database: fmt.Sprintf("db%d", i%100), Table: fmt.Sprintf("table_%06d", i)}
	}
	for from := 0; from < n; from += 5000 {
		if err := st.Update(b.Context(), func(tx *store.Tx) error {
			for i := from; i < from+5000; i++ {
				if err := l.Created(tx, "arn:aws:iam::111111111111:role/crawler", "us-east-1", table(i), governance.FirstSettings().TableDefaults); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	if err := l.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	loading := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	alice := (&fixture{}).caller("alice")
	list := make([]governance.Resource, n)
	for i := range list {
		list[i] = table(i)
	}
	b.ResetTimer()
	i := 0
	for b.Loop() {
		i = (i + 7919) % n
		if a, err := l.Access(b.Context(), alice, "us-east-1", list[i]); err != nil || !a.ByIAM {
			b.Fatal(a, err)
		}
	}
	b.StopTimer()
	start = time.Now()
	if _, err := l.AccessAll(b.Context(), alice, "us-east-1", list); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/all")
	b.ReportMetric(float64(loading.Milliseconds()), "ms/load")
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MB")
	start = time.Now()
	if err := st.Update(b.Context(), func(tx *store.Tx) error { return l.Dropped(tx.Context(b.Context()), tx, "us-east-1", list[5]) }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(start).Microseconds()), "us/drop")
}
