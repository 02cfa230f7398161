package dqdl_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/services/glue/dqdl"
)

// written is a ruleset as it is written again.
func written(r dqdl.Ruleset) string {
	var list []string
	for _, x := range r.Rules {
		list = append(list, x.String())
	}
	for _, x := range r.Analyzers {
		list = append(list, "analyze "+x.String())
	}
	return strings.Join(list, "; ")
}

func TestParse(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		r, err := dqdl.Parse(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			return
		}
		if got := written(r); got != want {
			t.Errorf("%s:\n got %s\nwant %s", in, got, want)
		}
	}
	// rules are one rule, which is written as it is read, or as want says
	same := func(rule string) { t.Helper(); f("Rules = [ "+rule+" ]", rule) }
	rule := func(rule, want string) { t.Helper(); f("Rules=["+rule+"]", want) }

	f(`Rules = []`, ``)
	f(`Rules = [ IsComplete "order-id", IsUnique "order-id" ]`, `IsComplete "order-id"; IsUnique "order-id"`)
	f("# first\nRules = [ # more\n RowCount > 1 # last\n]\n#end", `RowCount > 1`)
	f(`Metadata = { "Version": "1.0", "Tags": ["a", "b"] } DataSources = { "Primary": "a", "AdditionalDataSources": ["b"] } Rules = [ RowCount > 1 ]`, `RowCount > 1`)
	f(`Analyzers = [ RowCount, Completeness "a", AllStatistics "b", Uniqueness "a" "b" ]`,
		`analyze RowCount; analyze Completeness "a"; analyze AllStatistics "b"; analyze Uniqueness "a" "b"`)
	f(`Rules = [ RowCount > 1 ] Analyzers = [ DistinctValuesCount "a" ]`, `RowCount > 1; analyze DistinctValuesCount "a"`)
	f(`Analyzers = [ColumnLength "a"] Rules = []`, `analyze ColumnLength "a"`)
	f(`states = ["WA", "OR"] Rules = [ ColumnValues "s" in $states ]`, `ColumnValues "s" in ["WA", "OR"]`)
	f(`col = "s" Rules = [ IsComplete $col, ColumnValues "a" = $col ]`, `IsComplete "s"; ColumnValues "a" = "s"`)
	f(`DefaultLabels = ["team" = "a"] Rules = [ RowCount > 1, IsComplete "x" labels = ["team" = "b", "k" = "v"] ]`,
		`RowCount > 1 labels = ["team" = "a"]; IsComplete "x" labels = ["k" = "v", "team" = "b"]`)

	same(`RowCount > 100`)
	same(`RowCount between 10 and 100`)
	same(`RowCount not between 10 and 100`)
	same(`RowCount in [1, 2, 3]`)
	same(`RowCount not in [1, 2, 3]`)
	same(`RowCount != 5`)
	same(`RowCount >= 5 where "a > 1"`)
	same(`RowCount > -1`)
	same(`RowCountMatch "reference" >= 0.95`)
	same(`ColumnCount = 10`)
	same(`ColumnExists "Middle_Name"`)
	same(`ColumnNamesMatchPattern "aws_.*_[a-zA-Z0-9]+"`)
	same(`ColumnCorrelation "height" "weight" > 0.8`)
	rule(`ColumnCorrelation "height" and "weight" > 0.8`, `ColumnCorrelation "height" "weight" > 0.8`)
	same(`ColumnDataType "colA" = "Timestamp"`)
	same(`ColumnDataType "colA" in ["Date", "Integer"] with threshold > 0.9`)
	same(`ColumnLength "Postal_Code" = 5`)
	same(`ColumnLength "a" between 1 and 3 where "b = 'x'"`)
	same(`ColumnValues "Country" in ["US", "CA", NULL, EMPTY, WHITESPACES_ONLY]`)
	rule(`ColumnValues "a" in ["x", null, empty]`, `ColumnValues "a" in ["x", NULL, EMPTY]`)
	same(`ColumnValues "First_Name" matches "[a-zA-Z]*"`)
	same(`ColumnValues "First_Name" not matches "[0-9]+" with threshold >= 0.5`)
	same(`ColumnValues "Load_Date" > (now() - 3 days)`)
	same(`ColumnValues "Load_Date" between (now() - 3 hours) and now()`)
	same(`ColumnValues "Load_Date" < "2024-01-31"`)
	same(`ColumnValues "at" > "09:30 AM"`)
	same(`ColumnValues "Customer_ID" between 1 and 2000`)
	same(`ColumnValues "Age" = NULL`)
	same(`ColumnValues "Age" != NULL`)
	same(`ColumnValues "a" = "say \"hi\" \\ there"`)
	rule(`ColumnValues "a" matches "\d+"`, `ColumnValues "a" matches "\\d+"`)
	same(`Completeness "First_Name" > 0.95`)
	same(`DistinctValuesCount "State" = 3`)
	same(`Entropy "Feedback" > 1`)
	same(`IsComplete "email" where "status = 'open'"`)
	same(`IsPrimaryKey "Customer_ID"`)
	same(`IsPrimaryKey "a" "b"`)
	same(`IsUnique "a" "b"`)
	same(`Mean "Star_Rating" > 3`)
	same(`StandardDeviation "Star_Rating" < 1.5`)
	same(`Variance "x" < 1.5`)
	same(`Sum "transaction_total" > 500000`)
	same(`UniqueValueRatio "test_score" between 0 and 0.5`)
	same(`Uniqueness "email" = 1.0`)
	same(`DataFreshness "Order_Date" <= 24 hours`)
	same(`DataFreshness "Order_Date" between 2 days and 5 days`)
	same(`CustomSql "select count(*) from primary" between 10 and 20`)
	same(`CustomSql "select * from primary where a > 1" with threshold > 0.8`)
	same(`ReferentialIntegrity "a,b" "reference.{c,d}" >= 0.9`)
	same(`DatasetMatch "reference" "id1->id2" "a->b" >= 0.9`)
	same(`SchemaMatch "reference" = 1.0`)
	same(`AggregateMatch "SUM(a)" "SUM(reference.b)" >= 0.95`)
	same(`DetectAnomalies "RowCount"`)
	same(`FileFreshness "s3://b/" > (now() - 24 hours)`)
	same(`FileSize "s3://b/" > 2 MB with threshold > 0.5`)
	same(`FileUniqueness "s3://b/" > 0.8`)
	same(`FileMatch "s3://a/" "s3://b/"`)
	same(`RowCount > avg(last(10))`)
	same(`RowCount > avg(last(10)) * 0.8`)
	same(`RowCount between min(last(10)) - 1 and max(last(10)) + 1`)
	same(`RowCount > (last(1) + 2) * 3`)
	same(`Completeness "a" >= index(last(3), 0)`)
	rule(`Mean "a" < percentile(last(5), 90) + std(last(5)) / 2`, `Mean "a" < percentile(last(5), 90) + (std(last(5)) / 2)`)
	same(`(IsComplete "id") and (IsUnique "id")`)
	same(`(RowCount > 100) or (IsPrimaryKey "id")`)
	same(`(Mean "a" > 3) and (Mean "b" > 500) and (IsComplete "c")`)
	same(`(IsComplete "a") and ((IsComplete "b") or (IsComplete "c"))`)
	rule(`(IsComplete "a") AND (IsComplete "b")`, `(IsComplete "a") and (IsComplete "b")`)
	rule(`((RowCount > 1))`, `RowCount > 1`)
	rule(`IsComplete colA`, `IsComplete "colA"`)
	rule(`RowCount>1 , ColumnCount<=2`, `RowCount > 1; ColumnCount <= 2`)
	rule(`RowCount > 1 + 2 * 3`, `RowCount > 1 + (2 * 3)`)
}

func TestParseErrors(t *testing.T) {
	f := func(in string, line, column int, want string) {
		t.Helper()
		_, err := dqdl.Parse(in)
		var e *dqdl.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v, want an error", in, err)
			return
		}
		if e.Line != line || e.Column != column || !strings.Contains(e.Message, want) {
			t.Errorf("%s:\n got %v\nwant %d:%d %s", in, err, line, column, want)
		}
	}
	f(``, 1, 1, "neither Rules nor Analyzers")
	f(`rules = [ RowCount > 1 ]`, 1, 11, "expected a quoted string")
	f(`Rules [ RowCount > 1 ]`, 1, 7, "expected '='")
	f(`Rules = [ RowCount > 1`, 1, 23, "expected ']', not the end")
	f(`Rules = [ RowCount > 1, ]`, 1, 25, "expected a rule")
	f(`Rules = [ RowCount ]`, 1, 11, "needs a condition")
	f(`Rules = [ IsComplete "a" > 1 ]`, 1, 11, "takes no condition")
	f("Rules = [\n  IsComplete \"a\",\n  Banana \"b\"\n]", 3, 3, "Banana is no rule type")
	f("Rules = [\n  IsComplete \"ä\" ; ]", 2, 18, "unexpected character ';'")
	f(`Rules = [ IsComplete "a ]`, 1, 22, "does not end")
	f(`Rules = [ IsComplete ]`, 1, 11, "unexpected number of parameters")
	f(`Rules = [ IsComplete "a" "b" ]`, 1, 11, "unexpected number of parameters")
	f(`Rules = [ IsUnique ]`, 1, 11, "at least 1")
	f(`Rules = [ (IsComplete "a") and (IsComplete "b") or (IsComplete "c") ]`, 1, 49, "without parentheses")
	f(`Rules = [ (IsComplete "a" ]`, 1, 27, "expected ')'")
	f(`Rules = [ RowCount > "ten" ]`, 1, 20, "takes numbers and dates")
	f(`Rules = [ RowCount = "ten" ]`, 1, 11, "cannot be about a string")
	f(`Rules = [ RowCount between 1 ]`, 1, 30, "expected 'and'")
	f(`Rules = [ RowCount not > 1 ]`, 1, 24, "expected between, in or matches")
	f(`Rules = [ RowCount in [] ]`, 1, 23, "the list is empty")
	f(`Rules = [ ColumnValues "a" in ["x", 1] ]`, 1, 28, "cannot be compared together")
	f(`Rules = [ ColumnValues "a" > 1 with limit > 2 ]`, 1, 37, "expected 'threshold'")
	f(`Rules = [ ColumnValues "a" > 1 with threshold "x" ]`, 1, 47, "needs a condition about a number")
	f(`Rules = [ IsComplete "a" with threshold > 0.5 ]`, 1, 11, "takes no threshold")
	f(`Rules = [ ColumnCount > 1 where "a" ]`, 1, 11, "takes no where clause")
	f(`Rules = [ RowCount > 1 where "" ]`, 1, 30, "where clause is empty")
	f(`Rules = [ RowCount > 1 where a ]`, 1, 30, "expected a quoted string")
	f(`Rules = [ RowCount > avg(3) ]`, 1, 22, "takes last(")
	f(`Rules = [ RowCount > last(0) ]`, 1, 22, "last takes a whole number")
	f(`Rules = [ RowCount > mode(last(3)) ]`, 1, 22, "no function is named mode")
	f(`Rules = [ DataFreshness "a" > 3 ]`, 1, 11, "cannot be about a number")
	f(`Rules = [ DataFreshness "a" > 99999999999 days ]`, 1, 31, "too large")
	f(`Rules = [ ColumnValues "a" > (now() * 3 days) ]`, 1, 37, "expected '+' or '-'")
	f(`Rules = [ ColumnValues "a" > (now() - 3) ]`, 1, 39, "expected a duration")
	f(`Rules = [ ColumnValues "a" in $x ]`, 1, 32, "no variable is named")
	f(`Rules = [ AllStatistics "a" ]`, 1, 11, "is an analyzer, not a rule")
	f(`Analyzers = [ IsComplete "a" ]`, 1, 15, "is no analyzer")
	f(`Analyzers = [ RowCount > 1 ]`, 1, 24, "expected ']'")
	f(`Rules = [] Rules = []`, 1, 12, "there twice")
	f(`Rules = [ RowCount > 1 labels = ["a" = "1", "a" = "2"] ]`, 1, 45, "there twice")
	f(`Rules = [ RowCount > `+strings.Repeat("(", 40)+`1`+strings.Repeat(")", 40)+` ]`, 1, 53, "nested deeper")
	f(`Rules = [ `+strings.Repeat("(", 40)+`RowCount > 1`+strings.Repeat(")", 40)+` ]`, 1, 43, "nested deeper")
	f(strings.Repeat(" ", 65537), 1, 1, "longer than")
	f(`Rules = [ `+strings.Repeat(`ColumnCount>1,`, 2001)+`]`, 1, 28011, "more than 2000 rules")
}

// FuzzParse holds that what was read is read again from what is written, and that errors have a place.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`Rules = [ IsComplete "a", (RowCount > avg(last(10)) * 0.8) or (IsUnique "b" where "c > 1") ]`,
		`x = ["a"] DefaultLabels = ["a" = "b"] Rules = [ ColumnValues "a" not in $x with threshold > 0.5 ] Analyzers = [ AllStatistics "a" ]`,
		`Rules = [ DataFreshness "a" between 1 days and 2 hours, FileSize > 1 KB, ColumnValues "d" > (now() - 3 days) ]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r, err := dqdl.Parse(in)
		var e *dqdl.Error
		if err != nil {
			if !errors.As(err, &e) || e.Line < 1 || e.Column < 1 {
				t.Fatalf("%q: error without a place: %v", in, err)
			}
			return
		}
		var list []string
		for _, x := range r.Rules {
			list = append(list, x.String())
		}
		again := "Rules = [" + strings.Join(list, ",") + "]"
		if len(again) > 60000 {
			return
		}
		r2, err := dqdl.Parse(again)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", in, again, err)
		}
		for i, x := range r2.Rules {
			if x.String() != list[i] {
				t.Fatalf("%q: %s became %s", in, list[i], x)
			}
		}
	})
}
