package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/engines/models/llamacpp"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

const (
	benchModel  = "meta.llama3-2-1b-instruct-v1:0"
	benchTokens = 128
	benchPrompt = "Tell me a long story about a dog who travels around the world."
)

// told is one answer: how long until its first part, and tokens per second after it.
type told struct {
	first time.Duration
	rate  float64
}

// foundationModels measures SmolLM2 through ConverseStream, the driver alone, and llama.cpp's own server, in turns.
func foundationModels(ctx context.Context, o options) (section, error) {
	library, err := harness.Llama()
	if err != nil {
		return section{}, err
	}
	file, err := harness.SmolLM2()
	if err != nil {
		return section{}, err
	}
	list := filepath.Join(o.work, "models.yaml")
	if err := os.WriteFile(list, fmt.Appendf(nil, "models:\n  - {id: %q, driver: llamacpp, context: 2048, parallel: 1, file: %q}\n", benchModel, file), 0o600); err != nil {
		return section{}, err
	}
	s, err := harness.Launch(harness.Options{DataDir: filepath.Join(o.work, "models"), Args: []string{"--llama-library", library, "--models", list}})
	if err != nil {
		return section{}, err
	}
	defer func() { _ = s.Stop() }()
	runtime := llamacpp.New(llamacpp.Config{Library: library})
	defer runtime.Close()
	model, err := runtime.Open(llamacpp.Spec{File: file, Context: 2048, Parallel: 1})
	if err != nil {
		return section{}, err
	}
	peer, stop, err := llamaServer(ctx, file)
	if err != nil {
		return section{}, err
	}
	defer stop()
	client := bedrockruntime.NewFromConfig(s.Root().Config())
	ways := []struct {
		name string
		ask  func(ctx context.Context) (told, error)
	}{
		{"ConverseStream", func(ctx context.Context) (told, error) { return overConverse(ctx, client) }},
		{"the driver alone", func(ctx context.Context) (told, error) { return overDriver(ctx, model) }},
		{"llama.cpp's server", func(ctx context.Context) (told, error) { return overServer(ctx, peer) }},
	}
	firsts, rates := make([][]time.Duration, len(ways)), make([][]float64, len(ways))
	for round := range o.rounds + 1 {
		for i, w := range ways {
			r, err := w.ask(ctx)
			if err != nil {
				return section{}, fmt.Errorf("%s: %w", w.name, err)
			}
			if round > 0 { // the first loads the model
				firsts[i], rates[i] = append(firsts[i], r.first), append(rates[i], r.rate)
			}
		}
	}
	var b strings.Builder
	b.WriteString("| Way | first part after | tokens per second | of the driver alone |\n|---|---:|---:|---:|\n")
	for i, w := range ways {
		fmt.Fprintf(&b, "| %s | %.0f ms | %.0f | %.2f |\n", w.name, float64(median(firsts[i]).Microseconds())/1000, median(rates[i]), median(rates[i])/median(rates[1]))
	}
	return section{"Foundation models", b.String() + fmt.Sprintf("\nSmolLM2-135M-Instruct (Q4_1), %d tokens at temperature 0, one answer at a time, the same number of threads; medians.\n", benchTokens)}, ctx.Err()
}

// clockwork measures an answer by its parts.
type clockwork struct {
	begun, first, last time.Time
	parts              int
}

func (c *clockwork) part() {
	c.last = time.Now()
	if c.parts == 0 {
		c.first = c.last
	}
	c.parts++
}

func (c *clockwork) told() (told, error) {
	if c.parts < benchTokens/2 {
		return told{}, fmt.Errorf("the answer has %d parts only", c.parts)
	}
	return told{c.first.Sub(c.begun), float64(c.parts-1) / c.last.Sub(c.first).Seconds()}, nil
}

func overConverse(ctx context.Context, client *bedrockruntime.Client) (told, error) {
	c := clockwork{begun: time.Now()}
	out, err := client.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: aws.String(benchModel),
		InferenceConfig: &types.InferenceConfiguration{Temperature: aws.Float32(0), MaxTokens: aws.Int32(benchTokens)},
		Messages:        []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: benchPrompt}}}}})
	if err != nil {
		return told{}, err
	}
	stream := out.GetStream()
	defer stream.Close()
	for e := range stream.Events() {
		if _, ok := e.(*types.ConverseStreamOutputMemberContentBlockDelta); ok {
			c.part()
		}
	}
	if err := stream.Err(); err != nil {
		return told{}, err
	}
	return c.told()
}

func overDriver(ctx context.Context, m *llamacpp.Model) (told, error) {
	c, zero := clockwork{begun: time.Now()}, 0.0
	_, err := m.Stream(ctx, models.Request{Turns: []models.Turn{{Role: models.User, Content: []models.Content{{Text: benchPrompt}}}},
		Sampling: models.Sampling{MaxTokens: benchTokens, Temperature: &zero}}, func(models.Part) error { c.part(); return nil })
	if err != nil {
		return told{}, err
	}
	return c.told()
}

func overServer(ctx context.Context, url string) (told, error) {
	body, err := json.Marshal(map[string]any{"messages": []map[string]string{{"role": "user", "content": benchPrompt}}, "temperature": 0, "max_tokens": benchTokens,
		"stream": true, "cache_prompt": false})
	if err != nil {
		return told{}, err
	}
	c := clockwork{begun: time.Now()}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/chat/completions", bytes.NewReader(body))
	if err != nil {
		return told{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return told{}, err
	}
	defer a.Body.Close()
	for lines := bufio.NewScanner(a.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data:") && strings.Contains(lines.Text(), `"content":"`) {
			c.part()
		}
	}
	return c.told()
}

// llamaServer runs llama.cpp's own server.
func llamaServer(ctx context.Context, file string) (url string, stop func(), err error) {
	python, err := harness.ModelsPython()
	if err != nil {
		return "", nil, err
	}
	c := exec.CommandContext(ctx, python, "-B", filepath.Join(harness.Root(), "test", "conformance", "models", "serve.py"), file)
	in, err := c.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close()
		_ = c.Wait()
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening at "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return url, stop, nil
		}
	}
	stop()
	return "", nil, errors.New("llama.cpp's server did not start")
}
