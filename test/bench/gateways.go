package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	gatewayModel = "openai.bench-v1:0"
	gatewayWords = 16 // of an answer
	liteLLM      = "LiteLLM's proxy"
	direct       = "the model's server itself"
	each         = 200 // requests of a round, one at a time
)

// gateways measures what stands between a caller and an OpenAI-compatible server that answers at once: Converse and ConverseStream, and
// LiteLLM's proxy, before the same server.
func gateways(ctx context.Context, o options) (section, error) {
	upstream, stop, err := answersAtOnce()
	if err != nil {
		return section{}, err
	}
	defer stop()
	ways, err := o.startGateways(ctx, upstream)
	defer stopAll(ways)
	if err != nil {
		return section{}, err
	}
	var b strings.Builder
	b.WriteString("| Case | Way | p50 | p99 | more than the server itself, p50 | p99 | per second at 64 connections | Atelier against it |\n|---|---|---:|---:|---:|---:|---:|---:|\n")
	for _, stream := range []bool{false, true} {
		name := "whole answers"
		if stream {
			name = "streams"
		}
		took, rates := make([][]time.Duration, len(ways)), make([][]float64, len(ways))
		c := benchmark{name: name, workers: 64, request: func(s *server, _, _ int) *http.Request { return asked(s, stream) }}
		for round := range o.rounds + 1 {
			for i, w := range ways {
				for range each {
					begin := time.Now()
					if err := w.do(asked(w, stream)); err != nil {
						return section{}, fmt.Errorf("%s: %w", w.name, err)
					}
					if round > 0 { // the first opens connections
						took[i] = append(took[i], time.Since(begin))
					}
				}
				rate, err := c.measure(ctx, w, o.each)
				if err != nil {
					return section{}, fmt.Errorf("%s: %w", w.name, err)
				}
				if round > 0 {
					rates[i] = append(rates[i], rate)
				}
			}
		}
		ms := func(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d.Microseconds())/1000) }
		for i, w := range ways {
			p50, p99, more, most, ratio := percentile(took[i], 50), percentile(took[i], 99), "", "", ""
			if w.name != direct {
				more, most = ms(p50-percentile(took[0], 50)), ms(p99-percentile(took[0], 99))
			}
			if w.name == liteLLM {
				ratio = fmt.Sprintf("%.1f", median(rates[1])/median(rates[i]))
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %.0f | %s |\n", name, w.name, ms(p50), ms(p99), more, most, median(rates[i]), ratio)
		}
	}
	return section{"Gateways to models", b.String() + fmt.Sprintf("\nThe server behind answers %d words at once. Latencies are of one request at a time. Calls of Atelier are signed, authorized and recorded "+
		"in the trail; LiteLLM (%s) runs with two workers, without keys, database and logs.\n", gatewayWords, liteVersion)}, ctx.Err()
}

const liteVersion = "1.106.12" // as in litellm/requirements.txt

// asked is one request in the words of the way it goes.
func asked(s *server, stream bool) *http.Request {
	path, body := "/v1/chat/completions", fmt.Sprintf(`{"model":"bench","messages":[{"role":"user","content":"Say something."}],"max_tokens":%d,"temperature":0,"stream":%v}`, gatewayWords, stream)
	if s.name == shared {
		path, body = "/model/"+strings.ReplaceAll(gatewayModel, ":", "%3A")+"/converse", fmt.Sprintf(`{"messages":[{"role":"user","content":[{"text":"Say something."}]}],"inferenceConfig":{"maxTokens":%d,"temperature":0}}`, gatewayWords)
		if stream {
			path += "-stream"
		}
	}
	r, _ := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(body)) // the URL is ours
	r.Header.Set("Content-Type", "application/json")
	if s.name == shared {
		s.sign(r, "bedrock", hash([]byte(body)))
	}
	return r
}

// answersAtOnce is a server that speaks OpenAI's API and needs no time to think.
func answersAtOnce() (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	head := `"id":"x","created":1,"model":"bench",`
	usage := fmt.Sprintf(`"usage":{"prompt_tokens":9,"completion_tokens":%d,"total_tokens":%d}`, gatewayWords, 9+gatewayWords)
	whole := []byte(`{` + head + `"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"` + strings.Repeat("word ", gatewayWords) +
		`"},"finish_reason":"stop"}],` + usage + `}`)
	var events bytes.Buffer
	event := func(rest string) {
		events.WriteString("data: {" + head + `"object":"chat.completion.chunk",` + rest + "}\n\n")
	}
	for range gatewayWords {
		event(`"choices":[{"index":0,"delta":{"role":"assistant","content":"word "},"finish_reason":null}]`)
	}
	event(`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]`)
	event(`"choices":[],` + usage)
	events.WriteString("data: [DONE]\n\n")
	h := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Stream bool }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		if in.Stream {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write(events.Bytes())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(whole)
	})}
	go func() { _ = h.Serve(l) }()
	return l.Addr().String(), func() { _ = h.Close() }, nil
}

// startGateways starts what stands before a model's server: the server itself, Atelier and LiteLLM's proxy.
func (o options) startGateways(ctx context.Context, upstream string) (list []*server, err error) {
	list = append(list, newServer(direct, upstream, nil))
	models := filepath.Join(o.work, "gateway.yaml")
	if err := os.WriteFile(models, fmt.Appendf(nil, "models:\n  - {id: %q, driver: openai, url: %q, model: bench}\n", gatewayModel, "http://"+upstream+"/v1"), 0o600); err != nil {
		return list, err
	}
	address, err := freePort()
	if err != nil {
		return list, err
	}
	p, err := spawn(ctx, address, rootEnv, "bin/atelier", "serve", "--listen", address, "--data-dir", filepath.Join(o.work, "gateway"), "--log-level", "error", "--models", models)
	if err != nil {
		return list, err
	}
	list = append(list, newServer(shared, address, p))
	lite, err := liteLLMBinary()
	if err != nil {
		return list, err
	}
	config := filepath.Join(o.work, "litellm.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, "model_list:\n  - model_name: bench\n    litellm_params: {model: openai/bench, api_base: %q, api_key: none}\n", "http://"+upstream+"/v1"), 0o600); err != nil {
		return list, err
	}
	if address, err = freePort(); err != nil {
		return list, err
	}
	_, port, _ := strings.Cut(address, ":")
	// Nothing is fetched from elsewhere when it starts, and it logs errors alone.
	p, err = spawn(ctx, address, []string{"LITELLM_LOCAL_MODEL_COST_MAP=True", "LITELLM_LOG=ERROR", "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY=true"}, lite, "--config", config, "--host", "127.0.0.1", "--port", port, "--num_workers", "2", "--telemetry", "False")
	if err != nil {
		return list, err
	}
	list = append(list, newServer(liteLLM, address, p))
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) { // its port is open before it answers
		if err = list[2].do(asked(list[2], false)); err == nil || time.Now().After(deadline) {
			return list, err
		}
	}
}

// liteLLMBinary installs LiteLLM in an environment of its own.
func liteLLMBinary() (string, error) {
	dir, err := filepath.Abs(".cache/litellm")
	if err != nil {
		return "", err
	}
	python := filepath.Join(dir, "bin", "python")
	if exec.Command(python, "-c", `import importlib.metadata as m; assert m.version("litellm") == "`+liteVersion+`"`).Run() == nil {
		return filepath.Join(dir, "bin", "litellm"), nil
	}
	for _, c := range [][]string{{"python3", "-m", "venv", dir}, {python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", "test/bench/litellm/requirements.txt"}} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("cannot install LiteLLM: %w\n%s", err, out)
		}
	}
	return filepath.Join(dir, "bin", "litellm"), nil
}
