package athena

import (
	"context"
	"errors"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// session is one query at work. All that it does it does as the caller, but for what is read beneath a view that has a definer:
// that is read by a session of the definer's.
type session struct {
	*Service
	e     *execution
	files *lake.Reader
	glue  *glue.Client
	s3    *s3.Client

	reads  map[string]string // see mark
	target *sql.Table        // see rowChange
}

func (s *Service) session(e *execution) *session { return s.sessionOf(e, e.Caller) }

func (s *Service) sessionOf(e *execution, as authz.Principal) *session {
	cfg := s.Clients(as, e.Region)
	return &session{Service: s, e: e, glue: glue.NewFromConfig(cfg, once), s3: lake.Client(cfg),
		files: &lake.Reader{Lake: s.Lake, As: as, Region: e.Region, Session: "AWSLF-00-AT-" + e.Caller.Account + "-"}}
}

// catalogID is Glue's id of a catalog that a statement names, or of the query's own.
func (q *session) catalogID(ctx context.Context, name string) (*string, error) {
	if name == "" && q.e.QueryExecutionContext != nil {
		name = aws.ToString(q.e.QueryExecutionContext.Catalog)
	}
	id, err := q.glueCatalog(ctx, q.e.Caller.Account, q.e.Region, name)
	if isInvalid(err) {
		err = failure(userError, "CATALOG_NOT_FOUND: Catalog '%s' does not exist", name)
	}
	return &id, err
}

// database is the name of a database that a statement means: "" is the query's own, and "default" without one.
func (q *session) database(name string) string {
	if name == "" && q.e.QueryExecutionContext != nil {
		name = strings.ToLower(strings.Trim(aws.ToString(q.e.QueryExecutionContext.Database), "`\""))
	}
	if name == "" {
		return "default"
	}
	return name
}

// at is the catalog and the database that a table's name means.
func (q *session) at(ctx context.Context, n statement.Name) (id *string, database *string, err error) {
	id, err = q.catalogID(ctx, n.Catalog)
	return id, aws.String(q.database(n.Database)), err
}

// table reads a table, or fails in the words of Hive.
func (q *session) table(ctx context.Context, n statement.Name) (*glueTypes.Table, error) {
	id, database, err := q.at(ctx, n)
	if err != nil {
		return nil, err
	}
	out, err := q.glue.GetTable(ctx, &glue.GetTableInput{CatalogId: id, DatabaseName: database, Name: aws.String(n.Name)})
	if isMissing(err) {
		return nil, ddlFault("SemanticException [Error 10001]: Table not found %s.%s", *database, n.Name)
	}
	if err != nil {
		return nil, glueFault(err)
	}
	return out.Table, nil
}

func isMissing(err error) bool {
	var e *glueTypes.EntityNotFoundException
	return errors.As(err, &e)
}

func isTaken(err error) bool {
	var e *glueTypes.AlreadyExistsException
	return errors.As(err, &e)
}

// glueFault is Glue's refusal in the words of a statement that defines something.
func glueFault(err error) error {
	var e smithy.APIError
	if err == nil || !errors.As(err, &e) || e.ErrorCode() == "InternalFailure" {
		return err
	}
	kind := catalogError
	if strings.HasPrefix(e.ErrorCode(), "AccessDenied") {
		kind = accessDenied
	}
	return &fault{category: ofUser, kind: kind, message: "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. " +
		e.ErrorCode() + ": " + e.ErrorMessage()}
}

// said tells a truth of Athena's result: a column of text.
func said(names ...string) []types.ColumnInfo {
	out := make([]types.ColumnInfo, len(names))
	for i, n := range names {
		out[i] = types.ColumnInfo{CatalogName: aws.String("hive"), SchemaName: aws.String(""), TableName: aws.String(""), Name: aws.String(n),
			Label: aws.String(n), Type: aws.String("string"), Precision: 0, Scale: 0, Nullable: types.ColumnNullableUnknown}
	}
	return out
}
