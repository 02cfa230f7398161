package bedrockruntime

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

// unzip unpacks MiniLM as it is published.
func unzip(t testing.TB) string {
	t.Helper()
	z, err := zip.OpenReader(harness.Must(harness.MiniLM())(t))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := filepath.Join(t.TempDir(), "minilm")
	for _, f := range z.File {
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		_ = r.Close()
		if err == nil {
			err = os.MkdirAll(filepath.Dir(to), 0o755)
		}
		if err == nil {
			err = os.WriteFile(to, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestEmbeddings brings MiniLM in by the command line while the server runs, and has it rank sentences.
func TestEmbeddings(t *testing.T) {
	data := t.TempDir()
	s := harness.StartWith(t, harness.Options{DataDir: data, Args: []string{"--llama-library", harness.Must(harness.Llama())(t)}})
	c := client(t, s)
	const cohere, titan = "cohere.embed-english-v3", "amazon.titan-embed-text-v2:0"
	dir := unzip(t)
	for _, id := range []string{cohere, titan} {
		var errs bytes.Buffer
		command := exec.CommandContext(t.Context(), harness.Must(harness.Binary())(t), "models", "import", dir, "--id", id, "--data-dir", data)
		command.Stderr = &errs
		if err := command.Run(); err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
	}
	texts := []string{"How do I cook pasta?", "Boil noodles in salted water for ten minutes.", "The stock market fell sharply today.", "Shares lost value on Wall Street."}
	body, err := json.Marshal(map[string]any{"texts": texts, "input_type": "search_document"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String(cohere), Body: body})
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Embeddings [][]float64 }
	if err := json.Unmarshal(out.Body, &answer); err != nil || len(answer.Embeddings) != 4 || len(answer.Embeddings[0]) != 384 {
		t.Fatalf("%d embeddings, %v", len(answer.Embeddings), err)
	}
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	e := answer.Embeddings
	if near, far := dot(e[0], e[1]), dot(e[0], e[2]); near < far+0.2 {
		t.Errorf("pasta: %.3f to noodles, %.3f to shares", near, far)
	}
	if near, far := dot(e[2], e[3]), dot(e[1], e[3]); near < far+0.2 {
		t.Errorf("shares: %.3f to stocks, %.3f to noodles", near, far)
	}
	if n := dot(e[0], e[0]); n < 0.999 || n > 1.001 {
		t.Errorf("length %.4f", n)
	}
	one, err := c.InvokeModel(t.Context(), &bedrockruntime.InvokeModelInput{ModelId: aws.String(titan), Body: []byte(`{"inputText":"How do I cook pasta?","dimensions":256,"normalize":true}`)})
	if err != nil {
		t.Fatal(err)
	}
	var single struct {
		Embedding []float64
		Tokens    int `json:"inputTextTokenCount"`
	}
	if err := json.Unmarshal(one.Body, &single); err != nil || len(single.Embedding) != 256 || single.Tokens != 8 {
		t.Errorf("%d dimensions, %d tokens, %v", len(single.Embedding), single.Tokens, err)
	}
	_, err = c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(titan), Messages: said("hi")})
	tells(t, err, "ValidationException", "makes embeddings and no text")
}
