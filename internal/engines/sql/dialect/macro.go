package dialect

import (
	"regexp"
	"strings"
)

// macros are functions in the engine's own SQL for what it has not or does otherwise. Only those that a statement uses are
// made. Their names begin with at_, which no function of the engine's does.
var macros = map[string]string{
	"at_double_text": `(x) AS CASE WHEN isnan(x) THEN 'NaN' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
		WHEN x = 0 OR (abs(x) >= 0.001 AND abs(x) < 10000000) THEN CAST(x AS VARCHAR)
		ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || at_scientific(CAST(abs(x) AS VARCHAR)) END`,
	"at_real_text": `(x) AS at_double_text(x)`,
	"at_scientific": `(s) AS CASE
		WHEN contains(s, 'e') THEN (CASE WHEN contains(split_part(s, 'e', 1), '.') THEN split_part(s, 'e', 1) ELSE split_part(s, 'e', 1) || '.0' END)
			|| 'E' || CAST(CAST(split_part(s, 'e', 2) AS INTEGER) AS VARCHAR)
		WHEN starts_with(s, '0.') THEN at_mantissa(ltrim(substr(s, 3), '0')) || 'E-' || CAST(length(s) - 1 - length(ltrim(substr(s, 3), '0')) AS VARCHAR)
		ELSE at_mantissa(rtrim(replace(CASE WHEN ends_with(s, '.0') THEN split_part(s, '.', 1) ELSE s END, '.', ''), '0'))
			|| 'E' || CAST(length(split_part(s, '.', 1)) - 1 AS VARCHAR) END`,
	"at_mantissa":   `(d) AS substr(d, 1, 1) || '.' || CASE WHEN length(d) > 1 THEN substr(d, 2) ELSE '0' END`,
	"at_split_part": `(s, d, n) AS CASE WHEN n < 1 THEN error('Index must be greater than zero') WHEN n <= len(string_split(s, d)) THEN string_split(s, d)[n] END`,
	"at_substr2":    `(s, n) AS CASE WHEN n = 0 THEN '' ELSE substr(s, n) END`,
	"at_substr3":    `(s, n, l) AS CASE WHEN n = 0 THEN '' ELSE substr(s, n, l) END`,
	"at_split_to_map": `(s, e, k) AS map_from_entries(list_transform(list_filter(string_split(s, e), lambda p : p <> ''),
		lambda p : struct_pack(key := split_part(p, k, 1), value := split_part(p, k, 2))))`,
	"at_match": `(s, p, g) AS CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END`,
	"at_ln":    `(x) AS CASE WHEN x > 0 THEN ln(x) WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN x IS NULL THEN NULL ELSE CAST('NaN' AS DOUBLE) END`,
	"at_log10": `(x) AS CASE WHEN x > 0 THEN log10(x) WHEN x = 0 THEN CAST('-Infinity' AS DOUBLE) WHEN x IS NULL THEN NULL ELSE CAST('NaN' AS DOUBLE) END`,
	"at_cbrt":  `(x) AS CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END`,
	"at_sqrt":  `(x) AS CASE WHEN x < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(x) END`,
	"at_from_base": `(s, b) AS CAST(list_sum(list_transform(range(1, length(s) + 1),
		lambda i : (strpos('0123456789abcdefghijklmnopqrstuvwxyz', lower(s[i])) - 1) * pow(b, length(s) - i))) AS BIGINT)`,
	"at_width_bucket": `(x, lo, hi, n) AS CASE WHEN x < lo THEN 0 WHEN x >= hi THEN n + 1 ELSE CAST(floor((x - lo) / (hi - lo) * n) AS BIGINT) + 1 END`,

	"at_all":               `(l) AS CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, FALSE) THEN FALSE WHEN list_count(l) < len(l) THEN NULL ELSE TRUE END`,
	"at_any":               `(l) AS CASE WHEN l IS NULL THEN NULL WHEN list_contains(l, TRUE) THEN TRUE WHEN list_count(l) < len(l) THEN NULL ELSE FALSE END`,
	"at_none":              `(l) AS NOT at_any(l)`,
	"at_distinct":          `(l) AS list_filter(l, lambda x, i : coalesce(list_position(l, x), 0) = i OR (x IS NULL AND list_count(l[1:i]) = i - 1))`,
	"at_except":            `(a, b) AS at_distinct(list_filter(a, lambda x : NOT (CASE WHEN x IS NULL THEN list_count(b) < len(b) ELSE list_contains(b, x) END)))`,
	"at_intersect":         `(a, b) AS at_distinct(list_filter(a, lambda x : CASE WHEN x IS NULL THEN list_count(b) < len(b) ELSE list_contains(b, x) END))`,
	"at_array_max":         `(l) AS CASE WHEN list_count(l) = len(l) THEN list_max(l) END`,
	"at_array_min":         `(l) AS CASE WHEN list_count(l) = len(l) THEN list_min(l) END`,
	"at_contains_sequence": `(a, b) AS len(b) = 0 OR at_any(list_transform(range(1, len(a) - len(b) + 2), lambda i : a[i:i + len(b) - 1] = b))`,
	"at_slice": `(l, s, n) AS CASE WHEN s = 0 THEN error('SQL array indices start at 1')
		WHEN s < 0 THEN CASE WHEN -s > len(l) THEN l[1:0] ELSE l[len(l) + s + 1:len(l) + s + n] END ELSE l[s:s + n - 1] END`,
	"at_sequence2": `(a, b) AS CASE WHEN a <= b THEN generate_series(CAST(a AS BIGINT), CAST(b AS BIGINT), 1) ELSE generate_series(CAST(a AS BIGINT), CAST(b AS BIGINT), -1) END`,
	"at_sequence3": `(a, b, s) AS CASE WHEN s = 0 OR (s > 0 AND a > b) OR (s < 0 AND a < b) THEN error('sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start')
		ELSE generate_series(CAST(a AS BIGINT), CAST(b AS BIGINT), CAST(s AS BIGINT)) END`,
	"at_shuffle":    `(l) AS list_transform(list_sort(list_transform(l, lambda x : struct_pack(r := random(), v := x))), lambda p : p.v)`,
	"at_map_dedupe": `(l) AS map_from_entries(list_filter(l, lambda e, i : e.key IS NOT NULL AND list_position(list_transform(l, lambda f : f.key), e.key) = i))`,
	"at_multimap": `(l) AS map_from_entries(list_transform(list_distinct(list_transform(l, lambda e : e.key)),
		lambda k : struct_pack(key := k, value := list_transform(list_filter(l, lambda e : e.key = k), lambda e : e.value))))`,

	"at_json_or_null":      `(s) AS CASE WHEN json_valid(s) THEN CAST(s AS JSON) END`,
	"at_json_scalar":       `(j, p) AS CASE WHEN json_type(j, p) IN ('OBJECT', 'ARRAY', 'NULL') THEN NULL ELSE json_extract_string(j, p) END`,
	"at_json_array_length": `(j) AS CASE WHEN json_type(j) = 'ARRAY' THEN CAST(json_array_length(j) AS BIGINT) END`,
	"at_json_array_get":    `(j, n) AS CASE WHEN json_type(j) = 'ARRAY' THEN CAST(j AS JSON[])[CASE WHEN n < 0 THEN n ELSE n + 1 END] END`,
	"at_json_size":         `(j) AS CASE json_type(j) WHEN 'ARRAY' THEN CAST(json_array_length(j) AS BIGINT) WHEN 'OBJECT' THEN len(json_keys(j)) WHEN NULL THEN NULL ELSE 0 END`,
}

var macroName = regexp.MustCompile(`\bat_[a-z0-9_]+\(`)

// Macros are the statements that make the macros which the engine's text uses, in an order that works.
func Macros(sql string) []string {
	var out []string
	done := map[string]bool{}
	var need func(sql string)
	need = func(sql string) {
		for _, m := range macroName.FindAllString(sql, -1) {
			n := strings.TrimSuffix(m, "(")
			body, ok := macros[n]
			if !ok || done[n] {
				continue
			}
			done[n] = true
			need(body)
			out = append(out, "CREATE OR REPLACE TEMP MACRO "+n+body)
		}
	}
	need(sql)
	return out
}

// Volatile tells whether the engine's text may give something else the next time.
func Volatile(sql string) bool {
	for _, m := range append(Macros(sql), sql) {
		for _, f := range []string{"now()", "random()", "uuid()"} {
			if strings.Contains(m, f) {
				return true
			}
		}
	}
	return false
}
