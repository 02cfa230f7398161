// The program of an image that the tests push: it serves and trains by SageMaker's contract, and tells what it has.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	var err error
	switch os.Args[len(os.Args)-1] {
	case "serve":
		err = serve()
	case "train":
		err = train()
	default:
		err = fmt.Errorf("unknown arguments %q", os.Args)
	}
	if err != nil {
		_ = os.WriteFile("/opt/ml/output/failure", []byte(err.Error()), 0o644)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers in upper case, or tells what of its surroundings is asked for.
func serve() error {
	weights, _ := os.ReadFile("/opt/ml/model/weights")
	http.HandleFunc("GET /ping", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("POST /invocations", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != "tell" {
			_, _ = fmt.Fprintf(w, "%s%s", weights, strings.ToUpper(string(body)))
			return
		}
		dir, _ := os.Getwd()
		env := map[string]string{}
		for _, v := range os.Environ() {
			name, value, _ := strings.Cut(v, "=")
			env[name] = value
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"args": os.Args, "env": env, "dir": dir, "uid": os.Getuid(), "gid": os.Getgid(),
			"writes": os.WriteFile("/etc/made", nil, 0o644) == nil, "old": exists("/old"), "data": text("/data")})
	})
	return http.ListenAndServe(":8080", nil)
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func text(path string) string { b, _ := os.ReadFile(path); return string(b) }

// train makes weights of what the channel holds.
func train() error {
	var parameters map[string]string
	b, err := os.ReadFile("/opt/ml/input/config/hyperparameters.json")
	if err == nil {
		err = json.Unmarshal(b, &parameters)
	}
	if err != nil {
		return err
	}
	files, _ := filepath.Glob("/opt/ml/input/data/train/*")
	var weights strings.Builder
	for _, f := range files {
		weights.WriteString(text(f))
	}
	if weights.Len() == 0 {
		return fmt.Errorf("there is nothing to learn from")
	}
	fmt.Printf("loss=%s;\n", parameters["loss"])
	return os.WriteFile("/opt/ml/model/weights", []byte(weights.String()+parameters["suffix"]), 0o644)
}
