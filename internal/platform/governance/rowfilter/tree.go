package rowfilter

// Expression is a condition: *And, *Or, *Not, *Compare, *In, *Between, *Like, *IsNull or *Constant.
type Expression interface{ expression() }

// Operand is a value: Column, String, Number, Boolean, Date, Timestamp or *Cast.
type Operand interface{ operand() }

type (
	// And holds when all of its terms do. There are two at least.
	And struct{ Terms []Expression }
	// Or holds when one of its terms does. There are two at least.
	Or struct{ Terms []Expression }
	// Not is the contrary.
	Not struct{ Term Expression }
	// Compare has one of the operators = <> < <= > >=.
	Compare struct {
		Operator    string
		Left, Right Operand
	}
	// In holds when the list has the value.
	In struct {
		Value Operand
		List  []Operand
		Not   bool
	}
	// Between includes both ends.
	Between struct {
		Value, Low, High Operand
		Not              bool
	}
	// Like matches % and _; Escape is one character or "".
	Like struct {
		Value           Operand
		Pattern, Escape string
		Not             bool
	}
	// IsNull holds where there is no value.
	IsNull struct {
		Value Operand
		Not   bool
	}
	// Constant is TRUE or FALSE.
	Constant struct{ Value bool }
)

type (
	// Column names a column, and the field within it where there are more names than one.
	Column []string
	// String is text without its quotes.
	String string
	// Number is an integer or decimal as it was written.
	Number string
	// Boolean is TRUE or FALSE.
	Boolean bool
	// Date is the text of DATE '…'.
	Date string
	// Timestamp is the text of TIMESTAMP '…'.
	Timestamp string
	// Cast turns a value into a type, in upper case: DATE, TIMESTAMP, INTEGER, DECIMAL(10,2), …
	Cast struct {
		Value Operand
		Type  string
	}
)

func (*And) expression()      {}
func (*Or) expression()       {}
func (*Not) expression()      {}
func (*Compare) expression()  {}
func (*In) expression()       {}
func (*Between) expression()  {}
func (*Like) expression()     {}
func (*IsNull) expression()   {}
func (*Constant) expression() {}

func (Column) operand()    {}
func (String) operand()    {}
func (Number) operand()    {}
func (Boolean) operand()   {}
func (Date) operand()      {}
func (Timestamp) operand() {}
func (*Cast) operand()     {}

// Columns lists the columns that an expression asks for, each time it does.
func Columns(e Expression) (out []Column) {
	add := func(list ...Operand) {
		for _, o := range list {
			if c, ok := o.(*Cast); ok {
				o = c.Value
			}
			if c, ok := o.(Column); ok {
				out = append(out, c)
			}
		}
	}
	var walk func(Expression)
	walk = func(e Expression) {
		switch e := e.(type) {
		case *And:
			for _, t := range e.Terms {
				walk(t)
			}
		case *Or:
			for _, t := range e.Terms {
				walk(t)
			}
		case *Not:
			walk(e.Term)
		case *Compare:
			add(e.Left, e.Right)
		case *In:
			add(e.Value)
			add(e.List...)
		case *Between:
			add(e.Value, e.Low, e.High)
		case *Like:
			add(e.Value)
		case *IsNull:
			add(e.Value)
		}
	}
	walk(e)
	return out
}
