package xgboost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/dataset"
)

// stump is a tree of one split: column 0 below 0.5 gives left, else right; a missing value goes right.
func stump(left, right float64) object {
	return object{"left_children": []float64{1, -1, -1}, "right_children": []float64{2, -1, -1}, "split_indices": []float64{0, 0, 0},
		"split_conditions": []float64{0.5, left, right}, "default_left": []float64{0, 0, 0}, "tree_param": object{"size_leaf_vector": "1"}}
}

// document is a model of stumps.
func document(objective, baseScore string, groups int, trees ...any) object {
	info := make([]float64, len(trees))
	for i := range info {
		info[i] = float64(i % groups)
	}
	classes := "0"
	if groups > 1 {
		classes = fmt.Sprint(groups)
	}
	return object{"learner": object{"learner_model_param": object{"base_score": baseScore, "num_class": classes, "num_feature": "3", "num_target": "1"},
		"objective":        object{"name": objective},
		"gradient_booster": object{"name": "gbtree", "model": object{"trees": trees, "tree_info": info}}}}
}

func serve(t *testing.T, environment map[string]string, documents ...object) *Model {
	t.Helper()
	dir := t.TempDir()
	for i, d := range documents {
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("model", i)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m, err := New(learn.Limits{}).Load(dir, environment)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*Model)
}

func TestAnswers(t *testing.T) {
	squared := document("reg:squarederror", "[5E-1]", 1, stump(1, 2), stump(10, 20))
	softprob := document("multi:softprob", "0.5", 2, stump(0, 1000), stump(1000, 0))
	softmax := document("multi:softmax", "0.5", 2, stump(0, 1000), stump(1000, 0))
	logistic := document("binary:logistic", "5E-1", 1, stump(0, 1000))
	f := func(d object, environment map[string]string, kind, accept, body, want string) {
		t.Helper()
		var out bytes.Buffer
		if err := serve(t, environment, d).Predict(t.Context(), kind, accept, strings.NewReader(body), &out); err != nil || out.String() != want {
			t.Errorf("%s as %s: %q, %v, want %q", body, accept, out.String(), err, want)
		}
	}
	rows := "0,1,2\n1,1,2\n,1,2\n"
	f(squared, nil, "text/csv", "", rows, "11.5\n22.5\n22.5\n")
	f(squared, nil, "text/csv", "*/*", "0", "11.5\n")
	f(squared, nil, "text/libsvm", "text/csv", "1 1:0 2:5\n0 2:3\n", "11.5\n22.5\n")
	f(squared, nil, "text/csv", "application/json", rows, `{"predictions": [{"score": 11.5}, {"score": 22.5}, {"score": 22.5}]}`)
	f(squared, nil, "text/csv", "application/jsonlines", "0,1", "{\"score\": 11.5}\n")
	f(squared, map[string]string{"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/json"}, "text/csv", "", "0", `{"predictions": [{"score": 11.5}]}`)
	f(squared, map[string]string{"SAGEMAKER_INFERENCE_OUTPUT": "predicted_score, probability"}, "text/csv", "", "0", "11.5,nan\n")
	f(softprob, nil, "text/csv", "", "0\n1", "0.0,1.0\n1.0,0.0\n")
	f(softprob, nil, "text/csv", "application/json", "0", `{"predictions": [{"score": [0.0, 1.0]}]}`)
	f(softprob, map[string]string{"SAGEMAKER_BATCH": "true"}, "text/csv", "application/json", "0\n1", "[0.0, 1.0]\n[1.0, 0.0]\n")
	f(softprob, map[string]string{"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probabilities,labels"}, "text/csv", "text/csv", "0", "1,\"[0.0, 1.0]\",\"[0, 1]\"\n")
	f(softmax, nil, "text/csv", "", "0\n1\n0", "1.0\n0.0\n1.0\n")
	f(logistic, map[string]string{"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probability,raw_scores"}, "text/csv", "application/jsonlines", "1\n0",
		"{\"predicted_label\": 1, \"probability\": 1.0, \"raw_scores\": [0.0, 1.0]}\n{\"predicted_label\": 0, \"probability\": 0.5, \"raw_scores\": [0.5, 0.5]}\n")
	r, err := dataset.Read("text/csv", []byte("0,1\n1,1"), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f(squared, nil, "application/x-recordio-protobuf", "text/csv", string(dataset.Encode(r)), "11.5\n22.5\n")
}

func TestManyRowsKeepTheirOrder(t *testing.T) {
	m := serve(t, nil, document("reg:squarederror", "0", 1, stump(1, 2), stump(3, 5)))
	m.limits.Threads = 3
	var body, want strings.Builder
	for i := range 3*piece + 17 {
		fmt.Fprintln(&body, i%2)
		fmt.Fprintf(&want, "%d.0\n", 4+i%2*3)
	}
	for _, accept := range []string{"text/csv", "application/jsonlines"} {
		var out bytes.Buffer
		if err := m.Predict(t.Context(), "text/csv", accept, strings.NewReader(body.String()), &out); err != nil {
			t.Fatal(err)
		}
		if got := strings.NewReplacer(`{"score": `, "", "}", "").Replace(out.String()); got != want.String() {
			t.Errorf("%s: %d bytes, want %d", accept, len(got), want.Len())
		}
	}
}

func TestEnsemble(t *testing.T) {
	ask := func(environment map[string]string, documents ...object) string {
		var out bytes.Buffer
		if err := serve(t, environment, documents...).Predict(t.Context(), "text/csv", "", strings.NewReader("0\n1"), &out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	a, b := document("reg:squarederror", "0", 1, stump(1, 2)), document("reg:squarederror", "0", 1, stump(3, 6))
	if got := ask(nil, a, b); got != "2.0\n4.0\n" {
		t.Errorf("the mean is %q", got)
	}
	if got := ask(map[string]string{"SAGEMAKER_INFERENCE_ENSEMBLE": "false"}, a, b); got != "1.0\n2.0\n" {
		t.Errorf("the first alone gives %q", got)
	}
	up, down := document("binary:hinge", "0", 1, stump(1, 1)), document("binary:hinge", "0", 1, stump(-1, 1))
	if got := ask(nil, up, down, down); got != "0.0\n1.0\n" {
		t.Errorf("the vote is %q", got)
	}
}

func TestPredictRefuses(t *testing.T) {
	m := serve(t, nil, document("count:poisson", "1", 1, stump(1, 2)))
	f := func(kind, accept, body string, status int, want string) {
		t.Helper()
		var out bytes.Buffer
		err := m.Predict(t.Context(), kind, accept, strings.NewReader(body), &out)
		if e := new(*learn.RequestError); !errors.As(err, e) || (*e).Status != status || !strings.Contains((*e).Message, want) || out.Len() > 0 {
			t.Errorf("%s %q: %v with %q, want %d %s", kind, body, err, out.String(), status, want)
		}
	}
	f("application/json", "", "{}", http.StatusUnsupportedMediaType, "Content-type application/json is not supported")
	f("text/csv", "image/png", "1", http.StatusNotAcceptable, "Accept type image/png is not supported")
	f("text/csv", "", "", http.StatusNoContent, "")
	f("text/csv", "", "a,b", http.StatusUnsupportedMediaType, "Loading csv data failed with Exception, please ensure data is in csv format")
	f("text/libsvm", "", "1 a:b", http.StatusUnsupportedMediaType, "Loading libsvm data failed")
	f("text/csv", "", "1,2,3,4", http.StatusBadRequest, "Number of columns (4)")
	m.selected = []string{"probability"}
	f("text/csv", "", "1", http.StatusInternalServerError, "unsupported for selectable inference")
	m.limits.Body = 3
	f("text/csv", "", "1,2,3", http.StatusRequestEntityTooLarge, "3 bytes")
}

// TestBrokenModels changes one thing of a model at a time.
func TestBrokenModels(t *testing.T) {
	f := func(want string, change func(learner, tree object)) {
		t.Helper()
		d := document("reg:squarederror", "0.5", 1, stump(1, 2))
		learner := d.object("learner")
		tree := learner.object("gradient_booster").object("model").list("trees")[0].(object)
		change(learner, tree)
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := readBooster(b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, %v, want %s", m, err, want)
		}
	}
	f("a tree has a loop", func(_, tree object) { tree["left_children"] = []float64{0, -1, -1} })
	f("a tree has a loop", func(_, tree object) { tree["left_children"] = []float64{2, -1, -1} })
	f("don't fit", func(_, tree object) { tree["left_children"] = []float64{3, -1, -1} })
	f("don't fit", func(_, tree object) { tree["right_children"] = []float64{-1, -1, -1} })
	f("don't fit", func(_, tree object) { tree["split_indices"] = []float64{3, 0, 0} })
	f("don't fit", func(_, tree object) { tree["split_conditions"] = []float64{1} })
	f("don't fit", func(_, tree object) { delete(tree, "default_left") })
	f("don't fit", func(_, tree object) {
		tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], tree["categories"] = []float64{0}, []float64{0}, []float64{2}, []float64{1}
	})
	f("don't fit", func(_, tree object) {
		tree["categories_nodes"], tree["categories_segments"], tree["categories_sizes"], tree["categories"] = []float64{0, 1}, []float64{0, 0}, []float64{1, 1}, []float64{1}
	})
	f("2 values for 1 groups", func(_, tree object) { tree["tree_param"] = object{"size_leaf_vector": "2"} })
	f("base_score has 2 values", func(l, _ object) { l.object("learner_model_param")["base_score"] = "[1,2]" })
	f("no number", func(l, _ object) { l.object("learner_model_param")["base_score"] = "x" })
	f("out of range", func(l, _ object) { l.object("learner_model_param")["num_feature"] = "-1" })
	f("out of range", func(l, _ object) { l.object("learner_model_param")["num_class"] = "99999999" })
	f("objective \"reg:mine\" is not supported", func(l, _ object) { l.object("objective")["name"] = "reg:mine" })
	f("booster \"x\" is not supported", func(l, _ object) { l.object("gradient_booster")["name"] = "x" })
	f("differ in number", func(l, _ object) { l.object("gradient_booster").object("model")["tree_info"] = []float64{} })
	f("of group", func(l, _ object) { l.object("gradient_booster").object("model")["tree_info"] = []float64{1} })
	f("weights for", func(l, _ object) { l["gradient_booster"] = object{"name": "gblinear", "model": object{}} })
}

func TestDocuments(t *testing.T) {
	f := func(b, want string) {
		t.Helper()
		o, err := parseDocument([]byte(b))
		if got := fmt.Sprintf("%v %v", o, err); err == nil && got != want+" <nil>" || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, want %s", b, got, want)
		}
	}
	f(`{"a":[1,2.5e1,-3],"b":{"c":"\u0041"},"d":[true,1,null],"e":NaN,"f":[-Infinity]} `, "map[a:[1 25 -3] b:map[c:A] d:[true 1 <nil>] e:NaN f:[-Inf]]")
	f(`{"a":[]}`, "map[a:[]]")
	f(`{"a":1}x`, "follows its end")
	f(`{"a":[1,]}`, "no value")
	f(`{"a"`, "a colon")
	f(`{"a":"`, "no end")
	f(strings.Repeat(`{"a":`, 70), "nested")
	f("binf", "neither JSON nor UBJ")
	f("{L\x00\x00\x00\x00\x00\x00\x00\x01a[$d#i\x02\x3f\x80\x00\x00\x40\x00\x00\x00i\x01b[#i\x02i\xffTi\x01cSi\x02hi}", "map[a:[1 2] b:[-1 true] c:hi]")
	f("{i\x01a[$d#L\x7f\xff\xff\xff\xff\xff\xff\xff", "out of range")
	f("{i\x01a[$T#l\x7f\xff\xff\xff", "out of range")
	f("{i\x01a[$T#i\x02", "no numbers")
	f("{i\x01a[$d#i\x02\x00", "cut off")
	f(strings.Repeat("{i\x01a", 70), "nested")
}

func TestOutcomesTurnBack(t *testing.T) {
	for name, o := range outcomes {
		if o.vote || strings.HasPrefix(name, "multi:") || name == "binary:logitraw" {
			continue
		}
		s := []float32{0.2, 0.3, 0.7}
		o.margin(s)
		o.transform(s)
		for i, want := range []float32{0.2, 0.3, 0.7} {
			if math.Abs(float64(s[i]-want)) > 1e-5 {
				t.Errorf("%s: %v", name, s)
			}
		}
	}
}
