// The program of the image that scenarios push: a model server that reads documents, answers lines, and goes wrong when it is asked to.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"time"
)

func main() {
	if os.Getenv("BREAKS") == "at-start" {
		fmt.Fprintln(os.Stderr, "it breaks at its start")
		os.Exit(7)
	}
	http.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) {
		if os.Getenv("BREAKS") == "never-healthy" {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc("POST /invocations", invoke)
	fmt.Fprintln(os.Stderr, http.ListenAndServe(":8080", nil))
	os.Exit(1)
}

func invoke(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // nobody waits
	}
	switch kind := r.Header.Get("Content-Type"); kind {
	case "application/pdf":
		document(w, body)
	case "application/jsonlines":
		lines(w, body)
	case "application/json":
		command(w, body)
	default:
		http.Error(w, "content type "+kind+" is not supported", http.StatusUnsupportedMediaType)
	}
}

var (
	page = regexp.MustCompile(`/Type /Page\b`)
	text = regexp.MustCompile(`\(([^()]*)\) Tj`)
)

// document tells what a PDF holds. Each of its pages takes PAGE_TIME.
func document(w http.ResponseWriter, body []byte) {
	if !bytes.HasPrefix(body, []byte("%PDF-")) {
		http.Error(w, "it is no PDF", http.StatusBadRequest)
		return
	}
	each, _ := time.ParseDuration(os.Getenv("PAGE_TIME"))
	out := struct {
		Pages int      `json:"pages"`
		Text  []string `json:"text"`
	}{Pages: len(page.FindAll(body, -1))}
	for i, t := range text.FindAllSubmatch(body, -1) {
		time.Sleep(each)
		fmt.Println("read page", i+1)
		out.Text = append(out.Text, string(t[1]))
	}
	answer(w, out)
}

// lines answers each line with its length. A request takes LINES_TIME.
func lines(w http.ResponseWriter, body []byte) {
	each, _ := time.ParseDuration(os.Getenv("LINES_TIME"))
	time.Sleep(each)
	w.Header().Set("Content-Type", "application/jsonlines")
	in := bufio.NewScanner(bytes.NewReader(body))
	in.Buffer(nil, len(body)+1)
	for in.Scan() {
		_, _ = fmt.Fprintf(w, "{\"length\":%d}\n", len(in.Bytes()))
	}
}

// command does what it is told.
func command(w http.ResponseWriter, body []byte) {
	var in struct {
		Do    string `json:"do"`
		Sleep string `json:"sleep"`
		Bytes int    `json:"bytes"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		http.Error(w, "it is no JSON", http.StatusBadRequest)
		return
	}
	wait, _ := time.ParseDuration(in.Sleep)
	time.Sleep(wait)
	switch in.Do {
	case "die":
		os.Exit(3)
	case "hog":
		var all [][]byte
		for { // until the kernel ends it
			all = append(all, bytes.Repeat([]byte{1}, 16<<20))
			fmt.Println("has", len(all)*16, "MB")
		}
	case "bytes":
		_, _ = w.Write(bytes.Repeat([]byte{'x'}, in.Bytes))
	default:
		answer(w, json.RawMessage(body))
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
