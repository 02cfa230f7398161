package permissions

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	ramtypes "github.com/aws/aws-sdk-go-v2/service/ram/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

const (
	bucket   = "governed"
	location = "arn:aws:s3:::" + bucket + "/lake"
	// mayAsk is what IAM lets most of them do: whatever keeps them out is Lake Formation.
	mayAsk = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*","lakeformation:*","ram:*"],"Resource":"*"}]}`
)

// world is one server with all who ask.
type world struct {
	server *harness.Server
	who    map[string]harness.Caller
	roles  map[string]string // ARNs
}

func lake(c harness.Caller) *lakeformation.Client { return lakeformation.NewFromConfig(c.Config()) }
func data(c harness.Caller) *glue.Client          { return glue.NewFromConfig(c.Config()) }

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{server: harness.Start(t), who: map[string]harness.Caller{}, roles: map[string]string{}}
	w.who["admin"] = harness.Must(w.server.Account(ctx, "producer"))(t)
	w.who["mona"] = harness.Must(w.server.Account(ctx, "middle"))(t)
	w.who["cora"] = harness.Must(w.server.Account(ctx, "consumer"))(t)
	for name, admin := range map[string]string{"ann": "admin", "bob": "admin", "rita": "admin", "mike": "mona"} {
		w.who[name] = harness.Must(w.server.User(ctx, w.who[admin], name, mayAsk))(t)
	}
	w.who["nora"] = harness.Must(w.server.User(ctx, w.who["admin"], "nora", ""))(t)
	admin := w.who["admin"]
	w.engine(t, "rob", admin)
	w.engine(t, "mia", w.who["mona"])
	if _, err := admin.S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	keeper := makeRole(t, admin, "keeper", `{"Service":"lakeformation.amazonaws.com"}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::governed","arn:aws:s3:::governed/*"]}]}`)
	for _, name := range []string{"admin", "mona", "cora"} {
		who := w.who[name]
		settings := &types.DataLakeSettings{DataLakeAdmins: []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &who.ARN}},
			CreateDatabaseDefaultPermissions: []types.PrincipalPermissions{}, CreateTableDefaultPermissions: []types.PrincipalPermissions{},
			AllowFullTableExternalDataAccess: aws.Bool(true)}
		if name == "admin" {
			settings.AllowExternalDataFiltering, settings.AuthorizedSessionTagValueList = aws.Bool(true), []string{"engine"}
			settings.ExternalDataFilteringAllowList = []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &admin.Account},
				{DataLakePrincipalIdentifier: aws.String(w.who["mona"].Account)}}
			settings.ReadOnlyAdmins = []types.DataLakePrincipal{{DataLakePrincipalIdentifier: aws.String(w.who["rita"].ARN)}}
		}
		if _, err := lake(who).PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: settings}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lake(admin).RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: aws.String(location), RoleArn: &keeper}); err != nil {
		t.Fatal(err)
	}
	// That who makes databases is for IAM to say is what every account begins with.
	if _, err := lake(admin).RevokePermissions(ctx, &lakeformation.RevokePermissionsInput{Principal: principal("IAM_ALLOWED_PRINCIPALS"),
		Resource: &types.Resource{Catalog: &types.CatalogResource{}}, Permissions: []types.Permission{types.PermissionCreateDatabase}}); err != nil {
		t.Fatal(err)
	}
	if _, err := lake(admin).CreateLFTag(ctx, &lakeformation.CreateLFTagInput{TagKey: aws.String("level"), TagValues: []string{"open", "secret"}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// engine makes a role and a session of it that says it filters rows by itself.
func (w *world) engine(t *testing.T, name string, owner harness.Caller) {
	t.Helper()
	role := makeRole(t, owner, name, `{"AWS":"`+owner.ARN+`"}`, mayAsk)
	out, err := owner.STS().AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("session"),
		Tags: []ststypes.Tag{{Key: aws.String("LakeFormationAuthorizedCaller"), Value: aws.String("engine")}}})
	if err != nil {
		t.Fatal(err)
	}
	w.roles[name] = role
	w.who[name] = w.server.Caller(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
}

func makeRole(t *testing.T, owner harness.Caller, name, principal, policy string) string {
	t.Helper()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":["sts:AssumeRole","sts:TagSession"]}]}`
	made, err := owner.IAM().CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := owner.IAM().PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	return *made.Role.Arn
}

func principal(arn string) *types.DataLakePrincipal {
	return &types.DataLakePrincipal{DataLakePrincipalIdentifier: &arn}
}

// place is one database, for one question.
type place struct {
	*world
	db string
}

func (w *world) place(ctx context.Context, db string) (*place, error) {
	p := &place{w, db}
	if _, err := data(w.who["admin"]).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: &db}}); err != nil {
		return nil, err
	}
	if err := p.makeOrders(ctx); err != nil {
		return nil, err
	}
	return p, p.makeTable(ctx, "admin", "items", "s3://governed/lake/"+db+"/items/", nil, "item_id", "price")
}

func (p *place) makeOrders(ctx context.Context) error {
	where := "s3://governed/lake/" + p.db + "/orders/"
	if err := p.makeTable(ctx, "admin", "orders", where, []string{"day"}, "order_id", "customer_id", "country"); err != nil {
		return err
	}
	_, err := data(p.who["admin"]).CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: &p.db, TableName: aws.String("orders"),
		PartitionInput: &gluetypes.PartitionInput{Values: []string{"1"}, StorageDescriptor: descriptor(where+"day=1/", "order_id", "customer_id", "country")}})
	return err
}

func descriptor(location string, columns ...string) *gluetypes.StorageDescriptor {
	return &gluetypes.StorageDescriptor{Location: &location, Columns: columnsOf(columns),
		SerdeInfo: &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.serde2.OpenCSVSerde")}}
}

func columnsOf(names []string) (out []gluetypes.Column) {
	for _, n := range names {
		out = append(out, gluetypes.Column{Name: aws.String(n), Type: aws.String("string")})
	}
	return out
}

func (p *place) makeTable(ctx context.Context, by, name, location string, keys []string, columns ...string) error {
	_, err := data(p.who[by]).CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &p.db, TableInput: &gluetypes.TableInput{Name: &name,
		PartitionKeys: columnsOf(keys), StorageDescriptor: descriptor(location, columns...)}})
	return err
}

// arn is who a step names.
func (p *place) arn(name string) string {
	switch name {
	case "M":
		return p.who["mona"].Account
	case "C":
		return p.who["cora"].Account
	case "rob", "mia":
		return p.roles[name]
	case "everyone":
		return p.who["admin"].Account + ":IAMPrincipals"
	case "IAM":
		return "IAM_ALLOWED_PRINCIPALS"
	}
	return p.who[name].ARN
}

// resource reads what a step names.
func (p *place) resource(ctx context.Context, s string) (*types.Resource, error) {
	owner := aws.String(p.who["admin"].Account)
	kind, expression, tagged := strings.Cut(s, ":")
	switch {
	case s == "catalog":
		return &types.Resource{Catalog: &types.CatalogResource{}}, nil
	case s == "db":
		return &types.Resource{Database: &types.DatabaseResource{CatalogId: owner, Name: &p.db}}, nil
	case s == "location":
		return &types.Resource{DataLocation: &types.DataLocationResource{CatalogId: owner, ResourceArn: aws.String(location)}}, nil
	case s == "*":
		return &types.Resource{Table: &types.TableResource{CatalogId: owner, DatabaseName: &p.db, TableWildcard: &types.TableWildcard{}}}, nil
	case tagged:
		r := &types.LFTagPolicyResource{CatalogId: owner, ResourceType: types.ResourceTypeTable}
		if kind == "dbtag" {
			r.ResourceType = types.ResourceTypeDatabase
		}
		key, value, _ := strings.Cut(expression, "=")
		r.Expression = []types.LFTag{{TagKey: &key, TagValues: []string{value}}}
		return &types.Resource{LFTagPolicy: r}, nil
	}
	if name, filter, ok := strings.Cut(strings.TrimSuffix(s, "]"), "["); ok {
		return &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: owner, DatabaseName: &p.db, TableName: &name, Name: &filter}},
			p.filter(ctx, name, filter)
	}
	name, list, ok := strings.Cut(strings.TrimSuffix(s, ")"), "(")
	if !ok {
		return &types.Resource{Table: &types.TableResource{CatalogId: owner, DatabaseName: &p.db, Name: &name}}, nil
	}
	r := &types.TableWithColumnsResource{CatalogId: owner, DatabaseName: &p.db, Name: &name}
	if out, excludes := strings.CutPrefix(list, "-"); excludes {
		r.ColumnWildcard = &types.ColumnWildcard{ExcludedColumnNames: strings.Split(out, ",")}
	} else {
		r.ColumnNames = strings.Split(list, ",")
	}
	return &types.Resource{TableWithColumns: r}, nil
}

// filter makes a data cells filter unless it is there.
func (p *place) filter(ctx context.Context, table, name string) error {
	f := &types.DataCellsFilter{TableCatalogId: aws.String(p.who["admin"].Account), DatabaseName: &p.db, TableName: &table, Name: &name,
		ColumnWildcard: &types.ColumnWildcard{}, RowFilter: &types.RowFilter{AllRowsWildcard: &types.AllRowsWildcard{}}}
	if name != "few" {
		f.RowFilter = &types.RowFilter{FilterExpression: aws.String("country='UK'")}
	}
	if name != "uk" {
		f.ColumnWildcard, f.ColumnNames = nil, []string{"order_id", "country"}
	}
	_, err := lake(p.who["admin"]).CreateDataCellsFilter(ctx, &lakeformation.CreateDataCellsFilterInput{TableData: f})
	if code(err) == "AlreadyExistsException" {
		return nil
	}
	return err
}

// step does one step.
func (p *place) step(ctx context.Context, s string) error {
	words := strings.Fields(s)
	admin := p.who["admin"]
	switch words[0] {
	case "iam":
		return p.step(ctx, "IAM ALL "+words[1])
	case "drop", "again":
		_, err := data(admin).DeleteTable(ctx, &glue.DeleteTableInput{DatabaseName: &p.db, Name: &words[1]})
		if err != nil || words[0] == "drop" {
			return err
		}
		return p.makeOrders(ctx)
	case "tag":
		r, err := p.resource(ctx, words[1])
		if err != nil {
			return err
		}
		key, value, _ := strings.Cut(words[2], "=")
		out, err := lake(admin).AddLFTagsToResource(ctx, &lakeformation.AddLFTagsToResourceInput{Resource: r,
			LFTags: []types.LFTagPair{{TagKey: &key, TagValues: []string{value}}}})
		if err == nil && len(out.Failures) > 0 {
			err = fmt.Errorf("%s", aws.ToString(out.Failures[0].Error.ErrorMessage))
		}
		return err
	}
	name, revoke := strings.CutPrefix(words[0], "-")
	by := "admin"
	if b, n, ok := strings.Cut(name, ":"); ok {
		by, name = b, n
	}
	list, pass := strings.CutSuffix(words[1], "+")
	return p.grant(ctx, by, name, list, pass, revoke, words[2])
}

func (p *place) grant(ctx context.Context, by, to, list string, pass, revoke bool, on string) error {
	r, err := p.resource(ctx, on)
	if err != nil {
		return err
	}
	var permissions, grantable []types.Permission
	for _, name := range strings.Split(list, ",") {
		permissions = append(permissions, types.Permission(name))
	}
	if pass {
		grantable = permissions
	}
	if revoke {
		_, err = lake(p.who[by]).RevokePermissions(ctx, &lakeformation.RevokePermissionsInput{Principal: principal(p.arn(to)), Resource: r,
			Permissions: permissions, PermissionsWithGrantOption: grantable})
		return err
	}
	if _, err = lake(p.who[by]).GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: principal(p.arn(to)), Resource: r,
		Permissions: permissions, PermissionsWithGrantOption: grantable}); err != nil {
		return err
	}
	return p.accept(ctx, "mona") // cora never does
}

// accept takes all invitations.
func (p *place) accept(ctx context.Context, name string) error {
	shares := ram.NewFromConfig(p.who[name].Config())
	list, err := shares.GetResourceShareInvitations(ctx, &ram.GetResourceShareInvitationsInput{})
	if err != nil {
		return err
	}
	for _, i := range list.ResourceShareInvitations {
		if i.Status == ramtypes.ResourceShareInvitationStatusPending {
			if _, err := shares.AcceptResourceShareInvitation(ctx,
				&ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn}); err != nil {
				return err
			}
		}
	}
	return nil
}
