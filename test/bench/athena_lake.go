package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamTypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	lakeTypes "github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// tpchColumns are the tables of TPC-H as the catalog writes them.
var tpchColumns = map[string]string{
	"lineitem": "l_orderkey bigint,l_partkey bigint,l_suppkey bigint,l_linenumber bigint,l_quantity decimal(15;2),l_extendedprice decimal(15;2),l_discount decimal(15;2),l_tax decimal(15;2),l_returnflag string,l_linestatus string,l_shipdate date,l_commitdate date,l_receiptdate date,l_shipinstruct string,l_shipmode string,l_comment string",
	"orders":   "o_orderkey bigint,o_custkey bigint,o_orderstatus string,o_totalprice decimal(15;2),o_orderdate date,o_orderpriority string,o_clerk string,o_shippriority int,o_comment string",
	"customer": "c_custkey bigint,c_name string,c_address string,c_nationkey int,c_phone string,c_acctbal decimal(15;2),c_mktsegment string,c_comment string",
	"part":     "p_partkey bigint,p_name string,p_mfgr string,p_brand string,p_type string,p_size int,p_container string,p_retailprice decimal(15;2),p_comment string",
	"partsupp": "ps_partkey bigint,ps_suppkey bigint,ps_availqty bigint,ps_supplycost decimal(15;2),ps_comment string",
	"supplier": "s_suppkey bigint,s_name string,s_address string,s_nationkey int,s_phone string,s_acctbal decimal(15;2),s_comment string",
	"nation":   "n_nationkey int,n_name string,n_regionkey int,n_comment string",
	"region":   "r_regionkey int,r_name string,r_comment string",
}

// filters are what the analyst sees of a table, and all but which column.
var filters = map[string][2]string{"lineitem": {"l_shipmode <> 'AIR'", "l_comment"}, "nation": {"n_nationkey >= 0", "n_comment"}}

const benchAnalyst = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["athena:*","glue:*","lakeformation:GetDataAccess"],"Resource":"*"},
	{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::results","arn:aws:s3:::results/*"]}]}`

// tpch makes the files, once.
func tpch() (string, error) {
	folder, err := filepath.Abs(".cache/tpch")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(folder, "queries.json")); err == nil {
		return folder, nil
	}
	python, err := benchPython()
	if err != nil {
		return "", err
	}
	if out, err := exec.Command(python, "test/bench/tpch.py", "make", folder).CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot make TPC-H: %w\n%s", err, out)
	}
	return folder, nil
}

// duckdbProcess runs queries in DuckDB by itself.
type duckdbProcess struct {
	c   *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startDuckDB(folder string) (*duckdbProcess, error) {
	python, err := benchPython()
	if err != nil {
		return nil, err
	}
	d := &duckdbProcess{c: exec.Command(python, "test/bench/tpch.py", "run", folder)}
	d.c.Stderr = os.Stderr
	if d.in, err = d.c.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := d.c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d.out = bufio.NewScanner(out)
	return d, d.c.Start()
}

func (d *duckdbProcess) run(n int) (time.Duration, error) {
	if _, err := fmt.Fprintln(d.in, n); err != nil {
		return 0, err
	}
	if !d.out.Scan() {
		return 0, fmt.Errorf("DuckDB has ended: %w", d.out.Err())
	}
	seconds, err := strconv.ParseFloat(d.out.Text(), 64)
	return time.Duration(seconds * float64(time.Second)), err
}

func (d *duckdbProcess) close() {
	_ = d.in.Close()
	_ = d.c.Wait()
}

// config is for clients of the server with a key.
func (s *server) config(key, secret string) aws.Config {
	return aws.Config{Region: "us-east-1", BaseEndpoint: &s.url, HTTPClient: s.client, Credentials: aws.CredentialsProviderFunc(
		func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: key, SecretAccessKey: secret}, nil
		})}
}

// makeLake puts the files into S3 and tables into the catalog, and shows an analyst a part of some.
func (s *sqlBench) makeLake(ctx context.Context, folder string) error {
	root := s.config(s.key, s.secret)
	objects := s3.NewFromConfig(root, func(o *s3.Options) { o.UsePathStyle = true })
	for _, b := range []string{"lake", "results"} {
		if _, err := objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &b}); err != nil {
			return err
		}
	}
	tables := glue.NewFromConfig(root)
	if _, err := tables.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &glueTypes.DatabaseInput{Name: aws.String("tpch")}}); err != nil {
		return err
	}
	for name, spec := range tpchColumns {
		if err := upload(ctx, objects, filepath.Join(folder, name+".parquet"), name+"/data.parquet"); err != nil {
			return err
		}
		d := &glueTypes.StorageDescriptor{Location: aws.String("s3://lake/" + name + "/"),
			SerdeInfo: &glueTypes.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe")}}
		for c := range strings.SplitSeq(spec, ",") {
			n, t, _ := strings.Cut(c, " ")
			d.Columns = append(d.Columns, glueTypes.Column{Name: &n, Type: aws.String(strings.ReplaceAll(t, ";", ","))})
		}
		if _, err := tables.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("tpch"), TableInput: &glueTypes.TableInput{Name: &name,
			TableType: aws.String("EXTERNAL_TABLE"), StorageDescriptor: d}}); err != nil {
			return err
		}
	}
	return s.govern(ctx, root)
}

func upload(ctx context.Context, objects *s3.Client, path, key string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: f})
	return err
}

// govern registers the lake and makes the analyst.
func (s *sqlBench) govern(ctx context.Context, root aws.Config) error {
	users, lake := iam.NewFromConfig(root), lakeformation.NewFromConfig(root)
	me, err := sts.NewFromConfig(root).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return err
	}
	role, err := users.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("lake"), AssumeRolePolicyDocument: aws.String(
		strings.Replace(trust, "lambda", "lakeformation", 1))})
	if err != nil {
		return err
	}
	if _, err := users.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("lake"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":["arn:aws:s3:::lake","arn:aws:s3:::lake/*"]}]}`)}); err != nil {
		return err
	}
	if _, err := lake.RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::lake"), RoleArn: role.Role.Arn}); err != nil {
		return err
	}
	admin, adminKey, err := makeUser(ctx, users, "admin", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	if err != nil {
		return err
	}
	analyst, analystKey, err := makeUser(ctx, users, "analyst", benchAnalyst)
	if err != nil {
		return err
	}
	s.admin = athenaCaller{athena.NewFromConfig(s.config(*adminKey.AccessKeyId, *adminKey.SecretAccessKey))}
	s.analyst = athenaCaller{athena.NewFromConfig(s.config(*analystKey.AccessKeyId, *analystKey.SecretAccessKey))}
	everybody := &lakeTypes.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String("IAM_ALLOWED_PRINCIPALS")}
	for name := range tpchColumns {
		table := &lakeTypes.Resource{Table: &lakeTypes.TableResource{DatabaseName: aws.String("tpch"), Name: &name}}
		shown := table
		if f, ok := filters[name]; ok {
			data := &lakeTypes.DataCellsFilter{TableCatalogId: me.Account, DatabaseName: aws.String("tpch"), TableName: &name, Name: aws.String("part"),
				RowFilter: &lakeTypes.RowFilter{FilterExpression: &f[0]}, ColumnWildcard: &lakeTypes.ColumnWildcard{ExcludedColumnNames: []string{f[1]}}}
			if _, err := lake.CreateDataCellsFilter(ctx, &lakeformation.CreateDataCellsFilterInput{TableData: data}); err != nil {
				return err
			}
			shown = &lakeTypes.Resource{DataCellsFilter: &lakeTypes.DataCellsFilterResource{TableCatalogId: me.Account, DatabaseName: aws.String("tpch"), TableName: &name, Name: data.Name}}
		}
		for who, on := range map[string]*lakeTypes.Resource{analyst: shown, admin: table} {
			if _, err := lake.GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: &lakeTypes.DataLakePrincipal{DataLakePrincipalIdentifier: &who},
				Resource: on, Permissions: []lakeTypes.Permission{lakeTypes.PermissionSelect}}); err != nil {
				return err
			}
		}
		if _, err := lake.RevokePermissions(ctx, &lakeformation.RevokePermissionsInput{Principal: everybody, Resource: table,
			Permissions: []lakeTypes.Permission{lakeTypes.PermissionAll}}); err != nil {
			return err
		}
	}
	return nil
}

func makeUser(ctx context.Context, users *iam.Client, name, policy string) (arn string, key *iamTypes.AccessKey, err error) {
	user, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
	if err != nil {
		return "", nil, err
	}
	if _, err := users.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}); err != nil {
		return "", nil, err
	}
	made, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		return "", nil, err
	}
	return *user.User.Arn, made.AccessKey, nil
}

// athenaCaller runs queries as somebody.
type athenaCaller struct{ *athena.Client }

// start runs a query to its end and gives its id. It asks every five milliseconds: more often takes the processor that the query wants.
func (c athenaCaller) start(ctx context.Context, query string) (string, error) {
	started, err := c.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{QueryString: &query,
		QueryExecutionContext: &types.QueryExecutionContext{Database: aws.String("tpch")},
		ResultConfiguration:   &types.ResultConfiguration{OutputLocation: aws.String("s3://results/")}})
	if err != nil {
		return "", err
	}
	for ; ; time.Sleep(5 * time.Millisecond) {
		e, err := c.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: started.QueryExecutionId})
		if err != nil {
			return "", err
		}
		switch st := e.QueryExecution.Status; st.State {
		case types.QueryExecutionStateSucceeded:
			return *started.QueryExecutionId, nil
		case types.QueryExecutionStateFailed, types.QueryExecutionStateCancelled:
			return "", fmt.Errorf("%s: %s", st.State, aws.ToString(st.StateChangeReason))
		}
	}
}

func (c athenaCaller) query(ctx context.Context, query string) (time.Duration, error) {
	begin := time.Now()
	_, err := c.start(ctx, query)
	return time.Since(begin), err
}

// rows counts the rows of a query's first page, without its header.
func (c athenaCaller) rows(ctx context.Context, query string) (int, error) {
	id, err := c.start(ctx, query)
	if err != nil {
		return 0, err
	}
	out, err := c.GetQueryResults(ctx, &athena.GetQueryResultsInput{QueryExecutionId: &id})
	if err != nil {
		return 0, err
	}
	return len(out.ResultSet.Rows) - 1, nil
}
