package cloudwatch

import (
	"fmt"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
)

func TestStatistic(t *testing.T) {
	var hundred metrics.Aggregate
	for i := range 100 {
		hundred.Add(float64(i+1), 1)
	}
	f := func(name, want string) {
		t.Helper()
		stat, ok := parseStatistic(name)
		if !ok {
			t.Errorf("%s is refused", name)
			return
		}
		v, _ := stat(&hundred)
		if got := fmt.Sprintf("%.4g", v); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
	f("SampleCount", "100")
	f("Average", "50.5")
	f("Sum", "5050")
	f("Minimum", "1")
	f("Maximum", "100")
	f("p50", "50")
	f("p99", "99")
	f("p99.9", "100")
	f("p0", "1")
	f("p100", "100")
	f("tm90", "45.5")
	f("TM(10%:90%)", "50.5")
	f("TM(:90%)", "45.5")
	f("TM(90%:)", "95.5")
	f("TM(10:20)", "15.5")
	f("IQM", "50.5")
	f("tc90", "90")
	f("TC(80:)", "20")
	f("ts90", "4095")
	f("TS(10%:20%)", "155")
	f("wm90", "49.95")
	f("WM(10%:90%)", "50.4")
	f("WM(50:60)", "54.55")
	f("PR(:25)", "25")
	f("PR(10:30)", "20")
	for _, name := range []string{"", "p", "p101", "Median", "TM", "TM(:)", "TM(10%:90)", "TM(90%:10%)", "TM(1%:101%)", "PR(10%:20%)", "px", "P99", "average", "TM(1:2", "IQM2"} {
		if _, ok := parseStatistic(name); ok {
			t.Errorf("%q is taken", name)
		}
	}
	blind := metrics.Statistics(10, 2, 1, 9)
	if _, ok := percentile(0.5)(&blind); ok {
		t.Error("a percentile of statistics is known")
	}
	if v, ok := simple("Average")(&blind); !ok || v != 5 {
		t.Errorf("average of statistics %v %v", v, ok)
	}
}

func FuzzStatistic(f *testing.F) {
	for _, s := range []string{"p99.9", "tm90", "TM(10%:90%)", "WM(5:)", "PR(:1e3)", "IQM", "Average"} {
		f.Add(s)
	}
	var a, blind metrics.Aggregate
	for i := range 50 {
		a.Add(float64(i-10), float64(i%3+1))
	}
	blind = metrics.Statistics(10, 2, 1, 9)
	f.Fuzz(func(t *testing.T, s string) {
		stat, ok := parseStatistic(s)
		if !ok {
			return
		}
		if v, ok := stat(&a); ok && v != v {
			t.Errorf("%q is not a number", s)
		}
		stat(&blind)
	})
}
