package trino

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// cluster answers as a coordinator does: a statement is taken by POST /v1/statement, its answer is fetched from nextUri
// until there is none, and DELETE of the query ends it.
// Source: https://trino.io/docs/current/develop/client-protocol.html
type cluster struct {
	*httptest.Server
	mu       sync.Mutex
	answers  map[string]answer // by statement
	asked    []string
	headers  []http.Header
	running  map[int]answer
	deleted  chan string
	statesOf map[int]int
}

// answer is what a statement gives: pages of rows, or an error. An endless one never comes to its rows.
type answer struct {
	columns [][2]string // name and type
	pages   []string    // JSON of rows
	err     string      // JSON of an error
	endless bool
}

func newCluster(t *testing.T, answers map[string]answer) *cluster {
	c := &cluster{answers: answers, running: map[int]answer{}, statesOf: map[int]int{}, deleted: make(chan string, 8)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/statement", c.post)
	mux.HandleFunc("GET /v1/statement/executing/{id}/{page}", c.get)
	mux.HandleFunc("DELETE /v1/query/{id}", func(w http.ResponseWriter, r *http.Request) {
		c.deleted <- r.PathValue("id")
		w.WriteHeader(http.StatusNoContent)
	})
	c.Server = httptest.NewServer(mux)
	t.Cleanup(c.Close)
	return c
}

func (c *cluster) post(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked, c.headers = append(c.asked, string(body)), append(c.headers, r.Header)
	a, ok := c.answers[string(body)]
	if !ok {
		a.err = `{"message":"line 1:1: no such answer","errorCode":1,"errorName":"SYNTAX_ERROR","errorType":"USER_ERROR"}`
	}
	id := len(c.asked)
	c.running[id] = a
	c.write(w, id, 0, a, false)
}

func (c *cluster) get(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	page, _ := strconv.Atoi(r.PathValue("page"))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write(w, id, page, c.running[id], true)
}

// write gives page n: the first has nothing yet, then come the rows.
func (c *cluster) write(w http.ResponseWriter, id, n int, a answer, fetched bool) {
	out := map[string]any{"id": fmt.Sprint("q", id), "infoUri": c.URL + "/ui", "stats": map[string]any{"state": "RUNNING", "physicalInputBytes": 1000 * n}}
	next := n + 1
	switch {
	case !fetched:
	case a.endless:
		next = n
	case a.err != "":
		out["error"], next = json.RawMessage(a.err), 0
	default:
		var columns []map[string]any
		for _, col := range a.columns {
			columns = append(columns, map[string]any{"name": col[0], "type": col[1], "typeSignature": signature(col[1])})
		}
		out["columns"] = columns
		if n <= len(a.pages) {
			out["data"] = json.RawMessage(a.pages[n-1])
		}
		if n >= len(a.pages) {
			next = 0
		}
	}
	if next > 0 {
		out["nextUri"] = fmt.Sprintf("%s/v1/statement/executing/%d/%d", c.URL, id, next)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// signature is a type as the protocol takes it apart.
func signature(t string) map[string]any {
	name, rest, nested := strings.Cut(t, "(")
	args := []any{}
	if before, after, ok := strings.Cut(rest, ") "); ok && name == "timestamp" {
		name, rest = name+" "+after, before
	}
	if nested {
		for part := range strings.SplitSeq(strings.TrimSuffix(rest, ")"), ", ") {
			if n, err := strconv.Atoi(part); err == nil {
				args = append(args, map[string]any{"kind": "LONG", "value": n})
				continue
			}
			if field, of, ok := strings.Cut(part, " "); ok && name == "row" {
				args = append(args, map[string]any{"kind": "NAMED_TYPE", "value": map[string]any{"fieldName": map[string]any{"name": field}, "typeSignature": signature(of)}})
				continue
			}
			args = append(args, map[string]any{"kind": "TYPE", "value": signature(part)})
		}
	}
	return map[string]any{"rawType": name, "arguments": args}
}
