package xgboost

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
)

// TestOlderVersions serves models that older versions of xgboost saved. test/conformance/learn does so with what the present one saves.
func TestOlderVersions(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.[ju][sb][oj]*")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if filepath.Base(file) == "predicted.json" {
			continue
		}
		dir, name := filepath.Dir(file), strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		var made struct {
			Cases map[string]struct{ Predicted [][]float64 }
		}
		if err := json.Unmarshal(content(t, filepath.Join(dir, "predicted.json")), &made); err != nil {
			t.Fatal(err)
		}
		at := t.TempDir()
		if err := os.WriteFile(filepath.Join(at, "model"), content(t, file), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := New(learn.Limits{}).Load(at, nil)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var out bytes.Buffer
		if err := m.Predict(t.Context(), "text/csv", "", bytes.NewReader(content(t, filepath.Join(dir, name+".csv"))), &out); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		want := made.Cases[name].Predicted
		if len(lines) != len(want) || len(want) < 20 {
			t.Fatalf("%s: %d answers, want %d", file, len(lines), len(want))
		}
		for i, line := range lines {
			for j, field := range strings.Split(line, ",") {
				if got, err := strconv.ParseFloat(field, 64); err != nil || math.Abs(got-want[i][j]) > 1e-6*max(1, math.Abs(want[i][j])) {
					t.Errorf("%s: row %d is %s, want %v", file, i, line, want[i])
				}
			}
		}
	}
}

func content(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
