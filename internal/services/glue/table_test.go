package glue_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/catalog"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestTableVersions(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.database("sales")
	f.table("sales", "Orders", "id")
	update := func(version *string, skip bool, columns ...string) error {
		_, err := f.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("Sales"), TableInput: input("ORDERS", columns...), VersionId: version, SkipArchive: &skip})
		return err
	}
	f.clock.Advance(time.Minute)
	f.ok(update(nil, false, "id", "country"))
	f.ok(update(aws.String("1"), true, "id", "country", "amount"))
	f.fails("update of an old version", update(aws.String("1"), true, "x"), "ConcurrentModificationException", "Update table failed")
	got, columns := f.get(f.Client, "sales", "orders")
	if columns != "id,country,amount" || *got.VersionId != "2" || !got.UpdateTime.Equal(f.clock.Now()) || !got.CreateTime.Equal(f.clock.Now().Add(-time.Minute)) {
		t.Errorf("got %s %+v", columns, got)
	}
	versions := func() string {
		out, err := f.GetTableVersions(ctx, &glue.GetTableVersionsInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"), MaxResults: aws.Int32(1)})
		f.ok(err)
		text := ""
		for {
			for _, v := range out.TableVersions {
				text += fmt.Sprintf("%s:%s ", *v.VersionId, columnsOf(v.Table))
			}
			if out.NextToken == nil {
				return text
			}
			out, err = f.GetTableVersions(ctx, &glue.GetTableVersionsInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"), MaxResults: aws.Int32(1), NextToken: out.NextToken})
			f.ok(err)
		}
	}
	if got := versions(); got != "2:id,country,amount 0:id " {
		t.Errorf("versions: %s", got)
	}
	version := func(id *string) (string, error) {
		out, err := f.GetTableVersion(ctx, &glue.GetTableVersionInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"), VersionId: id})
		if err != nil {
			return "", err
		}
		return columnsOf(out.TableVersion.Table), nil
	}
	for id, want := range map[*string]string{nil: "id,country,amount", aws.String("0"): "id", aws.String("2"): "id,country,amount"} {
		if got, err := version(id); got != want || err != nil {
			t.Errorf("version %v: %q %v", id, got, err)
		}
	}
	for _, id := range []string{"1", "3", "-1", "x", "00"} {
		_, err := version(&id)
		f.fails("version "+id, err, "EntityNotFoundException", "Version "+id)
	}
	out, err := f.BatchDeleteTableVersion(ctx, &glue.BatchDeleteTableVersionInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"), VersionIds: []string{"0", "2", "7"}})
	f.ok(err)
	if len(out.Errors) != 2 || *out.Errors[0].ErrorDetail.ErrorCode != "InvalidInputException" || *out.Errors[1].ErrorDetail.ErrorCode != "EntityNotFoundException" {
		t.Errorf("%+v", out.Errors)
	}
	if got := versions(); got != "2:id,country,amount " {
		t.Errorf("versions: %s", got)
	}
}

func TestConcurrentUpdates(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.database("lake")
	f.table("lake", "events")
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 16 {
		wg.Go(func() {
			in := input("events")
			in.Parameters = map[string]string{"metadata_location": fmt.Sprint(i)}
			_, err := f.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("lake"), TableInput: in, VersionId: aws.String("0"), SkipArchive: aws.Bool(true)})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else {
				f.fails("commit", err, "ConcurrentModificationException", "")
			}
		})
	}
	wg.Wait()
	if got, _ := f.get(f.Client, "lake", "events"); won != 1 || *got.VersionId != "1" {
		t.Errorf("%d won, version %s", won, *got.VersionId)
	}
}

func TestDeleteTables(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.database("sales")
	for _, n := range []string{"a", "b", "c"} {
		f.table("sales", n, "id")
	}
	_, err := f.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("sales"), TableInput: input("a", "id", "x")})
	f.ok(err)
	var id string
	rows := func() (n int) {
		f.ok(f.st.View(ctx, func(tx *store.Tx) (err error) {
			n, err = f.catalog.Versions.Count(tx, catalog.Of(store.Key{Account: f.account, Region: region}, id))
			return err
		}))
		return n
	}
	f.ok(f.st.View(ctx, func(tx *store.Tx) error {
		t, err := f.catalog.Table(tx, region, f.res("sales", "a"))
		id = t.ID
		return err
	}))
	if rows() != 1 {
		t.Fatal("no version was kept")
	}
	_, err = f.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("a")})
	f.ok(err)
	for deadline := time.Now().Add(20 * time.Second); rows() != 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the versions of a dropped table stay")
		}
	}
	_, err = f.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("a")})
	f.fails("second delete", err, "EntityNotFoundException", "Table a not found.")
	out, err := f.BatchDeleteTable(ctx, &glue.BatchDeleteTableInput{DatabaseName: aws.String("sales"), TablesToDelete: []string{"b", "zz"}})
	f.ok(err)
	if len(out.Errors) != 1 || *out.Errors[0].TableName != "zz" || *out.Errors[0].ErrorDetail.ErrorCode != "EntityNotFoundException" {
		t.Errorf("%+v", out.Errors)
	}
	_, err = f.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{Name: aws.String("sales")})
	f.ok(err)
	f.database("sales")
	list, err := f.GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("sales")})
	f.ok(err)
	if len(list.TableList) != 0 {
		t.Errorf("a new database has tables: %s", names(list.TableList, func(t types.Table) *string { return t.Name }))
	}
	grants, err := f.ledger.All(ctx, func(g governance.Grant) bool { return g.Resource.Kind == governance.Table })
	if f.ok(err); len(grants) != 0 {
		t.Errorf("grants stay: %+v", grants)
	}
	var told []string
	for _, e := range f.events(9) {
		told = append(told, fmt.Sprint(detail(e)["typeOfChange"], detail(e)["changedTables"]))
	}
	want := "[CreateDatabase[] CreateTable[a] CreateTable[b] CreateTable[c] UpdateTable<nil> DeleteTable[a] BatchDeleteTable[b] DeleteDatabase[] CreateDatabase[]]"
	if fmt.Sprint(told) != want {
		t.Errorf("events %v, want %s", told, want)
	}
}

func TestListTables(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.database("sales")
	for _, n := range []string{"orders", "orders_2024", "returns", "customers"} {
		f.table("sales", n, "id")
	}
	list := func(c *glue.Client, expression string) string {
		in := &glue.GetTablesInput{DatabaseName: aws.String("sales"), MaxResults: aws.Int32(1)}
		if expression != "" {
			in.Expression = &expression
		}
		text := ""
		for {
			out, err := c.GetTables(ctx, in)
			f.ok(err)
			text += names(out.TableList, func(t types.Table) *string { return t.Name }) + " "
			if in.NextToken = out.NextToken; in.NextToken == nil {
				return text
			}
		}
	}
	for expression, want := range map[string]string{"": "customers orders orders_2024 returns ", "orders*": "orders orders_2024 ", "*ers*": "customers orders orders_2024 ",
		"Orders": "orders ", "orders.*|returns": "orders orders_2024 returns ", "[co].*s": "customers orders ", "nothing": " ", `orders_\d+`: "orders_2024 "} {
		if got := list(f.Client, expression); got != want {
			t.Errorf("%q: %q, want %q", expression, got, want)
		}
	}
	_, err := f.GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("sales"), Expression: aws.String("(")})
	f.fails("bad expression", err, "InvalidInputException", "regular expression")
	_, err = f.GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("sales"), NextToken: aws.String("x")})
	f.fails("bad token", err, "InvalidInputException", "NextToken")
	_, err = f.GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("none")})
	f.fails("no database", err, "EntityNotFoundException", "Database none not found.")
	denied := f.as(f.user("dora", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:*","Resource":"*"},
		{"Effect":"Deny","Action":"glue:GetTables","Resource":"arn:aws:glue:*:*:table/sales/orders*"}]}`))
	if got := list(denied, ""); got != "customers returns " {
		t.Errorf("IAM denies orders: %q", got)
	}
	out, err := f.GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("sales"), AttributesToGet: []types.TableAttributes{types.TableAttributesName}})
	if f.ok(err); len(out.TableList) != 4 || out.TableList[0].StorageDescriptor != nil || *out.TableList[0].Name != "customers" {
		t.Errorf("names alone: %+v", out.TableList)
	}
}

func TestGovernedTables(t *testing.T) {
	f, ctx := open(t), t.Context()
	f.govern()
	f.grant(governance.Grant{Principal: governance.PrincipalARN(f.root), Resource: governance.Resource{Kind: governance.Catalog, Catalog: f.account}, Permissions: governance.CreateDatabase})
	f.database("sales")
	f.table("sales", "orders", "id", "country", "customer")
	f.table("sales", "returns", "id")
	p := f.user("ana", all)
	ana := f.as(p)
	_, err := ana.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("sales"), Name: aws.String("orders")})
	f.fails("no grant", err, "AccessDeniedException", "Insufficient Lake Formation permission(s): Required Describe on orders")
	_, err = ana.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("sales"), Name: aws.String("none")})
	f.fails("nothing there", err, "AccessDeniedException", "Required Describe on none")
	f.grant(governance.Grant{Principal: p.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Select, Columns: &governance.Columns{Names: []string{"country", "id"}}})
	if _, columns := f.get(ana, "sales", "orders"); columns != "id,country" {
		t.Errorf("columns %s", columns)
	}
	out, err := ana.GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("sales")})
	if f.ok(err); names(out.TableList, func(t types.Table) *string { return t.Name }) != "orders" || columnsOf(&out.TableList[0]) != "id,country" {
		t.Errorf("%+v", out.TableList)
	}
	_, err = ana.UpdateTable(ctx, &glue.UpdateTableInput{DatabaseName: aws.String("sales"), TableInput: input("orders")})
	f.fails("update", err, "AccessDeniedException", "Required Alter on orders")
	_, err = ana.DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("orders")})
	f.fails("delete", err, "AccessDeniedException", "Required Drop on orders")
}
