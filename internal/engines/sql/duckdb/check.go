package duckdb

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
)

// check reads a statement as the engine itself does and refuses what is not on the lists below. The dialect writes nothing
// else; this is the second wall, should the first have a hole.
func (q *query) check(ctx context.Context, text string) error {
	out, err := q.in.strings(ctx, "SELECT CAST(json_serialize_sql(CAST($1 AS VARCHAR), skip_null := true, skip_empty := true) AS VARCHAR)", text)
	if err != nil || len(out) != 1 {
		return explain(err, nil)
	}
	known := map[string]bool{}
	for _, b := range q.bound {
		known[b.ref] = true
	}
	if why := refused([]byte(out[0]), known); why != "" {
		return &sql.Error{Kind: sql.Denied, Code: "PERMISSION_DENIED", Text: "the statement is not allowed: " + why}
	}
	return nil
}

// refused walks the engine's syntax tree and says what is not allowed, "" when all is. tables are the names that FROM may
// have besides those of WITH.
func refused(tree []byte, tables map[string]bool) string {
	var doc struct {
		Error      bool
		Message    string `json:"error_message"`
		Statements []struct {
			Node json.RawMessage
		}
	}
	if err := json.Unmarshal(tree, &doc); err != nil {
		return "the syntax tree can't be read"
	}
	if doc.Error || len(doc.Statements) != 1 {
		return "not a single SELECT"
	}
	dec := json.NewDecoder(bytes.NewReader(doc.Statements[0].Node))
	dec.UseNumber()
	var node any
	if dec.Decode(&node) != nil {
		return "the syntax tree can't be read"
	}
	w := walker{tables: tables}
	w.walk(node, 0)
	return w.why
}

type walker struct {
	tables map[string]bool
	why    string
}

func (w *walker) refuse(why string) {
	if w.why == "" {
		w.why = why
	}
}

// Expressions and nodes that may stand in a statement. What is not named here is refused.
var (
	allowedClasses = words(`CONSTANT COLUMN_REF FUNCTION OPERATOR COMPARISON CONJUNCTION BETWEEN CASE CAST SUBQUERY WINDOW LAMBDA STAR TYPE`)
	allowedNodes   = words(`SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE CTE_NODE BASE_TABLE JOIN SUBQUERY EXPRESSION_LIST EMPTY
		ORDER_MODIFIER LIMIT_MODIFIER DISTINCT_MODIFIER ORDER_DEFAULT ASCENDING DESCENDING`)
	allowedFunctions = words(`+ - * / // % & | ~ << >> || ~~ !~~ like_escape not_like_escape
		abs acos any_value approx_count_distinct approx_quantile arg_max arg_max_null arg_min arg_min_null array_slice array_to_string asin atan atan2
		avg bit_and bit_count bit_or bit_xor bool_and bool_or cardinality cbrt ceil chr coalesce concat concat_ws contains corr cos cosh count
		count_if count_star covar_pop covar_samp cume_dist date_part date_sub date_trunc decode degrees dense_rank encode ends_with epoch error exp
		first_value flatten floor format from_base64 from_hex from_json generate_series greatest grouping hamming hex histogram if isfinite isinf isnan
		json json_array_length json_extract json_extract_string json_keys json_type json_valid kurtosis lag last_day last_value lead least left len
		length levenshtein list list_append list_concat list_contains list_cosine_similarity list_count list_distinct list_element list_extract
		list_filter list_has_any list_max list_min list_position list_prepend list_reduce list_reverse list_slice list_sort list_sum
		list_transform list_value ln log10 lower lpad ltrim make_timestamp make_timestamptz map map_concat map_contains map_entries map_extract
		map_extract_value map_from_entries map_keys map_values max md5 min nfc_normalize now nth_value ntile nullif octet_length percent_rank pi pow printf
		radians random range rank regexp_escape regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
		regr_intercept regr_slope replace reverse round row row_number rpad rtrim sha1 sha256 sign sin sinh skewness split_part sqrt
		starts_with stddev_pop stddev_samp strftime string_agg string_split string_split_regex strpos strptime struct_extract struct_pack
		substr substring sum tan tanh timezone to_base to_base64 to_days to_hours to_json to_microseconds to_milliseconds to_minutes
		to_months to_seconds to_years translate trim trunc try_strptime unicode unnest upper url_decode url_encode uuid var_pop
		var_samp xor`)
)

func words(s string) map[string]bool {
	m := map[string]bool{}
	for f := range strings.FieldsSeq(s) {
		m[f] = true
	}
	return m
}

const maxTree = 2000

func (w *walker) walk(v any, depth int) {
	if depth > maxTree {
		w.refuse("nested too deeply")
	}
	if w.why != "" {
		return
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			w.walk(e, depth+1)
		}
	case map[string]any:
		w.node(v)
		for _, e := range v {
			w.walk(e, depth+1)
		}
	}
}

func (w *walker) node(n map[string]any) {
	text := func(k string) string {
		s, _ := n[k].(string)
		return s
	}
	if class, ok := n["class"].(string); ok {
		if !allowedClasses[class] {
			w.refuse("expression " + class)
		}
		if class == "FUNCTION" || class == "WINDOW" {
			name := text("function_name")
			if text("schema") != "" && text("schema") != "main" || text("catalog") != "" || !allowedFunctions[name] && !strings.HasPrefix(name, "at_") {
				w.refuse("function " + name)
			}
		}
		if class == "STAR" && (n["columns"] == true || n["expr"] != nil) {
			w.refuse("expression COLUMNS")
		}
		return
	}
	kind, ok := n["type"].(string)
	if !ok || strings.HasSuffix(kind, "_TYPE_INFO") {
		return
	}
	if !allowedNodes[kind] {
		w.refuse("clause " + kind)
	}
	if kind == "BASE_TABLE" {
		name := text("table_name")
		if text("schema_name") != "" || text("catalog_name") != "" || !w.tables[name] && !isFresh(name) {
			w.refuse("table " + name)
		}
	}
}

// isFresh tells the names that the dialect gives to tables of WITH.
func isFresh(name string) bool {
	return len(name) > 1 && name[0] == 'N' && strings.Trim(name[1:], "0123456789") == ""
}
