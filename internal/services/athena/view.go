package athena

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// view is what the catalog keeps of a view.
type view struct {
	SQL     string       `json:"originalSql"`
	Catalog string       `json:"catalog"`
	Schema  string       `json:"schema"`
	Columns []viewColumn `json:"columns"`
}

type viewColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

const (
	viewBegins = "/* Presto View: "
	viewEnds   = " */"
)

// viewOf reads the view that a table of the catalog is.
func viewOf(t *glueTypes.Table) (v view, err error) {
	text := aws.ToString(t.ViewOriginalText)
	coded, ok := strings.CutPrefix(text, viewBegins)
	if ok {
		coded, ok = strings.CutSuffix(strings.TrimSpace(coded), strings.TrimSpace(viewEnds))
	}
	body, err := base64.StdEncoding.DecodeString(strings.TrimSpace(coded))
	if !ok || err != nil || json.Unmarshal(body, &v) != nil || v.SQL == "" {
		return v, failure(userError, "INVALID_VIEW: View '%s.%s' is not a view of Athena", aws.ToString(t.DatabaseName), aws.ToString(t.Name))
	}
	return v, nil
}

// viewText writes a view as the catalog keeps it.
func viewText(v view) (string, error) {
	body, err := json.Marshal(v)
	return viewBegins + base64.StdEncoding.EncodeToString(body) + viewEnds, err
}
