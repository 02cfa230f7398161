package dialect

import (
	"maps"
	"slices"
	"strings"
)

// Source: https://trino.io/docs/current/functions/conditional.html, session.html, uuid.html
func otherFunctions() map[string]function {
	return map[string]function{
		"if":              {args: "bool,any,any?", gen: ifOf},
		"coalesce":        {args: "any,any*", gen: coalesce},
		"nullif":          {args: "any,any", sql: "nullif($1, $2)", ret: "=1"},
		"try":             {args: "any", gen: tryOf},
		"typeof":          {args: "any", gen: typeOf},
		"grouping":        {args: "any,any*", sql: "CAST(grouping($*) AS INTEGER)", ret: Integer, agg: true},
		"uuid":            {sql: "uuid()", ret: UUID},
		"current_user":    {gen: func(t *translator, _ *call, _ []val) val { return val{text(t.o.User), basic(Varchar)} }},
		"current_catalog": {gen: func(t *translator, _ *call, _ []val) val { return val{text(t.o.Catalog), basic(Varchar)} }},
		"current_schema":  {gen: func(t *translator, _ *call, _ []val) val { return val{text(t.o.Database), basic(Varchar)} }},
		"version":         {sql: "'3'", ret: Varchar},
	}
}

func ifOf(t *translator, c *call, a []val) val {
	els := val{"NULL", basic(Unknown)}
	if len(a) == 3 {
		els = a[2]
		t.comparable(c.Pos, "IF", a[1].t, a[2].t)
	}
	return val{"(CASE WHEN " + a[0].sql + " THEN " + a[1].sql + " ELSE " + els.sql + " END)", unify(a[1].t, els.t)}
}

func coalesce(t *translator, c *call, a []val) val {
	for i, v := range a {
		t.comparable(c.args[i].at(), "COALESCE", a[0].t, v.t)
	}
	return val{"coalesce(" + t.fill(c, "$*", a) + ")", result("all", a)}
}

// tryOf catches what the engine raises; what we would raise was translated as NULL already.
func tryOf(_ *translator, _ *call, a []val) val {
	if strings.Contains(a[0].sql, "random()") || strings.Contains(a[0].sql, "error(") {
		return a[0]
	}
	return val{"TRY(" + a[0].sql + ")", a[0].t}
}

func typeOf(t *translator, c *call, a []val) val {
	if a[0].t == nil {
		t.fail(NotSupported, c.Pos, "the type is not known before the query runs")
	}
	name := text(a[0].t.String()) // the argument stays, as it may be an aggregate
	return val{"(CASE WHEN (" + a[0].sql + ") IS NULL THEN " + name + " ELSE " + name + " END)", basic(Varchar)}
}

// Unsupported gives the names of functions of Trino's that are known and not done, and why, in order.
func Unsupported() [][2]string {
	var out [][2]string
	for _, n := range slices.Sorted(maps.Keys(unsupported)) {
		out = append(out, [2]string{n, unsupported[n]})
	}
	return out
}

// unsupported names functions of Trino's that are known and not done, and why.
var unsupported = map[string]string{
	"approx_most_frequent":   "no sketch of it in the engine",
	"approx_set":             "HyperLogLog sketches are not supported",
	"merge":                  "sketches are not supported",
	"empty_approx_set":       "HyperLogLog sketches are not supported",
	"qdigest_agg":            "quantile digests are not supported",
	"tdigest_agg":            "t-digests are not supported",
	"numeric_histogram":      "no such aggregate in the engine",
	"checksum":               "its value depends on Trino's internal hash",
	"reduce_agg":             "aggregates by lambda are not supported",
	"map_union":              "no such aggregate in the engine",
	"combinations":           "no such function in the engine",
	"ngrams":                 "no such function in the engine",
	"map_zip_with":           "no such function in the engine",
	"multimap_from_entries":  "no such function in the engine",
	"split_to_multimap":      "no such function in the engine",
	"word_stem":              "no stemmer",
	"soundex":                "no such function in the engine",
	"luhn_check":             "no such function in the engine",
	"regexp_position":        "no such function in the engine",
	"parse_duration":         "no such function in the engine",
	"parse_data_size":        "no such function in the engine",
	"human_readable_seconds": "no such function in the engine",
	"timezone_hour":          "a time zone is not kept with a value",
	"timezone_minute":        "a time zone is not kept with a value",
	"current_time":           "TIME WITH TIME ZONE is not supported",
	"sha512":                 "no such function in the engine",
	"xxhash64":               "no such function in the engine",
	"murmur3":                "no such function in the engine",
	"spooky_hash_v2_64":      "no such function in the engine",
	"crc32":                  "no such function in the engine",
	"hmac_md5":               "no such function in the engine",
	"hmac_sha1":              "no such function in the engine",
	"hmac_sha256":            "no such function in the engine",
	"hmac_sha512":            "no such function in the engine",
	"normal_cdf":             "no such function in the engine",
	"inverse_normal_cdf":     "no such function in the engine",
	"beta_cdf":               "no such function in the engine",
	"inverse_beta_cdf":       "no such function in the engine",
	"wilson_interval_lower":  "no such function in the engine",
	"wilson_interval_upper":  "no such function in the engine",
	"st_point":               "geospatial functions are not supported",
	"st_geometryfromtext":    "geospatial functions are not supported",
	"st_contains":            "geospatial functions are not supported",
	"st_distance":            "geospatial functions are not supported",
	"bing_tile":              "geospatial functions are not supported",
	"transform_keys_by":      "no such function in the engine",
}
