package bedrockproxy

import (
	"strings"
	"testing"
)

func setup(t testing.TB, env ...string) Config {
	t.Helper()
	m := map[string]string{"BEDROCK_MODEL_ID": "meta.llama"}
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		m[name] = value
	}
	c, err := FromEnvironment(m)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEnvironmentThatIsWrong(t *testing.T) {
	f := func(want string, env ...string) {
		t.Helper()
		m := map[string]string{"BEDROCK_MODEL_ID": "m"}
		for _, v := range env {
			name, value, _ := strings.Cut(v, "=")
			m[name] = value
		}
		if _, err := FromEnvironment(m); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", env, err, want)
		}
	}
	f("BEDROCK_MODEL_ID", "BEDROCK_MODEL_ID=")
	f("BEDROCK_API", "BEDROCK_API=Chat")
	f("BEDROCK_MAX_TOKENS", "BEDROCK_MAX_TOKENS=0")
	f("BEDROCK_CONCURRENCY", "BEDROCK_CONCURRENCY=1000")
	f("BEDROCK_TEMPERATURE", "BEDROCK_TEMPERATURE=NaN")
	f("BEDROCK_STOP_SEQUENCES", "BEDROCK_STOP_SEQUENCES=x")
	f("BEDROCK_BODY_TEMPLATE", "BEDROCK_BODY_TEMPLATE=[1]")
	f("bytes", "BEDROCK_PROMPT_TEMPLATE="+strings.Repeat("x", maxTemplate+1))
}

// TestWhatTheModelIsAsked gives the bodies that come of a request's records, one a line, or what is wrong with them.
func TestWhatTheModelIsAsked(t *testing.T) {
	f := func(c Config, kind, body string, want ...string) {
		t.Helper()
		_, units, err := c.payload(kind, []byte(body))
		var got []string
		if err != nil {
			got = []string{err.Error()}
		}
		for _, u := range units {
			if u.err != nil {
				got = append(got, u.err.Error())
			}
			for _, q := range u.questions {
				got = append(got, string(encode(q.body)))
			}
		}
		if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
			t.Errorf("%s %s:\n%s\nwant\n%s", kind, body, a, b)
		}
	}
	says := func(text string) string { return `{"messages":[{"content":[{"text":"` + text + `"}],"role":"user"}]}` }
	const js, jl = "application/json", "application/jsonlines; charset=utf-8"
	c := setup(t)
	f(c, js, `"a"`, says("a"))
	f(c, js, `{"inputs":"a"}`, says("a"))
	f(c, js, `{"inputs":["a","b"],"parameters":{"max_new_tokens":3,"temperature":0.5,"top_p":1,"stop":["x"]}}`,
		`{"inferenceConfig":{"maxTokens":3,"stopSequences":["x"],"temperature":0.5,"topP":1},`+says("a")[1:], `{"inferenceConfig":{"maxTokens":3,"stopSequences":["x"],"temperature":0.5,"topP":1},`+says("b")[1:])
	f(c, js, `["a",{"prompt":"b"},{"text":"c"},5,{"x":1}]`, says("a"), says("b"), says("c"), string(errRecord), string(errNoText))
	f(c, js, "\"a\"\n{\"inputs\":\"b\"}\nno", says("a"), says("b"), string(errJSON))
	f(c, js, `{`, string(errJSON))
	f(c, js, strings.Repeat("[", 200)+strings.Repeat("]", 200), string(errJSON))
	f(c, jl, "\"a\"\n\n{\n", says("a"), string(errJSON))
	f(c, "text/plain", "a\nb", says(`a\nb`))
	f(c, "text/plain", "\xff", string(errText))
	f(setup(t, "SAGEMAKER_BATCH=true"), "text/plain", "a\r\n\nb", says("a"), says("b"))
	f(c, "text/csv", "a\n\"b,c\"\n", says("a"), says("b,c"))
	f(c, "image/png", "x", string(errType))
	f(c, js, `{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"stream":true,"modelId":"other","more":1.50}`,
		`{"messages":[{"content":[{"text":"u"}],"role":"user"}],"more":1.50,"system":[{"text":"s"}]}`)

	c = setup(t, "BEDROCK_PROMPT_TEMPLATE=Of {{ name }}: {{text.0}} <{{n}}>", "BEDROCK_SYSTEM_PROMPT=short", "BEDROCK_MAX_TOKENS=7", "BEDROCK_TEMPERATURE=0",
		"BEDROCK_GUARDRAIL_ID=g", `BEDROCK_STOP_SEQUENCES=["."]`, "BEDROCK_TOP_P=1")
	f(c, js, `{"name":"{{n}}","text":["&"],"n":{"a":[1.0]}}`, `{"guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"DRAFT"},"inferenceConfig":{"maxTokens":7,"stopSequences":["."],"temperature":0,"topP":1},`+
		`"messages":[{"content":[{"text":"Of {{n}}: & <{\"a\":[1.0]}>"}],"role":"user"}],"system":[{"text":"short"}]}`)
	f(c, js, `{"name":"x","n":1}`, `The record has no "text.0", which the template names.`)
	f(setup(t, "BEDROCK_PROMPT_TEMPLATE={{1}} of {{0}}"), "text/csv", "a,b\nc\n", says("b of a"), says("c of c"))
	f(setup(t, "BEDROCK_GUARDRAIL_ID=g", "BEDROCK_GUARDRAIL_VERSION=2"), js, `{"messages":[],"guardrailConfig":{"guardrailIdentifier":"other"}}`,
		`{"guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"2"},"messages":null}`)

	c = setup(t, "BEDROCK_API=InvokeModel")
	f(c, js, `{"prompt":"a","max_gen_len":1,"inputs":2,"stream":true}`, `{"inputs":2,"max_gen_len":1,"prompt":"a"}`)
	f(c, js, `"a"`, string(errBody))
	f(setup(t, "BEDROCK_API=InvokeModel", "BEDROCK_MODEL_ID=amazon.titan-embed-text-v2:0"), js, `[{"inputs":["a","b"]},{"text":"c"},{"inputText":"d","dimensions":256}]`,
		`{"inputText":"a"}`, `{"inputText":"b"}`, `{"inputText":"c"}`, `{"dimensions":256,"inputText":"d"}`)
	f(setup(t, "BEDROCK_API=InvokeModel", "BEDROCK_MODEL_ID=cohere.embed-english-v3"), "text/plain", "a", `{"input_type":"search_document","texts":["a"]}`)
	f(setup(t, "BEDROCK_API=InvokeModel", `BEDROCK_BODY_TEMPLATE={"prompt":"<{{text}}>","n":"{{n}}","k":[1,"x"]}`), js, `[{"text":"a","n":3},{"text":"a"}]`,
		`{"k":[1,"x"],"n":3,"prompt":"<a>"}`, `The record has no "n", which the template names.`)
}

func FuzzPayload(f *testing.F) {
	f.Add("application/json", []byte(`{"inputs":["a"],"parameters":{"stop":[]}}`))
	f.Add("application/jsonlines", []byte("{}\n[1]\nnull"))
	f.Add("text/csv", []byte("a,\"b\n"))
	configs := []Config{setup(f), setup(f, "BEDROCK_PROMPT_TEMPLATE={{a.b}}{{0}}"), setup(f, "BEDROCK_API=InvokeModel"), setup(f, "BEDROCK_API=InvokeModel", `BEDROCK_BODY_TEMPLATE={"a":"{{a}}"}`)}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		for _, c := range configs {
			_, units, err := c.payload(kind, body)
			for _, u := range units {
				if err != nil || u.err == nil && len(u.questions) == 0 && !u.list {
					t.Errorf("%q %q: %+v %v", kind, body, u, err)
				}
				for _, q := range u.questions {
					if q.body == nil {
						t.Errorf("%q %q: nothing is asked", kind, body)
					}
				}
			}
		}
	})
}
