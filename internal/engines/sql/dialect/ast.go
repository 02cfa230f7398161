package dialect

// expr is a scalar expression.
type expr interface{ at() Pos }

func (p Pos) at() Pos { return p }

type (
	// literal is a constant; text is its value, unquoted. typ is set for typed literals (date '…').
	literal struct {
		Pos
		kind kind // str, bin, integer, decimal, double; word for true, false, null
		text string
		typ  *Type
	}
	intervalLit struct {
		Pos
		neg      bool
		text     string
		from, to string
	}
	ident struct { // a.b.c, as it was written
		Pos
		parts []string
	}
	param struct {
		Pos
		n int // from 0
	}
	unary struct {
		Pos
		op string // -, +, not
		x  expr
	}
	binary struct {
		Pos
		op   string
		l, r expr
	}
	isTest struct { // x IS [NOT] NULL | DISTINCT FROM y
		Pos
		not bool
		x   expr
		y   expr // nil for NULL
	}
	between struct {
		Pos
		not       bool
		x, lo, hi expr
	}
	inTest struct {
		Pos
		not  bool
		x    expr
		list []expr
		sub  *query
	}
	like struct {
		Pos
		not                bool
		x, pattern, escape expr
	}
	quantified struct {
		Pos
		op, how string // how is all, any
		x       expr
		sub     *query
	}
	exists struct {
		Pos
		sub *query
	}
	subquery struct {
		Pos
		sub *query
	}
	caseExpr struct {
		Pos
		operand expr
		whens   [][2]expr
		els     expr
	}
	cast struct {
		Pos
		try bool
		x   expr
		typ *Type
	}
	call struct {
		Pos
		name     string
		args     []expr
		star     bool
		distinct bool
		order    []sortItem
		filter   expr
		nulls    string // ignore, respect
		over     *window
	}
	lambda struct {
		Pos
		params []string
		body   expr
	}
	arrayExpr struct {
		Pos
		elems []expr
	}
	rowExpr struct {
		Pos
		elems []expr
	}
	index struct {
		Pos
		x, i expr
	}
	field struct {
		Pos
		x    expr
		name string
	}
	atZone struct {
		Pos
		x, zone expr
	}
	extract struct {
		Pos
		part string
		x    expr
	}
)

type sortItem struct {
	x     expr
	desc  bool
	first *bool // NULLS FIRST, LAST; nil if not said
}

type window struct {
	Pos
	name      string // of a WINDOW clause, which this one refers to or extends
	partition []expr
	order     []sortItem
	frame     *frame
}

type frame struct {
	unit       string // rows, range, groups
	start, end bound  // end.kind is "" if not said
}

type bound struct {
	kind string // unbounded preceding, current row, preceding, …
	x    expr
}

// query is a query with its order and limits.
type query struct {
	Pos
	recursive bool
	with      []cte
	body      body
	order     []sortItem
	offset    expr
	limit     expr // nil for all
	ties      bool
}

type cte struct {
	Pos
	name    string
	columns []string
	q       *query
}

// body is what a query is made of: selectBody, setBody, valuesBody, tableBody or nested.
type body interface{ at() Pos }

type (
	selectBody struct {
		Pos
		distinct bool
		items    []selectItem
		from     []relation
		where    expr
		group    *grouping
		having   expr
		windows  []namedWindow
	}
	setBody struct {
		Pos
		op   string // union, intersect, except
		all  bool
		l, r body
	}
	valuesBody struct {
		Pos
		rows []expr
	}
	nested struct {
		Pos
		q *query
	}
)

type selectItem struct {
	Pos
	x       expr
	alias   string
	star    bool
	of      expr     // x in x.*
	aliases []string // AS (a, b) after x.*
}

type grouping struct {
	distinct bool
	elems    []groupElem
}

type groupElem struct {
	kind string // simple, rollup, cube, sets
	sets [][]expr
}

type namedWindow struct {
	name string
	w    *window
}

type relation interface{ at() Pos }

type (
	tableRef struct {
		Pos
		parts []string
		alias alias
		asOf  expr   // FOR TIMESTAMP | VERSION AS OF
		asOfK string // timestamp, version
	}
	derived struct {
		Pos
		q       *query
		lateral bool
		alias   alias
	}
	unnest struct {
		Pos
		args       []expr
		ordinality bool
		alias      alias
	}
	join struct {
		Pos
		kind    string // cross, inner, left, right, full
		natural bool
		l, r    relation
		on      expr
		using   []string
	}
	sampled struct {
		Pos
		r       relation
		method  string
		percent expr
	}
)

type alias struct {
	name    string
	columns []string
}
