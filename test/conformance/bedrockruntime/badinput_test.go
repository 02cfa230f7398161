package bedrockruntime

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

func TestConversationsThatAreWrong(t *testing.T) {
	c := client(t, shared(t))
	f := func(code, want string, in *bedrockruntime.ConverseInput) {
		t.Helper()
		if in.ModelId == nil {
			in.ModelId = aws.String(llama)
		}
		_, err := c.Converse(t.Context(), in)
		tells(t, err, code, want)
		stream, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: in.ModelId, Messages: in.Messages, InferenceConfig: in.InferenceConfig, ToolConfig: in.ToolConfig})
		tells(t, err, code, want)
		if stream != nil {
			_ = stream.GetStream().Close()
		}
	}
	of := func(b types.ContentBlock) []types.Message {
		return []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{b}}}
	}
	picture := func(kind types.ImageFormat, data string) []types.Message {
		return of(&types.ContentBlockMemberImage{Value: types.ImageBlock{Format: kind, Source: &types.ImageSourceMemberBytes{Value: []byte(data)}}})
	}
	drawn := func(width int) string {
		var b strings.Builder
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, 1))); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	f("ValidationException", "model identifier is invalid", &bedrockruntime.ConverseInput{ModelId: aws.String("no.such-model-v1:0"), Messages: said("x")})
	f("ResourceNotFoundException", "Could not resolve", &bedrockruntime.ConverseInput{ModelId: aws.String("arn:aws:bedrock:us-east-1:" + harnessAccount(t) + ":imported-model/abcdefghijkl"), Messages: said("x")})
	f("ValidationException", "Input is too long for requested model", &bedrockruntime.ConverseInput{Messages: said(strings.Repeat("word ", 4000))})
	f("ValidationException", "Could not process image", &bedrockruntime.ConverseInput{Messages: picture(types.ImageFormatJpeg, drawn(1))})
	f("ValidationException", "Could not process image", &bedrockruntime.ConverseInput{Messages: picture(types.ImageFormatWebp, "RIFF")})
	f("ValidationException", "8000 pixels", &bedrockruntime.ConverseInput{Messages: picture(types.ImageFormatPng, drawn(8001))})
	f("ValidationException", "image", &bedrockruntime.ConverseInput{Messages: picture(types.ImageFormatPng, drawn(1))}) // which this model does not see
	f("ValidationException", "larger than 3.75 MB", &bedrockruntime.ConverseInput{Messages: picture(types.ImageFormatPng, strings.Repeat("x", 4<<20))})
	f("ValidationException", "larger than 4.5 MB", &bedrockruntime.ConverseInput{Messages: of(&types.ContentBlockMemberDocument{Value: types.DocumentBlock{Name: aws.String("d"), Format: types.DocumentFormatTxt,
		Source: &types.DocumentSourceMemberBytes{Value: []byte(strings.Repeat("x", 5<<20))}}})})
	f("ValidationException", "toolUse", &bedrockruntime.ConverseInput{Messages: of(&types.ContentBlockMemberToolResult{Value: types.ToolResultBlock{ToolUseId: aws.String("nobody"),
		Content: []types.ToolResultContentBlock{&types.ToolResultContentBlockMemberText{Value: "x"}}}}), ToolConfig: weather})
	f("ValidationException", "", &bedrockruntime.ConverseInput{Messages: said(strings.Repeat("x", 30_000_000))})
}

// harnessAccount is the account of the shared server's administrator.
func harnessAccount(t testing.TB) string {
	t.Helper()
	who, err := shared(t).Admin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return who.Account
}

// TestServersThatBreak has a model's server fail in every way after it began: the stream ends with an error, and tells no secret.
func TestServersThatBreak(t *testing.T) {
	u, s, c := withUpstream(t)
	const begun = "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n"
	f := func(want string, then func(http.ResponseWriter, *http.Request)) {
		t.Helper()
		u.answer = func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, begun)
			_ = http.NewResponseController(w).Flush()
			then(w, r)
		}
		_, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said("hi")}, func(o *bedrockruntime.Options) { o.RetryMaxAttempts = 1 })
		if err == nil || strings.Contains(err.Error(), upstreamKey) || strings.Contains(err.Error(), u.URL) {
			t.Errorf("whole: %v", err)
		}
		out, err := c.ConverseStream(t.Context(), &bedrockruntime.ConverseStreamInput{ModelId: aws.String(remote), Messages: said("hi")})
		if err != nil {
			t.Fatal(err)
		}
		stream := out.GetStream()
		text := ""
		for e := range stream.Events() {
			if d, ok := e.(*types.ConverseStreamOutputMemberContentBlockDelta); ok {
				text += d.Value.Delta.(*types.ContentBlockDeltaMemberText).Value
			}
		}
		tells(t, stream.Err(), "ModelStreamErrorException", want)
		if text != "half" || strings.Contains(stream.Err().Error(), upstreamKey) {
			t.Errorf("%q, %v", text, stream.Err())
		}
	}
	f("timed out", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }) // slow
	f("no JSON", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "data: {\"choices\"\n\n") })
	f("failed", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "data: {\"error\":{\"message\":\"out of memory at %s with %s\"}}\n\n", u.URL, upstreamKey)
	})
	f("broke off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if strings.Contains(s.Log(), upstreamKey) {
		t.Error("the key is in the log")
	}
	refuse := func(status int, code string) {
		t.Helper()
		u.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
		_, err := c.InvokeModelWithResponseStream(t.Context(), &bedrockruntime.InvokeModelWithResponseStreamInput{ModelId: aws.String(remote), Body: []byte(`{"messages":[{"role":"user","content":"x"}]}`)},
			func(o *bedrockruntime.Options) { o.RetryMaxAttempts = 1 })
		tells(t, err, "ValidationException", "family") // its bodies are not known, and Converse is named
		_, err = c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said("hi")}, func(o *bedrockruntime.Options) { o.RetryMaxAttempts = 1 })
		tells(t, err, code, "")
	}
	refuse(404, "ServiceUnavailableException")
	refuse(503, "ServiceUnavailableException")
	refuse(504, "ModelTimeoutException")
	refuse(302, "ModelErrorException")
	u.Close()
	_, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(remote), Messages: said("hi")}, func(o *bedrockruntime.Options) { o.RetryMaxAttempts = 1 })
	tells(t, err, "ServiceUnavailableException", "cannot be reached")
	if strings.Contains(err.Error(), u.URL[7:]) {
		t.Errorf("the error tells the address: %v", err)
	}
}

// TestCancelFreesTheModel leaves more long answers than the model computes together: the next question does not wait for them.
func TestCancelFreesTheModel(t *testing.T) {
	c := client(t, shared(t))
	begin := time.Now()
	for range 8 {
		ctx, cancel := context.WithCancel(t.Context())
		out, err := c.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{ModelId: aws.String(mistral), Messages: said("Tell me a very long story."), InferenceConfig: sure(1500)})
		if err != nil {
			t.Fatal(err)
		}
		<-out.GetStream().Events()
		cancel()
		_ = out.GetStream().Close()
	}
	if _, err := c.Converse(t.Context(), &bedrockruntime.ConverseInput{ModelId: aws.String(mistral), Messages: said("hi"), InferenceConfig: sure(1)}); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 60*time.Second { // eight stories take minutes
		t.Errorf("it took %s", took)
	}
}
