package bedrockruntime

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// The ids of the tests' models: all stand for SmolLM2, but for the embeddings.
const (
	llama    = "meta.llama3-2-1b-instruct-v1:0"
	claude   = "anthropic.claude-3-haiku-20240307-v1:0"
	nova     = "amazon.nova-lite-v1:0"
	titan    = "amazon.titan-text-express-v1"
	mistral  = "mistral.mistral-7b-instruct-v0:2"
	profile  = "us." + llama
	maxWords = 24
)

// catalog maps ids to SmolLM2.
func catalog(t testing.TB, more string) string {
	t.Helper()
	smol := harness.Must(harness.SmolLM2())(t)
	var b strings.Builder
	b.WriteString("models:\n")
	for _, id := range []string{llama, claude, nova, titan, mistral} {
		b.WriteString("  - {id: \"" + id + "\", driver: llamacpp, context: 2048, file: " + smol + "}\n")
	}
	b.WriteString(more + "profiles:\n  - {id: \"" + profile + "\", model: \"" + llama + "\"}\n")
	path := filepath.Join(t.TempDir(), "models.yaml")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// start starts a server with models, more of them in YAML.
func start(t testing.TB, more string) *harness.Server {
	t.Helper()
	return harness.StartWith(t, harness.Options{Args: []string{"--llama-library", harness.Must(harness.Llama())(t), "--models", catalog(t, more)}})
}

var one struct {
	sync.Mutex
	server *harness.Server
	err    error
	dir    string
}

// shared is a server that the tests share which change nothing.
func shared(t testing.TB) *harness.Server {
	t.Helper()
	one.Lock()
	defer one.Unlock()
	if one.server == nil && one.err == nil {
		if one.dir, one.err = os.MkdirTemp("", "atelier-models-"); one.err == nil {
			file := filepath.Join(one.dir, "models.yaml")
			b, err := os.ReadFile(catalog(t, ""))
			if err == nil {
				err = os.WriteFile(file, b, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			one.server, one.err = harness.Launch(harness.Options{DataDir: filepath.Join(one.dir, "data"),
				Args: []string{"--llama-library", harness.Must(harness.Llama())(t), "--models", file}})
		}
	}
	if one.err != nil {
		t.Fatal(one.err)
	}
	return one.server
}

func TestMain(m *testing.M) {
	code := m.Run()
	if one.server != nil {
		if err := one.server.Stop(); err != nil || strings.Contains(one.server.Log(), "panic") {
			println("the shared server did not stop well:", one.server.Log())
			code = 1
		}
	}
	_ = os.RemoveAll(one.dir)
	os.Exit(code)
}

func client(t testing.TB, s *harness.Server) *bedrockruntime.Client {
	t.Helper()
	return bedrockruntime.NewFromConfig(harness.Must(s.Admin(t.Context()))(t).Config())
}

// said is a conversation of one message.
func said(text string) []types.Message {
	return []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: text}}}}
}

// sure asks for the likeliest tokens, n of them.
func sure(n int32) *types.InferenceConfiguration {
	return &types.InferenceConfiguration{Temperature: aws.Float32(0), MaxTokens: &n}
}

// textOf is the text of an answer.
func textOf(o types.ConverseOutput) string {
	text := ""
	if m, ok := o.(*types.ConverseOutputMemberMessage); ok {
		for _, b := range m.Value.Content {
			if x, ok := b.(*types.ContentBlockMemberText); ok {
				text += x.Value
			}
		}
	}
	return text
}

// read reads a stream to its end: its text, its events in order without the text, and its last word.
func read(t testing.TB, out *bedrockruntime.ConverseStreamOutput) (text string, pieces int, stop types.StopReason, last *types.ConverseStreamMetadataEvent) {
	t.Helper()
	stream := out.GetStream()
	defer stream.Close()
	for e := range stream.Events() {
		switch e := e.(type) {
		case *types.ConverseStreamOutputMemberContentBlockDelta:
			if d, ok := e.Value.Delta.(*types.ContentBlockDeltaMemberText); ok {
				text += d.Value
				pieces++
			}
		case *types.ConverseStreamOutputMemberMessageStop:
			stop = e.Value.StopReason
		case *types.ConverseStreamOutputMemberMetadata:
			m := e.Value
			last = &m
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	return text, pieces, stop, last
}

// within fails a test that waits too long.
const within = 2 * time.Minute
