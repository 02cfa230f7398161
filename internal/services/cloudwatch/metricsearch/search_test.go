package metricsearch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/metrics"
)

func metric(namespace, name string, dims ...string) metrics.Series {
	s := metrics.Series{Namespace: namespace, Name: name}
	for i := 0; i < len(dims); i += 2 {
		s.Dimensions = append(s.Dimensions, metrics.Dimension{Name: dims[i], Value: dims[i+1]})
	}
	return s
}

func TestMatch(t *testing.T) {
	all := []metrics.Series{
		metric("AWS/EC2", "CPUUtilization", "InstanceId", "i-1"),
		metric("AWS/EC2", "NetworkIn", "InstanceId", "i-1"),
		metric("AWS/EC2", "NetworkOut", "ImageId", "ami 7"),
		metric("AWS/Lambda", "Errors", "FunctionName", "orders-v2", "Resource", "orders"),
		metric("My App", "Latency"),
	}
	f := func(text, want string) {
		t.Helper()
		s, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		got := ""
		for i, m := range all {
			if s.Match(m) {
				got += fmt.Sprint(i)
			}
		}
		if got != want {
			t.Errorf("%s finds %q, want %q", text, got, want)
		}
	}
	f(`{AWS/EC2,InstanceId}`, "01")
	f(`{AWS/EC2,InstanceId} MetricName="CPUUtilization"`, "0")
	f(`{AWS/Lambda, Resource, FunctionName} errors`, "3")
	f(`{"My App"} Latency`, "4")
	f(`Network`, "12")
	f(`network in`, "1")
	f(`NetworkIn`, "1")
	f(`"Network"`, "")
	f(`utilization OR latency`, "04")
	f(`ec2 AND NOT network`, "0")
	f(`MetricName=(NetworkIn OR NetworkOut)`, "12")
	f(`InstanceId="i-1" network`, "1")
	f(`ImageId="ami 7"`, "2")
	f(`orders 2`, "3")
	f(`(errors OR latency) NOT (FunctionName=orders)`, "4")
	f(`Namespace="AWS/EC2"`, "012")
	f(`NOT InstanceId=i`, "234")
}

func TestRefused(t *testing.T) {
	for _, text := range []string{"", "{", "{}", "{a", "{a,}", "{a} (", "a AND", "AND a", `"a`, `""`, "a )", "NOT", "a = b = c", strings.Repeat("(", 100) + "a",
		strings.Repeat("a ", 600)} {
		if s, err := Parse(text); err == nil {
			t.Errorf("%.30q was taken: %+v", text, s)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`{AWS/EC2,InstanceId} MetricName="CPUUtilization" NOT (a OR "b c")`, `a=(b OR c) d`, `{"x y"}`} {
		f.Add(s)
	}
	m := metric("AWS/EC2", "CPUUtilization", "InstanceId", "i-1")
	f.Fuzz(func(t *testing.T, s string) {
		x, err := Parse(s)
		if err == nil {
			x.Match(m)
		}
	})
}
