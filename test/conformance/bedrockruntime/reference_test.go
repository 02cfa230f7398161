package bedrockruntime

import (
	"bufio"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

// llamaServer runs llama.cpp's own server on SmolLM2, and gives its address.
func llamaServer(t testing.TB) string {
	t.Helper()
	python := harness.Must(harness.ModelsPython())(t)
	c := exec.CommandContext(t.Context(), python, "-B", filepath.Join(harness.Root(), "test", "conformance", "models", "serve.py"), harness.Must(harness.SmolLM2())(t))
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // it ends with its input
		_ = in.Close()
		_ = c.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, ok := strings.CutPrefix(lines.Text(), "listening at "); ok {
			return url
		}
	}
	t.Fatal("llama.cpp's server did not start")
	return ""
}

// TestAgainstLlamaCppsServer asks SmolLM2 in this process, and in llama.cpp's own server through the driver of OpenAI-compatible
// servers: the likeliest tokens are the same. The two are not built from the same source with the same instructions, so that
// where two tokens are all but equally likely either may be taken: at most two of the questions may go apart, after the same beginning.
func TestAgainstLlamaCppsServer(t *testing.T) {
	url := llamaServer(t)
	const peer = "openai.smollm2"
	s := start(t, "  - {id: \""+peer+"\", driver: openai, url: \""+url+"/v1\", model: smollm2}\n")
	c := client(t, s)
	ask := func(id, text string) (string, int32) {
		out, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(id), Messages: said(text), InferenceConfig: sure(maxWords)})
		if err != nil {
			t.Fatal(err)
		}
		return textOf(out.Output), *out.Usage.InputTokens
	}
	apart := 0
	for _, q := range []string{"What is 2+2?", "Name three colors.", "Write the numbers from one to twenty.", "Translate 'good morning' to Spanish.",
		"Summarize: The delivery was late and the box was broken.", "Explain gravity in one sentence."} {
		ours, n := ask(llama, q)
		theirs, m := ask(peer, q)
		if n != m {
			t.Errorf("%s: %d tokens, llama.cpp's server counts %d", q, n, m)
		}
		if ours == theirs {
			continue
		}
		apart++
		same := 0
		for same < min(len(ours), len(theirs)) && ours[same] == theirs[same] {
			same++
		}
		t.Logf("%s: %q and %q", q, ours, theirs)
		if same < 12 {
			t.Errorf("%s: %q, llama.cpp's server says %q", q, ours, theirs)
		}
	}
	if apart > 2 {
		t.Errorf("%d answers are not the same", apart)
	}
	stream, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(peer), Messages: said("Name three colors."), InferenceConfig: sure(maxWords)})
	if err != nil {
		t.Fatal(err)
	}
	if text, pieces, _, _ := read(t, stream); !strings.Contains(text, "Red") || pieces < 5 {
		t.Errorf("stream: %q in %d pieces", text, pieces)
	}
	_, err = c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(peer), Messages: said(strings.Repeat("word ", 9000)), InferenceConfig: sure(1)})
	tells(t, err, "ValidationException", "Input is too long for requested model")
}
