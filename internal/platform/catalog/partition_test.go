package catalog

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog/expression"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

var (
	ctx = context.Background()
	now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

const region = "us-east-1"

func open(t testing.TB) (*store.Store, *Partitions) {
	t.Helper()
	st, err := store.Open(ctx, store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st, newPartitions(st)
}

func update(t testing.TB, st *store.Store, f func(tx *store.Tx) error) {
	t.Helper()
	if err := st.Update(ctx, f); err != nil {
		t.Fatal(err)
	}
}

func keyOf(name, typ string) types.Column {
	return types.Column{Name: aws.String(name), Type: aws.String(typ)}
}

// wide is a table as crawlers make them.
func wide(id string) Table {
	d := types.StorageDescriptor{Location: aws.String("s3://lake/orders/"), InputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"),
		OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"), Parameters: map[string]string{"classification": "parquet"},
		SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"),
			Parameters: map[string]string{"serialization.format": "1"}}}
	for i := range 20 {
		d.Columns = append(d.Columns, keyOf(fmt.Sprintf("column_%d", i), "bigint"))
	}
	return Table{ID: id, Table: types.Table{Name: aws.String("orders"), DatabaseName: aws.String("sales"), CatalogId: aws.String("111122223333"),
		StorageDescriptor: &d, PartitionKeys: []types.Column{keyOf("day", "string"), keyOf("hour", "int"), keyOf("country", "string")}}}
}

func (t Table) input(values ...string) types.PartitionInput {
	d := *t.StorageDescriptor
	path := ""
	for i, v := range values {
		path += aws.ToString(t.PartitionKeys[i].Name) + "=" + v + "/"
	}
	d.Location = aws.String(aws.ToString(d.Location) + path)
	return types.PartitionInput{Values: values, StorageDescriptor: &d}
}

func TestPartitionSurvivesTheStore(t *testing.T) {
	st, p := open(t)
	table := wide("id1")
	f := func(in types.PartitionInput) {
		t.Helper()
		update(t, st, func(tx *store.Tx) error { return p.Insert(tx, region, table, in, now) })
		var got types.Partition
		if err := st.View(ctx, func(tx *store.Tx) (err error) {
			got, err = p.Read(tx, Reader{Region: region, Table: table}).Get(in.Values)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		want := types.Partition{Values: in.Values, StorageDescriptor: in.StorageDescriptor, Parameters: in.Parameters, CatalogId: table.CatalogId,
			DatabaseName: table.DatabaseName, TableName: table.Name, CreationTime: &now, LastAccessTime: in.LastAccessTime}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
	f(table.input("2024-01-01", "1", "de"))
	f(types.PartitionInput{Values: []string{"bare", "1", "x"}})
	other := table.input("elsewhere", "1", "\x1f\x1e\x00ä")
	other.StorageDescriptor.Location = aws.String("s3://other/x")
	other.Parameters = map[string]string{"a": "null", "b": "0"}
	other.LastAccessTime = aws.Time(now.Add(time.Hour))
	f(other)
	same := table.input("same", "1", "x")
	same.StorageDescriptor.Location = table.StorageDescriptor.Location
	f(same)
	none := table.input("none", "1", "x")
	none.StorageDescriptor.Location = nil
	f(none)
	update(t, st, func(tx *store.Tx) error {
		if err := p.Insert(tx, region, table, table.input("2024-01-01", "1", "de"), now); !errors.Is(err, store.ErrExists) {
			t.Errorf("a second one: %v", err)
		}
		return nil
	})
}

// A partition has the columns that it was made with, whatever becomes of its table.
func TestPartitionKeepsItsSchema(t *testing.T) {
	st, p := open(t)
	table := wide("id1")
	in := table.input("2024-01-01", "1", "de")
	update(t, st, func(tx *store.Tx) error { return p.Insert(tx, region, table, in, now) })
	d := *table.StorageDescriptor
	d.Columns, d.Location = d.Columns[:2], aws.String("s3://moved/")
	table.StorageDescriptor = &d
	_ = st.View(ctx, func(tx *store.Tx) error {
		got, err := p.Read(tx, Reader{Region: region, Table: table}).Get(in.Values)
		if err != nil || !reflect.DeepEqual(got.StorageDescriptor, in.StorageDescriptor) {
			t.Errorf("%+v %v", got.StorageDescriptor, err)
		}
		return nil
	})
}

func TestReplace(t *testing.T) {
	st, p := open(t)
	table := wide("id1")
	update(t, st, func(tx *store.Tx) error {
		for _, c := range []string{"a", "b"} {
			if err := p.Insert(tx, region, table, table.input("d", "1", c), now); err != nil {
				return err
			}
		}
		return nil
	})
	f := func(from []string, to types.PartitionInput, want error, left ...string) {
		t.Helper()
		err := st.Update(ctx, func(tx *store.Tx) error { return p.Replace(tx, region, table, from, to, now.Add(time.Hour)) })
		if !errors.Is(err, want) {
			t.Errorf("%v: %v, want %v", from, err, want)
		}
		ids, _, err := p.Select(ctx, region, table, Question{Limit: 10})
		var countries []string
		for _, id := range ids {
			countries = append(countries, PartitionValues(id)[2])
		}
		if err != nil || !slices.Equal(countries, left) {
			t.Errorf("%v: %v are left, want %v: %v", from, countries, left, err)
		}
	}
	f([]string{"d", "1", "a"}, table.input("d", "1", "a"), nil, "a", "b")
	f([]string{"d", "1", "a"}, table.input("d", "1", "c"), nil, "b", "c")
	f([]string{"d", "1", "a"}, table.input("d", "1", "x"), store.ErrNotFound, "b", "c")
	f([]string{"d", "1", "b"}, table.input("d", "1", "c"), store.ErrExists, "b", "c")
	_ = st.View(ctx, func(tx *store.Tx) error {
		got, err := p.Read(tx, Reader{Region: region, Table: table}).Get([]string{"d", "1", "c"})
		if err != nil || !got.CreationTime.Equal(now) {
			t.Errorf("%v %v", got.CreationTime, err)
		}
		return nil
	})
}

func keysOf(t Table) (out []expression.Key) {
	for _, k := range t.PartitionKeys {
		out = append(out, expression.Key{Name: *k.Name, Type: *k.Type})
	}
	return out
}

// What the memory says is what the store says, whatever came and went, and however it is asked.
func TestSelectAgainstTheStore(t *testing.T) {
	st, p := open(t)
	table := wide("id1")
	r := rand.New(rand.NewSource(1))
	there := map[string]bool{}
	for round := range 60 {
		update(t, st, func(tx *store.Tx) error {
			for range r.Intn(40) {
				values := []string{fmt.Sprintf("2024-01-%02d", 1+r.Intn(9)), fmt.Sprint(r.Intn(24)), []string{"de", "fr", "it\x1f"}[r.Intn(3)]}
				id := PartitionID(values)
				if there[id] {
					if err := p.Delete(tx, region, table, values); err != nil {
						return err
					}
					delete(there, id)
				} else {
					if err := p.Insert(tx, region, table, table.input(values...), now); err != nil {
						return err
					}
					there[id] = true
				}
			}
			return nil
		})
		if round%10 == 7 {
			p.values.drop(table.ID) // read anew
		}
		source := []string{"", "day = '2024-01-03'", "hour < 5 and country = 'de'", "day > '2024-01-07' or hour in (3, 4)", "hour = 25"}[round%5]
		q := Question{Limit: 1 + r.Intn(20), Indexed: [][]int{nil, {0}, {1, 2}}[r.Intn(3)]}
		if source != "" {
			var err error
			if q.Filter, err = expression.Compile(source, keysOf(table)); err != nil {
				t.Fatal(err)
			}
		}
		q.Segments = r.Intn(3)
		var want, got []string
		for id := range there {
			match := true
			if q.Filter != nil {
				match, _ = q.Filter.Match(PartitionValues(id))
			}
			if match {
				want = append(want, id)
			}
		}
		slices.Sort(want)
		for q.Segment = 0; q.Segment < max(1, q.Segments); q.Segment++ {
			q.After = ""
			for more := true; more; {
				var ids []string
				var err error
				if ids, more, err = p.Select(ctx, region, table, q); err != nil {
					t.Fatal(err)
				}
				if len(ids) > q.Limit || more && len(ids) < q.Limit {
					t.Fatalf("%d of at most %d, more: %v", len(ids), q.Limit, more)
				}
				got = append(got, ids...)
				if len(ids) > 0 {
					q.After = ids[len(ids)-1]
				}
			}
		}
		if q.Segments > 1 {
			slices.Sort(got)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("round %d, %q: %d partitions, want %d", round, source, len(got), len(want))
		}
	}
}

func TestSelectComplainsOfValues(t *testing.T) {
	st, p := open(t)
	table := wide("id1")
	update(t, st, func(tx *store.Tx) error {
		return errors.Join(p.Insert(tx, region, table, table.input("a", "1", "x"), now), p.Insert(tx, region, table, table.input("b", "noon", "x"), now))
	})
	f := func(source string, indexed []int, want string) {
		t.Helper()
		program, err := expression.Compile(source, keysOf(table))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = p.Select(ctx, region, table, Question{Filter: program, Limit: 10, Indexed: indexed})
		if err == nil && want != "" || err != nil && err.Error() != want {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
	f("hour = 1", nil, `"noon" is not an integer.`)
	f("hour = 1", []int{1}, `"noon" is not an integer.`)
	f("day = 'a' and hour = 1", nil, "")
}

func TestCacheIsBounded(t *testing.T) {
	st, p := open(t)
	for i := range 5 {
		table := wide(fmt.Sprint("id", i))
		update(t, st, func(tx *store.Tx) error {
			for h := range 100 {
				if err := p.Insert(tx, region, table, table.input("d", fmt.Sprint(h), "x"), now); err != nil {
					return err
				}
			}
			return nil
		})
		if i == 0 {
			if _, _, err := p.Select(ctx, region, table, Question{Limit: 1}); err != nil {
				t.Fatal(err)
			}
			p.values.limit = 2 * p.values.bytes
		}
		ids, _, err := p.Select(ctx, region, table, Question{Limit: 1000})
		if err != nil || len(ids) != 100 {
			t.Fatal(len(ids), err)
		}
	}
	if len(p.values.entries) != 2 || p.values.recent.Len() != 2 || p.values.bytes > p.values.limit {
		t.Errorf("%d tables are held, %d bytes of %d", len(p.values.entries), p.values.bytes, p.values.limit)
	}
}

func TestClear(t *testing.T) {
	st, p := open(t)
	table, other := wide("id1"), wide("id2")
	update(t, st, func(tx *store.Tx) error {
		for h := range 25 {
			if err := errors.Join(p.Insert(tx, region, table, table.input("d", fmt.Sprint(h), "x"), now),
				p.Insert(tx, region, other, other.input("d", fmt.Sprint(h), "x"), now)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, want := range []int{10, 10, 6, 0} { // with the shape
		update(t, st, func(tx *store.Tx) error {
			n, err := p.Clear(tx, table.rangeOf(region), 10)
			if n != want {
				t.Errorf("%d removed, want %d", n, want)
			}
			return err
		})
	}
	for table, want := range map[*Table]int{&table: 0, &other: 25} {
		if ids, _, err := p.Select(ctx, region, *table, Question{Limit: 100}); err != nil || len(ids) != want {
			t.Errorf("%s: %d are left, %v", table.ID, len(ids), err)
		}
	}
}

// BenchmarkSelect asks a table of 200,000 partitions for 10 of them.
func BenchmarkSelect(b *testing.B) {
	st, p := open(b)
	table := wide("id1")
	day := func(i int) string { return now.AddDate(0, 0, i).Format(time.DateOnly) }
	countries := strings.Fields("at be ch cz de dk es fi fr gb")
	const days, hours = 833, 24
	began := time.Now()
	bytes := 0
	for d := range days {
		update(b, st, func(tx *store.Tx) error {
			for h := range hours {
				for _, c := range countries {
					if err := p.Insert(tx, region, table, table.input(day(d), fmt.Sprint(h), c), now); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	n := days * hours * len(countries)
	b.Logf("%d partitions made in %v", n, time.Since(began))
	began = time.Now()
	if _, _, err := p.Select(ctx, region, table, Question{Limit: 1}); err != nil {
		b.Fatal(err)
	}
	bytes = p.values.bytes
	b.Logf("loaded in %v, %d bytes each", time.Since(began), bytes/n)
	for name, indexed := range map[string][]int{"scan": nil, "index": {0}} {
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				program, err := expression.Compile(fmt.Sprintf("day = '%s' and hour = %d", day(i%days), i%hours), keysOf(table))
				if err != nil {
					b.Fatal(err)
				}
				ids, _, err := p.Select(ctx, region, table, Question{Filter: program, Limit: 1000, Indexed: indexed})
				if err != nil || len(ids) != len(countries) {
					b.Fatal(len(ids), err)
				}
				if err := st.View(ctx, func(tx *store.Tx) error {
					_, err := p.Read(tx, Reader{Region: region, Table: table}).Pick(ids)
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("after a change", func(b *testing.B) {
		program, err := expression.Compile("day = '"+day(5)+"' and hour = 5", keysOf(table))
		if err != nil {
			b.Fatal(err)
		}
		for i := 0; b.Loop(); i++ {
			update(b, st, func(tx *store.Tx) error {
				return p.Insert(tx, region, table, table.input("new", "1", fmt.Sprint(i, b.N)), now)
			})
			if _, _, err := p.Select(ctx, region, table, Question{Filter: program, Limit: 1000}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
