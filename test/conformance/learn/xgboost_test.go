package learn

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/xgboost"
)

// TestXGBoostPredictsTheSame serves models of every kind that the xgboost package has just made, as JSON and as UBJ. Predictions must
// be its own within 1e-6, relative to numbers above 1.
func TestXGBoostPredictsTheSame(t *testing.T) {
	dir := t.TempDir()
	python(t, "models.py", dir)
	var made struct {
		Version string
		Cases   map[string]struct {
			Objective string
			Predicted [][]float64
		}
	}
	read(t, filepath.Join(dir, "predicted.json"), &made)
	if len(made.Cases) < 25 {
		t.Fatalf("only %d models were made", len(made.Cases))
	}
	for name, c := range made.Cases {
		rows, err := os.ReadFile(filepath.Join(dir, name+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		for _, ending := range []string{".json", ".ubj"} {
			got := predict(t, load(t, filepath.Join(dir, name+ending)), "text/csv", "text/csv", string(rows))
			lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
			if len(lines) != len(c.Predicted) {
				t.Fatalf("%s%s: %d lines for %d rows", name, ending, len(lines), len(c.Predicted))
			}
			worst := 0.0
			for i, line := range lines {
				fields := strings.Split(line, ",")
				if len(fields) != len(c.Predicted[i]) {
					t.Fatalf("%s%s: row %d is answered with %s, want %v", name, ending, i, line, c.Predicted[i])
				}
				for j, f := range fields {
					v, err := strconv.ParseFloat(f, 64)
					if err != nil {
						t.Fatal(err)
					}
					want := c.Predicted[i][j]
					worst = max(worst, math.Abs(v-want)/max(1, math.Abs(want)))
				}
			}
			if worst > 1e-6 {
				t.Errorf("%s%s (%s of %s): differs by %g", name, ending, c.Objective, made.Version, worst)
			}
		}
	}
}

// load serves one file as a model.
func load(t *testing.T, file string) learn.Model {
	t.Helper()
	dir := t.TempDir()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "xgboost-model"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := xgboost.New(learn.Limits{}).Load(dir, nil)
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(file), err)
	}
	return m
}

func predict(t *testing.T, m learn.Model, contentType, accept, body string) string {
	t.Helper()
	var out bytes.Buffer
	if err := m.Predict(t.Context(), contentType, accept, strings.NewReader(body), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}
