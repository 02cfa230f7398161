package tabular

import "strings"

// Widen is the narrowest type that holds the values of both. Types that have nothing in common become string.
func Widen(a, b Type) Type {
	switch {
	case a.Kind == Void:
		return b
	case b.Kind == Void || a.Equal(b):
		return a
	case a.Numeric() && b.Numeric():
		return widenNumbers(a, b)
	case a.Kind == Array && b.Kind == Array:
		return ArrayOf(Widen(*a.Elem, *b.Elem))
	case a.Kind == Map && b.Kind == Map:
		return MapOf(Widen(*a.Key, *b.Key), Widen(*a.Elem, *b.Elem))
	case a.Kind == Struct && b.Kind == Struct:
		return widenStructs(a, b)
	case a.Kind == Date && b.Kind == Timestamp, a.Kind == Timestamp && b.Kind == Date:
		return Of(Timestamp)
	case (a.Kind == Char || a.Kind == Varchar) && (b.Kind == Char || b.Kind == Varchar):
		return Type{Kind: Varchar, Length: max(a.Length, b.Length)}
	}
	return Of(String)
}

// Widens tells whether the two have a type in common that is not just text for what is no text.
func Widens(a, b Type) bool {
	w := Widen(a, b)
	return w.Kind != String || a.text() && b.text()
}

func (t Type) text() bool {
	return t.Kind == String || t.Kind == Char || t.Kind == Varchar || t.Kind == Void
}

var integerDigits = map[Kind]int{TinyInt: 3, SmallInt: 5, Int: 10, BigInt: 19}

func widenNumbers(a, b Type) Type {
	if a.integer() && b.integer() {
		return Of(max(a.Kind, b.Kind))
	}
	if a.Kind == Float || b.Kind == Float {
		if k := min(a.Kind, b.Kind); k == TinyInt || k == SmallInt { // a float holds these exactly
			return Of(Float)
		}
		return Of(Double)
	}
	if a.Kind == Double || b.Kind == Double {
		return Of(Double)
	}
	whole := max(wholeDigits(a), wholeDigits(b))
	scale := max(a.Scale, b.Scale)
	if whole+scale > maxPrecision {
		if scale == 0 {
			return DecimalOf(maxPrecision, 0)
		}
		return Of(Double)
	}
	return DecimalOf(whole+scale, scale)
}

func wholeDigits(t Type) int {
	if t.Kind == Decimal {
		return t.Precision - t.Scale
	}
	return integerDigits[t.Kind]
}

// widenStructs keeps a's order, then what only b has.
func widenStructs(a, b Type) Type {
	fields := append(make([]Field, 0, len(a.Fields)+len(b.Fields)), a.Fields...)
	at := make(map[string]int, len(a.Fields))
	for i, f := range a.Fields {
		at[strings.ToLower(f.Name)] = i
	}
	for _, f := range b.Fields {
		if i, ok := at[strings.ToLower(f.Name)]; ok {
			fields[i].Type = Widen(fields[i].Type, f.Type)
			continue
		}
		at[strings.ToLower(f.Name)] = len(fields)
		fields = append(fields, f)
	}
	return StructOf(fields...)
}
