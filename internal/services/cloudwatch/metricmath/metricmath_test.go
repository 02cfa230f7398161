package metricmath

import (
	"fmt"
	"strings"
	"testing"
)

// environment has three series: a at minutes 0, 1, 2; b at 1, 2, 3; and e, which is empty; and a scalar n.
func environment() *Environment {
	at := func(id string, from int64, values ...float64) *Series {
		s := &Series{ID: id, Label: id, Period: 60}
		for i, v := range values {
			s.Points = append(s.Points, Point{from + int64(i)*60, v})
		}
		return s
	}
	all := []*Series{at("a", 0, 1, 2, 3), at("b", 60, 10, 20, 30), at("empty", 0)}
	return &Environment{Start: 0, End: 300, Period: 60, Points: 1000,
		Lookup: func(id string) (Value, error) {
			for _, s := range all {
				if s.ID == id {
					return single(s), nil
				}
			}
			if id == "n" {
				return scalar(4), nil
			}
			return Value{}, wrong("Undefined identifier '%s'", id)
		},
		Metrics: func(part string) (out []*Series) {
			for _, s := range all {
				if strings.Contains(s.ID, part) {
					out = append(out, s)
				}
			}
			return out
		},
		Search: func(query, statistic string, period int64) ([]*Series, error) {
			return []*Series{{Label: query + statistic, Period: period, Points: []Point{{0, 7}}}}, nil
		}}
}

var types = map[string]Type{"a": Single, "b": Single, "empty": Single, "n": Scalar}

func show(v Value) string {
	if v.Type == Scalar {
		return fmt.Sprint(v.Number)
	}
	var out []string
	for _, s := range v.Series {
		var points []string
		for _, p := range s.Points {
			points = append(points, fmt.Sprintf("%d:%.4g", p.At/60, p.Value))
		}
		out = append(out, strings.Join(points, " "))
	}
	if v.Type == Array {
		return "[" + strings.Join(out, ", ") + "]"
	}
	return strings.Join(out, ", ")
}

func TestEval(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		x, err := Parse(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			return
		}
		got, err := x.Eval(environment())
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			return
		}
		if show(got) != want {
			t.Errorf("%s = %s, want %s", expression, show(got), want)
		}
		if static, err := x.Check(types); err != nil || static != got.Type {
			t.Errorf("%s: checked as %v %v, is %v", expression, static, err, got.Type)
		}
	}
	f("1 + 2 * 3 ^ 2 ^ 1 - -4", "23")
	f("(1+2)*3/2", "4.5")
	f("-2^2", "-4")
	f("1.5e2 + .5", "150.5")
	f("n*2", "8")
	f("1 < 2 AND 2 <= 2 && 3 != 3 || n == 4", "1")
	f("a", "0:1 1:2 2:3")
	f("a + b", "1:12 2:23")
	f("b / a", "1:5 2:6.667")
	f("a / (a - 2)", "0:-1 2:3")
	f("2 * a - 1", "0:1 1:3 2:5")
	f("a >= 2", "0:0 1:1 2:1")
	f("METRICS()", "[0:1 1:2 2:3, 1:10 2:20 3:30, ]")
	f(`METRICS("b") * a`, "[1:20 2:60]")
	f("[a, b] + 1", "[0:2 1:3 2:4, 1:11 2:21 3:31]")
	f("SUM(METRICS())", "0:1 1:12 2:23 3:30")
	f("AVG([a,b])", "0:1 1:6 2:11.5 3:30")
	f("MAX([a,b])", "0:1 1:10 2:20 3:30")
	f("MIN(a)", "1")
	f("MAX(a) - AVG(b)", "-17")
	f("STDDEV(a)", "0.816496580927726")
	f("SUM(empty)", "0")
	f("DATAPOINT_COUNT(a) + METRIC_COUNT(METRICS())", "6")
	f("DATAPOINT_COUNT([a,b])", "0:1 1:2 2:2 3:1")
	f("ABS(-a) + CEIL(1.2) + FLOOR(1.8)", "0:4 1:5 2:6")
	f("LOG10(b)", "1:1 2:1.301 3:1.477")
	f("LOG(a - 1)", "1:0 2:0.6931")
	f("DIFF(b)", "2:10 3:10")
	f("DIFF_TIME(b)", "2:60 3:60")
	f("RATE(b)", "2:0.1667 3:0.1667")
	f("a / PERIOD(a)", "0:0.01667 1:0.03333 2:0.05")
	f("RUNNING_SUM(a)", "0:1 1:3 2:6")
	f("TIME_SERIES(3)", "0:3 1:3 2:3 3:3 4:3")
	f("FILL(b, 0)", "0:0 1:10 2:20 3:30 4:0")
	f("FILL(b, REPEAT)", "1:10 2:20 3:30 4:30")
	f("FILL(b, a)", "0:1 1:10 2:20 3:30")
	f("FILL(IF(a != 2, a), LINEAR)", "0:1 1:2 2:3")
	f("FILL(empty, 5)", "0:5 1:5 2:5 3:5 4:5")
	f("IF(a > 1, a, 0 - 1)", "0:-1 1:2 2:3")
	f("IF(a > 1, b)", "1:10 2:20")
	f("IF(1, a, 2)", "0:1 1:2 2:3")
	f("IF(0, a, 2)", "0:2 1:2 2:2 3:2 4:2")
	f("FIRST(METRICS())", "0:1 1:2 2:3")
	f("LAST([a,b])", "1:10 2:20 3:30")
	f("SORT(METRICS(), SUM, DESC, 2)", "[1:10 2:20 3:30, 0:1 1:2 2:3]")
	f("SLICE(SORT([b,a], AVG, ASC), 0)", "0:1 1:2 2:3")
	f("SLICE([a,b,empty], 1, 3)", "[1:10 2:20 3:30, ]")
	f("REMOVE_EMPTY(METRICS())", "[0:1 1:2 2:3, 1:10 2:20 3:30]")
	f("MINUTE(a) + HOUR(a) + DAY(a) + DATE(a) + MONTH(a) + YEAR(a) + EPOCH(a)", "0:1976 1:2037 2:2098")
	f("SUM(SEARCH('{N} MetricName=\"x\"', 'Sum', 300))", "0:7")
}

func TestRefused(t *testing.T) {
	f := func(expression, want string) {
		t.Helper()
		x, err := Parse(expression)
		if err == nil {
			if _, err = x.Check(types); err == nil {
				_, err = x.Eval(environment())
			}
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", expression, err, want)
		}
	}
	f("", "Unexpected end")
	f("1 +", "Unexpected end")
	f("1 2", "Unexpected '2'")
	f("(1", "Unexpected end")
	f("a $ b", "Unexpected character")
	f("'a", "Unterminated")
	f("1.2.3", "Invalid number")
	f("c", "Undefined identifier 'c'")
	f("NOPE(a)", "Unknown function 'NOPE'")
	f("ANOMALY_DETECTION_BAND(a)", "not implemented by Atelier")
	f("SUM(1)", "SUM doesn't take a scalar")
	f("SUM(a, b)", "Wrong number of arguments")
	f("[a] + [b]", "Unsupported operand types")
	f("a + 'x'", "Unsupported operand types")
	f("[1]", "An array holds time series")
	f("SORT([a], NOPE, ASC)", "SORT takes")
	f("FILL(a, NOPE)", "FILL takes")
	f("IF([a], 1, 2)", "doesn't take")
	f("IF(1, 2)", "without a value for false")
	f("1/0", "not a number")
	f("SEARCH('x', 'Sum', 0.5)", "period of SEARCH")
	f(strings.Repeat("(", 100)+"1", "nested too deeply")
	f(strings.Repeat("-", 100)+"1", "nested too deeply")
	f(strings.Repeat("1+", 2000)+"1", "longer than")
	f(strings.Repeat("FILL(a,0)+", 200)+"a", "too many data points")
}

func TestReferences(t *testing.T) {
	x, err := Parse(`SUM([m1, m2]) / m1 + SLICE(SEARCH('m3', 'Sum'), 0)`)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(x.References()); got != "[m1 m2]" || !x.Calls("SEARCH") || x.Calls("FILL") {
		t.Errorf("references %s", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"SUM(METRICS()) / a * 100", "IF(a>1 AND b<2, FILL(a, REPEAT), 0-1)", "SLICE(SORT([a,b], AVG, DESC, 1), 0)", "2^-a", `"\""`,
		"SEARCH('{N} x', 'Sum', 60)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		x, err := Parse(s)
		if err != nil {
			return
		}
		static, wrong := x.Check(types)
		env := environment()
		got, err := x.Eval(env)
		if err != nil {
			return
		}
		if wrong != nil || got.Type != static {
			t.Errorf("%q was checked as %v %v and is %v", s, static, wrong, got.Type)
		}
		for _, series := range got.Series {
			for i, p := range series.Points {
				if !finite(p.Value) || i > 0 && p.At <= series.Points[i-1].At {
					t.Errorf("%q gives %v", s, series.Points)
				}
			}
		}
	})
}
