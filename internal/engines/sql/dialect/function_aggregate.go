package dialect

// Source: https://trino.io/docs/current/functions/aggregate.html
func aggregates() map[string]function {
	return map[string]function{
		"count":             {args: "any?", gen: countOfRows, agg: true},
		"count_if":          {args: "bool", sql: "CAST(count_if($d$1)$w AS BIGINT)", ret: BigInt, agg: true},
		"sum":               {args: "number|interval", gen: sum, agg: true},
		"avg":               {args: "number|interval", gen: avg, agg: true},
		"min":               {args: "any,int?", gen: minMax("min"), agg: true},
		"max":               {args: "any,int?", gen: minMax("max"), agg: true},
		"min_by":            {args: "any,any,int?", gen: minMax("arg_min_null"), agg: true},
		"max_by":            {args: "any,any,int?", gen: minMax("arg_max_null"), agg: true},
		"any_value":         {args: "any", sql: "any_value($1$o)$w", ret: "=1", agg: true},
		"arbitrary":         {args: "any", sql: "any_value($1$o)$w", ret: "=1", agg: true},
		"bool_and":          {args: "bool", sql: "bool_and($1)$w", ret: Boolean, agg: true},
		"every":             {args: "bool", sql: "bool_and($1)$w", ret: Boolean, agg: true},
		"bool_or":           {args: "bool", sql: "bool_or($1)$w", ret: Boolean, agg: true},
		"array_agg":         {args: "any", sql: "list($d$1$o)$w", ret: "array=1", agg: true},
		"listagg":           {args: "text,text?", gen: listagg, agg: true},
		"approx_distinct":   {args: "any,number?", sql: "approx_count_distinct($1)$w", ret: BigInt, agg: true},
		"approx_percentile": {args: "number,number|array", gen: percentile, agg: true},
		"geometric_mean":    {args: "number", sql: "exp(avg(ln($1))$w)", ret: Double, agg: true},
		"stddev":            {args: "number", sql: "stddev_samp($d$1)$w", ret: Double, agg: true},
		"stddev_samp":       {args: "number", sql: "stddev_samp($d$1)$w", ret: Double, agg: true},
		"stddev_pop":        {args: "number", sql: "stddev_pop($d$1)$w", ret: Double, agg: true},
		"variance":          {args: "number", sql: "var_samp($d$1)$w", ret: Double, agg: true},
		"var_samp":          {args: "number", sql: "var_samp($d$1)$w", ret: Double, agg: true},
		"var_pop":           {args: "number", sql: "var_pop($d$1)$w", ret: Double, agg: true},
		"skewness":          {args: "number", sql: "at_skewness($1)", gen: moments, agg: true},
		"kurtosis":          {args: "number", sql: "kurtosis($1)$w", ret: Double, agg: true},
		"corr":              {args: "number,number", sql: "corr($1, $2)$w", ret: Double, agg: true},
		"covar_pop":         {args: "number,number", sql: "covar_pop($1, $2)$w", ret: Double, agg: true},
		"covar_samp":        {args: "number,number", sql: "covar_samp($1, $2)$w", ret: Double, agg: true},
		"regr_slope":        {args: "number,number", sql: "regr_slope($1, $2)$w", ret: Double, agg: true},
		"regr_intercept":    {args: "number,number", sql: "regr_intercept($1, $2)$w", ret: Double, agg: true},
		"bitwise_and_agg":   {args: "int", sql: "bit_and(CAST($1 AS BIGINT))$w", ret: BigInt, agg: true},
		"bitwise_or_agg":    {args: "int", sql: "bit_or(CAST($1 AS BIGINT))$w", ret: BigInt, agg: true},
		"bitwise_xor_agg":   {args: "int", sql: "bit_xor(CAST($1 AS BIGINT))$w", ret: BigInt, agg: true},
		"histogram":         {args: "any", gen: histogram, agg: true},
		"map_agg":           {args: "any,any", gen: mapAgg, agg: true},
		"multimap_agg":      {args: "any,any", gen: multimapAgg, agg: true},
	}
}

func countOfRows(t *translator, c *call, a []val) val {
	if len(a) == 0 {
		return val{"count(*)" + t.tail(c), basic(BigInt)}
	}
	return val{t.fill(c, "count($d$1)$w", a), basic(BigInt)}
}

// sum of integers is a bigint in Trino; the engine's is wider.
func sum(t *translator, c *call, a []val) val {
	sql := t.fill(c, "sum($d$1)$w", a)
	switch v := a[0].t; {
	case v.isInt():
		return val{"CAST(" + sql + " AS BIGINT)", basic(BigInt)}
	case v.is(Decimal):
		return val{sql, decimalOf(38, v.S)}
	case v.is(Real):
		return val{"CAST(" + sql + " AS FLOAT)", v}
	default:
		return val{sql, v}
	}
}

func avg(t *translator, c *call, a []val) val {
	sql := t.fill(c, "avg($d$1)$w", a)
	switch v := a[0].t; {
	case v.is(Decimal):
		return val{"CAST(" + sql + " AS " + v.Duck() + ")", v}
	case v.is(Real):
		return val{"CAST(" + sql + " AS FLOAT)", v}
	case v.is(DaySecond, YearMonth) || v == nil:
		return val{sql, v}
	}
	return val{sql, basic(Double)}
}

func minMax(name string) func(*translator, *call, []val) val {
	return func(t *translator, c *call, a []val) val {
		n := 1
		if len(name) > 3 {
			n = 2
		}
		typ := a[0].t
		if len(a) > n {
			typ = arrayOf(typ)
			if n == 2 {
				return val{t.fill(c, name[:7]+"($1, $2, $3)$w", a), typ}
			}
		}
		return val{t.fill(c, name+"($*)$w", a), typ}
	}
}

func listagg(t *translator, c *call, a []val) val {
	if len(a) == 1 {
		a = append(a, val{"''", basic(Varchar)})
	}
	return val{t.fill(c, "string_agg($d$1, $2$o)$w", a), basic(Varchar)}
}

func percentile(t *translator, c *call, a []val) val {
	typ := a[0].t
	sql := t.fill(c, "approx_quantile($1, $2)$w", a)
	if a[1].t.is(Array) {
		if typ == nil {
			return val{sql, nil}
		}
		return val{"CAST(" + sql + " AS " + arrayOf(typ).Duck() + ")", arrayOf(typ)}
	}
	if typ == nil {
		return val{sql, nil}
	}
	return val{"CAST(" + sql + " AS " + typ.Duck() + ")", typ}
}

// moments is the population's skewness, where the engine's is the sample's.
func moments(t *translator, c *call, a []val) val {
	sql := t.fill(c, "(skewness($1)$w * (count($1)$w - 2) / sqrt(count($1)$w * (count($1)$w - 1)))", a)
	return val{sql, basic(Double)}
}

func histogram(t *translator, c *call, a []val) val {
	return val{t.fill(c, "histogram($1)$w", a), mapOf(a[0].t, basic(BigInt))}
}

// mapAgg keeps the first value of a key, where the engine would fail on the second.
func mapAgg(t *translator, c *call, a []val) val {
	return val{t.fill(c, "at_map_dedupe(list(struct_pack(key := $1, value := $2)$o)$w)", a), mapOf(a[0].t, a[1].t)}
}

func multimapAgg(t *translator, c *call, a []val) val {
	return val{t.fill(c, "at_multimap(list(struct_pack(key := $1, value := $2)$o)$w)", a), mapOf(a[0].t, arrayOf(a[1].t))}
}

// Source: https://trino.io/docs/current/functions/window.html
func windowFunctions() map[string]function {
	return map[string]function{
		"row_number":   {sql: "row_number()$w", ret: BigInt, win: true},
		"rank":         {sql: "rank()$w", ret: BigInt, win: true},
		"dense_rank":   {sql: "dense_rank()$w", ret: BigInt, win: true},
		"percent_rank": {sql: "percent_rank()$w", ret: Double, win: true},
		"cume_dist":    {sql: "cume_dist()$w", ret: Double, win: true},
		"ntile":        {args: "int", sql: "ntile($1)$w", ret: BigInt, win: true},
		"lag":          {args: "any,int?,any?", sql: "lag($*$n)$w", ret: "=1", win: true},
		"lead":         {args: "any,int?,any?", sql: "lead($*$n)$w", ret: "=1", win: true},
		"first_value":  {args: "any", sql: "first_value($1$n)$w", ret: "=1", win: true},
		"last_value":   {args: "any", sql: "last_value($1$n)$w", ret: "=1", win: true},
		"nth_value":    {args: "any,int", sql: "nth_value($1, $2$n)$w", ret: "=1", win: true},
	}
}
