package permissions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/smithy-go"
)

func TestWhoMayDoWhat(t *testing.T) {
	if len(questions) < 120 {
		t.Fatalf("only %d questions", len(questions))
	}
	w := newWorld(t)
	for i, q := range questions {
		name := strings.Join(append(slices.Clone(q.steps), q.who+" "+q.call), "; ")
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			p, err := w.place(ctx, fmt.Sprintf("q%d", i))
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range q.steps {
				if err := p.step(ctx, s); err != nil {
					t.Fatalf("%s: %v", s, err)
				}
			}
			defer p.clear(ctx, t, q.steps)
			got, err := p.call(ctx, w.who[q.who], q.call)
			if answer := answer(got, err); answer != q.want {
				t.Errorf("got %q (%v), want %q", answer, err, q.want)
			}
		})
	}
}

// clear takes back what holds beyond the question's own database.
func (p *place) clear(ctx context.Context, t *testing.T, steps []string) {
	for _, s := range steps {
		if words := strings.Fields(s); strings.Contains(s, "tag:") || words[len(words)-1] == "catalog" || words[len(words)-1] == "location" {
			if err := p.step(ctx, "-"+strings.TrimPrefix(s, "-")); err != nil && !strings.HasPrefix(s, "-") && !slices.Contains(steps, "-"+s) {
				t.Errorf("-%s: %v", s, err)
			}
		}
	}
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// answer is the outcome in the words of the table.
func answer(got string, err error) string {
	switch code(err) {
	case "":
		if err != nil {
			return err.Error()
		}
		return got
	case "AccessDeniedException", "PermissionTypeMismatchException":
		return "denied"
	case "EntityNotFoundException":
		return "missing"
	}
	return code(err)
}

// ok is the answer of what shows nothing.
func ok(err error) (string, error) { return "ok", err }

// call does what the question asks, as the one who asks it.
func (p *place) call(ctx context.Context, who harness.Caller, call string) (string, error) {
	words := strings.Fields(call)
	g, owner := data(who), aws.String(p.who["admin"].Account)
	name := ""
	if len(words) > 1 {
		name = words[1]
	}
	switch words[0] {
	case "GetTable":
		out, err := g.GetTable(ctx, &glue.GetTableInput{CatalogId: owner, DatabaseName: &p.db, Name: &name})
		if err != nil {
			return "", err
		}
		return columns(out.Table.StorageDescriptor), nil
	case "Columns": // as listed, not as asked for one by one
		out, err := g.GetTables(ctx, &glue.GetTablesInput{CatalogId: owner, DatabaseName: &p.db, Expression: &name})
		if err != nil || len(out.TableList) != 1 {
			return "", err
		}
		return columns(out.TableList[0].StorageDescriptor), nil
	case "GetTables":
		out, err := g.GetTables(ctx, &glue.GetTablesInput{CatalogId: owner, DatabaseName: &p.db})
		if err != nil {
			return "", err
		}
		return p.names(out.TableList), nil
	case "SearchTables", "Search":
		in := &glue.SearchTablesInput{CatalogId: owner, MaxResults: aws.Int32(1000)}
		if name != "" {
			in.SearchText = &name
		}
		out, err := g.SearchTables(ctx, in)
		if err != nil {
			return "", err
		}
		return p.names(out.TableList), nil
	case "GetDatabase":
		_, err := g.GetDatabase(ctx, &glue.GetDatabaseInput{CatalogId: owner, Name: &p.db})
		return ok(err)
	case "UpdateDatabase":
		_, err := g.UpdateDatabase(ctx, &glue.UpdateDatabaseInput{CatalogId: owner, Name: &p.db, DatabaseInput: &gluetypes.DatabaseInput{Name: &p.db}})
		return ok(err)
	case "DeleteDatabase":
		_, err := g.DeleteDatabase(ctx, &glue.DeleteDatabaseInput{CatalogId: owner, Name: &p.db})
		return ok(err)
	case "CreateDatabase":
		made := p.db + "more"
		_, err := g.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: &made}})
		return ok(err)
	case "UpdateTable":
		_, err := g.UpdateTable(ctx, &glue.UpdateTableInput{CatalogId: owner, DatabaseName: &p.db, TableInput: &gluetypes.TableInput{Name: &name,
			PartitionKeys: columnsOf([]string{"day"}), StorageDescriptor: descriptor("s3://governed/lake/"+p.db+"/orders/", "order_id")}})
		return ok(err)
	case "DeleteTable":
		_, err := g.DeleteTable(ctx, &glue.DeleteTableInput{CatalogId: owner, DatabaseName: &p.db, Name: &name})
		return ok(err)
	case "GetPartitions":
		out, err := g.GetPartitions(ctx, &glue.GetPartitionsInput{CatalogId: owner, DatabaseName: &p.db, TableName: &name})
		if err != nil {
			return "", err
		}
		return fmt.Sprint(len(out.Partitions)), nil
	case "Credentials":
		arn := "arn:aws:glue:" + harness.Region + ":" + *owner + ":table/" + p.db + "/" + name
		_, err := lake(who).GetTemporaryGlueTableCredentials(ctx, &lakeformation.GetTemporaryGlueTableCredentialsInput{TableArn: &arn,
			Permissions: []types.Permission{types.PermissionSelect}, SupportedPermissionTypes: []types.PermissionType{types.PermissionTypeColumnPermission}})
		return ok(err)
	case "Rows":
		return p.rows(ctx, g, name)
	case "Grant":
		return ok(p.grant(ctx, p.nameOf(who), name, words[2], false, false, words[3]))
	}
	return p.create(ctx, who, words[0])
}

// create makes tables, and does more with them.
func (p *place) create(ctx context.Context, who harness.Caller, call string) (string, error) {
	by, where := p.nameOf(who), "s3://elsewhere/"
	if call == "CreateRegistered" {
		where = "s3://governed/lake/" + p.db + "/made/"
	}
	if err := p.makeTable(ctx, by, "made", where, nil, "a"); err != nil {
		return "", err
	}
	switch call {
	case "CreateTable", "CreateRegistered":
		return "ok", nil
	case "CreateThenGet":
		_, err := data(who).GetTable(ctx, &glue.GetTableInput{DatabaseName: &p.db, Name: aws.String("made")})
		return ok(err)
	case "CreateThenDelete":
		_, err := data(who).DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: &p.db, Name: aws.String("made")})
		return ok(err)
	case "CreateThenGrant":
		return ok(p.grant(ctx, by, "bob", "SELECT", false, false, "made"))
	}
	return "", fmt.Errorf("nobody knows how to %s", call)
}

// rows is the row filter that an engine has to apply for the caller.
func (p *place) rows(ctx context.Context, g *glue.Client, table string) (string, error) {
	out, err := g.GetUnfilteredTableMetadata(ctx, &glue.GetUnfilteredTableMetadataInput{CatalogId: aws.String(p.who["admin"].Account), DatabaseName: &p.db,
		Name: &table, SupportedPermissionTypes: []gluetypes.PermissionType{gluetypes.PermissionTypeColumnPermission, gluetypes.PermissionTypeCellFilterPermission}})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.RowFilter), nil
}

func (p *place) nameOf(who harness.Caller) string {
	for name, c := range p.who {
		if c == who {
			return name
		}
	}
	return ""
}

func columns(d *gluetypes.StorageDescriptor) string {
	var names []string
	for _, c := range d.Columns {
		names = append(names, *c.Name)
	}
	return strings.Join(names, " ")
}

// names are those of the tables in the question's own database, in order.
func (p *place) names(list []gluetypes.Table) string {
	var names []string
	for _, t := range list {
		if *t.DatabaseName == p.db {
			names = append(names, *t.Name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}
